package repeat

import (
	"cmp"
	"slices"

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
	s := &scorer{}
	if len(q.Anchors) > 0 {
		return s
	}
	bought := make([]vector.Scored, 0, len(q.History))
	for i := range q.History {
		in := &q.History[i]
		if v := float32(m.habitOf(in.Item).score(in, q.Now, &m.params)); v > 0 {
			bought = append(bought, vector.Scored{Item: in.Item, Score: v})
		}
	}
	if len(bought) > 0 {
		slices.SortFunc(bought, func(a, b vector.Scored) int { return cmp.Compare(a.Item, b.Item) })
		s.Sparse = model.NewSparse(bought)
	}
	return s
}

// scorer holds the scores of what one person bought. What they never bought scores 0.
type scorer struct{ model.Sparse }

// Explain implements model.Scorer: an item is there because it was bought.
func (s *scorer) Explain(item engine.ItemNum) (base float64, parts []model.Part) {
	if v := s.Of(item); v > 0 {
		parts = []model.Part{{Item: item, Contribution: float64(v)}}
	}
	return 0, parts
}
