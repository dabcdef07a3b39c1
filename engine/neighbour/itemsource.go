package neighbour

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// ItemName is the name of the source of FitItems.
const ItemName = "itemknn"

// Name implements model.Source.
func (m *Items) Name() string { return ItemName }

// Params returns the settings the source was fitted with.
func (m *Items) Params() ItemParams { return m.params }

// Rows returns the items that may have neighbours.
func (m *Items) Rows() *model.Rows { return m.rows }

// Open sums what each thing the person wanted adds, once for all items. How much it was
// wanted plays no role, as with EASE.
func (m *Items) Open(q *model.Query) model.Scorer {
	s := &itemScorer{Sparse: model.Sparse{Rows: m.rows}, m: m}
	causes := q.Causes()
	seen := make(map[int]bool, len(causes))
	for _, in := range causes {
		if row, ok := m.rows.Row(in.Item); ok && in.Weight > 0 && !seen[row] {
			seen[row] = true
			s.causes = append(s.causes, row)
		}
	}
	if len(s.causes) == 0 {
		return s
	}
	sums := m.sums.Get().(*vector.Sums)
	defer m.sums.Put(sums)
	for _, cause := range s.causes {
		to, similarity := m.linksOf(cause)
		for i, row := range to {
			sums.Add(row, float64(similarity[i]))
		}
	}
	s.Scores = sums.Take()
	return s
}

// itemScorer holds one person's scores.
type itemScorer struct {
	model.Sparse
	m      *Items
	causes []int // rows
}

// Explain implements model.Scorer. Each part is counterfactual: without that item in
// the history the score is lower by it. An item does not speak for itself.
func (s *itemScorer) Explain(item engine.ItemNum) (base float64, parts []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, nil
	}
	for _, cause := range s.causes {
		to, similarity := s.m.linksOf(cause)
		if at, found := slices.BinarySearch(to, uint32(row)); found {
			parts = append(parts, model.Part{Item: s.m.rows.Num(cause), Contribution: float64(similarity[at])})
		}
	}
	return 0, parts
}
