package recommend

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
	"weak"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// A gist is of gistItems items or little more or less, and is made of catalogues with
// gistShare times as many: in smaller ones what every source says of a person takes about as
// much memory, and no longer to look through. More items than gistOthers that are not in it
// are no gist's to tell. One that could not tell is made gistGrowth times as large the next
// time, up to that share: of who bought a thousand items nearly all that stand highest may be
// theirs already. A person has as many as there are places that weigh sources differently, up
// to maxGists.
const (
	gistItems  = 256
	gistShare  = 4
	gistOthers = 256
	gistGrowth = 4
	maxGists   = 4
)

// gist is what somebody's steady voices say together, in brief: what they say of the items
// that stand highest by it, and how high any other can stand. So the next answer, whatever is
// eligible and popular then, mostly knows without asking them which few items are to be scored.
type gist struct {
	content weak.Pointer[text.Vectors] // the voices go by
	voices  []weighed
	items   []engine.ItemNum // ascending
	sums    []float32        // of each, what the voices say times their gains, but for roundings
	most    float64          // of the magnitudes that are summed
	rest    float64          // what that is of all other items below all at the most
	all     int              // the catalogue's items lay below it
	size    int              // how many items it was to have, about
	short   atomic.Bool      // whether a list as most are needed more of them
}

// weighed is a source and how it weighs.
type weighed struct {
	name string
	rank.Scale
}

// speaksAs reports whether two gists are of the same voices.
func (g *gist) speaksAs(o *gist) bool {
	return g.content == o.content && slices.Equal(g.voices, o.voices)
}

func (g *gist) bytes() int { return 168 + 48*len(g.voices) + 8*len(g.items) }

// isSteady reports whether voice number i is one that a gist speaks for.
func (v *voices) isSteady(i int) bool {
	_, is := v.voices[i].Scorer.(model.Steady)
	return is && !v.isCommon(i)
}

// gistOf returns the gist of what the steady voices say: a kept one, or one that is made now
// and kept, where of so many eligible items that takes little more than to do without.
func (in *Input) gistOf(v *voices, eligible int, s *scratch) *gist {
	size, share, briefly := gistItems, gistShare, briefShare
	if in.gistItems != 0 {
		size, share, briefly = in.gistItems, 1, 0
	}
	all := v.query.Catalogue.Len()
	if size < 0 || all < size*share || all > engine.ExactLimit || !in.lasts(v.query) {
		return nil
	}
	m := in.made()
	if m == nil {
		return nil
	}
	var short *gist
	for _, g := range m.gists {
		// An item without words has no vector: that it came is not told by the content vectors.
		if g.content == weak.Make(v.query.Content) && all <= g.all && v.steadyAre(g.voices) {
			if !g.short.Load() || g.size*gistGrowth > all/share || eligible < all/4 {
				return g
			}
			short, size = g, g.size*gistGrowth
			break
		}
	}
	if eligible < all/4 {
		return nil
	}
	g := v.newGist(all, size, s)
	if g == nil {
		return nil
	}
	in.note(func(m *made) {
		// Another answer may have made the same meanwhile.
		others := slices.DeleteFunc(slices.Clone(m.gists), func(o *gist) bool { return o == short || o.speaksAs(g) })
		m.gists = append([]*gist{g}, others[:min(len(others), maxGists-1)]...)
		m.scorers = slices.Clone(m.scorers)
		for i, voice := range v.voices {
			if v.isSteady(i) && voice.source < len(m.scorers) { // else they were let go of meanwhile
				m.scorers[voice.source] = shortened(m.scorers[voice.source], in.World.Models.sources[voice.source], g, voice.Scorer, briefly)
			}
		}
	})
	return g
}

// steadyAre reports whether these are the steady voices.
func (v *voices) steadyAre(those []weighed) bool {
	n := 0
	for i, voice := range v.voices {
		if v.isSteady(i) {
			if n == len(those) || those[n] != (weighed{voice.name, voice.Scale}) {
				return false
			}
			n++
		}
	}
	return n == len(those)
}

// newGist asks the steady voices about the items numbered below all; nil where they cannot
// say, or there are none.
func (v *voices) newGist(all, size int, s *scratch) *gist {
	g := &gist{content: weak.Make(v.query.Content), size: size, all: all}
	for i, voice := range v.voices {
		if v.isSteady(i) {
			g.voices = append(g.voices, weighed{voice.name, voice.Scale})
		}
	}
	if len(g.voices) == 0 {
		return nil
	}
	v.openRooms(s)
	s.steady = slices.Grow(s.steady[:0], all+63)[:(all+63)/64*64]
	clear(s.steady)
	var worst slack
	for from := 0; from < all; from += model.RoughItems {
		to := min(from+model.RoughItems, all)
		s.numbers = s.numbers[:0]
		for n := from; n < to; n++ {
			s.numbers = append(s.numbers, engine.ItemNum(n))
		}
		said := v.addRough(s.steady[from:to], s.numbers, s, v.isSteady)
		worst.off, worst.most = max(worst.off, said.off), max(worst.most, said.most)
	}
	if worst = worst.rounded(len(g.voices)); worst.unknown() {
		return nil
	}
	for i := all; i < len(s.steady); i++ {
		s.steady[i] = float32(math.Inf(-1))
	}
	cut := cutFor(s.steady[:all], size, sampled)
	if s.numbers = above(s.steady, cut, 2*size, s.numbers[:0]); len(s.numbers) > 2*size { // the sample was none
		cut = cutFor(s.steady[:all], size, 1)
		s.numbers = above(s.steady, cut, 2*size, s.numbers[:0])
	}
	g.items = slices.Clone(s.numbers)
	g.rest = float64(cut) + worst.off
	g.sums = make([]float32, len(g.items))
	raw := make([]float32, len(g.items))
	for i, voice := range v.voices {
		if v.isSteady(i) {
			voice.Score(g.items, raw)
			vector.Axpy(float32(voice.Gain()), raw, g.sums)
			g.most += math.Abs(voice.Gain()) * float64(model.Largest(raw))
		}
	}
	return g
}

