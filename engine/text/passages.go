package text

import (
	"strings"
	"unicode/utf8"
)

// passageWords is how long a passage becomes before it ends with its sentence, and
// passageMost where it ends in the middle of one: what a reader takes in at a glance, and
// well within what the encoder of sentences reads.
const (
	passageWords = 40
	passageMost  = 80
)

// Passage is a stretch of a text, in bytes: s[From:To].
type Passage struct{ From, To int }

// Passages cuts a text, as Plain gives it, into stretches of whole sentences, some forty
// words each, that follow one another and hold every word. A text of no more than eighty words
// is one passage; one without words has none.
func Passages(plain string) []Passage {
	var out []Passage
	var now Passage
	words, all := 0, 0
	each := func(yield func(from, to int)) {
		for at := 0; at < len(plain); {
			if plain[at] == ' ' {
				at++
				continue
			}
			end := strings.IndexByte(plain[at:], ' ')
			if end < 0 {
				end = len(plain) - at
			}
			yield(at, at+end)
			at += end
		}
	}
	each(func(int, int) { all++ })
	each(func(from, to int) {
		if words == 0 {
			now.From = from
		}
		now.To = to
		words++
		if all <= passageMost {
			return
		}
		if words >= passageWords && ends(plain[from:to]) || words >= passageMost {
			out, words = append(out, now), 0
		}
	})
	if words > 0 {
		out = append(out, now)
	}
	return out
}

// ends reports whether a sentence ends with this word.
func ends(word string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(word, `"')]»”’`))
	switch r {
	case '.', '!', '?', '…', '。', '！', '？':
		return true
	}
	return false
}

// Snippet returns the passage of a text, as Plain gives it, that says most of the terms:
// the sum of what each is worth that it holds, the first of those that hold as much. It is
// not ok where none holds any.
func (x *Index) Snippet(terms []string, plain, language string) (best Passage, ok bool) {
	all := distinct(terms)
	places, worth := make(map[string]int, len(all)), make([]float64, len(all))
	for i, t := range all {
		places[t], worth[i] = i, x.idf(t)
	}
	var most float64
	held := make([]bool, len(all))
	for _, p := range Passages(plain) {
		clear(held)
		eachWord(plain[p.From:p.To], language, func(w Word) {
			if i, is := places[w.Term]; is {
				held[i] = true
			}
		})
		var sum float64
		for i, is := range held { // in one order, whatever the order of the words
			if is {
				sum += worth[i]
			}
		}
		if sum > most {
			best, most = p, sum
		}
	}
	return best, most > 0
}
