package text

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// guessBytes is how much of a text is looked at.
	guessBytes = 4 << 10
	// toTell is how many words are enough to miss the commonest ones of a language. Of
	// English ones, at least one of many is among them, as shops are asked in names and
	// numbers; a text in another language is known by one of few.
	toTell, many, few = 8, 16, 4
	// foreign is of how many letters one with an accent, or that English lacks, is too many.
	foreign = 30
	// lead is by how many words a language is ahead of English, some of whose words are
	// among the commonest of others, too: "die", "under", "per".
	lead = 2
)

// scripts are those that mean one language, or the commonest of several.
var scripts = []struct {
	table    *unicode.RangeTable
	language string
}{
	{unicode.Hiragana, "ja"},
	{unicode.Katakana, "ja"},
	{unicode.Han, "zh"},
	{unicode.Hangul, "ko"},
	{unicode.Cyrillic, "ru"},
	{unicode.Greek, "el"},
	{unicode.Arabic, "ar"},
	{unicode.Hebrew, "he"},
	{unicode.Devanagari, "hi"},
	{unicode.Thai, "th"},
}

// listed are the languages told apart by their stop words, in the order in which one wins
// among those that have as many.
var listed = []string{"en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no"}

// Guess returns the language a text seems to be in, as the BCP 47 tag of its language
// part: by the script of most of its letters, and among languages written in Latin letters
// by which has most of its commonest words in it. A text too short to tell is taken for
// English, as the analyser takes one without a language; "" is a text long enough that is
// in none of those we know. Close relatives are confused: Danish and Norwegian, Russian
// and what else is written in Cyrillic. For what matters, let the sender name it.
func Guess(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), guessBytes)], "")
	if language := byScript(s); language != latin {
		return language
	}
	words, found := commonest(s)
	if words < toTell {
		return guessFew(s, words, found)
	}
	english := listed[0]
	best, strange := english, foreignLetters(s)
	for _, language := range listed {
		if found[language] > found[best] {
			best = language
		}
	}
	if found[best] < found[english]+lead && 2*found[best] < words && (!strange || found[english] > 0) {
		best = english
	}
	switch {
	case best == english && (strange || found[best]*many < words), best != english && found[best]*few < words:
		return ""
	}
	return best
}

// guessFew is Guess of a text of a few words, given how many of them are among the commonest of
// each language. Most have none of those, and many are names: a language is told by a word that
// is no other's (tells), or by two of its commonest among three. English is what such a text
// is taken for otherwise, and where its own words are as many.
func guessFew(s string, words int, found map[string]int) string {
	sure := make(map[string]int, len(listed))
	for word := range wordsOf(s) {
		for _, language := range listed[1:] {
			if tells(language, word) {
				sure[language]++
			}
		}
	}
	best := ""
	for _, language := range listed[1:] {
		if best == "" || cmp.Or(cmp.Compare(sure[language], sure[best]), cmp.Compare(found[language], found[best])) > 0 {
			best = language
		}
	}
	english := 0 // of its words none of the other's
	for word := range wordsOf(s) {
		if isStop(listed[0], word) && !isStop(best, word) && !tells(best, word) {
			english++
		}
	}
	lacks := english == 0 && found[best] > found[listed[0]]
	switch {
	case sure[best] > 0 && found[best]+sure[best] > english,
		lacks && (foreignLetters(s) || found[best] >= lead && 2*found[best] >= words):
		return best
	}
	return listed[0]
}

// isStop reports whether a word in lower case is among the commonest of a language.
func isStop(language, word string) bool {
	stop := byLanguage[language].stop
	return stop[word] || stop[withoutMarks.Replace(word)]
}

