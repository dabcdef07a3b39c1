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
	slices.SortFunc(best, Better)
	return best
}

// AppendItems empties t and appends the items it kept to out, best first.
func (t *Top) AppendItems(out []engine.ItemNum) []engine.ItemNum {
	for _, s := range t.Best() {
		out = append(out, s.Item)
	}
	return out
}

// worse reports whether heap[i] is to stand above heap[j].
func (t *Top) worse(i, j int) bool { return Better(t.heap[i], t.heap[j]) > 0 }

func (t *Top) up() {
	for i := len(t.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !t.worse(i, parent) {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

func (t *Top) down() {
	for i := 0; ; {
		worst := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(t.heap); c++ {
			if t.worse(c, worst) {
				worst = c
			}
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}