// sampled is of how many sums one is looked at first to find where to cut.
const sampled = 8

// cutFor returns a number that about so many of sums lie above, by one in so many of them; no
// more do by all.
func cutFor(sums []float32, size, oneIn int) float32 {
	top := vector.NewTop(max(1, size/oneIn))
	for i := 0; i < len(sums); i += oneIn {
		if sums[i] > top.Worst() {
			top.Push(engine.ItemNum(i), sums[i])
		}
	}
	return top.Worst()
}

// above appends the items whose sums lie above a cut to out, but not many more than so many.
func above(sums []float32, cut float32, most int, out []engine.ItemNum) []engine.ItemNum {
	bound := math.Nextafter32(cut, float32(math.Inf(1)))
	var words [model.RoughItems / 64]uint64
	for from := 0; from < len(sums) && len(out) <= most; from += 64 * len(words) {
		count := min(len(words), (len(sums)-from)/64)
		vector.AtLeast(words[:count], sums[from:], bound)
		for w, word := range words[:count] {
			for ; word != 0; word &= word - 1 {
				out = append(out, engine.ItemNum(from+64*w+bits.TrailingZeros64(word)))
			}
		}
	}
	return out
}

// isLive reports whether voice number i is asked in every answer.
func (v *voices) isLive(i int) bool { return !v.isCommon(i) && !v.isSteady(i) }

// lookAtGist looks at the items of a gist, and at those of all others that are lifted, or
// heard of by other voices, so much that they may be among the best. It is false where those
// are many, or where too few of the gist's are eligible.
func (r *roughly) lookAtGist(g *gist, items []engine.ItemNum) bool {
	r.places, r.numbers = r.places[:0], r.numbers[:0]
	for from := 0; from < len(g.items); {
		first := len(r.places)
		for ; from < len(g.items) && len(r.places) < first+model.RoughItems; from++ {
			if place, is := placeIn(items, g.items[from]); is {
				r.rough[len(r.places)-first] = r.heard.rough[place] + g.sums[from]
				r.places, r.numbers = append(r.places, place), append(r.numbers, g.items[from])
			}
		}
		if len(r.places) > first && !r.look(r.numbers[first:], first, r.rough[:len(r.places)-first], r.isLive, slack{most: g.most}) {
			return false
		}
	}
	bound := float64(r.lows.Worst())
	if math.IsInf(bound, -1) {
		return false
	}
	known := r.near[:0]
	for _, c := range r.near {
		if c.high >= bound {
			known = append(known, nearItem{r.places[c.place], c.high})
		}
	}
	if r.near = known; !r.lookBeyond(g, items, bound) {
		return false
	}
	merge(r.near, len(known))
	return true
}

// merge puts items in the order of their places: those before from are, and the few from there
// on.
func merge(near []nearItem, from int) {
	for ; from < len(near); from++ {
		c, at := near[from], from
		for ; at > 0 && near[at-1].place > c.place; at-- {
			near[at] = near[at-1]
		}
		near[at] = c
	}
}

// lookBeyond remembers those items beside a gist's that may come up to a bound, if the steady
// voices say as much of them as they do at the most.
func (r *roughly) lookBeyond(g *gist, items []engine.ItemNum, bound float64) bool {
	r.fromFirst()
	most, looked := len(r.near)+gistOthers, r.places
	for from := 0; from < len(items) && len(r.near) <= most; from += model.RoughItems {
		part := items[from:min(from+model.RoughItems, len(items))]
		sums := r.rough[:len(part)]
		copy(sums, r.heard.rough[from:])
		s := r.ask(part, sums, r.isLive, slack{most: g.most + math.Abs(g.rest)})
		if s.unknown() {
			return false
		}
		for len(looked) > 0 && looked[0] < from+len(part) {
			sums[looked[0]-from] = float32(math.Inf(-1))
			looked = looked[1:]
		}
		for i := len(part); i%64 != 0; i++ {
			r.rough[i] = float32(math.Inf(-1))
		}
		var all [model.RoughItems / 64]uint64
		words := all[:(len(part)+63)/64]
		vector.AtLeast(words, r.rough[:64*len(words)], max(below(bound-g.rest-s.off), -math.MaxFloat32)) // what is struck is lower
		for w, word := range words {
			for ; word != 0; word &= word - 1 {
				i := 64*w + bits.TrailingZeros64(word)
				r.near = append(r.near, nearItem{from + i, float64(sums[i]) + g.rest + s.off})
			}
		}
	}
	return len(r.near) <= most
}
