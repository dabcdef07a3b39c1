package recommend

import (
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
)

// scratch is what an answer writes into that is as long as what may be in the list: lent
// for one answer, and used again by the next.
type scratch struct {
	items  []engine.ItemNum
	raw    []float32
	sums   []float64
	scored []rank.Scored
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// room makes place for n items; what is in it means nothing.
func (s *scratch) room(n int) {
	if cap(s.raw) < n {
		n += n / 8
		s.raw, s.sums, s.scored = make([]float32, n), make([]float64, n), make([]rank.Scored, 0, n)
	}
}

// score lets every source score every item of a choice and adds up on fixed scales, first
// what everybody hears: in one order, that of kept sums and new ones. The list is lent until
// the scratch is used again.
func (v *voices) score(c *choice, s *scratch) []rank.Scored {
	items := c.items
	if items == nil {
		s.items = itemsOf(c.all, s.items[:0])
		items = s.items
	}
	s.room(len(items))
	raw, sums := s.raw[:len(items)], s.sums[:len(items)]
	v.sumCommon(c, items, raw, sums)
	for i, voice := range v.voices {
		if !v.isCommon(i) {
			voice.Score(items, raw)
			voice.AddTo(sums, raw)
		}
	}
	return c.scored(items, sums, s.scored[:0])
}
