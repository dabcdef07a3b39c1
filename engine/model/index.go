package model

import (
	"math/bits"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Index finds the items whose rows have the largest dot products with a query: exactly
// those that a scan of all floats finds. It looks at the longest rows first, and is often
// done with these, as what is wanted most has long factors; else it scans bytes
// (vector.Table), d and 12 a row beside the floats. It is immutable and safe for
// concurrent use.
type Index struct {
	rows  *Rows
	table *vector.Table
	head  *head    // nil where no rows are much longer than others
	has   []uint64 // a bit for each item that has a row
	moves []moves  // by word of has; nil where every item below the last has a row
}

// NewIndex returns the index of vectors, dims numbers a row, which stay as they are.
func NewIndex(rows *Rows, dims int, vectors []float32) *Index {
	x := &Index{rows: rows, table: vector.NewTable(vectors[:rows.Len()*dims], dims)}
	x.head = headOf(x.table)
	x.has = make([]uint64, (len(rows.row)+63)/64)
	for _, n := range rows.nums {
		x.has[n/64] |= 1 << (n % 64)
	}
	if len(rows.row) > rows.Len() {
		x.moves = make([]moves, len(x.has))
		for i, has := range x.has {
			x.moves[i] = movesOf(has)
		}
	}
	return x
}

// searching is the room for one search.
type searching struct {
	vector.Search
	items, mask []uint64
	picks       []uint32
	scores      [headStep]float32
}

var searches = sync.Pool{New: func() any { return new(searching) }}

// listedBelow is of how many rows one must be eligible for all rows to be looked through
// under a mask, and not the eligible by their numbers. Of a million rows, one in a hundred
// eligible takes less than half the time by numbers, one in 33 two thirds, and from one in
// eleven on both take the same.
const listedBelow = 12

// Best appends the n eligible items with the largest dot products of q and their rows to
// out, best first and ties by number, with their scores; of those that have a row.
func (x *Index) Best(eligible *roaring.Bitmap, q []float32, n int, out []vector.Scored) []vector.Scored {
	if x.rows.Len() == 0 || n <= 0 {
		return out
	}
	s := searches.Get().(*searching)
	defer searches.Put(s)
	count := int(eligible.GetCardinality())
	best, found := x.longest(s, eligible, count, q, n)
	switch {
	case found:
	case count < x.rows.Len()/listedBelow:
		s.picks = x.rows.pick(eligible, slices.Grow(s.picks[:0], count))
		best = x.table.BestOf(&s.Search, q, n, s.picks)
	default:
		best = x.table.Best(&s.Search, q, n, x.masked(eligible, s))
	}
	for _, b := range best { // rows ascend as items do: ties are in order
		out = append(out, vector.Scored{Item: x.rows.Num(int(b.Item)), Score: b.Score})
	}
	return out
}

// BestItems is Best without the scores.
func (x *Index) BestItems(eligible *roaring.Bitmap, q []float32, n int, out []engine.ItemNum) []engine.ItemNum {
	for _, b := range x.Best(eligible, q, n, nil) {
		out = append(out, b.Item)
	}
	return out
}

// masked returns the eligible rows as bits, lent until s is used again. The words of the
// bitmap's containers are copied, and closed up where items have no row.
func (x *Index) masked(eligible *roaring.Bitmap, s *searching) []uint64 {
	size := int(eligible.DenseSize())
	s.items = cleared(s.items, max(size, len(x.has)))
	eligible.WriteDenseTo(s.items)
	items := s.items[:len(x.has)]
	if x.moves == nil {
		return items
	}
	s.mask = cleared(s.mask, (x.rows.Len()+63)/64+1)
	closeUp(s.mask, items, x.has, x.moves)
	return s.mask
}

// closeUp sets bit i of out to that bit of items which the i-th bit of has stands for. out
// is zero, and a word longer than it needs to be.
func closeUp(out, items, has []uint64, moves []moves) {
	at := 0
	for i, have := range has {
		if word := items[i] & have; word != 0 {
			if have != ^uint64(0) {
				word = moves[i].close(word)
			}
			out[at/64] |= word << (at % 64)
			out[at/64+1] |= word >> 1 >> (63 - at%64)
		}
		at += bits.OnesCount64(have)
	}
}

// cleared returns a slice of n zeros, words where it is long enough.
func cleared(words []uint64, n int) []uint64 {
	if cap(words) < n {
		return make([]uint64, n+n/8)[:n]
	}
	words = words[:n]
	clear(words)
	return words
}

// moves say which bits of a word move down by 1, 2, 4 and so on, one after the other, so
// that those of some mask end up side by side (Warren, Hacker's Delight, 7-4: compress).
type moves [6]uint64

// movesOf returns the moves for the bits of has.
func movesOf(has uint64) (m moves) {
	missing := ^has << 1 // below each bit, those that are counted
	for i := range m {
		odd := missing ^ missing<<1 // bits above an odd number of missing ones
		odd ^= odd << 2
		odd ^= odd << 4
		odd ^= odd << 8
		odd ^= odd << 16
		odd ^= odd << 32
		m[i] = odd & has
		has = has ^ m[i] | m[i]>>(1<<i)
		missing &^= odd
	}
	return m
}

// close moves the bits of word, which are among those of the mask.
func (m *moves) close(word uint64) uint64 {
	t := word & m[0]
	word = word ^ t | t>>1
	t = word & m[1]
	word = word ^ t | t>>2
	t = word & m[2]
	word = word ^ t | t>>4
	t = word & m[3]
	word = word ^ t | t>>8
	t = word & m[4]
	word = word ^ t | t>>16
	t = word & m[5]
	return word ^ t | t>>32
}
