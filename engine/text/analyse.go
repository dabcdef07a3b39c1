// Package text turns what people write into terms, and terms into vectors and matches:
// one analyser for items, tickets and queries, an encoder that gives every item a place
// beside the others (latent semantic analysis), and a BM25 index over fixes and
// articles.
//
// It knows no meaning beyond the shop's own texts, and guesses a language only where it is
// asked to (Guess); it segments words as European languages write them, with spaces
// between. It reads no clock, no file and no random numbers.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTermBytes is where a term is cut: above it stand pasted keys and encoded files,
// never words.
const maxTermBytes = 64

// Word is a term and the word it was made from.
type Word struct {
	Term    string // lower case, stemmed, accents folded
	Surface string // as it was written
}

// Tokens returns the terms of s in their order, repetition included: words in lower
// case without stop words, stemmed by the rules of language (BCP 47; empty means
// English, a language we have no rules for is not stemmed), accents folded. Codes and
// product numbers, which are words with a digit in them, stay whole.
func Tokens(s, language string) []string {
	var out []string
	eachWord(s, language, func(w Word) { out = append(out, w.Term) })
	return out
}

// IsCode reports whether a term is a short code, as of errors and parts: up to three letters, and up
// to four digits behind them, with or without a hyphen. Longer ones number orders and parcels.
func IsCode(term string) bool {
	letters := 0
	for letters < len(term) && term[letters] >= 'a' && term[letters] <= 'z' {
		letters++
	}
	digits := strings.TrimPrefix(term[letters:], "-")
	return letters >= 1 && letters <= 3 && len(digits) >= 1 && len(digits) <= 4 && strings.Trim(digits, "0123456789") == ""
}

// Words is Tokens with the writing of each term, for messages.
func Words(s, language string) []Word {
	var out []Word
	eachWord(s, language, func(w Word) { out = append(out, w) })
	return out
}

// eachWord calls yield for every term of s.
func eachWord(s, language string, yield func(Word)) {
	rules := rulesFor(language)
	a := analysis{part: func(part, surface string, code bool) {
		term, is := strings.ToLower(part), true
		if code {
			term = fold(term)
		} else {
			term, is = rules.term(term)
		}
		if term = cut(term); is && term != "" {
			yield(Word{Term: term, Surface: surface})
		}
	}}
	s = composed(s)
	eachCluster(s, func(from, to int, letters bool) {
		if letters {
			a.part(s[from:to], s[from:to], false)
		} else {
			a.cluster(s[from:to])
		}
	})
}

// composed returns s as it is taken apart: valid, and in normal form C.
func composed(s string) string {
	if ascii(s) {
		return s
	}
	return norm.NFC.String(strings.ToValidUTF8(s, " "))
}

// eachCluster calls yield with where each run of joined word characters of s begins and ends, and
// with whether it surely has nothing but letters: so have most words, which are told by their bytes.
func eachCluster(s string, yield func(from, to int, letters bool)) {
	for at := 0; at < len(s); {
		switch kindOf[s[at]] {
		case isNone, isJoin:
			at++
			continue
		case isLetter:
			end := at + 1
			for end < len(s) && kindOf[s[end]] == isLetter {
				end++
			}
			if end == len(s) || kindOf[s[end]] == isNone || kindOf[s[end]] == isJoin && (end+1 == len(s) || kindOf[s[end+1]] <= isJoin) {
				yield(at, end, true)
				at = end
				continue
			}
		case isOther:
			if r, size := utf8.DecodeRuneInString(s[at:]); !inWord(r) {
				at += size
				continue
			}
		}
		end := at + clusterEnd(s[at:])
		yield(at, end, false)
		at = end
	}
}

// What a byte is to a run.
const (
	isNone   uint8 = iota // of no word
	isJoin                // see joins
	isDigit               // an ASCII digit
	isLetter              // an ASCII letter
	isOther               // of a character of several bytes
)

var kindOf = func() (of [256]uint8) {
	for b := range of {
		switch r := rune(b); {
		case r >= utf8.RuneSelf:
			of[b] = isOther
		case r >= '0' && r <= '9':
			of[b] = isDigit
		case inWord(r):
			of[b] = isLetter
		case joins(r):
			of[b] = isJoin
		}
	}
	return of
}()

