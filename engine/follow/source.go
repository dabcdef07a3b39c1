package follow

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name implements model.Source.
func (m *Model) Name() string { return m.name }

// Params returns the settings the source was fitted with.
func (m *Model) Params() Params { return m.params }

// Rows returns the items that follow or are followed.
func (m *Model) Rows() *model.Rows { return m.rows }

// cause is an item of the history, and how much it counts.
type cause struct {
	row    uint32
	weight float64
}

// scorer holds one person's scores.
type scorer struct {
	model.Sparse
	m      *Model
	causes []cause // newest first, each item once
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 96 + s.Sparse.Bytes() + 16*len(s.causes) }

// Open sums what follows the newest items that the source knows:
//
//	score(j) = sum over causes i, from 0 for the newest, of Decay^i x strength(i,j)
//
// How much they were wanted plays no role, as with EASE; dislikes say nothing.
func (m *Model) Open(q *model.Query) model.Scorer {
	s := &scorer{m: m}
	if s.causes = m.causes(q); len(s.causes) == 0 {
		return s
	}
	sums := m.sums.Get().(*vector.Sums)
	defer m.sums.Put(sums)
	for _, c := range s.causes {
		m.next.AddTo(sums, int(c.row), c.weight)
	}
	s.Sparse = model.TakeSparse(m.rows, sums)
	return s
}

// causes returns the anchors, alike, or the newest Causes items of the history. An item
// no rule begins with takes no place.
func (m *Model) causes(q *model.Query) []cause {
	most, decay := m.params.Causes, m.params.Decay
	if len(q.Anchors) > 0 {
		most, decay = len(q.Anchors), 1
	}
	var out []cause
	weight := 1.0
	for _, in := range q.Causes() {
		row, ok := m.rows.Row(in.Item)
		if !ok || !(in.Weight > 0) || slices.ContainsFunc(out, func(c cause) bool { return c.row == uint32(row) }) {
			continue
		}
		if m.next.Degree(row) == 0 {
			continue
		}
		out = append(out, cause{uint32(row), weight})
		if len(out) == most {
			break
		}
		weight *= decay
	}
	return out
}

// Explain implements model.Scorer. Each part is counterfactual, but for the decay: without
// that item the score is lower by it.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	for _, c := range s.causes {
		if strength, found := s.m.next.Weight(int(c.row), row); found {
			parts = append(parts, model.Part{Item: s.m.rows.Num(int(c.row)), Contribution: c.weight * float64(strength)})
		}
	}
	return 0, parts
}
