package factor

import "github.com/rapportengine/rapport/engine/model"

var _ model.Lasting = (*scorer)(nil)

// Again implements model.Lasting: the vector hangs on the history alone.
func (s *scorer) Again(*model.Query) model.Scorer { return s.again() }

func (s *scorer) again() *scorer {
	again := *s
	again.why = nil // belongs to one goroutine
	return &again
}

// Again returns the person for another goroutine.
func (p Person) Again() Person { return Person{p.again()} }

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 96 + 8*len(s.known.picks) + 4*len(s.person) }
