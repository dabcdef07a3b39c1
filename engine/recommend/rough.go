package recommend

import (
	"math"
	"math/bits"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/vector"
)

// roughFrom is from how many eligible items on, and from how many for each that a list looks
// at, it is told roughly which of them are worth scoring: below, to score all costs as little.
const (
	roughFrom  = 256
	roughShare = 4
)

// looks returns how many of the best are to be found roughly, one try after the other; none
// where all are scored at once.
func (in *Input) looks(eligible, limit int, r *rank.Rules) []int {
	from, share := roughFrom, roughShare
	if in.roughFrom != 0 {
		from, share = in.roughFrom, 1
	}
	var out []int
	if from > 0 && eligible >= from && eligible <= limit {
		n := r.Looks()
		if in.Place.looks.few() {
			n = r.Fewest()
		}
		for ; n*share <= eligible; n *= 8 {
			out = append(out, n)
		}
	}
	return out
}

// looked counts how the lists of a place fared that looked at the fewest items first. It is safe
// for concurrent use, and changes no list.
type looked struct{ asked, tried, failed atomic.Uint32 }

// Where more than one in looksFailed lists has to look again, which takes as long as the first
// look, none is tried with the fewest items but one in looksTried, to find out when that changes.
const (
	looksFailed = 8
	looksTried  = 64
)

// few reports whether the next list is to look at the fewest items first.
func (l *looked) few() bool {
	return l.failed.Load()*looksFailed <= l.tried.Load()+looksFailed || l.asked.Add(1)%looksTried == 0
}

// told notes that such a list was told by them, or was not. What was long ago counts little.
func (l *looked) told(enough bool) {
	if !enough {
		l.failed.Add(1)
	}
	if l.tried.Add(1) >= looksTried {
		l.tried.Store(looksTried / 2)
		l.failed.Store(l.failed.Load() / 2)
	}
}

// best returns eligible items among which the n that score highest surely are, and those
// that are pinned. None of the others scores above unseen. It is false where that cannot be
// told.
//
// Every source says about what it scores, and how far off that is at the most (model.Rough).
// So each item has a lower and an upper bound; what cannot reach the n-th highest of the lower
// ones is left out. Where there is a gist, most sources are not asked.
func (v *voices) best(eligible *choice, g *gist, l liftList, n int, pins []rank.Pinned, s *scratch) (found *choice, unseen float64, ok bool) {
	items := s.itemsOf(eligible)
	r := v.roughly(eligible, items, l, n, s)
	told := g != nil && r.lookAtGist(g, items)
	if !told {
		if g != nil && len(l) == 0 && n*gistGrowth <= g.size && eligible.count >= v.query.Catalogue.Len()/4 {
			g.short.Store(true) // though it was a list as most are: neither long, nor lifted, nor of few items
		}
		if r.lookAgain(); !r.lookLate(items) {
			if r.lookAgain(); !r.lookAtAll(items) {
				return nil, 0, false
			}
		}
	}
	bound := max(r.lows.Worst(), r.floor)
	if math.IsInf(float64(bound), -1) {
		return nil, 0, false // fewer are eligible than are asked for
	}
	r.keep(items, pins)
	s.picked, s.pickedSums = s.picked[:0], s.pickedSums[:0]
	for _, c := range s.near {
		if c.high >= float64(bound) {
			s.picked, s.pickedSums = append(s.picked, items[c.place]), append(s.pickedSums, r.heard.sums[c.place])
		}
	}
	s.foundHeard = heard{sums: s.pickedSums}
	s.found = choice{items: s.picked, count: len(s.picked), heard: &s.foundHeard}
	return &s.found, math.Nextafter(float64(bound)+r.constant, math.Inf(-1)), true
}

// roughly is one such search.
type roughly struct {
	*voices
	*scratch
	eligible *choice
	heard    *heard
	n        int
	lows     *vector.Top // the n highest lower bounds, the scratch's
	lifts    liftList
	withheld withheld
	lifted   []liftedItems
	constant float64 // what all items score alike, left out of the rough sums
	least    float64 // the magnitude of what is summed, but for what voices say of items
	floor    float32 // what n items score at the least, by an earlier look; -Inf for none
	late     uint64  // a bit for each voice that is heard late
}

// nearItem is an item that may be among the best: in steps of a search, at most high.
type nearItem struct {
	place int
	high  float64
}

func (v *voices) roughly(eligible *choice, items []engine.ItemNum, l liftList, n int, s *scratch) *roughly {
	r := &s.search
	*r = roughly{voices: v, scratch: s, eligible: eligible, n: n, lifts: l}
	r.heard = v.hear(eligible, items, s)
	r.least = r.heard.most
	for i, voice := range v.voices {
		if !v.isCommon(i) {
			r.constant += voice.Offset()
			r.least += math.Abs(voice.Offset())
		}
	}
	for _, lift := range l {
		r.least += math.Abs(lift.add)
	}
	v.openRooms(s)
	v.sumLinks(s)
	r.lookAgain()
	return r
}

// openRooms makes the voices' rooms ready for an answer.
func (v *voices) openRooms(s *scratch) {
	for len(s.rooms) < len(v.voices) {
		s.rooms = append(s.rooms, new(model.RoughRoom))
	}
	for i := range v.voices {
		s.rooms[i].Open()
	}
}

