package solution

import (
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// topics are the sensitive words and phrases of one language.
type topics struct {
	language string
	phrases  map[string][]phrase // by their first term
}

// phrase is what is looked for, and its terms.
type phrase struct {
	said  string
	terms []string
}

func newTopics(language string, list []string) topics {
	t := topics{languageOf(language), make(map[string][]phrase, len(list))}
	for _, said := range list {
		if terms := text.Tokens(said, language); len(terms) > 0 {
			t.phrases[terms[0]] = append(t.phrases[terms[0]], phrase{strings.TrimSpace(said), terms})
		}
	}
	return t
}

// languageOf returns the language part of a tag. The written forms of Norwegian are one.
func languageOf(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if language == "nb" || language == "nn" {
		return "no"
	}
	return language
}

// in returns the first phrase that stands in a text, "" for none.
func (t *topics) in(s string) string {
	said := text.Tokens(s, t.language)
	for at, term := range said {
		for _, p := range t.phrases[term] {
			if at+len(p.terms) <= len(said) && slices.Equal(said[at:at+len(p.terms)], p.terms) {
				return p.said
			}
		}
	}
	return ""
}

// sensitive returns a phrase of the lists that stands in a text, "" for none. A list is
// asked where its language is the one the sender names or the one the text seems to be in:
// a desk that says "de" of all it hears gets letters in English, too. Of a text in no
// language we can tell, all are asked.
func (l *Limits) sensitive(s, named string) string {
	seems := text.Guess(s)
	named = languageOf(named)
	for i := range l.topics {
		t := &l.topics[i]
		if t.language == engine.AnyLanguage || t.language == named || t.language == seems || seems == "" {
			if found := t.in(s); found != "" {
				return found
			}
		}
	}
	return ""
}
