package text

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Phrases are words and phrases by language that are looked for in texts. It is immutable.
type Phrases struct{ lists []phraseList }

// Hit is a word or phrase of a list that stands in a text. The zero value is none.
type Hit struct {
	Phrase string // as it is listed
	Said   string // the words of the text, with one space between
}

// phraseList is those of one language, by the term of their first word that is none of the
// commonest.
type phraseList struct {
	language string
	rules    rules
	kinds    map[string]kind
	starting map[string][]phrase
	names    map[string]bool // words of it that are names, too
}

// phrase is what is looked for.
type phrase struct {
	said  string
	words []phraseWord
	first int // of words that is none of the commonest
}

// phraseWord is a word of a phrase. One of the commonest of its language stands for itself and its
// kind, any other for its inflections.
type phraseWord struct {
	lower  string
	term   string
	common bool
	kind   kind
	apart  bool // a mark of punctuation stands before it
}

// maxBetween is how many of the commonest words may stand between two others of a phrase: "the
// plug has been melted" is "plug melted".
const maxBetween = 3

// negating are words that may not: "the plug has not melted" is no "plug melted".
var negating = set(`no not never nor none without arent cant cannot couldnt didnt doesnt dont hadnt hasnt havent isnt shouldnt
wasnt wont wouldnt nicht nie kein keine keinen keinem keiner pas ne aucun aucune sans ni sin nunca non né mai senza niet geen nooit zonder`)

// kind are the words that stand for one another in a phrase: whoever "killed himself" is meant by
// "kill myself", and "was sued" by "is sued".
type kind uint8

const (
	reflexive kind = 1 << iota
	possessive
	person
	being
	having
	doing
	becoming
)

// englishKinds are those of English, the one language in which they are told. "it" and "its" are of
// none: an app that kills it is no murderer.
var englishKinds = kindsOf(map[kind]string{
	reflexive:  "myself yourself himself herself themself themselves ourselves yourselves",
	possessive: "my your his her our their",
	person:     "me you him her us them",
	being:      "am is are was were be been being",
	having:     "have has had having",
	doing:      "do does did doing",
	becoming:   "get gets got getting",
})

func kindsOf(words map[kind]string) map[string]kind {
	out := make(map[string]kind)
	for k, of := range words {
		for word := range strings.FieldsSeq(of) {
			out[word] |= k
		}
	}
	return out
}

// harmless are phrases, as they are written, whose words are not meant by shorter ones that are
// listed: who ate in the food court has not been sued.
var harmless = map[string]*phraseList{
	"en": asWritten(
		"food court", "tennis court", "tennis courts", "squash court", "badminton court", "basketball court", "volleyball court", "court shoe", "court shoes",
		"newspaper shop", "newspaper stand", "newspaper kiosk", "newspaper rack", "newspaper holder", "wrapped in newspaper", "old newspaper", "old newspapers",
		"funeral home", "funeral parlour", "funeral parlor",
		"next to the police station", "near the police station", "opposite the police station", "behind the police station", "beside the police station",
		"across from the police station", "by the police station", "past the police station",
		"light is burning", "lights are burning", "light was burning", "light keeps burning", "lights burning",
		"burn a cd", "burn cds", "burn a dvd", "burn a disc", "burn discs", "screen burn in", "burn calories", "burned calories", "calories burned", "fat burning", "wood burning", "slow burning",
		"bulb burned out", "bulb has burned out", "bulbs burned out", "bulb is burned out", "bulb burnt out", "bulb has burnt out", "bulbs burnt out", "bulb is burnt out",
		"fire drill", "fire alarm", "fire bowl", "fire starter", "fire door", "fire hose", "fire sale", "fire station", "fire pit", "fire tablet", "fire tv", "fire stick", "fire extinguisher", "fire extinguishers", "fire truck", "fire engine",
	),
	"de": asWritten("brennt nicht", "licht brennt", "brennt das licht", "kerze brennt", "lämpchen brennt", "kontrollleuchte brennt"),
	"nl": asWritten("brandt niet", "brandt niet meer", "lampje brandt", "lamp brandt", "licht brandt", "kaars brandt"),
}

