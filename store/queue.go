package store

import (
	"context"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

// request is one call of Append on its way through the committer.
type request struct {
	cmds    []engine.Command
	atomic  bool
	results []engine.Result
	left    int   // commands without a result yet
	err     error // of a commit that failed
	done    chan struct{}
}

// Append gives the commands to the committer and waits until they are durable and
// observed. A refused command has its result's Err set; the others are kept. The error
// is that of a write that failed (ErrDiskFull, ErrBroken, ErrClosed) or of ctx; the
// results then still say what was kept. If ctx ends first the results are nil, and the
// commands may or may not be kept: sending events with ids again is safe.
func (s *Store) Append(ctx context.Context, cmds []engine.Command) ([]engine.Result, error) {
	return s.submit(ctx, cmds, false)
}

// AppendAtomic is Append for all or none: if one command is refused the others get
// ErrRolledBack. The batch must fit into one transaction, about engine.MaxAtomicBytes,
// and cannot hold an Erase.
func (s *Store) AppendAtomic(ctx context.Context, cmds []engine.Command) ([]engine.Result, error) {
	return s.submit(ctx, cmds, true)
}

func (s *Store) submit(ctx context.Context, cmds []engine.Command, atomic bool) ([]engine.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &request{
		cmds: cmds, atomic: atomic, left: len(cmds),
		results: make([]engine.Result, len(cmds)), done: make(chan struct{}),
	}
	if len(cmds) == 0 {
		return r.results, nil
	}
	if err := s.queue.put(r); err != nil {
		return nil, err
	}
	select {
	case <-r.done:
		return r.results, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// queue is what waits for the committer. It has no bound of its own: every request in
// it has a caller that waits, and callers are bounded where they come in.
type queue struct {
	mu      sync.Mutex // guards the fields below
	waiting []*request
	started bool
	closed  bool
	wake    chan struct{} // holds a token when there is something to look at
}

func (q *queue) open() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.started = true
}

func (q *queue) put(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case !q.started:
		return ErrNotStarted
	}
	q.waiting = append(q.waiting, r)
	q.signal()
	return nil
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// signal leaves a token for take; the caller holds mu.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for requests and returns all that wait: the next group commit. more is
// false once the queue is closed and these are the last.
func (q *queue) take() (waiting []*request, more bool) {
	for {
		<-q.wake
		q.mu.Lock()
		waiting, q.waiting = q.waiting, nil
		closed := q.closed
		if closed {
			q.signal() // so that a second take returns at once, too
		}
		q.mu.Unlock()
		if len(waiting) > 0 || closed {
			return waiting, !closed
		}
	}
}
