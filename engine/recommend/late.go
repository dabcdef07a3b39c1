package recommend

import (
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// A late voice is one that says beforehand how much it can add for any item (model.Bounded). So
// all others are heard of all items first, and it of those that stand highest by them. That
// tells how high the best stand at the least, and it is heard only of those of the rest that it
// could lift so high: mostly some hundreds of 20,000 items, where its rows would be a large
// part of all that is read.

// lateShare is of how many items late voices are heard of all of them in a row where they could
// lift more than one so high: looked up one by one these would take as long.
const lateShare = 4

// firsts are rooms for a sum of every item. They are no scratch's: of answers that are made side by
// side each would have one, and what is near the processor would be that much less.
var firsts = sync.Pool{New: func() any { return new([]float32) }}

// lookLate is lookAtAll with late voices. It is false where there are none, or bounds are not
// known.
func (r *roughly) lookLate(items []engine.ItemNum) bool {
	reach := r.tellLate()
	if r.late == 0 {
		return false
	}
	size := (len(items) + 63) / 64 * 64
	room := firsts.Get().(*[]float32)
	*room = slices.Grow((*room)[:0], size)[:size]
	r.first = *room
	defer func() { r.first = nil; firsts.Put(room) }()
	var early slack
	for from := 0; from < len(items); from += model.RoughItems {
		part := items[from:min(from+model.RoughItems, len(items))]
		sums := r.first[from:][:len(part)]
		copy(sums, r.heard.rough[from:])
		s := r.ask(part, sums, r.isEarly, slack{most: math.Abs(reach)})
		if s.unknown() {
			return false
		}
		early.off, early.most = max(early.off, s.off), max(early.most, s.most)
	}
	for i := len(items); i < size; i++ {
		r.first[i] = float32(math.Inf(-1))
	}
	if !r.lookAtHighest(items, early) {
		return false
	}
	r.lows.Reset(r.n)
	bound, left := max(below(float64(r.floor)-early.off-reach), -math.MaxFloat32), 0
	r.places = r.places[:0]
	var words [16]uint64
	for from := 0; from < size && left <= len(items)/lateShare; from += 64 * len(words) {
		some := words[:min(len(words), (size-from)/64)]
		vector.AtLeast(some, r.first[from:], bound)
		for w, word := range some {
			left += bits.OnesCount64(word)
			for ; word != 0; word &= word - 1 {
				r.places = append(r.places, from+64*w+bits.TrailingZeros64(word))
			}
		}
	}
	if left > len(items)/lateShare {
		return r.hearAll(items, early)
	}
	return r.hearSome(items, r.places, early, func(place int, sum float32, off float64) {
		if high := float64(sum) + off; high >= float64(max(r.lows.Worst(), r.floor)) {
			r.near = append(r.near, nearItem{place, high})
			r.lows.Push(engine.ItemNum(place), below(float64(sum)-off))
		}
	})
}

// tellLate makes voices late, and returns how much they add for an item at the most together.
func (r *roughly) tellLate() (reach float64) {
	r.late = 0
	for i, voice := range r.voices.voices {
		if b, is := voice.Scorer.(model.Bounded); is && r.isOwn(i) && i < 64 {
			if most, ok := b.Most(r.rooms[i], voice.Gain()); ok {
				r.late |= 1 << i
				reach += most
			}
		}
	}
	return reach
}

// isLate reports whether voice number i is heard late, isEarly whether it is heard before.
func (r *roughly) isLate(i int) bool { return i < 64 && r.late>>i&1 != 0 }

func (r *roughly) isEarly(i int) bool { return r.isOwn(i) && !r.isLate(i) }

// lookAtHighest sets the floor: what the n items score at the least that stand highest before
// late voices are heard. It is false where there are not so many.
func (r *roughly) lookAtHighest(items []engine.ItemNum, early slack) bool {
	// The first few words tell about where the highest begin.
	var words [16]uint64
	for from, count := 0, 1; from < len(r.first); from += 64 * count {
		if from >= 64*len(words) {
			count = min(len(words), (len(r.first)-from)/64)
		}
		vector.AtLeast(words[:count], r.first[from:], max(r.lows.Worst(), -math.MaxFloat32))
		for w, word := range words[:count] {
			for ; word != 0; word &= word - 1 {
				place := from + 64*w + bits.TrailingZeros64(word)
				r.lows.Push(engine.ItemNum(place), r.first[place])
			}
		}
	}
	if math.IsInf(float64(r.lows.Worst()), -1) {
		return false
	}
	r.numbers, r.places = r.lows.AppendKept(r.numbers[:0]), r.places[:0]
	for _, place := range r.numbers {
		r.places = append(r.places, int(place))
	}
	slices.Sort(r.places)
	floor := float32(math.Inf(1))
	known := r.hearSome(items, r.places, early, func(_ int, sum float32, off float64) {
		floor = min(floor, below(float64(sum)-off))
	})
	r.floor = floor
	return known
}

// hearSome calls yield with what all voices say of the items in some places, which ascend, and how
// far off that is. It is false where that is not known.
func (r *roughly) hearSome(items []engine.ItemNum, places []int, early slack, yield func(place int, sum float32, off float64)) bool {
	for len(places) > 0 {
		some := places[:min(model.RoughItems, len(places))]
		places = places[len(some):]
		r.numbers = r.numbers[:0]
		for i, place := range some {
			r.numbers, r.rough[i] = append(r.numbers, items[place]), r.first[place]
		}
		s := r.addLate(r.rough[:len(some)], r.numbers, early)
		if s.unknown() {
			return false
		}
		for i, place := range some {
			yield(place, r.rough[i], s.off)
		}
	}
	return true
}

// hearAll looks at what all voices say of all items.
func (r *roughly) hearAll(items []engine.ItemNum, early slack) bool {
	for from := 0; from < len(items); from += model.RoughItems {
		part := items[from:min(from+model.RoughItems, len(items))]
		s := r.addLate(r.first[from:][:len(part)], part, early)
		if s.unknown() {
			return false
		}
		for i := 0; i < len(part); i += 64 {
			r.take(from+i, r.first[from+i:][:64], s.off)
		}
	}
	return true
}

// addLate adds what late voices say of items to their sums, which have a slack, and returns that
// of all.
func (r *roughly) addLate(sums []float32, items []engine.ItemNum, early slack) slack {
	said := r.addRough(sums, items, r.scratch, r.isLate)
	return slack{early.off + said.off, early.most + said.most}.rounded(len(r.voices.voices) + len(r.lifts))
}