func asWritten(phrases ...string) *phraseList {
	l := newPhraseList(engine.AnyLanguage, phrases)
	return &l
}

// NewPhrases returns the phrases of lists by the language part of a BCP 47 tag. Those of
// engine.AnyLanguage stand in texts as they are written, the others in any inflection; one
// without a word but the commonest is never found. An English word that is a first name, too, is
// not found where it is one: see isName.
func NewPhrases(lists map[string][]string) *Phrases {
	p := new(Phrases)
	for _, language := range slices.Sorted(maps.Keys(lists)) {
		p.lists = append(p.lists, newPhraseList(LanguagePart(language), lists[language]))
	}
	return p
}

func newPhraseList(language string, phrases []string) phraseList {
	l := phraseList{language: language, rules: rulesFor(language), starting: make(map[string][]phrase, len(phrases)), names: make(map[string]bool)}
	if language == "en" {
		l.kinds = englishKinds
	}
	for _, said := range phrases {
		said = strings.TrimSpace(said)
		if language == "en" && givenNames[said] {
			l.names[said] = true
		}
		p := phrase{said: said, first: -1}
		t := l.reading(read(said))
		for i, w := range t.words {
			made := phraseWord{lower: w.lower, common: t.common(i), apart: w.apart}
			if made.common {
				made.term, made.kind = fold(w.lower), l.kinds[w.lower]
			} else {
				made.term = t.term(i)
				if p.first < 0 {
					p.first = i
				}
			}
			p.words = append(p.words, made)
		}
		if p.first >= 0 {
			at := p.words[p.first].term
			l.starting[at] = append(l.starting[at], p)
		}
	}
	return l
}

// LanguagePart returns the language part of a tag. The written forms of Norwegian are one.
func LanguagePart(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if language == "nb" || language == "nn" {
		return "no"
	}
	return language
}

// Find returns a phrase that stands in a text. Of the lists those of the language that the sender
// names and of the one that the text seems to be in are asked first, then all that the text does
// not rule out: see evidence. A desk that says "de" of all it hears gets letters in English, too,
// and of few words none are surely of one language.
//
// A phrase stands where its words follow one another, none before a mark of punctuation. Only
// between two words that are none of the commonest of its language may up to maxBetween of those
// stand.
func (p *Phrases) Find(s, named string) Hit {
	s = composed(s)
	words := read(s)
	told := tell(s, words)
	named = LanguagePart(named)
	own := func(l *phraseList) bool {
		return l.language == engine.AnyLanguage || l.language == named || l.language == told.seems
	}
	for i := range p.lists {
		if l := &p.lists[i]; own(l) {
			if hit := l.in(s, words, told); hit != (Hit{}) {
				return hit
			}
		}
	}
	for i := range p.lists {
		if l := &p.lists[i]; !own(l) && !told.rulesOut(l.language) {
			if hit := l.in(s, words, told); hit != (Hit{}) {
				return hit
			}
		}
	}
	return Hit{}
}

// in returns the first phrase that stands in a text.
func (l *phraseList) in(s string, words []readWord, told evidence) Hit {
	if len(l.names) > 0 && slices.ContainsFunc(words, func(w readWord) bool { return l.names[w.lower] }) {
		s = withoutNames(s, l.names)
		words = read(s)
	}
	t := l.reading(words)
	for at := range words {
		if t.common(at) {
			continue
		}
		phrases := l.starting[t.term(at)]
		for i := range phrases {
			p := &phrases[i]
			from, to, stands := t.stands(p, at)
			if !stands || len(p.words) == 1 && p.words[0].lower != words[at].lower && told.another(words[at].languages, l.language) || l.harmlessly(words, from, to) {
				continue
			}
			return Hit{p.said, strings.Join(strings.Fields(s[words[from].from:words[to].to]), " ")}
		}
	}
	return Hit{}
}

