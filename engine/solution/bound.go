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
// any sum is. Where few can be among the best by the rest, whatever their content says, content
// is read of those alone. Sentences are first thought to say anything, and of the fixes that are left, what
// their leads say. The worst of as many as are wanted, by what they score at least, bounds the
// answer from below: what cannot reach that is not looked at.
func (s *search) worthy(r *room, l *learnt, wanted int) worths {
	wide := (len(r.items) + 63) &^ 63
	r.sums, r.marks = sized(r.sums, wide), sized(r.marks, wide/64)
	r.sure, r.maybe = sized(r.sure, wide/64), sized(r.maybe, wide/64)
	clear(r.sure)
	clear(r.maybe)
	s.exact(r, l)
	off := s.addWords(r, l)
	for i := len(r.items); i < wide; i++ {
		r.sums[i] = nobody
	}
	off = s.addContent(r, off, wanted)
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

// addWords adds to the sums, which hold what products and solved tickets say, what words do, and
// marks the fixes that these are a reason to show, surely or maybe. It returns how far off a sum
// is at most.
func (s *search) addWords(r *room, l *learnt) (off float64) {
	w := s.weights
	for _, x := range w.Of {
		off += math.Abs(x)
	}
	off /= 1 << 19 // no evidence is above 1, and a dozen numbers are added
	sums := r.sums[:len(r.items)]
	half := w.HalfWords * s.rarest
	weight := w.Of[Words]
	if l.tries() {
		weight += w.Of[FreshWords] // of those that were tried, exact has taken it off
	}
	vector.AddSaturated(float32(weight), float32(half), r.matches.Scores, sums)
	if len(s.codes) > 0 {
		for i, count := range r.coded {
			if count > 0 {
				sums[i] += float32(w.Of[Codes] * s.coded(r, i))
				r.sure[i/64] |= 1 << (i % 64)
			}
		}
	}
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
	return off
}

// addContent is addWords of what content says; sums are off by so much before. Of fixes that
// cannot be among the best it may leave sums and marks as they are.
func (s *search) addContent(r *room, off float64, wanted int) float64 {
	if s.vector == nil {
		return off
	}
	w, sums := s.weights, r.sums[:len(r.items)]
	if s.reach(r, off, wanted) {
		return off + s.addContentOfFew(r)
	}
	r.dots = sized(r.dots, len(r.items))
	gain, rough := s.dots(r, r.items)
	if gain == 0 {
		return off
	}
	vector.AddPositive(float32(w.Of[Meaning]*gain), r.dots, sums)
	s.mark(r, r.dots, w.Least[Meaning]/gain, rough/gain)
	return off + math.Abs(w.Of[Meaning])*rough
}

// few is the share of the fixes of which content is read one by one: of more, reading all in a
// row is faster.
const few = 1.0 / 5

// reach sets the places of room to the fixes that can be among the best if their content says as
// much as any can: those that others surely exceed are left out. It is false where they are not
// few. What the places leave out is behind as many as are wanted that are in them.
func (s *search) reach(r *room, off float64, wanted int) bool {
	most := s.weights.Of[Meaning]
	if most < 0 {
		return false
	}
	top := vector.NewTop(wanted)
	top.OfferMarked(r.items, r.sums, r.sure)
	least := float64(top.Worst()) - 2*off - most*(1+1e-5)
	if s.sensing != nil {
		least -= math.Abs(s.weights.Of[Sense])
	}
	if math.IsInf(least, 0) {
		return false
	}
	vector.AtLeast(r.marks, r.sums, under(least))
	count := 0
	for _, word := range r.marks {
		count += bits.OnesCount64(word)
	}
	if float64(count) > few*float64(len(r.items)) {
		return false
	}
	r.places, r.few = r.places[:0], r.few[:0]
	for w, word := range r.marks {
		for ; word != 0; word &= word - 1 {
			at := w*64 + bits.TrailingZeros64(word)
			r.places, r.few = append(r.places, int32(at)), append(r.few, r.items[at])
		}
	}
	return true
}

// addContentOfFew is addContent of the places in room. It returns how far off that is at most.
func (s *search) addContentOfFew(r *room) (off float64) {
	r.dots = sized(r.dots, len(r.few))
	gain, rough := s.dots(r, r.few)
	if gain == 0 {
		return 0
	}
	weight, least := float32(s.weights.Of[Meaning]*gain), s.weights.Least[Meaning]/gain
	sure, maybe := marking(least, rough/gain)
	if s.known == 0 {
		sure, maybe = nobody, nobody // see enough
	}
	for i, x := range r.dots[:len(r.few)] {
		at := r.places[i]
		if x > 0 {
			r.sums[at] += float32(weight * x)
		}
		if x >= sure {
			r.sure[at/64] |= 1 << (at % 64)
		}
		if x >= maybe {
			r.maybe[at/64] |= 1 << (at % 64)
		}
	}
	return s.weights.Of[Meaning] * rough
}

// dots sets the dots of room to what content says of items, which ascend, divided by gain; times
// that they are off by rough at most.
func (s *search) dots(r *room, items []engine.ItemNum) (gain, rough float64) {
	if ok := r.query.Ask(s.vector); ok {
		if rough, _, ok := s.Content.Rough(r.dots, items, &r.query); ok {
			return r.query.Gain(), rough
		}
	}
	s.Content.Dots(r.dots, items, s.vector)
	return 1, 0
}

// mark marks the fixes whose number among xs is least or more and above 0, surely or maybe, where
// numbers may be off by so much.
func (s *search) mark(r *room, xs []float32, least, off float64) {
	if s.known == 0 {
		return // see enough
	}
	sure, maybe := marking(least, off)
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

// marking returns from which number on one of mark is surely above 0 and least or more, and from
// which it may be.
func marking(least, off float64) (sure, maybe float32) {
	const tiny = 1e-30 // below any number that is not 0
	return above(max(least, tiny) + off), under(max(least, 0) - off)
}

const (
	// wholeChunks is from what share of the fixes on the leads of whole chunks are read.
	wholeChunks = 1.0 / 5
	// leadsAhead is how many fixes ahead leads are asked for.
	leadsAhead = 8
)

// sense bounds the scores of the fixes in order by what the leads of their passages say, and
// leaves in it what can be among the best by that.
func (s *search) sense(r *room, off float64, wanted int) {
	top, w, least := vector.NewTop(wanted), s.weights.Of[Sense], s.weights.Least[Sense]
	kept := r.order[:0]
	s.sensing.chunked = float64(len(r.order)) > wholeChunks*float64(len(r.items))
	for i, of := range r.order {
		if i+leadsAhead < len(r.order) {
			s.sensing.fetchLeads(r.items[r.order[i+leadsAhead].at])
		}
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
	fresh := 0.0 // until they are seen among those that were tried
	if l.tries() {
		fresh = s.weights.Of[Fresh]
	}
	for i := range sums {
		sums[i] = float32(fresh)
	}
	if len(s.claims.products) > 0 {
		s.claim(r, sums, float32(fresh))
	}
	l.each(r.items, func(i int, c *candidate) {
		words := s.wordy(float64(r.matches.Scores[i])) // rounded, for which addWords has room
		sums[i] += float32(s.weights.of(&c.values) - fresh - s.weights.Of[FreshWords]*words)
		if s.enough(c) {
			r.sure[i/64] |= 1 << (i % 64)
		}
	})
}

// claim sets the sums to what the catalogue knows of the claims of all items, on top of what all
// have, and marks those that are for what the ticket is about.
func (s *search) claim(r *room, sums []float32, all float32) {
	var sum [knowns]float32
	for k := range sum {
		k := known(k)
		sum[k] = all + float32(one(k&isAbout != 0)*s.weights.Of[About]+one(k&isOwned != 0)*s.weights.Of[Owned]+one(k&isForeign != 0)*s.weights.Of[Foreign])
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
	some := [2]float32{all, sum[isForeign]} // whatever products it is given for
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
	for n, it := range s.Catalogue.Changed() {
		at, is := slices.BinarySearch(r.items, n)
		if !is {
			continue
		}
		var c claim
		if it != nil {
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
