package sentence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// space stands for a space in pieces, and begins every text.
	space = '▁'
	// reserved is how many pieces at the front of the vocabulary are no text: the unknown,
	// control symbols, and those of the user.
	reserved = 6
	// unknown is the number of the piece for characters that are in no other.
	unknown = 0
)

// pieces is the vocabulary of a unigram tokeniser (Kudo 2018, "Subword Regularization"):
// a text is cut where the sum of the scores of its pieces, logarithms of probabilities, is
// greatest. It follows the tokeniser of @tensorflow-models/universal-sentence-encoder to
// the letter, its peculiarities included: the vectors were made for what it gives.
//
// No piece has a space but at its front, so words are cut one by one.
type pieces struct {
	size  int
	nodes []node // of a trie by characters; the first is the root
}

// node is a beginning of pieces, and a piece itself unless the number is unknown. Its
// continuations stand one after the other, by character.
type node struct {
	char   rune
	number int32
	score  float64
	first  int32
	count  int32
}

// newPieces returns the vocabulary of texts with their scores. Where two are the same, the
// last one counts.
func newPieces(texts []string, scores []float64) (*pieces, error) {
	if len(texts) <= reserved {
		return nil, fmt.Errorf("%d pieces, want more than the %d reserved", len(texts), reserved)
	}
	sorted := make([]entry, 0, len(texts)-reserved)
	for i, text := range texts[reserved:] {
		if text == "" || strings.ContainsRune(text[1:], space) || !utf8.ValidString(text) {
			return nil, fmt.Errorf("piece %d is %q, want text with a space at its front at most", reserved+i, text)
		}
		sorted = append(sorted, entry{[]rune(text), int32(reserved + i), scores[reserved+i]})
	}
	slices.SortStableFunc(sorted, func(a, b entry) int { return slices.Compare(a.chars, b.chars) })
	p := &pieces{size: len(texts), nodes: make([]node, 1, 4*len(texts))}
	p.grow(0, 0, sorted)
	p.nodes = slices.Clip(p.nodes)
	if at := p.next(0, space); at == 0 || p.nodes[at].number == unknown {
		return nil, errors.New("a space is no piece: words could not be told apart")
	}
	return p, nil
}

// entry is a piece that is to stand in the trie.
type entry struct {
	chars  []rune
	number int32
	score  float64
}

// grow gives a node at a depth its continuations, from the pieces that begin with it.
func (p *pieces) grow(at int32, depth int, sorted []entry) {
	for len(sorted) > 0 && len(sorted[0].chars) == depth {
		p.nodes[at].number, p.nodes[at].score = sorted[0].number, sorted[0].score
		sorted = sorted[1:]
	}
	var parts [][]entry // by their next character
	for from, i := 0, 0; i < len(sorted); i++ {
		if i+1 == len(sorted) || sorted[i+1].chars[depth] != sorted[from].chars[depth] {
			parts = append(parts, sorted[from:i+1])
			from = i + 1
		}
	}
	first := int32(len(p.nodes))
	p.nodes[at].first, p.nodes[at].count = first, int32(len(parts))
	for _, part := range parts {
		p.nodes = append(p.nodes, node{char: part[0].chars[depth]})
	}
	for i, part := range parts {
		p.grow(first+int32(i), depth+1, part)
	}
}

// next returns the continuation of a node by a character, 0 where there is none.
func (p *pieces) next(at int32, char rune) int32 {
	from, to := p.nodes[at].first, p.nodes[at].first+p.nodes[at].count
	for from < to {
		middle := (from + to) / 2
		switch c := p.nodes[middle].char; {
		case c == char:
			return middle
		case c < char:
			from = middle + 1
		default:
			to = middle
		}
	}
	return 0
}

// ids returns the numbers of the pieces of a text, at most most of them, and none for the
// empty text. Characters in no piece, one after the other, are one unknown.
func (p *pieces) ids(text string, most int) []int32 {
	text = norm.NFKC.String(text)
	if text == "" {
		return nil
	}
	var l lattice
	var out []int32
	word := []rune{space}
	for _, char := range text {
		if char == ' ' || char == space {
			if out = l.cut(p, word, out); len(out) >= most {
				return out[:most]
			}
			word = word[:0]
			char = space
		}
		word = append(word, char)
	}
	out = l.cut(p, word, out)
	return out[:min(len(out), most)]
}

// lattice holds what the ways to cut a word have come to. At place i stands the best way
// for the first i characters: its score, from the beginning of the text on, and its last
// piece, with the length of that.
type lattice struct {
	carried float64 // the score up to the word
	best    []float64
	last    []step
}

type step struct {
	number int32
	length int32
}

// cut appends the pieces of a word, the one that follows those cut before.
//
// A score of 0 means that a place was not reached. So it is also taken for not reached where
// all pieces were of score 0, and the next way to there wins however bad it is; and a place
// that no piece ends at counts as reached by an unknown at score 0. The reference does so.
func (l *lattice) cut(p *pieces, word []rune, out []int32) []int32 {
	l.best, l.last = l.best[:0], l.last[:0]
	for range len(word) + 1 {
		l.best, l.last = append(l.best, 0), append(l.last, step{unknown, 1})
	}
	l.best[0] = l.carried
	for from := range word {
		l.extend(p, word, from)
	}
	l.carried = l.best[len(word)]
	start := len(out)
	for at := len(word); at > 0; at -= int(l.last[at].length) {
		number := l.last[at].number
		if number != unknown || len(out) == start || out[len(out)-1] != unknown {
			out = append(out, number)
		}
	}
	slices.Reverse(out[start:])
	return out
}

// extend tries every piece that begins at a place, or an unknown where there is none.
func (l *lattice) extend(p *pieces, word []rune, from int) {
	at, found := int32(0), false
	for to := from; to < len(word); to++ {
		if at = p.next(at, word[to]); at == 0 {
			break
		}
		if n := &p.nodes[at]; n.number != unknown {
			l.offer(to+1, l.best[from]+n.score, step{n.number, int32(to + 1 - from)})
			found = true
		}
	}
	if !found {
		l.offer(from+1, l.best[from], step{unknown, 1})
	}
}

func (l *lattice) offer(to int, score float64, s step) {
	if l.best[to] == 0 || score >= l.best[to] {
		l.best[to], l.last[to] = score, s
	}
}
