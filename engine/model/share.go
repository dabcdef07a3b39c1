package model

import "sync"

// Shared keeps what several sources make of one query, so that it is made once a request:
// a history that one folds in is not folded in again by another that builds on it. The zero
// Shared is ready for use, and safe for concurrent use.
type Shared struct {
	mu   sync.Mutex
	made []made
}

type made struct{ by, what any }

// Share returns what one model makes of q: by way of q.Shared once, else each time. It is of
// one type for each model by, which can be compared, and must not be changed.
func Share[T any](q *Query, by any, make func() T) T {
	if q.Shared == nil {
		return make()
	}
	if found, ok := q.Shared.find(by); ok {
		return found.(T)
	}
	return q.Shared.keep(by, make()).(T)
}

func (s *Shared) find(by any) (any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(by)
}

func (s *Shared) of(by any) (any, bool) {
	for i := range s.made {
		if s.made[i].by == by {
			return s.made[i].what, true
		}
	}
	return nil, false
}

// keep keeps what was made, unless another was quicker, and returns what is kept.
func (s *Shared) keep(by, what any) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.of(by); ok {
		return found
	}
	s.made = append(s.made, made{by, what})
	return what
}
