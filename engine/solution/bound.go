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

// worthy returns the fixes whose evidence is worth a look, where so many are wanted: all that can
// be among the best are.
//
// What a fix scores lies between two bounds. Words, products and solved tickets are known but
// for roundings; content is known from bytes (vector.Rough), to which the row in floats is near.
// So all of it is added up in float32, sixteen fixes at a time, and one number says how far off
// any sum is. Sentences are first thought to say anything, and of the fixes that are left, what
// their leads say. The worst of as many as are wanted, by what they score at least, bounds the
// answer from below: what cannot reach that is not looked at.
func (s *search) worthy(r *room, l *learnt, wanted int) worths {
	wide := (len(r.items) + 63) &^ 63
	r.sums, r.marks = sized(r.sums, wide), sized(r.marks, wide/64)
	r.sure, r.maybe = sized(r.sure, wide/64), sized(r.maybe, wide/64)
	clear(r.sure)
	clear(r.maybe)
	s.exact(r, l)
	off := s.add(r)
	for i := len(r.items); i < wide; i++ {
		r.sums[i] = nobody
	}
	weight := s.weights.Of[Sense]
	if s.sensing == nil {
		weight = 0
	}
	top := vector.NewTop(wanted)
	top.OfferMarked(r.items, r.sums, r.sure)
	// As sums stand to it: what may be so far above it is above what is so far below that.
	least := float64(top.Worst()) - 2*off - math.Abs(weight)
	vector.AtLeast(r.marks, r.sums, under(least))
	anything := s.sensing != nil && s.weights.Least[Sense] <= 1
	r.order = r.order[:0]
	for w, word := range r.marks {
		if !anything {
			word &= r.sure[w] | r.maybe[w]
		}
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			r.order = append(r.order, worth{at: int32(i), high: r.sums[i] + float32(off)})
		}
	}
	if s.sensing != nil {
		s.sense(r, off, wanted)
	}
	for i := len(r.order)/2 - 1; i >= 0; i-- {
		r.order.sink(i)
	}
	return r.order
}

// worths are a heap with the one that scores most at most at its root: of thousands, hundreds
// are looked at.
type worths []worth

// pop takes the root out.
func (w *worths) pop() worth {
	h := *w
	root, last := h[0], len(h)-1
	h[0] = h[last]
	*w = h[:last]
	w.sink(0)
	return root
}

