package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// guessBytes is how much of a text is looked at.
	guessBytes = 4 << 10
	// toTell is how many words are enough to miss the commonest ones of a language: of
	// English texts of eight words, nearly all have one of the stop words.
	toTell = 8
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
	words, found := 0, make(map[string]int, len(listed))
	for word := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !joins(r) }) {
		word = strings.Trim(word, "-‐‑_.,'’ʼ")
		if utf8.RuneCountInString(word) < 2 { // a letter alone is a word of many languages, and half of a code
			continue
		}
		words++
		for _, language := range listed {
			if byLanguage[language].stop[word] || byLanguage[language].stop[withoutMarks.Replace(word)] {
				found[language]++
			}
		}
	}
	best := listed[0]
	for _, language := range listed {
		if found[language] > found[best] {
			best = language
		}
	}
	if found[best]*toTell < words && words >= toTell {
		return ""
	}
	return best
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
