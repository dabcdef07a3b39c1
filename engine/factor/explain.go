package factor

import (
	"sync/atomic"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Explain implements model.Scorer. As w = A^-1 sum c_j t_j h_j, the score of item i is
// the sum over the history of
//
//	c_j t_j * h_i' A^-1 h_j
//
// (Hu, Koren and Volinsky 2008, section 5). The split is additive, not counterfactual:
// without item j, A would differ too. The base is what the steps of Open and rounding to
// float32 left over, some millionths.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	return s.split(s.m.items.vector(row), parts)
}

// split is Explain of a vector.
func (s *scorer) split(item []float32, parts []model.Part) (base float64, _ []model.Part) {
	inverse := s.inverse()
	if inverse == nil {
		return float64(vector.Dot(s.person, item)), parts // not reached: Open solved the same equation
	}
	picks, dims := s.known.picks[:s.known.wanted], len(item)
	if s.room == nil {
		s.room = make([]float32, dims+len(picks))
	}
	turned, shares := s.room[:dims], s.room[dims:] // A^-1 h_i, and its products with all h_j
	clear(turned)
	for i := range item { // each row of the triangle is a column, too
		row := inverse[:i+1]
		inverse = inverse[i+1:]
		turned[i] += vector.Dot(row, item)
		vector.Axpy(item[i], row[:i], turned)
	}
	vector.DotPicked(shares, s.m.items.vectors, turned, picks)
	base = float64(vector.Dot(s.person, item))
	for i, row := range picks {
		part := float64(shares[i]) * float64(s.known.confidences[i])
		base -= part
		parts = append(parts, model.Part{Item: s.m.rows.Num(int(row)), Contribution: part})
	}
	return base, parts
}

// why is what explanations of one person's scores have in common: the lower triangle of
// A^-1, by rows, once it was asked for. It spares every answer but the first the making of A.
type why struct{ inverse atomic.Pointer[[]float32] }

func (w *why) bytes() int {
	if w == nil {
		return 0
	}
	if inverse := w.inverse.Load(); inverse != nil {
		return 32 + 4*len(*inverse)
	}
	return 16
}

var _ model.Explained = (*scorer)(nil)

// ExplainedBytes implements model.Explained.
func (s *scorer) ExplainedBytes() int {
	if s.why == nil || s.why.inverse.Load() == nil {
		return 0
	}
	return s.why.bytes()
}

// ForgetExplained implements model.Explained.
func (s *scorer) ForgetExplained() {
	if s.why != nil {
		s.why.inverse.Store(nil)
	}
}

// inverse returns A^-1 for the A of this person; nil where there is none.
func (s *scorer) inverse() []float32 {
	if made := s.why.inverse.Load(); made != nil {
		return *made
	}
	solver := s.m.solvers.Get().(*solver)
	defer s.m.solvers.Put(solver)
	if _, err := solver.Solve(s.known, s.m.items); err != nil {
		return nil
	}
	inverse := solver.normal.AppendInverse(make([]float32, 0, s.m.params.Dims*(s.m.params.Dims+1)/2))
	s.why.inverse.Store(&inverse) // of two at once either: they are the same
	return inverse
}