// lone reports whether a word in lower case is a letter alone. One of three bytes is a word of a
// language without alphabet.
func lone(word string) bool { return utf8.RuneCountInString(word) < 2 && len(word) < 3 }

// inWord reports whether r is a part of words wherever it stands.
func inWord(r rune) bool {
	return r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') ||
		r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// joins reports whether r holds a word together when letters or digits stand on both
// sides: "T-Light", "don't", "3.5", "part_no".
func joins(r rune) bool {
	switch r {
	case '-', '‐', '‑', '_', '.', ',', '\'', '’', 'ʼ':
		return true
	}
	return false
}

// clusterEnd returns the length of the longest run at the start of s in which word
// characters are joined by at most one joiner. A comma joins digits only.
func clusterEnd(s string) int {
	end := 0
	var last rune // the word character before
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if !inWord(r) {
			next, _ := utf8.DecodeRuneInString(s[end+size:])
			if !joins(r) || !inWord(next) || r == ',' && (!unicode.IsDigit(last) || !unicode.IsDigit(next)) {
				return end
			}
			r = next
			end += size
			continue
		}
		last = r
		end += size
	}
	return end
}

// analysis is one pass over one text. It calls part for each part of a run, whatever the language:
// with its letters, the run, and whether it is a code, which has no inflection.
type analysis struct {
	part func(part, surface string, code bool)
}

// cluster takes one run of joined word characters apart.
func (a *analysis) cluster(s string) {
	joined := strings.ContainsFunc(s, joins)
	switch {
	case strings.ContainsFunc(s, unicode.IsDigit):
		a.code(s)
	case joined:
		a.compound(s)
	default:
		a.part(s, s, false)
	}
}

// code yields a word with digits whole, written in one way: "E-404", "e_404" and
// "E404" are e404, "3,5" is 3.5. Its longer parts follow, so that "404" alone meets it
// too.
func (a *analysis) code(s string) {
	parts := strings.FieldsFunc(s, joins)
	whole := strings.Map(func(r rune) rune {
		switch {
		case r == ',' || r == '.':
			return '.'
		case joins(r):
			return -1
		}
		return r
	}, s)
	a.part(whole, s, true)
	if len(parts) == 1 || strings.ContainsAny(s, ".,") {
		return
	}
	for _, part := range parts {
		switch {
		case utf8.RuneCountInString(part) < 3:
		case strings.ContainsFunc(part, unicode.IsDigit):
			a.part(part, s, true)
		default:
			a.part(part, s, false)
		}
	}
}

// compound yields the parts of a word without digits: "heart-shaped" gives heart,
// shaped and heartshaped, so that "wi-fi" meets "wifi"; "lamp's" gives lamp, "l'eau"
// eau, "don't" dont.
func (a *analysis) compound(s string) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return joins(r) && !apostrophe(r) })
	for i, part := range parts {
		parts[i] = contracted(part)
	}
	dotted := strings.Contains(s, ".")
	if len(parts) > 1 && (!dotted || initials(parts)) {
		a.part(strings.Join(parts, ""), s, false)
	}
	for _, part := range parts {
		if len(parts) == 1 || utf8.RuneCountInString(part) > 1 {
			a.part(part, s, false)
		}
	}
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

// contracted takes the apostrophes out of a word: a possessive s and an elided article
// go, anything else closes up.
func contracted(s string) string {
	pieces := strings.FieldsFunc(s, apostrophe)
	if n := len(pieces); n > 1 && strings.EqualFold(pieces[n-1], "s") {
		pieces = pieces[:n-1]
	}
	if len(pieces) > 1 && elided(pieces[0]) && len(pieces[1]) > 1 {
		pieces = pieces[1:]
	}
	return strings.Join(pieces, "")
}

// elided reports whether s is what French, Italian and Catalan leave of an article or
// pronoun before an apostrophe.
func elided(s string) bool {
	switch strings.ToLower(s) {
	case "l", "d", "j", "m", "n", "s", "t", "c", "qu", "un", "all", "dell", "nell", "sull", "dall":
		return true
	}
	return false
}

// initials reports whether every part is one letter, as in U.S.A.
func initials(parts []string) bool {
	for _, p := range parts {
		if utf8.RuneCountInString(p) != 1 {
			return false
		}
	}
	return true
}

// cut shortens s to maxTermBytes at the border of a character.
func cut(s string) string {
	if len(s) <= maxTermBytes {
		return s
	}
	end := maxTermBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