// sink moves an element down to where it belongs.
func (w *worths) sink(i int) {
	h := *w
	for {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1].high > h[child].high {
			child++
		}
		if child >= len(h) || !(h[child].high > h[i].high) {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// worth is a fix that may be among the best.
type worth struct {
	at    int32
	high  float32 // what it scores at most
	sense float32 // what sentences say of it at most
}

// nobody is the sum of no fix: no bound is below it, nor above.
var nobody = float32(math.NaN())

// under returns a number of 32 bits that is not above x, and above returns one that is not
// below it.
func under(x float64) float32 { return math.Nextafter32(float32(x), float32(math.Inf(-1))) }
func above(x float64) float32 { return math.Nextafter32(float32(x), float32(math.Inf(1))) }

// add adds to the sums, which hold what products and solved tickets say, what words and content
// do, and marks the fixes that these are a reason to show, surely or maybe. It returns how far
// off a sum is at most.
func (s *search) add(r *room) (off float64) {
	w := s.weights
	for _, x := range w.Of {
		off += math.Abs(x)
	}
	off /= 1 << 19 // no evidence is above 1, and a dozen numbers are added
	sums := r.sums[:len(r.items)]
	half := w.HalfWords * s.rarest
	vector.AddSaturated(float32(w.Of[Words]), float32(half), r.matches.Scores, sums)
	if words := w.Least[Words]; words < 1 {
		at := half * max(words, 0) / (1 - words)
		s.mark(r, r.matches.Scores, at, at*1e-6)
	}
	for terms := 1; terms <= len(s.terms); terms++ {
		if float64(terms)/float64(len(s.terms)) >= w.LeastShare {
			s.mark(r, r.matches.Terms, float64(terms)-0.5, 0.25)
			break
		}
	}
	if s.vector == nil {
		return off
	}
	r.dots = sized(r.dots, len(r.items))
	gain, rough := 1.0, 0.0
	ok := r.query.Ask(s.vector)
	if ok {
		gain = r.query.Gain()
		rough, _, ok = s.Content.Rough(r.dots, r.items, &r.query)
	}
	if !ok {
		gain, rough = 1, 0
		s.Content.Dots(r.dots, r.items, s.vector)
	}
	if gain == 0 {
		return off
	}
	vector.AddPositive(float32(w.Of[Meaning]*gain), r.dots, sums)
	s.mark(r, r.dots, w.Least[Meaning]/gain, rough/gain)
	return off + math.Abs(w.Of[Meaning])*rough
}

// mark marks the fixes whose number among xs is least or more and above 0, surely or maybe, where
// numbers may be off by so much.
func (s *search) mark(r *room, xs []float32, least, off float64) {
	const tiny = 1e-30 // below any number that is not 0
	sure, maybe := above(max(least, tiny)+off), under(max(least, 0)-off)
	whole := len(xs) / 64
	for _, of := range []struct {
		bits  []uint64
		bound float32
	}{{r.sure, sure}, {r.maybe, maybe}} {
		vector.AtLeast(r.marks[:whole], xs, of.bound)
		for w, word := range r.marks[:whole] {
			of.bits[w] |= word
		}
		for i, x := range xs[whole*64:] {
			if x >= of.bound {
				of.bits[whole] |= 1 << i
			}
		}
	}
}

// sense bounds the scores of the fixes in order by what the leads of their passages say, and
// leaves in it what can be among the best by that.
func (s *search) sense(r *room, off float64, wanted int) {
	top, w, least := vector.NewTop(wanted), s.weights.Of[Sense], s.weights.Least[Sense]
	kept := r.order[:0]
	for _, of := range r.order {
		word, bit := of.at/64, uint64(1)<<(of.at%64)
		from, to := s.sensing.bounds(r.items[of.at])
		sure := r.sure[word]&bit != 0 || from > 0 && from >= least
		if !sure && r.maybe[word]&bit == 0 && !(to > 0 && to >= least) {
			continue
		}
		sum := float64(r.sums[of.at])
		if sure {
			top.Push(r.items[of.at], under(sum-off+min(w*from, w*to)))
		}
		kept = append(kept, worth{of.at, above(sum + off + max(w*from, w*to)), float32(to)})
	}
	worst := top.Worst()
	r.order = slices.DeleteFunc(kept, func(of worth) bool { return of.high < worst })
}

// known is what claims know of a fix.
type known uint8

const (
	isAbout known = 1 << iota
	isOwned
	isForeign
	knowns
)

// exact sets the sums of all items to what products and solved tickets say, and marks those that
// these are a reason to show.
func (s *search) exact(r *room, l *learnt) {
	sums := r.sums[:len(r.items)]
	clear(sums)
	if len(s.claims.products) > 0 {
		s.claim(r, sums)
	}
	l.each(r.items, func(i int, c *candidate) {
		sums[i] += float32(s.weights.of(&c.values))
		if s.enough(c) {
			r.sure[i/64] |= 1 << (i % 64)
		}
	})
}

// claim sets the sums to what the catalogue knows of the claims of all items, and marks those
// that are for what the ticket is about.
func (s *search) claim(r *room, sums []float32) {
	var sum [knowns]float32
	for k := range sum {
		k := known(k)
		sum[k] = float32(one(k&isAbout != 0)*s.weights.Of[About] + one(k&isOwned != 0)*s.weights.Of[Owned] + one(k&isForeign != 0)*s.weights.Of[Foreign])
	}
	put := func(at int, k known) {
		sums[at] = sum[k]
		r.sure[at/64] &^= 1 << (at % 64)
		if k&isAbout != 0 {
			r.sure[at/64] |= 1 << (at % 64)
		}
	}
	base := s.Catalogue.Base()
	given := base.Given(catalogue.FieldAppliesTo)
	r.given = sized(r.given, int(given.DenseSize()))
	clear(r.given)
	given.WriteDenseTo(r.given)
	some := [2]float32{0, sum[isForeign]} // whatever products it is given for
	for i, n := range r.items {
		if word := int(n / 64); word < len(r.given) {
			sums[i] = some[r.given[word]>>(n%64)&1]
		}
	}
	r.claimed = r.claimed[:0]
	for id, p := range s.claims.products {
		at, k := 0, flags(p.about, p.bought, false)
		for fixes := base.Member(catalogue.FieldAppliesTo, string(id)).Iterator(); fixes.HasNext(); {
			more, is := sought(r.items[at:], engine.ItemNum(fixes.Next()))
			if at += more; is {
				r.claimed = append(r.claimed, claimed{at, k})
			}
		}
	}
	slices.SortFunc(r.claimed, func(a, b claimed) int { return cmp.Compare(a.at, b.at) })
	for i, k := 0, known(0); i < len(r.claimed); i++ { // by some of the products or several
		k |= r.claimed[i].known
		if i+1 == len(r.claimed) || r.claimed[i+1].at != r.claimed[i].at {
			put(r.claimed[i].at, k)
			k = 0
		}
	}
	for _, n := range s.Catalogue.Changed() {
		at, is := slices.BinarySearch(r.items, n)
		if !is {
			continue
		}
		var c claim
		if it := s.Catalogue.Item(n); it != nil {
			c = s.claims.of(it)
		}
		put(at, flags(c.about, c.owned, c.foreign))
	}
}

// claimed is what a product makes known of the fix at a place.
type claimed struct {
	at    int
	known known
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
