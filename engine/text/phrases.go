package text

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Phrases are words and phrases by language that are looked for in texts. It is immutable.
type Phrases struct{ lists []phraseList }

// phraseList is those of one language, by their first term.
type phraseList struct {
	language string
	starting map[string][]phrase
	names    map[string]bool // words of it that are names, too
}

// phrase is what is looked for, and its terms.
type phrase struct {
	said  string
	terms []string
}

// NewPhrases returns the phrases of lists by the language part of a BCP 47 tag. Those of
// engine.AnyLanguage stand in texts as they are written, the others in any inflection; one
// without a term is never found. An English word that is a first name, too, is not found where
// it is one: see isName.
func NewPhrases(lists map[string][]string) *Phrases {
	p := new(Phrases)
	for _, language := range slices.Sorted(maps.Keys(lists)) {
		l := phraseList{LanguagePart(language), make(map[string][]phrase, len(lists[language])), make(map[string]bool)}
		for _, said := range lists[language] {
			if word := strings.TrimSpace(said); l.language == "en" && givenNames[word] {
				l.names[word] = true
			}
			if terms := Tokens(said, language); len(terms) > 0 {
				l.starting[terms[0]] = append(l.starting[terms[0]], phrase{strings.TrimSpace(said), terms})
			}
		}
		p.lists = append(p.lists, l)
	}
	return p
}

// LanguagePart returns the language part of a tag. The written forms of Norwegian are one.
func LanguagePart(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if language == "nb" || language == "nn" {
		return "no"
	}
	return language
}

// Find returns a phrase that stands in a text, "" for none. A list is asked where its
// language is the one the sender names or the one the text seems to be in: a desk that says
// "de" of all it hears gets letters in English, too. Of a text in no language we can tell,
// all are asked.
func (p *Phrases) Find(s, named string) string {
	seems := Guess(s)
	named = LanguagePart(named)
	for i := range p.lists {
		l := &p.lists[i]
		if l.language == engine.AnyLanguage || l.language == named || l.language == seems || seems == "" {
			if found := l.in(s); found != "" {
				return found
			}
		}
	}
	return ""
}

// in returns the first phrase that stands in a text, "" for none.
func (l *phraseList) in(s string) string {
	if len(l.names) > 0 {
		s = withoutNames(s, l.names)
	}
	said := Tokens(s, l.language)
	for at, term := range said {
		for _, p := range l.starting[term] {
			if at+len(p.terms) <= len(said) && slices.Equal(said[at:at+len(p.terms)], p.terms) {
				return p.said
			}
		}
	}
	return ""
}
