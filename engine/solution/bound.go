package solution

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/vector"
)

// worthy returns the places of the fixes whose evidence is worth a look, where so many are
// wanted, by what they score at most, highest first: all that can be among the best are.
//
// What a fix scores lies between two bounds. Words, products and solved tickets are known
// exactly; content is known from bytes (vector.Rough), to which the row in floats is near.
// Sentences are first thought to say anything, and of the fixes that are left, what their
// leads say. The worst of as many as are wanted, by what they score at least, bounds the
// answer from below: what cannot reach that is not looked at.
func (s *search) worthy(r *room, l *learnt, wanted int) []int32 {
	count := len(r.items)
	r.lows, r.highs = sized(r.lows, count), sized(r.highs, (count+63)&^63)
	b := s.bounding(r, l)
	for i := range r.items {
		r.lows[i], r.highs[i] = b.of(r, i)
	}
	for i := count; i < len(r.highs); i++ {
		r.highs[i] = nobody
	}
	s.left(r, wanted)
	if s.sensing != nil {
		r.senses = sized(r.senses, count)
		for _, i := range r.order {
			b.sense(r, int(i))
		}
		s.left(r, wanted)
	}
	slices.SortFunc(r.order, func(a, b int32) int { return cmp.Compare(r.highs[b], r.highs[a]) })
	return r.order
}

// left sets the order to the places of what can be among the best, ascending.
func (s *search) left(r *room, wanted int) {
	top := vector.NewTop(wanted)
	top.OfferItems(r.items, r.lows)
	r.bits = sized(r.bits, len(r.highs)/64)
	vector.AtLeast(r.bits, r.highs, top.Worst())
	r.order = r.order[:0]
	for w, word := range r.bits {
		for ; word != 0; word &= word - 1 {
			r.order = append(r.order, int32(w*64+bits.TrailingZeros64(word)))
		}
	}
}

// nobody is the most that a fix scores which is not shown: no bound is below it, nor above.
var (
	nobody = float32(math.NaN())
	never  = float32(math.Inf(-1))
)

// bounding is what bounds of scores are made of.
type bounding struct {
	*search
	gain, off float64 // of what r.dots say of the cosine of contents, and how far it is off at most
	slack     float64 // the roundings of sums and of float32
	sensed    float64 // what sentences can say at most
	// What that adds to a score at most, and takes from it at most.
	anything, nothing float64
}

func (s *search) bounding(r *room, l *learnt) *bounding {
	b := &bounding{search: s}
	for _, w := range s.weights.Of {
		b.slack += math.Abs(w)
	}
	b.slack /= 1 << 19 // no evidence is above 1
	if s.sensing != nil {
		b.sensed, b.anything, b.nothing = 1, max(0, s.weights.Of[Sense]), max(0, -s.weights.Of[Sense])
	}
	s.exact(r, l)
	r.dots = sized(r.dots, len(r.items))
	if s.vector == nil {
		clear(r.dots)
		return b
	}
	ok := r.query.Ask(s.vector)
	if ok {
		b.off, _, ok = s.Content.Rough(r.dots, r.items, &r.query)
		b.gain = r.query.Gain()
	}
	if !ok {
		s.Content.Dots(r.dots, r.items, s.vector)
		b.gain, b.off = 1, 0
	}
	return b
}

// of bounds the score of the i-th fix, of which sentences may say anything.
func (b *bounding) of(r *room, i int) (low, high float32) {
	w := b.weights
	words, share := b.worded(r.matches[i])
	dot := float64(r.dots[i]) * b.gain
	least, most := max(0, dot-b.off), max(0, dot+b.off)
	k := r.known[i]
	if share > 0 && share >= w.LeastShare || words > 0 && words >= w.Least[Words] || least > 0 && least >= w.Least[Meaning] {
		k |= isKnown
	}
	if most > 0 && most >= w.Least[Meaning] {
		k |= isNear
	}
	r.known[i] = k
	if k&(isKnown|isNear) == 0 && b.sensed < max(w.Least[Sense], 1e-9) {
		return never, nobody
	}
	exact := r.parts[i] + w.Of[Words]*words
	from, to := between(w.Of[Meaning], least, most)
	r.parts[i] = exact + from
	low, high = never, float32(exact+to+b.anything+b.slack)
	if k&isKnown != 0 {
		low = float32(r.parts[i] - b.nothing - b.slack)
	}
	return low, high
}

