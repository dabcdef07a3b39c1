package api

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a moment as one of context.WithDeadline does. It has no
// timer before somebody waits for its end: most requests are answered before anybody does.
type deadline struct {
	context.Context // the parent
	at              time.Time

	mu    sync.Mutex // guards all below
	timed context.Context
	stop  context.CancelFunc
	ended bool
}

func newDeadline(parent context.Context, at time.Time) *deadline {
	if sooner, is := parent.Deadline(); is && sooner.Before(at) {
		at = sooner
	}
	return &deadline{Context: parent, at: at}
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.stop = context.WithDeadline(d.Context, d.at)
		if d.ended {
			d.stop()
		}
	}
	return d.timed.Done()
}

// Err implements context.Context.
func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.timed != nil:
		return d.timed.Err()
	case d.Context.Err() != nil:
		return d.Context.Err()
	case d.ended:
		return context.Canceled
	case !time.Now().Before(d.at):
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context. Where somebody waits, the cause of the end is found by it.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return d.Context.Value(key)
}

// end cancels d: nobody needs it any more.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	if d.stop != nil {
		d.stop()
	}
}
