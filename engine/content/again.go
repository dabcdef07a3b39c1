package content

import "github.com/rapportengine/rapport/engine/model"

var (
	_ model.Lasting = (*scorer)(nil)
	_ model.Lasting = (*nearest)(nil)
	_ model.Lasting = (*newcomers)(nil)
)

// Again implements model.Lasting: the profile is of vectors that a changed item may change.
func (s *scorer) Again(q *model.Query) model.Scorer {
	if q.Content != s.vectors {
		return nil
	}
	return s
}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 192 + 24*len(s.causes) + 4*len(s.profile) }

// Again implements model.Lasting.
func (s *nearest) Again(q *model.Query) model.Scorer {
	if q.Content != s.vectors {
		return nil
	}
	return s
}

// Bytes implements model.Lasting. The rows are those of the content vectors.
func (s *nearest) Bytes() int { return 32 + 40*len(s.near) }

// Again implements model.Lasting.
func (s *newcomers) Again(q *model.Query) model.Scorer {
	inner := s.Scorer.(model.Lasting).Again(q)
	if inner == nil {
		return nil
	}
	return &newcomers{Scorer: inner, known: s.known}
}

// Bytes implements model.Lasting.
func (s *newcomers) Bytes() int { return 32 + s.Scorer.(model.Lasting).Bytes() }
