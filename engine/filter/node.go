package filter

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// node is a part of a plan. It answers twice: for all items of a base at once, and for
// one item by looking at it; the two agree.
type node interface {
	// items returns items of the run's base: among those given (nil: all of them)
	// exactly the ones for which the node holds. What it says of others means nothing.
	items(r *run, among *roaring.Bitmap) set
	// holds looks at one item.
	holds(r *run, n engine.ItemNum, it *engine.Item) bool
	// fixed reports whether the answer depends on the items alone.
	fixed() bool
}

// run is one evaluation: what several nodes ask for is computed once.
type run struct {
	env    *Env
	base   *catalogue.Base
	pasts  []pastItems
	direct bool // only a few items are looked at: do not build sets for them
}

type pastItems struct {
	past
	items *roaring.Bitmap
}

// set is a bitmap, and whether it may be changed by who holds it.
type set struct {
	*roaring.Bitmap
	own bool
}

func shared(b *roaring.Bitmap) set { return set{b, false} }
func owned(b *roaring.Bitmap) set  { return set{b, true} }

// and returns the items in both; the zero set stands for all.
func (s set) and(t set) set {
	switch {
	case s.Bitmap == nil:
		return t
	case s.own:
		s.And(t.Bitmap)
		return s
	case t.own:
		t.And(s.Bitmap)
		return t
	}
	return owned(roaring.And(s.Bitmap, t.Bitmap))
}

// or returns the items in either.
func (s set) or(t set) set {
	switch {
	case s.own:
		s.Or(t.Bitmap)
		return s
	case t.own:
		t.Or(s.Bitmap)
		return t
	}
	return owned(roaring.Or(s.Bitmap, t.Bitmap))
}

// without returns the items of s that are not in t.
func (s set) without(t set) set {
	if !s.own { // roaring.AndNot writes runs out twice
		s = owned(s.Clone())
	}
	s.AndNot(t.Bitmap)
	return s
}

type (
	allNode    []node
	eitherNode []node
	notNode    struct{ part node }
	constNode  bool
	// keptNode is a composite of fixed parts, kept in the base's cache.
	keptNode struct {
		part node
		key  string
	}
	gateNode struct{ catalogue.Gate }
	// numsNode holds for listed items. They may be unknown to the base, so that it
	// only ever stands under a notNode.
	numsNode struct{ *roaring.Bitmap }
	pastNode struct{ past }
)

// items intersects the parts: first those that are indexed or kept, from the smallest,
// then those of this request, which look only among what is left, and then takes away
// what negated parts hold: no complement is built. It stops when nothing is left.
func (x allNode) items(r *run, among *roaring.Bitmap) set {
	var have set
	for _, got := range x.still(r) {
		if have = have.and(got); have.IsEmpty() {
			return have
		}
	}
	if have.Bitmap != nil {
		among = have.Bitmap
	}
	for _, part := range x {
		if _, negated := part.(notNode); negated || part.fixed() {
			continue
		}
		if have = have.and(part.items(r, among)); have.IsEmpty() {
			return have
		}
		among = have.Bitmap
	}
	if have.Bitmap == nil {
		have = shared(r.base.Known())
	}
	for _, part := range x {
		if neg, negated := part.(notNode); negated && !have.IsEmpty() {
			have = have.without(neg.part.items(r, among))
		}
	}
	return have
}

// still returns the sets of the fixed parts that are not negated, smallest first.
func (x allNode) still(r *run) []set {
	var sets []set
	for _, part := range x {
		if _, negated := part.(notNode); !negated && part.fixed() {
			sets = append(sets, part.items(r, nil))
		}
	}
	if len(sets) > 1 {
		slices.SortStableFunc(sets, func(a, b set) int { return cmp.Compare(a.GetCardinality(), b.GetCardinality()) })
	}
	return sets
}

func (x allNode) holds(r *run, n engine.ItemNum, it *engine.Item) bool {
	for _, part := range x {
		if !part.holds(r, n, it) {
			return false
		}
	}
	return true
}

func (x allNode) fixed() bool { return fixed(x) }

func (x eitherNode) items(r *run, among *roaring.Bitmap) set {
	have := x[0].items(r, among)
	for _, part := range x[1:] {
		have = have.or(part.items(r, among))
	}
	return have
}

func (x eitherNode) holds(r *run, n engine.ItemNum, it *engine.Item) bool {
	for _, part := range x {
		if part.holds(r, n, it) {
			return true
		}
	}
	return false
}

func (x eitherNode) fixed() bool { return fixed(x) }

func fixed(parts []node) bool {
	for _, part := range parts {
		if !part.fixed() {
			return false
		}
	}
	return true
}

func (x notNode) items(r *run, among *roaring.Bitmap) set {
	return shared(r.base.Known()).without(x.part.items(r, among))
}

func (x notNode) holds(r *run, n engine.ItemNum, it *engine.Item) bool {
	return !x.part.holds(r, n, it)
}

func (x notNode) fixed() bool { return x.part.fixed() }

func (x constNode) items(r *run, _ *roaring.Bitmap) set { return everyOrNone(r, bool(x)) }

func (x constNode) holds(*run, engine.ItemNum, *engine.Item) bool { return bool(x) }

func (x constNode) fixed() bool { return true }

func everyOrNone(r *run, every bool) set {
	if every {
		return shared(r.base.Known())
	}
	return owned(roaring.New())
}

func (x keptNode) items(r *run, _ *roaring.Bitmap) set {
	return shared(r.base.Cached(x.key, func() *roaring.Bitmap { return x.part.items(r, nil).Bitmap }))
}

func (x keptNode) holds(r *run, n engine.ItemNum, it *engine.Item) bool {
	return x.part.holds(r, n, it)
}

func (x keptNode) fixed() bool { return true }

func (x gateNode) items(r *run, _ *roaring.Bitmap) set { return shared(r.base.Admitted(x.Gate)) }

func (x gateNode) holds(_ *run, _ engine.ItemNum, it *engine.Item) bool { return x.Admits(it) }

func (x gateNode) fixed() bool { return true } // kept by the base

func (x numsNode) items(*run, *roaring.Bitmap) set { return shared(x.Bitmap) }

func (x numsNode) holds(_ *run, n engine.ItemNum, _ *engine.Item) bool { return x.Contains(uint32(n)) }

func (x numsNode) fixed() bool { return false }

func (x pastNode) items(r *run, _ *roaring.Bitmap) set {
	return owned(roaring.And(r.past(x.past), r.base.Known())) // history knows items that are gone
}

func (x pastNode) holds(r *run, n engine.ItemNum, _ *engine.Item) bool {
	if r.direct {
		return x.has(r.env, n)
	}
	return r.past(x.past).Contains(uint32(n))
}

func (x pastNode) fixed() bool { return false }

// past returns the items of a question about history, asked once a run. The bitmap is
// not to be changed.
func (r *run) past(q past) *roaring.Bitmap {
	for _, known := range r.pasts {
		if known.span == q.span && slices.Equal(known.types, q.types) {
			return known.items
		}
	}
	items := r.env.past(q)
	r.pasts = append(r.pasts, pastItems{q, items})
	return items
}