// lookAgain begins anew.
func (r *roughly) lookAgain() {
	r.scratch.lows.Reset(r.n)
	r.lows, r.near, r.floor = &r.scratch.lows, r.near[:0], float32(math.Inf(-1))
	r.fromFirst()
}

// fromFirst makes what is withheld and lifted begin with the first item.
func (r *roughly) fromFirst() {
	r.withheld, r.lifted = withheldFrom(r.eligible), r.lifted[:0]
	for _, lift := range r.lifts {
		r.lifted = append(r.lifted, liftedItems{lift.items.Iterator(), float32(lift.add)})
	}
}

// slack is how far off rough sums are at the most, and how large what they are sums of.
type slack struct{ off, most float64 }

// unknown reports whether nothing is known of how far off they are.
func (s slack) unknown() bool { return !(s.most < math.MaxFloat32/4) || !(s.off <= s.most+underflow) }

// rounded returns the slack of sums of so many things, each a product, in float32.
func (s slack) rounded(things int) slack {
	// Of each a product, its factor and the sum are rounded, by a part in 2^24 each.
	const rounding = 1.0 / (1 << 22)
	s.off += s.most*rounding*float64(things+3) + underflow
	return s
}

// underflow is more than what products too small for a float32 lose.
const underflow = 1e-36

// addRough adds about what those voices say of items that is true, times their gains, to sums.
func (v *voices) addRough(sums []float32, items []engine.ItemNum, s *scratch, which func(voice int) bool) (all slack) {
	for i, voice := range v.voices {
		if !which(i) {
			continue
		}
		if s.together.has(i) {
			if i == s.together.first { // it speaks for all of them
				off, most := s.together.sums.AddRough(sums, items)
				all.off, all.most = all.off+off, all.most+most
			}
			continue
		}
		if rough, is := voice.Scorer.(model.Rough); is {
			if off, most, ok := rough.AddRough(s.rooms[i], sums, items, voice.Gain()); ok {
				all.off, all.most = all.off+off, all.most+most
				continue
			}
		}
		raw := s.rooms[i].Scores(len(items))
		voice.Score(items, raw)
		vector.Axpy(float32(voice.Gain()), raw, sums)
		all.most += math.Abs(voice.Gain()) * float64(model.Largest(raw))
	}
	return all
}

// isOwn reports whether voice number i is none that everybody hears.
func (v *voices) isOwn(i int) bool { return !v.isCommon(i) }

// lookAtAll looks at all items, which ascend.
func (r *roughly) lookAtAll(items []engine.ItemNum) bool {
	for from := 0; from < len(items); from += model.RoughItems {
		part := items[from:min(from+model.RoughItems, len(items))]
		sums := r.rough[:len(part)]
		copy(sums, r.heard.rough[from:])
		if !r.look(part, from, sums, r.isOwn, slack{}) {
			return false
		}
	}
	return true
}

// look takes the items of one block, which begins in so many steps of the search, when those
// voices have added to their sums; to what else is in them belongs a slack.
func (r *roughly) look(part []engine.ItemNum, from int, sums []float32, which func(voice int) bool, s slack) bool {
	if s = r.ask(part, sums, which, s); s.unknown() {
		return false
	}
	for i := len(part); i%64 != 0; i++ {
		r.rough[i] = float32(math.Inf(-1))
	}
	for i := 0; i < len(part); i += 64 {
		r.take(from+i, r.rough[i:i+64], s.off)
	}
	return true
}

// ask adds what those voices say, and lifts, to the sums of one block.
func (r *roughly) ask(part []engine.ItemNum, sums []float32, which func(voice int) bool, s slack) slack {
	said := r.addRough(sums, part, r.scratch, which)
	for i := range r.lifted {
		r.lifted[i].addTo(sums, part)
	}
	r.withheld.strike(sums, part)
	return slack{said.off + s.off, said.most + s.most + r.least}.rounded(len(r.voices.voices) + len(r.lifts))
}

// take remembers those of 64 items that may be among the best.
func (r *roughly) take(from int, sums []float32, off float64) {
	bound := float64(r.lows.Worst())
	var words [1]uint64
	vector.AtLeast(words[:], sums, max(below(bound-off), -math.MaxFloat32)) // what is struck is lower
	for word := words[0]; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		sum := float64(sums[i])
		if sum+off < float64(r.lows.Worst()) {
			continue
		}
		r.near = append(r.near, nearItem{from + i, sum + off})
		r.lows.Push(engine.ItemNum(from+i), below(sum-off))
	}
}

// below returns the next lower float32, whatever rounding does.
func below(x float64) float32 { return math.Nextafter32(float32(x), float32(math.Inf(-1))) }

// keep keeps the pinned items that may be in the list, wherever they stand.
func (r *roughly) keep(items []engine.ItemNum, pins []rank.Pinned) {
	if len(pins) == 0 {
		return
	}
	for _, p := range pins {
		if place, is := slices.BinarySearch(items, p.Item); is && !r.withheld.has(p.Item) {
			r.near = append(r.near, nearItem{place, math.Inf(1)})
		}
	}
	sort.SliceStable(r.near, func(i, j int) bool {
		a, b := r.near[i], r.near[j]
		return a.place < b.place || a.place == b.place && a.high > b.high
	})
	r.near = slices.CompactFunc(r.near, func(a, b nearItem) bool { return a.place == b.place })
}
