package serving

// Figures are what an operator watches of a recommender.
type Figures struct {
	People      int    // customers and sessions whose state is in memory
	PeopleBytes int    // of those states, as estimated
	Written     uint64 // impressions that are stored
	Dropped     uint64 // impressions that were lost because the disk did not keep up
}

// Figures returns them as of this moment.
func (r *Recommender) Figures() Figures {
	r.people.mu.Lock()
	known, bytes := len(r.people.known), r.people.bytes
	r.people.mu.Unlock()
	return Figures{People: known, PeopleBytes: bytes, Written: r.record.written.Load(), Dropped: r.Dropped()}
}
