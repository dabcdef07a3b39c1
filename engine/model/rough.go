package model

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Rough is a Scorer that can say about what it scores in much less time. So of many items
// only those are scored that can be among the best.
type Rough interface {
	Scorer
	// AddRough adds gain times about the score of each of items, which ascend, to sums, with
	// the roundings of float32. What it adds is off what Score says, times gain, by so much at
	// the most, and neither is larger than most. It is false, and nothing was added, where it
	// cannot say. Items of one answer come some at a time, at most RoughItems, and room is the
	// same for all of them.
	AddRough(room *RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool)
}

// Bounded is a Rough that says how much it can add for any item before it looks at one.
type Bounded interface {
	Rough
	// Most returns what neither gain times a score nor what AddRough adds for it exceeds; false
	// where it cannot say.
	Most(room *RoughRoom, gain float64) (most float64, ok bool)
}

// RoughItems is how many items are looked at in one go: their numbers and sums stay in the
// first-level cache.
const RoughItems = 1024

// RoughRoom is what one Scorer needs to say things roughly in one answer. The zero value is
// ready; Open makes it so again.
type RoughRoom struct {
	query        vector.Rough
	asked, heard bool // whether query was made, and bytes speak for it
	scores       [RoughItems]float32
	picks        [RoughItems]uint32
	places       [RoughItems]int32
}

// Open makes the room ready for another answer.
func (r *RoughRoom) Open() { r.asked = false }

// Ask returns the query q in bytes, the same in every call for one answer; false where bytes
// do not speak for it.
func (r *RoughRoom) Ask(q []float32) (*vector.Rough, bool) {
	if !r.asked {
		r.asked, r.heard = true, r.query.Ask(q)
	}
	return &r.query, r.heard
}

// Scores returns room for the scores of n items.
func (r *RoughRoom) Scores(n int) []float32 { return r.scores[:n] }

// run returns the first of the rows of items, where all that lie in a row have one.
func (r *Rows) run(items []engine.ItemNum) (first int, is bool) {
	n := len(items) - 1
	if n < 0 || int(items[n]-items[0]) != n {
		return 0, false
	}
	first, is = r.Row(items[0])
	last, too := r.Row(items[n])
	return first, is && too && last-first == n
}

// pick lists the rows of those items that have one, and their places among items.
func (r *RoughRoom) pick(rows *Rows, items []engine.ItemNum) (picks []uint32, places []int32) {
	have := 0
	for i, item := range items {
		if row, ok := rows.Row(item); ok {
			r.picks[have], r.places[have] = uint32(row), int32(i)
			have++
		}
	}
	return r.picks[:have], r.places[:have]
}

// AddRough adds gain times about the dot product of q and each item's row to sums; nothing
// for items without one. See Rough.AddRough.
func (x *Index) AddRough(room *RoughRoom, sums []float32, items []engine.ItemNum, q []float32, gain float64) (off, most float64, ok bool) {
	query, ok := room.Ask(q)
	if !ok {
		return 0, 0, false
	}
	if off, most, ok = query.Bounds(x.table); !ok {
		return 0, 0, false
	}
	by := float32(gain * query.Gain())
	if first, is := x.rows.run(items); is {
		query.Rows(room.scores[:len(items)], x.table, first)
		vector.Axpy(by, room.scores[:len(items)], sums)
		return math.Abs(gain) * off, math.Abs(gain) * most, true
	}
	picks, places := room.pick(x.rows, items)
	query.Picked(room.scores[:], x.table, picks)
	if len(places) == len(items) {
		vector.Axpy(by, room.scores[:len(items)], sums)
		return math.Abs(gain) * off, math.Abs(gain) * most, true
	}
	for i, place := range places {
		sums[place] += by * room.scores[i]
	}
	return math.Abs(gain) * off, math.Abs(gain) * most, true
}

// AddRows adds gain times the value of each item's row to sums; nothing for items without
// one.
func (r *Rows) AddRows(sums []float32, items []engine.ItemNum, values []float32, gain float64) {
	by := float32(gain)
	if first, is := r.run(items); is {
		vector.Axpy(by, values[first:][:len(items)], sums)
		return
	}
	for i, item := range items {
		if row, ok := r.Row(item); ok {
			sums[i] += by * values[row]
		}
	}
}

// Without calls yield with those of items, which ascend, that have no row, one by one, and
// their places.
func (r *Rows) Without(items []engine.ItemNum, yield func(place int)) {
	if _, all := r.run(items); all {
		return
	}
	for i, item := range items {
		if _, has := r.Row(item); !has {
			yield(i)
		}
	}
}

// AddRough implements Rough: what is known is known exactly.
func (s *Sparse) AddRough(_ *RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.rows != nil {
		s.rows.AddRows(sums, items, s.values, gain)
		return 0, math.Abs(gain) * float64(s.most), true
	}
	if len(items) == 0 || len(s.scored) == 0 {
		return 0, 0, true
	}
	by := float32(gain)
	from, _ := slices.BinarySearchFunc(s.scored, items[0], byItem)
	rest, last := s.scored[from:], items[len(items)-1]
	at, largest := 0, float32(0)
	for _, one := range rest {
		if one.Item > last {
			break
		}
		if on := int64(one.Item) - int64(items[at]); uint64(on) < uint64(len(items)-at) && items[at+int(on)] == one.Item {
			at += int(on)
		} else if at = seek(items, at, one.Item); items[at] != one.Item {
			continue
		}
		sums[at] += by * one.Score
		largest = max(largest, one.Score, -one.Score)
	}
	return 0, math.Abs(gain) * float64(largest), true
}

// Largest returns the largest |x|, +Inf where one is no number.
func Largest(x []float32) float32 {
	const sign = 1 << 31
	most := uint32(0)
	for _, v := range x {
		most = max(most, math.Float32bits(v)&^sign) // without it, bits are in the order of numbers
	}
	return math.Float32frombits(min(most, infinite))
}

var infinite = math.Float32bits(float32(math.Inf(1)))
