package serving

// Figures are what an operator watches of a recommender.
type Figures struct {
	People      int    // customers and sessions whose state is in memory
	PeopleBytes int    // of those states, as estimated
	Written     uint64 // impressions that are stored
	Passages    int    // of fixes, that have a vector
	Unread      int    // fixes whose passages have none yet
	Dropped     uint64 // impressions that were lost because the disk did not keep up
}

// Figures returns them as of this moment.
func (r *Recommender) Figures() Figures {
	r.people.mu.Lock()
	known, bytes := len(r.people.known), r.people.bytes
	r.people.mu.Unlock()
	return Figures{Passages: r.World().Sentences.Len(), Unread: int(r.reader.count.Load()), People: known, PeopleBytes: bytes, Written: r.record.written.Load(), Dropped: r.Dropped()}
}
