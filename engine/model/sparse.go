package model

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Sparse is the part of a Scorer that is alike for sources that know when they are opened
// which items score: Empty, Propose and Score. All other items score 0. It takes the room
// of the items that score, whatever the catalogue; that of all rows where half of them do.
type Sparse struct {
	scored []vector.Scored // ascending by item, each once
	rows   *Rows           // where not nil, scored is, and their scores are values
	values []float32
	most   float32 // of the magnitudes of values
	told   bool
}

// NewSparse returns the scores of items, ascending, each once; it keeps the slice.
func NewSparse(scored []vector.Scored) Sparse { return Sparse{scored: scored, told: true} }

// NewSparseOf is NewSparse of items of which nearly all have rows; it may keep a copy.
func NewSparseOf(rows *Rows, scored []vector.Scored) Sparse {
	if 2*len(scored) < rows.Len() {
		return NewSparse(scored)
	}
	values := make([]float32, rows.Len())
	for _, one := range scored {
		row, ok := rows.Row(one.Item)
		if !ok {
			return NewSparse(scored)
		}
		values[row] = one.Score
	}
	return denseOf(rows, values)
}

func denseOf(rows *Rows, values []float32) Sparse {
	return Sparse{rows: rows, values: values, most: Largest(values), told: true}
}

// TakeSparse returns the sums by row as scores of the rows' items, and empties sums.
func TakeSparse(rows *Rows, sums *vector.Sums) Sparse {
	if 2*sums.Len() >= rows.Len() {
		values := make([]float32, rows.Len())
		sums.Drain(func(row int, v float64) { values[row] = float32(v) })
		return denseOf(rows, values)
	}
	scored := make([]vector.Scored, 0, sums.Len())
	sums.Drain(func(row int, v float64) {
		scored = append(scored, vector.Scored{Item: rows.Num(row), Score: float32(v)})
	})
	return NewSparse(scored)
}

// TakeDense returns the sums of all rows as scores of their items, which lie in values, as long, and
// empties sums.
func TakeDense(rows *Rows, sums []float64, values []float32) Sparse {
	most := vector.Narrow(values, sums)
	return Sparse{rows: rows, values: values, most: most, told: true}
}

// Empty implements Scorer: nothing was said of any item.
func (s *Sparse) Empty() bool { return !s.told }

// Propose implements Scorer: of the items that score above 0.
func (s *Sparse) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	top := vector.NewTop(n)
	if s.rows != nil {
		s.rows.Each(eligible, func(row int, item engine.ItemNum) {
			if score := s.values[row]; score > 0 && score > top.Worst() {
				top.Push(item, score)
			}
		})
		return top.AppendItems(out)
	}
	for _, one := range s.scored {
		if one.Score > 0 && one.Score > top.Worst() && eligible.Contains(uint32(one.Item)) { // items ascend: of equals the first stays
			top.Push(one.Item, one.Score)
		}
	}
	return top.AppendItems(out)
}

// searchBelow is of how many scored items one is asked for where each is searched for by
// itself: an answer asks for all at once, an explanation for one.
const searchBelow = 16

// Score implements Scorer. Items that ascend, as those of an answer do, cost one pass over
// what scores; others a search each.
func (s *Sparse) Score(items []engine.ItemNum, out []float32) {
	out = out[:len(items)]
	if s.rows != nil {
		if first, is := s.rows.run(items); is && ascend(items) {
			copy(out, s.values[first:])
			return
		}
		for i, item := range items {
			out[i] = s.Of(item)
		}
		return
	}
	if len(items) <= len(s.scored)/searchBelow || !ascend(items) {
		for i, item := range items {
			out[i] = s.Of(item)
		}
		return
	}
	if clear(out); len(items) == 0 {
		return
	}
	at := 0
	for _, one := range s.scored {
		// Where no item is missing in between, it stands as many places on as it is above.
		if on := int64(one.Item) - int64(items[at]); uint64(on) < uint64(len(items)-at) && items[at+int(on)] == one.Item {
			at += int(on)
			out[at] = one.Score
			continue
		}
		if at = seek(items, at, one.Item); at == len(items) {
			return
		}
		if items[at] == one.Item {
			out[at] = one.Score
		}
	}
}

// Of returns the score of an item.
func (s *Sparse) Of(item engine.ItemNum) float32 {
	if s.rows != nil {
		if row, ok := s.rows.Row(item); ok {
			return s.values[row]
		}
		return 0
	}
	at, found := slices.BinarySearchFunc(s.scored, item, byItem)
	if !found {
		return 0
	}
	return s.scored[at].Score
}

func byItem(s vector.Scored, item engine.ItemNum) int { return cmp.Compare(s.Item, item) }

// ascend reports whether each item is above the one before it.
func ascend(items []engine.ItemNum) bool {
	for i := 1; i < len(items); i++ {
		if items[i] <= items[i-1] {
			return false
		}
	}
	return true
}

// seek returns the first place from at on whose item is not below item, in items that
// ascend. No two are the same, so it lies at most as many places on as the numbers are
// apart, and near that where few are missing between them.
func seek(items []engine.ItemNum, at int, item engine.ItemNum) int {
	if at == len(items) || items[at] >= item {
		return at
	}
	// items[low] < item always, and items[high] >= item where there is one.
	low, high := at, len(items)
	if apart := int64(item) - int64(items[at]); apart < int64(high-at) {
		high = at + int(apart)
	}
	for step := 1; ; step *= 2 {
		before := max(high-step, low)
		if before == low || items[before] < item {
			low = before
			break
		}
		high = before
	}
	for high-low > 1 {
		if middle := int(uint(low+high) / 2); items[middle] < item {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
