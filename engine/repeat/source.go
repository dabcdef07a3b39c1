package repeat

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name is the source's name.
const Name = "buy_again"

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the source was fitted with.
func (m *Model) Params() Params { return m.params }

// Rows returns the items that were bought.
func (m *Model) Rows() *model.Rows { return m.rows }

// habitOf returns the habit of an item, the shop's mean for one that was not yet bought
// when the source was fitted.
func (m *Model) habitOf(item engine.ItemNum) *habit {
	if row, ok := m.rows.Row(item); ok {
		return &m.habits[row]
	}
	return &m.shop
}

// Open scores what the person bought, as of q.Now. Anchors were not bought by anybody:
// with them the source knows nothing.
func (m *Model) Open(q *model.Query) model.Scorer {
	var bought []engine.Interest
	if len(q.Anchors) == 0 {
		for _, in := range q.Interests() {
			if in.Bought > 0 {
				bought = append(bought, in)
			}
		}
		slices.SortFunc(bought, func(a, b engine.Interest) int { return cmp.Compare(a.Item, b.Item) })
	}
	return m.open(bought, q.Now)
}

// open scores what was bought, ascending by item, as of a moment.
func (m *Model) open(bought []engine.Interest, now time.Time) *scorer {
	s := &scorer{m: m, bought: bought}
	scored := make([]vector.Scored, 0, len(bought))
	for i := range bought {
		in := &bought[i]
		if v := float32(m.habitOf(in.Item).score(in, now, &m.params)); v > 0 {
			scored = append(scored, vector.Scored{Item: in.Item, Score: v})
		}
	}
	if len(scored) > 0 {
		s.Sparse = model.NewSparse(scored)
	}
	return s
}

// scorer holds the scores of what one person bought. What they never bought scores 0.
type scorer struct {
	model.Sparse
	m      *Model
	bought []engine.Interest // ascending by item
}

var _ model.Lasting = (*scorer)(nil)

// Again implements model.Lasting: when things were bought stays, how long ago does not.
func (s *scorer) Again(q *model.Query) model.Scorer { return s.m.open(s.bought, q.Now) }

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 64 + s.Sparse.Bytes() + interestBytes*cap(s.bought) }

// interestBytes is about what an Interest takes.
const interestBytes = 112

// Explain implements model.Scorer: an item is there because it was bought.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	if v := s.Of(item); v > 0 {
		parts = append(parts, model.Part{Item: item, Contribution: float64(v)})
	}
	return 0, parts
}
