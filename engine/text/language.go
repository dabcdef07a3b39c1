package text

import (
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/danish"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/finnish"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/hungarian"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/norwegian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/romanian"
	"github.com/blevesearch/snowballstem/russian"
	"github.com/blevesearch/snowballstem/spanish"
	"github.com/blevesearch/snowballstem/swedish"
	"github.com/blevesearch/snowballstem/turkish"
	"golang.org/x/text/unicode/norm"
)

// maxStemBytes is the longest word a stemmer is asked about. Longer ones are names and
// keys, and stay as they are.
const maxStemBytes = 40

// rules are what a language does to words. The zero value does nothing.
type rules struct {
	language string
	stop     map[string]bool
	stem     func(*snowballstem.Env) bool
	// foldFirst is for languages whose own words have no accents, so that a borrowed
	// "café" is stemmed as "cafe" is. The other stemmers read accents.
	foldFirst bool
}

// rulesFor returns the rules of a BCP 47 tag by its language part.
func rulesFor(tag string) rules {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	language, _, _ = strings.Cut(language, "_")
	if language == "" {
		language = "en"
	}
	r := byLanguage[language]
	r.language = language
	return r
}

var byLanguage = map[string]rules{
	"en": {stop: set(stopEnglish), stem: english.Stem, foldFirst: true},
	"de": {stop: set(stopGerman), stem: german.Stem},
	"fr": {stop: set(stopFrench), stem: french.Stem},
	"es": {stop: set(stopSpanish), stem: spanish.Stem},
	"it": {stop: set(stopItalian), stem: italian.Stem},
	"pt": {stop: set(stopPortuguese), stem: portuguese.Stem},
	"nl": {stop: set(stopDutch), stem: dutch.Stem},
	"sv": {stop: set(stopSwedish), stem: swedish.Stem},
	"da": {stop: set(stopDanish), stem: danish.Stem},
	"no": {stop: set(stopNorwegian), stem: norwegian.Stem},
	"nb": {stop: set(stopNorwegian), stem: norwegian.Stem},
	"nn": {stop: set(stopNorwegian), stem: norwegian.Stem},
	"fi": {stem: finnish.Stem},
	"hu": {stem: hungarian.Stem},
	"ro": {stem: romanian.Stem},
	"ru": {stem: russian.Stem},
	"tr": {stem: turkish.Stem},
}

// stemmed returns the term of a word in lower case.
func (r rules) stemmed(word string) string {
	if r.stem == nil || len(word) > maxStemBytes {
		return fold(word)
	}
	return stemsKnown.of(r, word).term
}

// term returns the term of a word in lower case; false for a stop word and a letter alone.
func (r rules) term(word string) (string, bool) {
	switch {
	case lone(word):
		return "", false
	case r.stem == nil || len(word) > maxStemBytes:
		return fold(word), !r.stop[word]
	}
	known := stemsKnown.of(r, word)
	return known.term, !known.stop
}

// stemmedAnew is stemmed of a word that a stemmer is asked about.
func (r rules) stemmedAnew(word string) string {
	if r.foldFirst {
		word = fold(word)
	}
	env := snowballstem.NewEnv(word) // an Env belongs to one goroutine
	r.stem(env)
	return fold(env.Current())
}

// letters are folded by name: they have no decomposition into a base and an accent.
var letters = strings.NewReplacer(
	"ß", "ss", "ø", "o", "æ", "ae", "œ", "oe", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i",
)

// fold takes the accents off a word in lower case: "crème" becomes "creme". Only the
// general diacritics go; marks that are vowels in their script stay.
func fold(s string) string {
	if ascii(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36f {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	return letters.Replace(norm.NFC.String(s))
}

func set(words string) map[string]bool {
	out := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}
