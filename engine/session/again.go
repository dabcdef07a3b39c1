package session

import "github.com/rapportengine/rapport/engine/model"

var _ model.Lasting = (*scorer)(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 128 + s.Sparse.Bytes() + 4*len(s.clicks) + 16*len(s.neighbours) }
