package model

import (
	"math"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// block is how many items are looked at in one go: their numbers and scores stay in the
// first-level cache.
const block = 1024

// blocks are the room for one.
type blocks struct {
	nums   [block]uint32
	items  [block]engine.ItemNum
	scores [block]float32
	picks  [block]uint32
	places [block]int32
}

var rooms = sync.Pool{New: func() any { return new(blocks) }}

// Blocks calls yield with all eligible items, ascending, some at a time, and as many scores
// for it to write to. Both are lent for the call.
func Blocks(eligible *roaring.Bitmap, yield func(items []engine.ItemNum, scores []float32)) {
	room := rooms.Get().(*blocks)
	defer rooms.Put(room)
	it := eligible.ManyIterator()
	for n := it.NextMany(room.nums[:]); n > 0; n = it.NextMany(room.nums[:]) {
		for i, num := range room.nums[:n] {
			room.items[i] = engine.ItemNum(num)
		}
		yield(room.items[:n], room.scores[:n])
	}
}

// OnlyAbove0 makes scores that are not above 0 no numbers: vector.Top never keeps those.
func OnlyAbove0(scores []float32) {
	for i, score := range scores {
		if !(score > 0) {
			scores[i] = float32(math.NaN())
		}
	}
}

// Dots writes the dot product of q and the row of each item in vectors, len(q) numbers a
// row, to out; 0 for items without one.
func (r *Rows) Dots(out []float32, items []engine.ItemNum, vectors, q []float32) {
	room := rooms.Get().(*blocks)
	defer rooms.Put(room)
	for len(items) > 0 {
		n := min(len(items), block)
		r.dots(room, out[:n], items[:n], vectors, q)
		items, out = items[n:], out[n:]
	}
}

func (r *Rows) dots(room *blocks, out []float32, items []engine.ItemNum, vectors, q []float32) {
	have := 0
	for i, item := range items {
		if row, ok := r.Row(item); ok {
			room.picks[have], room.places[have] = uint32(row), int32(i)
			have++
		}
	}
	picks := room.picks[:have]
	if have == len(items) {
		vector.DotPicked(out, vectors, q, picks)
		return
	}
	clear(out)
	vector.DotPicked(room.scores[:have], vectors, q, picks)
	for i, place := range room.places[:have] {
		out[place] = room.scores[i]
	}
}
