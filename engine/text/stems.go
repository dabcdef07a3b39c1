package text

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// stems keeps the terms of words that were stemmed lately, and which are stop words. Texts of a shop say the same few
// thousand words over and over, and stemming takes ten times as long as finding one here. A
// word that falls on the place of another takes it, so that it never grows: up to 2 MiB.
//
// What it returns is what stemming anew would. It is safe for concurrent use.
type stems struct {
	seed   maphash.Seed
	places [1 << 14]atomic.Pointer[stem]
}

type stem struct {
	language, word, term string
	stop                 bool // and has no term
}

// stemsKnown is one for all texts: a word has one term in a language.
var stemsKnown = stems{seed: maphash.MakeSeed()}

// of returns the term of a word by the rules of a language, which stems.
func (s *stems) of(r rules, word string) *stem {
	h := maphash.String(s.seed, word)
	for _, b := range []byte(r.language) { // one text is read in many
		h = (h ^ uint64(b)) * 1099511628211
	}
	at := &s.places[h%uint64(len(s.places))]
	if kept := at.Load(); kept != nil && kept.word == word && kept.language == r.language {
		return kept
	}
	// Copies, as a word that is kept would keep the text it stands in.
	made := &stem{r.language, strings.Clone(word), strings.Clone(r.stemmedAnew(word)), r.stop[word]}
	at.Store(made)
	return made
}
