package bridge

import "github.com/rapportengine/rapport/engine/model"

var (
	_ model.Lasting = (*scorer)(nil)
	_ model.Lasting = (*declared)(nil)
)

// Again implements model.Lasting: the person stays, and new items may have come.
func (s *scorer) Again(q *model.Query) model.Scorer {
	switch {
	case s.m.base == nil || q.Content == nil || q.Content.Dims() != s.m.content:
		return nil
	case s.Empty():
		return s
	}
	return &scorer{m: s.m, by: s.m.by(q.Content), person: s.person.Again()}
}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int {
	if s.Empty() {
		return 32
	}
	return 32 + s.person.Bytes()
}

// Again implements model.Lasting: it is what the customer said.
func (s *declared) Again(*model.Query) model.Scorer { return s }

// Bytes implements model.Lasting.
func (s *declared) Bytes() int { return 64 + 4*len(s.person) }