// Tongue returns the language that a text is to be read in: the one that its sender names, but
// where it is surely in another, that one. A desk that stamps its own language on all it hears
// gets letters in others, too. It is surely in another where that has two more of its commonest
// words in it, a quarter of all words and twice as many as the named one; or, of a few words, a
// quarter, and the named one none. Danish, Norwegian and Swedish are not told from one another,
// and languages without a list of words only from what is mostly made of such words. "" where
// none is named: whoever names none has texts that are read alike.
func Tongue(s, named string) string {
	if named == "" {
		return ""
	}
	s = strings.ToValidUTF8(s[:min(len(s), guessBytes)], "")
	part := LanguagePart(named)
	told := slices.Contains(listed, part)
	if script := byScript(s); script != latin {
		if script != "" && told {
			return script
		}
		return named
	}
	words, found := commonest(s)
	best, second := "", 0
	for _, language := range listed {
		switch {
		case language == part || northern[language] && northern[part]:
		case best == "" || found[language] > found[best]:
			if best != "" {
				second = found[best]
			}
			best = language
		default:
			second = max(second, found[language])
		}
	}
	n, own := found[best], found[part]
	switch {
	case !told:
		if n > lead && 5*n >= 2*words {
			return best
		}
	case n >= own+lead && n >= 2*own && n*few >= words,
		words < toTell && own == 0 && n > second && n*few >= words && !foreignLetters(s):
		return best
	}
	return named
}

// northern are languages too near to tell apart by what a sender writes.
var northern = set("sv da no")

// commonest returns how many words a text has, and how many are among the commonest of each
// language.
func commonest(s string) (words int, found map[string]int) {
	var count [16]int // of listed
	for word := range wordsOf(s) {
		words++
		for at, in := 0, stopIn(word); in != 0; at, in = at+1, in>>1 {
			count[at] += int(in & 1)
		}
	}
	found = make(map[string]int, len(listed))
	for at, language := range listed {
		found[language] = count[at]
	}
	return words, found
}

// stopIn returns of which of listed a word in lower case is among the commonest, as isStop says.
func stopIn(word string) tongues {
	in := stopsIn[word]
	if plain := withoutMarks.Replace(word); plain != word {
		in |= stopsIn[plain]
	}
	return in
}

// stopsIn are the stop words by the languages they are of.
var stopsIn = func() map[string]tongues {
	out := make(map[string]tongues)
	for _, language := range listed {
		for word := range byLanguage[language].stop {
			out[word] |= bitOf(language)
		}
	}
	return out
}()

// wordsOf yields the words of a text in lower case. A letter alone is none: it
// is one of many languages, and half of a code.
func wordsOf(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		apart := func(r rune) bool { return !unicode.IsLetter(r) && !joins(r) }
		for word := range strings.FieldsFuncSeq(strings.ToLower(s), apart) {
			word = strings.TrimFunc(word, joins)
			if utf8.RuneCountInString(word) >= 2 && !yield(word) {
				return
			}
		}
	}
}

// foreignLetters reports whether English has not so many of the letters of s.
func foreignLetters(s string) bool {
	letters, strange := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
			if r >= utf8.RuneSelf {
				strange++
			}
		}
	}
	return strange*foreign > letters
}

// withoutMarks takes the apostrophe out of "don't", as the lists are written.
var withoutMarks = strings.NewReplacer("'", "", "’", "", "ʼ", "")

// latin is what byScript says of a text in letters that many languages share.
const latin = "latin"

// byScript returns the language of the script that most letters are in, latin where that
// is Latin or there are none, and "" for a script we do not know. Kana make a text Japanese
// whatever else is in it.
func byScript(s string) string {
	letters, known := 0, 0
	count := make([]int, len(scripts))
	for _, r := range s {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if unicode.Is(unicode.Latin, r) {
			known++
			continue
		}
		for i := range scripts {
			if unicode.Is(scripts[i].table, r) {
				count[i]++
				known++
				break
			}
		}
	}
	best, most, others := latin, 0, 0
	for i, n := range count {
		others += n
		if n > most {
			best, most = scripts[i].language, n
		}
	}
	switch {
	case 2*(letters-known) > letters:
		return ""
	case 2*others <= letters:
		return latin
	case best == "zh" && count[0]+count[1] > 0:
		return "ja"
	}
	return best
}
