package vector

import (
	"cmp"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Scored is an item and its score.
type Scored struct {
	Item  engine.ItemNum
	Score float32
}

// Better orders by score, highest first, and ties by item number, lowest first. It is
// the one order of candidates: negative where a comes before b.
func Better(a, b Scored) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return cmp.Compare(a.Item, b.Item)
}

// Top keeps the best k of the items pushed into it: a heap with the worst of them at
// its root. The zero Top keeps none.
type Top struct {
	k    int
	heap []Scored
}

// NewTop returns a Top of the best k. It takes no more room than what is pushed.
func NewTop(k int) *Top {
	return &Top{k: max(k, 0), heap: make([]Scored, 0, min(max(k, 0), 256))}
}

// Reset empties t and makes it one of the best k, in the room it has.
func (t *Top) Reset(k int) { t.k, t.heap = max(k, 0), t.heap[:0] }

// Push offers an item. A score that is not a number is never kept.
func (t *Top) Push(item engine.ItemNum, score float32) {
	if len(t.heap) == t.k {
		if t.k == 0 || !(score > t.heap[0].Score || score == t.heap[0].Score && item < t.heap[0].Item) {
			return
		}
		t.heap[0] = Scored{item, score}
		t.down()
		return
	}
	if score != score {
		return
	}
	t.heap = append(t.heap, Scored{item, score})
	t.up()
}

// Best empties t and returns what it kept, best first. The slice is the caller's.
func (t *Top) Best() []Scored {
	best := t.heap
	t.heap = nil
	sortScored(best)
	return best
}

// AppendKept appends the items it keeps to out, in no order.
func (t *Top) AppendKept(out []engine.ItemNum) []engine.ItemNum {
	for _, s := range t.heap {
		out = append(out, s.Item)
	}
	return out
}

// AppendItems empties t and appends the items it kept to out, best first.
func (t *Top) AppendItems(out []engine.ItemNum) []engine.ItemNum {
	for _, s := range t.Best() {
		out = append(out, s.Item)
	}
	return out
}

// worse reports whether a is to stand above b in the heap. No score in it is NaN.
func worse(a, b Scored) bool {
	return a.Score < b.Score || a.Score == b.Score && a.Item > b.Item
}

// up moves the last item to its place.
func (t *Top) up() {
	h := t.heap
	i := len(h) - 1
	moved := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !worse(moved, h[parent]) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = moved
}

// down moves the first item to its place.
func (t *Top) down() {
	h, i := t.heap, 0
	moved := h[0]
	for {
		c := 2*i + 1
		if c >= len(h) {
			break
		}
		if c+1 < len(h) && worse(h[c+1], h[c]) {
			c++
		}
		if !worse(h[c], moved) {
			break
		}
		h[i] = h[c]
		i = c
	}
	h[i] = moved
}

func sortScored(all []Scored) { slices.SortFunc(all, Better) }
