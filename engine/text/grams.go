package text

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The lengths of the pieces of words that Grams gives.
const (
	minPiece = 3
	maxPiece = 5
)

// Grams gives what tells texts apart that a classifier has to: every word of s as it is
// written but for case and accents, stop words too ("why was I charged" and "how am I
// charged" differ in nothing else), each pair of neighbours, and the pieces of 3 to 5
// characters of every word with a mark at either end, in which misspelt, inflected and
// compound words still meet. Both are given by a hash of 64 bits, with repetition, in the
// order of the text; words and pieces have ranges of their own only by chance.
func Grams(s string) (words, pieces []uint64) {
	if !ascii(s) {
		s = norm.NFC.String(strings.ToValidUTF8(s, " "))
	}
	s = strings.ToLower(s)
	var before uint64
	var padded []byte
	for s != "" {
		start := strings.IndexFunc(s, inWord)
		if start < 0 {
			break
		}
		s = s[start:]
		end := clusterEnd(s)
		word := cut(fold(s[:end]))
		s = s[end:]
		h := hash(word)
		words = append(words, h)
		if before != 0 {
			words = append(words, pair(before, h))
		}
		before = h
		padded = append(append(append(padded[:0], '<'), word...), '>')
		pieces = appendPieces(pieces, padded)
	}
	return words, pieces
}

// pair is the hash of two words that stand beside one another.
func pair(a, b uint64) uint64 {
	state := a ^ (b<<1 | b>>63)
	return splitMix(&state)
}

// appendPieces adds the hash of each run of minPiece to maxPiece characters of word.
func appendPieces(out []uint64, word []byte) []uint64 {
	for from := 0; from < len(word); {
		h, count := uint64(14695981039346656037), 0
		for at := from; at < len(word) && count < maxPiece; {
			_, size := utf8.DecodeRune(word[at:])
			for _, c := range word[at : at+size] {
				h = (h ^ uint64(c)) * 1099511628211
			}
			at += size
			if count++; count >= minPiece {
				out = append(out, h)
			}
		}
		_, size := utf8.DecodeRune(word[from:])
		from += size
	}
	return out
}
