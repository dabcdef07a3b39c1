package vector

import (
	"math"
	"math/bits"

	"github.com/rapportengine/rapport/engine"
)

// offered is how many scores are held against the worst one kept before anything is
// pushed, in words of 64.
const offered = 16

// AtLeast sets bit i of words to whether scores[i] is bound or more, for 64 scores a word.
func AtLeast(words []uint64, scores []float32, bound float32) {
	atLeast(words, scores[:64*len(words)], bound)
}

// Worst returns the score below which nothing is kept any more, -Inf while there is room.
func (t *Top) Worst() float32 {
	switch {
	case t.k == 0:
		return float32(math.Inf(1))
	case len(t.heap) < t.k:
		return float32(math.Inf(-1))
	}
	return t.heap[0].Score
}

// Offer pushes scores of the items first, first+1 and so on. Scores that cannot be kept
// cost a comparison of a sixteenth of a register.
func (t *Top) Offer(first engine.ItemNum, scores []float32) {
	t.offer(scores, func(i int) engine.ItemNum { return first + engine.ItemNum(i) })
}

// OfferItems pushes the score of each item. items is at least as long as scores.
func (t *Top) OfferItems(items []engine.ItemNum, scores []float32) {
	items = items[:len(scores)]
	t.offer(scores, func(i int) engine.ItemNum { return items[i] })
}

// OfferMarked pushes the scores of the items whose bit in marks is set, 64 to a word. Scores have
// room for whole words; beyond the items no bit is set.
func (t *Top) OfferMarked(items []engine.ItemNum, scores []float32, marks []uint64) {
	var words [offered]uint64
	for from := 0; from < len(marks); from += offered {
		count := min(offered, len(marks)-from)
		atLeast(words[:count], scores[64*from:][:64*count], t.Worst())
		for w, word := range words[:count] {
			for word &= marks[from+w]; word != 0; word &= word - 1 {
				at := 64*(from+w) + bits.TrailingZeros64(word)
				t.Push(items[at], scores[at])
			}
		}
	}
}

func (t *Top) offer(scores []float32, item func(i int) engine.ItemNum) {
	if t.k == 0 {
		return
	}
	i := 0
	for ; i < len(scores) && len(t.heap) < t.k; i++ {
		t.Push(item(i), scores[i])
	}
	var words [offered]uint64
	for len(scores)-i >= 64 {
		count := min((len(scores)-i)/64, offered)
		atLeast(words[:count], scores[i:][:64*count], t.heap[0].Score)
		for w, word := range words[:count] {
			for ; word != 0; word &= word - 1 {
				at := i + w*64 + bits.TrailingZeros64(word)
				t.Push(item(at), scores[at])
			}
		}
		i += 64 * count
	}
	for ; i < len(scores); i++ {
		if scores[i] >= t.heap[0].Score {
			t.Push(item(i), scores[i])
		}
	}
}
