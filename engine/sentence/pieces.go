package sentence

import (
	"errors"
	"fmt"
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
	edges map[edge]int32 // of a trie by characters, to its nodes
	nodes []node
}

// edge leads from a node of the trie, 0 is the root, to the next.
type edge struct {
	from int32
	char rune
}

// node is a beginning of pieces, and a piece itself unless the number is unknown.
type node struct {
	score  float64
	number int32
}

// newPieces returns the vocabulary of texts with their scores. Where two are the same, the
// last one counts.
func newPieces(texts []string, scores []float64) (*pieces, error) {
	if len(texts) <= reserved {
		return nil, fmt.Errorf("%d pieces, want more than the %d reserved", len(texts), reserved)
	}
	p := &pieces{size: len(texts), edges: make(map[edge]int32, 4*len(texts)), nodes: make([]node, 1, 4*len(texts))}
	for i, text := range texts {
		if i < reserved {
			continue
		}
		if text == "" || strings.ContainsRune(text[1:], space) || !utf8.ValidString(text) {
			return nil, fmt.Errorf("piece %d is %q, want text with a space at its front at most", i, text)
		}
		at := int32(0)
		for _, char := range text {
			next, known := p.edges[edge{at, char}]
			if !known {
				next = int32(len(p.nodes))
				p.edges[edge{at, char}] = next
				p.nodes = append(p.nodes, node{})
			}
			at = next
		}
		p.nodes[at] = node{scores[i], int32(i)}
	}
	if next, known := p.edges[edge{0, space}]; !known || p.nodes[next].number == unknown {
		return nil, errors.New("a space is no piece: words could not be told apart")
	}
	return p, nil
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
	for i, j := start, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// extend tries every piece that begins at a place, or an unknown where there is none.
func (l *lattice) extend(p *pieces, word []rune, from int) {
	at, found := int32(0), false
	for to := from; to < len(word); to++ {
		next, known := p.edges[edge{at, word[to]}]
		if !known {
			break
		}
		at = next
		if n := p.nodes[at]; n.number != unknown {
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
