package rank

// Stream hands out scored items best first without sorting what nobody looks at: it
// costs O(n) to make and O(log n) an item.
type Stream struct{ heap []Scored }

// NewStream takes scored over and reorders it.
func NewStream(scored []Scored) *Stream {
	s := &Stream{heap: scored}
	for i := len(scored)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
	return s
}

// Next returns the best item not yet handed out; false when none is left.
func (s *Stream) Next() (Scored, bool) {
	if len(s.heap) == 0 {
		return Scored{}, false
	}
	best := s.heap[0]
	last := len(s.heap) - 1
	s.heap[0] = s.heap[last]
	s.heap = s.heap[:last]
	s.sink(0)
	return best, true
}

// sink lets the item at i fall until no child stands above it.
func (s *Stream) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(s.heap) {
			return
		}
		if right := child + 1; right < len(s.heap) && s.heap[right].Before(s.heap[child]) {
			child = right
		}
		if !s.heap[child].Before(s.heap[i]) {
			return
		}
		s.heap[i], s.heap[child] = s.heap[child], s.heap[i]
		i = child
	}
}