// harmlessly reports whether the words from one to another belong to a harmless phrase that they
// are not all of.
func (l *phraseList) harmlessly(words []readWord, from, to int) bool {
	h := harmless[l.language]
	if h == nil {
		return false
	}
	t := h.reading(words)
	for at := range words {
		phrases := h.starting[t.term(at)]
		for i := range phrases {
			first, last, stands := t.stands(&phrases[i], at)
			if stands && first <= to && from <= last && (first < from || to < last) {
				return true
			}
		}
	}
	return false
}

// readWord is a word of a text, the same for all languages.
type readWord struct {
	lower     string
	from, to  int     // of its run in the text
	run       int     // parts of "heart-shaped" share theirs
	code      bool    // it has no inflection
	apart     bool    // a mark of punctuation stands before its run
	languages tongues // among whose commonest words it is
}

func read(s string) []readWord {
	out := make([]readWord, 0, len(s)/5+1)
	from, to, run, apart := 0, 0, 0, false
	a := analysis{part: func(part, _ string, code bool) {
		w := readWord{lower: strings.ToLower(part), from: from, to: to, run: run, code: code, apart: apart}
		if !code && !lone(w.lower) {
			w.languages = commonIn[w.lower]
		}
		out = append(out, w)
	}}
	before := 0
	eachCluster(s, func(start, end int, _ bool) {
		from, to, apart = start, end, strings.ContainsAny(s[before:start], ",;:.!?…")
		a.cluster(s[start:end])
		before = end
		run++
	})
	return out
}

// reading is a text as a list reads it: terms are made of the words that are asked for.
type reading struct {
	*phraseList
	words []readWord
	terms []string
}

func (l *phraseList) reading(words []readWord) reading {
	return reading{l, words, make([]string, len(words))}
}

// common reports whether a word is one of the commonest of the list's language, or a letter alone.
func (t *reading) common(i int) bool {
	w := &t.words[i]
	return !w.code && len(t.rules.stop) > 0 && (t.rules.stop[w.lower] || lone(w.lower))
}

func (t *reading) term(i int) string {
	if t.terms[i] == "" {
		term := ""
		if w := &t.words[i]; w.code {
			term = fold(w.lower)
		} else {
			term = t.rules.stemmed(w.lower)
		}
		t.terms[i] = cut(term)
	}
	return t.terms[i]
}

// is reports whether a word of the text is that of a phrase.
func (t *reading) is(i int, w *phraseWord) bool {
	if !w.common {
		return !t.common(i) && t.term(i) == w.term
	}
	lower := t.words[i].lower
	return fold(lower) == w.term || w.kind != 0 && w.kind&t.kinds[lower] != 0
}

// stands returns the first and the last word of a phrase whose first rare word is at a place.
func (t *reading) stands(p *phrase, at int) (from, to int, ok bool) {
	from, to = at, at
	for k := p.first - 1; k >= 0; k-- {
		if from = t.before(from, &p.words[k], p.words[k+1].apart); from < 0 {
			return 0, 0, false
		}
	}
	for k := p.first + 1; k < len(p.words); k++ {
		if to = t.after(to, &p.words[k], !p.words[k-1].common && !p.words[k].common); to < 0 {
			return 0, 0, false
		}
	}
	return from, to, true
}

// before returns where a word of a phrase stands right before a place, negative for nowhere.
func (t *reading) before(at int, w *phraseWord, apart bool) int {
	run := t.words[at].run
	for i := at - 1; i >= 0 && t.words[i].run >= run-1; i-- {
		if t.words[i].run < run && t.words[at].apart && !apart {
			return -1
		}
		if t.is(i, w) {
			return i
		}
	}
	return -1
}

// after returns where a word of a phrase stands right after a place, or, where loose, with the
// commonest words between; negative for nowhere.
func (t *reading) after(at int, w *phraseWord, loose bool) int {
	run, between := t.words[at].run, 0
	for i := at + 1; i < len(t.words); i++ {
		if now, last := t.words[i].run, t.words[i-1].run; now != last {
			if t.words[i].apart && !w.apart {
				return -1
			}
			if last != run {
				if between++; !loose || between > maxBetween || !t.common(i-1) || negating[t.words[i-1].lower] {
					return -1
				}
			}
		}
		if t.is(i, w) {
			return i
		}
	}
	return -1
}
