package neighbour

import "github.com/rapportengine/rapport/engine/model"

var (
	_ model.Lasting = (*scorer)(nil)
	_ model.Lasting = (*linkScorer[RidgeParams])(nil)
)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Bytes implements model.Lasting: a number for every item that has weights.
func (s *scorer) Bytes() int { return 96 + 16*len(s.history) + 8*len(s.sums) }

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *linkScorer[P]) Again(*model.Query) model.Scorer { return s }

// Bytes implements model.Lasting.
func (s *linkScorer[P]) Bytes() int { return 96 + s.Sparse.Bytes() + 16*len(s.causes) }
