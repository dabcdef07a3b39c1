package rank

import "slices"

// Stream hands out scored items best first without sorting what nobody looks at: a pass
// over all of them finds the next few, and the few become more with every pass.
type Stream struct {
	ready []Scored // best first
	rest  []Scored // in no order, none before any of ready
	few   int      // how many the next pass finds
}

// NewStream takes scored over, whose scores are numbers, and reorders it. few is how many are likely looked at, from 1.
func NewStream(scored []Scored, few int) *Stream { return &Stream{rest: scored, few: max(few, 1)} }

// Next returns the best item not yet handed out; false when none is left.
func (s *Stream) Next() (Scored, bool) {
	if len(s.ready) == 0 {
		if len(s.rest) == 0 {
			return Scored{}, false
		}
		s.find()
	}
	best := s.ready[0]
	s.ready = s.ready[1:]
	return best, true
}

// find brings the best few of the rest to its front.
func (s *Stream) find() {
	k := min(s.few, len(s.rest))
	s.few *= 2
	best := s.rest[:k] // a heap with the worst of them at its root
	for i := k/2 - 1; i >= 0; i-- {
		sink(best, i)
	}
	worst := best[0].Score
	for i := k; i < len(s.rest); i++ {
		if s.rest[i].Score >= worst && s.rest[i].Before(best[0]) {
			best[0], s.rest[i] = s.rest[i], best[0]
			sink(best, 0)
			worst = best[0].Score
		}
	}
	slices.SortFunc(best, func(a, b Scored) int {
		switch {
		case a.Before(b):
			return -1
		case b.Before(a):
			return 1
		}
		return 0
	})
	s.ready, s.rest = best, s.rest[k:]
}

// sink lets the item at i fall until every child stands before it.
func sink(heap []Scored, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if right := child + 1; right < len(heap) && heap[child].Before(heap[right]) {
			child = right
		}
		if !heap[i].Before(heap[child]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
