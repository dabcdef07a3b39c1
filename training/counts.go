package training

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/tally"
)

// counts are the counters as of every moment of a window, which of a large catalogue are as
// long as Snapshot.grain says. They are immutable and share what did not change, but those of
// thousands of moments do not fit into memory at once: a cursor goes over them as cases are
// asked, in the order of time.
type counts struct {
	snap     *Snapshot
	from, to time.Time

	made  sync.Once // of what follows, when it is first asked for
	start *tally.Counters
	later []happened // in the window, in the order in which they count
}

// happened is an event and whose it is.
type happened struct {
	event
	person uint32 // place in Snapshot.People
}

// window keeps the counts that were asked for last: all tasks ask about one window before
// any asks about the next.
type window struct {
	mu   sync.Mutex // guards last
	last *counts
}

// countsIn returns the counts of a window.
func (s *Snapshot) countsIn(from, to time.Time) *counts {
	s.window.mu.Lock()
	defer s.window.mu.Unlock()
	if c := s.window.last; c == nil || c.snap != s || !c.from.Equal(from) || !c.to.Equal(to) {
		s.window.last = &counts{snap: s, from: from, to: to}
	}
	return s.window.last
}

// forget lets go of them.
func (w *window) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = nil
}

func (c *counts) make() {
	s := c.snap
	for i := range s.People {
		events := s.People[i].events
		for _, e := range events[before(events, c.from.UnixNano()):before(events, c.to.UnixNano())] {
			c.later = append(c.later, happened{e, uint32(i)})
		}
	}
	slices.SortStableFunc(c.later, func(a, b happened) int { return cmp.Compare(a.at, b.at) })
	c.start = s.Before(c.from).Counters()
}

// asOf returns before which moment, in Unix nanoseconds, is counted for who asks now.
func (c *counts) asOf(now time.Time) int64 {
	if !c.snap.large() {
		return now.UnixNano()
	}
	return max(c.start.Floor(now).UnixNano(), c.from.UnixNano())
}

// cursor goes over the counters of windows. The zero cursor is ready for use, by one
// goroutine. Moments that rise cost what happened between them.
type cursor struct {
	counts *counts
	now    *tally.Counters
	next   int // of counts.later
	rows   []engine.Row
}

// of returns the counters a case is asked with, nil for the world's.
func (k *cursor) of(c *Case) *tally.Counters {
	if c.past == nil || c.past.counts == nil {
		return c.Counters
	}
	of := c.past.counts
	of.made.Do(of.make)
	at := of.asOf(c.Now)
	if k.counts != of || k.next > 0 && of.later[k.next-1].at >= at {
		k.counts, k.now, k.next = of, of.start, 0
	}
	k.rows = k.rows[:0]
	for k.next < len(of.later) && of.later[k.next].at < at {
		e := &of.later[k.next]
		k.rows = of.snap.rows(of.snap.People[e.person].Subject, []event{e.event}, k.rows)
		k.next++
	}
	if len(k.rows) > 0 {
		k.now = k.now.With(k.rows)
	}
	return k.now
}
