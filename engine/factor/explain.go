package factor

import (
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

// inverse returns the lower triangle of A^-1, by rows, for the A of this person; nil where there
// is none. It is made for who explains several scores, and not kept longer: of a person's
// answers mostly the first alone has scores to split.
func (s *scorer) inverse() []float32 {
	if s.inverted != nil {
		return s.inverted
	}
	solver := s.m.solvers.Get().(*solver)
	defer s.m.solvers.Put(solver)
	if _, err := solver.Solve(s.known, s.m.items); err != nil {
		return nil
	}
	s.inverted = solver.normal.AppendInverse(make([]float32, 0, s.m.params.Dims*(s.m.params.Dims+1)/2))
	return s.inverted
}
