package recommend

import (
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/vector"
)

// scratch is what an answer writes into that is as long as what may be in the list: lent
// for one answer, and used again by the next.
type scratch struct {
	items  []engine.ItemNum // those that may be in the list, and those withheld
	raw    []float32
	sums   []float64
	scored []rank.Scored

	// Of telling roughly what is worth scoring:
	own        heard // what everybody hears of items, where that was not kept
	rough      [model.RoughItems]float32
	rooms      []*model.RoughRoom // by voice
	near       []nearItem
	picked     []engine.ItemNum
	pickedSums []float64

	search     roughly
	lows       vector.Top
	found      choice
	foundHeard heard

	first []float32 // what the voices say that are not late, while it is looked at

	few    []engine.ItemNum // those scored last, ascending, where they are few; nil for others
	fewRaw []float32        // what each voice said of them, but for the common ones

	// Of summing links in one go:
	together     together
	linked       []linkedVoice
	from, others []uint32

	// Of making and reading a gist:
	steady  []float32 // what steady voices say of items, by number
	numbers []engine.ItemNum
	places  []int // of those numbers among the items

	// And what an answer is told from, beside them.
	begun    Begun
	env      filter.Env
	rules    filter.Rules
	excluded []engine.ItemNum
	orders   orders
	eligible choice
	asked    voices
	spoke    []voice
	arranged rank.Rules
	placed   []rank.Placed
}

// release lets go of all that an answer was told from, and lends the scratch, and the memory of
// scorers that were its alone, to the next.
func (s *scratch) release() {
	for i := range s.spoke {
		if lent, is := s.spoke[i].Scorer.(model.Lent); is && s.spoke[i].alone {
			lent.Release()
		}
	}
	s.together.sums.Release()
	s.together = together{}
	s.few = nil
	s.search, s.found, s.eligible = roughly{}, choice{}, choice{}
	s.begun = Begun{}
	s.env, s.rules, s.orders, s.asked, s.arranged = filter.Env{}, filter.Rules{}, orders{}, voices{}, rank.Rules{}
	clear(s.spoke[:cap(s.spoke)]) // voices may have been opened twice
	clear(s.placed)
	s.spoke, s.placed = s.spoke[:0], s.placed[:0]
	scratches.Put(s)
}

// scratch returns where the answer is made: that of the request, or, where it is asked beside
// one, nobody's.
func (in *Input) scratch() *scratch {
	if in.room == nil {
		return new(scratch)
	}
	return in.room
}

// within returns the same request with a scratch of its own, which release ends.
func (in *Input) within() *Input {
	own := *in
	own.room = scratches.Get().(*scratch)
	return &own
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// room makes place for n items; what is in it means nothing.
func (s *scratch) room(n int) {
	if cap(s.raw) < n {
		n += n / 8
		s.raw, s.sums, s.scored = make([]float32, n), make([]float64, n), make([]rank.Scored, 0, n)
	}
}

// itemsOf returns the items of a choice, ascending, lent until the scratch is asked for those
// of another.
func (s *scratch) itemsOf(c *choice) []engine.ItemNum {
	if c.items == nil {
		c.items = itemsOf(c.all, s.items[:0])
		s.items = c.items
	}
	return c.items
}

// fewScored is up to how many items what the sources say of them is remembered, for who explains.
const fewScored = 256

// saidOf sets out to what voice number i said of items when they were scored, few of them, last;
// false where that is not remembered.
func (s *scratch) saidOf(i int, items []engine.ItemNum, out []float32) bool {
	for at, item := range items {
		place, is := slices.BinarySearch(s.few, item)
		if !is {
			return false
		}
		out[at] = s.fewRaw[i*len(s.few)+place]
	}
	return true
}

// score lets every source score every item of a choice and adds up on fixed scales, first
// what everybody hears: in one order, that of kept sums and new ones. The list is lent until
// the scratch is used again.
func (v *voices) score(c *choice, s *scratch) []rank.Scored {
	items := s.itemsOf(c)
	s.room(len(items))
	raw, sums := s.raw[:len(items)], s.sums[:len(items)]
	copy(sums, v.hear(c, items, s).sums)
	few := len(items) <= fewScored
	if s.few = nil; few {
		s.few, s.fewRaw = items, slices.Grow(s.fewRaw[:0], len(v.voices)*len(items))[:len(v.voices)*len(items)]
	}
	for i, voice := range v.voices {
		if !v.isCommon(i) {
			if few {
				raw = s.fewRaw[i*len(items):][:len(items)]
			}
			voice.Score(items, raw)
			voice.AddTo(sums, raw)
		}
	}
	return c.scored(items, sums, s.scored[:0])
}