// sense bounds the score of the i-th fix anew, by what the leads of its passages say.
func (b *bounding) sense(r *room, i int) {
	w := b.weights
	least, most := b.sensing.bounds(r.items[i])
	r.senses[i] = float32(most)
	k := r.known[i]
	if k&(isKnown|isNear) == 0 && !(most > 0 && most >= w.Least[Sense]) {
		r.lows[i], r.highs[i] = never, nobody
		return
	}
	from, to := between(w.Of[Sense], least, most)
	r.highs[i] -= float32(b.anything - to)
	if k&isKnown != 0 || least > 0 && least >= w.Least[Sense] {
		r.lows[i] = float32(r.parts[i] + from - b.slack)
	}
}

// between returns between what a weight times a number between two lies.
func between(w, least, most float64) (from, to float64) {
	if w < 0 {
		return w * most, w * least
	}
	return w * least, w * most
}

// known is what is known of a fix without looking at it.
type known uint8

const (
	isAbout known = 1 << iota
	isOwned
	isForeign
	isKnown // there is a reason to show it
	isNear  // its content may be one
)

// exact sets, of all items, the part of the score that products and solved tickets make,
// and whether they alone are a reason to show a fix.
func (s *search) exact(r *room, l *learnt) {
	r.known, r.parts = sized(r.known, len(r.items)), sized(r.parts, len(r.items))
	clear(r.known)
	clear(r.parts)
	if len(s.claims.products) > 0 {
		s.claim(r)
		var worth [isKnown]float64 // by the claims
		for k := range worth {
			worth[k] = one(known(k)&isAbout != 0)*s.weights.Of[About] + one(known(k)&isOwned != 0)*s.weights.Of[Owned] + one(known(k)&isForeign != 0)*s.weights.Of[Foreign]
		}
		for i, k := range r.known {
			r.parts[i] = worth[k]
			if k&isAbout != 0 {
				r.known[i] |= isKnown
			}
		}
	}
	l.each(r.items, func(i int, c *candidate) {
		r.parts[i] += s.weights.of(&c.values)
		if s.enough(c) {
			r.known[i] |= isKnown
		}
	})
}

// claim sets what the catalogue knows of the claims of all items.
func (s *search) claim(r *room) {
	base := s.Catalogue.Base()
	var some [1024]uint32
	at := 0
	all := base.Given(catalogue.FieldAppliesTo).ManyIterator()
	for n := all.NextMany(some[:]); n > 0; n = all.NextMany(some[:]) {
		for _, num := range some[:n] {
			for at < len(r.items) && uint32(r.items[at]) < num {
				at++
			}
			if at < len(r.items) && uint32(r.items[at]) == num {
				r.known[at] = isForeign
			}
		}
	}
	for id, p := range s.claims.products {
		for fixes := base.Member(catalogue.FieldAppliesTo, string(id)).Iterator(); fixes.HasNext(); {
			at, is := slices.BinarySearch(r.items, engine.ItemNum(fixes.Next()))
			if is {
				r.known[at] = r.known[at]&^isForeign | flags(p.about, p.bought, false)
			}
		}
	}
	for _, n := range s.Catalogue.Changed() {
		at, is := slices.BinarySearch(r.items, n)
		if !is {
			continue
		}
		r.known[at] = 0
		if it := s.Catalogue.Item(n); it != nil {
			c := s.claims.of(it)
			r.known[at] = flags(c.about, c.owned, c.foreign)
		}
	}
}

func flags(about, owned, foreign bool) (k known) {
	if about {
		k |= isAbout
	}
	if owned {
		k |= isOwned
	}
	if foreign {
		k |= isForeign
	}
	return k
}
