package store

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// committer is the one writer of commands. It lives in one goroutine.
type committer struct {
	s       *Store
	observe func([]engine.Committed)
	group   *group // being gathered, or nil
	last    int    // commands in the group before, a guess at the next one's
}

// commitAll carries out all requests that wait, in as few commits as they fit into.
func (c *committer) commitAll(waiting []*request) {
	for _, r := range waiting {
		if r.atomic {
			c.atomically(r)
			continue
		}
		for i, cmd := range r.cmds {
			if erase, ok := cmd.(engine.Erase); ok {
				c.flush()
				c.settle([]outcome{c.erase(r, i, erase)}, nil)
				continue
			}
			c.add(r, i, cmd)
		}
	}
	c.flush()
}

// add carries out one command in the present group, or in a new one if it is full.
func (c *committer) add(r *request, i int, cmd engine.Command) {
	g := c.open()
	e, result := g.carryOut(cmd)
	if e != nil && !g.fits(e) && g.entries > 0 {
		c.flush()
		g = c.open()
		e, result = g.carryOut(cmd)
	}
	if e != nil && !g.fits(e) {
		e, result = nil, engine.Result{Err: tooLarge("command", g.s.maxBytes)}
	}
	if e != nil {
		if err := g.take(e); err != nil {
			result = engine.Result{Err: err}
		}
	}
	g.settled = append(g.settled, outcome{r, i, result})
}

// atomically carries out a request in a group of its own, or not at all.
func (c *committer) atomically(r *request) {
	c.flush()
	g := c.open()
	refused := false
	for i, cmd := range r.cmds {
		e, result := g.carryOut(cmd)
		switch {
		case e != nil && !g.fits(e):
			result = engine.Result{Err: tooLarge("atomic batch", g.s.maxBytes)}
		case e != nil:
			if err := g.take(e); err != nil {
				result = engine.Result{Err: err}
			}
		}
		refused = refused || result.Err != nil
		g.settled = append(g.settled, outcome{r, i, result})
	}
	if !refused {
		c.flush()
		return
	}
	for i := range g.settled {
		if g.settled[i].result.Err == nil {
			g.settled[i].result = engine.Result{Err: ErrRolledBack}
		}
	}
	g.discard()
	c.group = nil
	c.settle(g.settled, nil)
}

func tooLarge(what string, limit int64) error {
	return engine.Invalidf(engine.CodeLimitExceeded, "", "one %s writes at most %d bytes", what, limit)
}

// open returns the group that commands are gathered in.
func (c *committer) open() *group {
	if c.group == nil {
		s := c.s
		c.group = &group{
			s: s, txn: s.db.NewTransaction(true), now: storedTime(s.now()), next: s.Seq() + 1,
			ids:   s.ids.Reserve(),
			links: make(map[engine.Hash16]engine.Hash16),
			names: make(map[engine.Hash16]engine.Subject),

			changes: make([]change, 0, c.last), done: make([]engine.Committed, 0, c.last),
			settled: make([]outcome, 0, c.last),
		}
	}
	return c.group
}

// flush commits the present group, has it observed and tells the callers.
func (c *committer) flush() {
	g := c.group
	if g == nil {
		return
	}
	c.group, c.last = nil, len(g.settled)
	err := g.commit()
	switch {
	case err != nil:
		g.discard()
	case len(g.done) > 0:
		c.observe(g.done)
	}
	g.txn.Discard()
	c.settle(g.settled, err)
}

// settle hands results to their requests and releases those that have them all. err is
// of a commit that failed: what was carried out then did not happen.
func (c *committer) settle(settled []outcome, err error) {
	for _, o := range settled {
		if err != nil && o.result.Err == nil {
			o.result = engine.Result{Err: err}
			o.request.err = err
		}
		o.request.results[o.index] = o.result
		if o.request.left--; o.request.left == 0 {
			close(o.request.done)
		}
	}
}

// writable returns why nothing can be written, or nil.
func (s *Store) writable() error {
	if cause := s.broken.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrBroken, *cause)
	}
	return s.roomToWrite()
}

// failed turns the error of a commit into the caller's. Of what Badger refuses at the
// door nothing was written; of anything else we do not know what was, and only a new
// start, which reads the log, finds out.
func (s *Store) failed(err error) error {
	if errors.Is(err, badger.ErrBlockedWrites) || errors.Is(err, badger.ErrDBClosed) || errors.Is(err, ErrDiskFull) {
		return fmt.Errorf("committing: %w", writeError(err))
	}
	err = fmt.Errorf("committing: %w", writeError(err))
	s.broken.CompareAndSwap(nil, &err)
	s.log.Error("store: a commit failed, nothing more is written", "err", err)
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
