package model

import (
	"math"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// head is the longest rows of an index, longest first. By Cauchy and Schwarz no row scores
// more than its length times the query's: once the worst of the best so far scores more
// than that of the next row, nothing that follows is among them.
type head struct {
	rows    []uint32
	lengths []float32 // of each, rounded up
	floats  []float32 // of each, one after the other
	rest    float32   // no row that is not in the head is longer
}

// One row in headShare is in the head, which bounds the memory it takes. A row of it costs
// what listCost eligible rows do that are looked at by number.
const (
	headShare = 24
	listCost  = 4
)

// headStep is how many rows of the head are looked at before the bound is, and seenAfter
// after how many eligible ones it is believed that there is no end to be seen: the worst of the
// best rises most at first. Of few that are eligible that would be long: after one in
// seenShare of the rows that may be looked at it is believed anyhow. Both are a small part of
// a search in which headLeast rows of the head cost as much as to look at all that is eligible:
// where fewer do, it is not tried.
const (
	headStep  = 128
	seenAfter = 2 * headStep
	seenShare = 4
	headLeast = 2048
)

// tiny is more than products that are too small for a float32 can add up to.
const tiny = 1e-36

// headOf returns the head of a table, nil where its rows are about of one length, or few.
func headOf(t *vector.Table) *head {
	size := t.Len() / headShare
	if size < headLeast {
		return nil
	}
	top := vector.NewTop(size + 1)
	for i := range t.Len() {
		length := lengthOf(t.Row(i))
		// What rounding may add to a sum of so many products is in it.
		length *= 1 + float64(len(t.Row(i))+8)/(1<<23)
		if !(length < math.MaxFloat32/2) {
			return nil // of what is beyond all measure nothing can be said
		}
		top.Push(engine.ItemNum(i), math.Nextafter32(float32(length), float32(math.Inf(1))))
	}
	longest := top.Best()
	rest := longest[size].Score
	if rest > longest[0].Score/2 {
		return nil
	}
	h := &head{rest: rest, rows: make([]uint32, size), lengths: make([]float32, size)}
	h.floats = make([]float32, 0, size*len(t.Row(0)))
	for i, l := range longest[:size] {
		h.rows[i], h.lengths[i] = uint32(l.Item), l.Score
		h.floats = append(h.floats, t.Row(int(l.Item))...)
	}
	return h
}

func lengthOf(v []float32) float64 {
	squares := 0.0
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	return math.Sqrt(squares)
}

// longest looks for the best n among the longest rows. found says whether they were shown
// to be the best of all; best is lent until s is used again.
func (x *Index) longest(s *searching, eligible *roaring.Bitmap, count int, q []float32, n int) (best []vector.Scored, found bool) {
	if x.head == nil {
		return nil, false
	}
	h, most := x.head, min(len(x.head.rows), count/listCost)
	if most < headLeast || float64(n)*float64(x.rows.Len()) > float64(most)*float64(count)/2 {
		return nil, false // so many that pass are hardly among them
	}
	length, top := lengthOf(q), vector.NewTop(n)
	seen := max(seenAfter, min(seenAfter*x.rows.Len()/count, most/seenShare))
	for at := 0; at < most; {
		to := min(at+headStep, most)
		scores := s.scores[:to-at]
		vector.DotRows(scores, h.floats[at*len(q):], q)
		for i, row := range h.rows[at:to] {
			// Few are worth asking for; of equals one that comes later may be the better.
			if scores[i] >= top.Worst() && eligible.Contains(uint32(x.rows.nums[row])) {
				top.Push(engine.ItemNum(row), scores[i])
			}
		}
		at = to
		if worst := float64(top.Worst()); !math.IsInf(worst, -1) {
			// The first row from here on that is too short; of all, the rest is shortest.
			short := func(row float32) bool { return float64(row)*length+tiny < worst }
			end := at + sort.Search(len(h.rows)-at, func(i int) bool { return short(h.lengths[at+i]) })
			endless := end > most || end == len(h.rows) && !short(h.rest)
			switch {
			case !endless && end == at:
				return top.Best(), true
			case endless && at >= seen:
				return nil, false
			}
		}
	}
	return nil, false
}
