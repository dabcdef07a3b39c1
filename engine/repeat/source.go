package repeat

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

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
func (m *Model) habitOf(item engine.ItemNum) habit {
	if row, ok := m.rows.Row(item); ok {
		return m.habits[row]
	}
	return m.shop
}

// Open scores what the person bought, as of q.Now. Anchors were not bought by anybody:
// with them the source knows nothing.
func (m *Model) Open(q *model.Query) model.Scorer {
	s := &scorer{}
	for _, in := range q.Causes() {
		if v := float32(m.habitOf(in.Item).score(in, q.Now, m.params)); v > 0 {
			s.bought = append(s.bought, vector.Scored{Item: in.Item, Score: v})
		}
	}
	slices.SortFunc(s.bought, byItem)
	return s
}

func byItem(a, b vector.Scored) int { return cmp.Compare(a.Item, b.Item) }

// scorer holds the scores of what one person bought, ascending by item.
type scorer struct{ bought []vector.Scored }

// Empty implements model.Scorer.
func (s *scorer) Empty() bool { return len(s.bought) == 0 }

// Propose implements model.Scorer: of what was bought.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	top := vector.NewTop(n)
	for _, b := range s.bought {
		if eligible.Contains(uint32(b.Item)) {
			top.Push(b.Item, b.Score)
		}
	}
	return top.AppendItems(out)
}

// Score implements model.Scorer. What the person never bought scores 0.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	for i, item := range items {
		out[i] = s.score(item)
	}
}

func (s *scorer) score(item engine.ItemNum) float32 {
	at, found := slices.BinarySearchFunc(s.bought, vector.Scored{Item: item}, byItem)
	if !found {
		return 0
	}
	return s.bought[at].Score
}

// Explain implements model.Scorer: an item is there because it was bought.
func (s *scorer) Explain(item engine.ItemNum) (base float64, parts []model.Part) {
	if v := s.score(item); v > 0 {
		parts = []model.Part{{Item: item, Contribution: float64(v)}}
	}
	return 0, parts
}
