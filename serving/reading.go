package serving

import (
	"context"
	"sync/atomic"
	"time"
)

// reading keeps what was last made by reading all of the log or of the tickets. It is made
// anew when something was written since, but not so often that it keeps a core busy; and at
// once when something was erased, or somebody refuses that it is learnt from: words of theirs
// must not come again.
type reading[T any] struct {
	busy   chan struct{} // holds one while it is read or looked at
	erased *atomic.Uint64
	last   *made[T] // nil for none; by who holds busy
}

// made is what a reading came to.
type made[T any] struct {
	value  T
	seq    uint64 // of the newest command in it, or an older one
	erased uint64
	at     time.Time // of the shop's clock
	took   time.Duration
	ended  time.Time
}

const (
	// cheapReading is what may be done at every call, and readingRest how many times as long
	// as the reading took anything dearer rests.
	cheapReading = 50 * time.Millisecond
	readingRest  = 20
	// readingAge is how long the days that it speaks of may stand still.
	readingAge = time.Hour
)

func newReading[T any]() reading[T] {
	return reading[T]{busy: make(chan struct{}, 1), erased: new(atomic.Uint64)}
}

// forget has what is kept made anew.
func (r *reading[T]) forget() { r.erased.Add(1) }

// get returns what read makes as of now, or what it made a little before, and the time it
// is of. One caller reads, others wait for it.
func (r *reading[T]) get(ctx context.Context, seq uint64, now time.Time, read func() (T, error)) (value T, at time.Time, err error) {
	select {
	case r.busy <- struct{}{}:
	case <-ctx.Done():
		return value, at, ctx.Err()
	}
	defer func() { <-r.busy }()
	erased := r.erased.Load()
	if m := r.last; m != nil && m.erased == erased && now.Sub(m.at) < readingAge {
		if m.seq == seq || m.took > cheapReading && time.Since(m.ended) < readingRest*m.took {
			return m.value, m.at, nil
		}
	}
	began := time.Now()
	if value, err = read(); err != nil {
		return value, at, err
	}
	ended := time.Now()
	r.last = &made[T]{value, seq, erased, now, ended.Sub(began), ended}
	return value, now, nil
}
