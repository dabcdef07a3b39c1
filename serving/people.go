package serving

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// people holds the states of the subjects asked for lately, bounded in bytes. A state
// is read from the log at first use and follows every write from then on.
//
// No write is missed or doubled between the two: an entry stands in the map before its
// read begins, what is observed meanwhile queues on it, and a row that the read has
// already brought is told by its event and line.
type people struct {
	log      Log
	maxBytes int

	mu    sync.Mutex // guards all below, and the fields of person said so
	known map[engine.Subject]*person
	used  *list.List // of *person, most recently used first
	bytes int
}

// person is one subject's entry.
type person struct {
	subject engine.Subject
	ready   chan struct{} // closed when state or err is set
	err     error
	state   atomic.Pointer[recommend.Someone] // replaced whole, under people.mu

	queued []engine.Committed // under people.mu: observed while loading; nil once ready
	loaded bool               // under people.mu
	bytes  int                // under people.mu
	place  *list.Element      // under people.mu
}

func newPeople(log Log, maxBytes int) *people {
	return &people{log: log, maxBytes: maxBytes, known: make(map[engine.Subject]*person), used: list.New()}
}

// get returns the state of s, which must be resolved. The state may not be changed.
func (p *people) get(ctx context.Context, s engine.Subject) (*recommend.Someone, error) {
	p.mu.Lock()
	e, found := p.known[s]
	if found {
		p.used.MoveToFront(e.place)
	} else {
		e = &person{subject: s, ready: make(chan struct{})}
		p.known[s], e.place = e, p.used.PushFront(e)
	}
	p.mu.Unlock()
	if !found {
		// Not under the first asker's deadline: others may be waiting for it too.
		p.load(context.WithoutCancel(ctx), e)
	}
	select {
	case <-e.ready:
		return e.state.Load(), e.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load reads the entry's state and applies what was observed meanwhile.
func (p *people) load(ctx context.Context, e *person) {
	who, err := p.read(ctx, e.subject)
	p.mu.Lock()
	defer p.mu.Unlock()
	defer close(e.ready)
	if err != nil {
		e.err = err
		if p.known[e.subject] == e {
			p.drop(e.subject)
		}
		return
	}
	for i := range e.queued {
		who = follow(who, &e.queued[i])
	}
	e.queued, e.loaded = nil, true
	p.set(e, who)
	p.evict()
}

func (p *people) read(ctx context.Context, s engine.Subject) (*recommend.Someone, error) {
	rows, err := p.log.History(ctx, s)
	if err != nil {
		return nil, err
	}
	who := &recommend.Someone{Subject: s, Bought: roaring.New(), Dismissed: roaring.New()}
	remember(who, rows)
	who.Rows = newest(rows)
	if s.Kind == engine.CustomerSubject {
		switch c, err := p.log.Customer(ctx, engine.CustomerID(s.ID)); {
		case err == nil:
			who.Customer = &c
		case !errors.Is(err, engine.ErrNotFound):
			return nil, err
		}
	}
	return who, nil
}

// observe brings the cached states up to date. A merge, an erase or a changed event drops
// the states it touches: the next request reads them anew.
func (p *people) observe(group []engine.Committed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range group {
		c := &group[i]
		switch {
		case c.Merged != nil:
			p.drop(c.Merged.From)
			p.drop(engine.OfCustomer(c.Merged.Into))
		case c.Erased != nil:
			p.forget(c.Erased.Subjects)
		case len(c.Was) > 0: // what was ever bought cannot be told from what was changed
			p.drop(c.Subject)
		case c.Customer != nil:
			p.tell(engine.OfCustomer(c.Customer.ID), c)
		case len(c.Rows) > 0:
			p.tell(c.Subject, c)
		}
	}
	p.evict()
}

// tell applies a write to a cached state, or queues it where that is being read.
func (p *people) tell(s engine.Subject, c *engine.Committed) {
	e, found := p.known[s]
	switch {
	case !found:
	case !e.loaded:
		e.queued = append(e.queued, *c)
	default:
		p.set(e, follow(e.state.Load(), c))
	}
}

// forget drops the entries whose hash is among the erased.
func (p *people) forget(hashes []string) {
	for s := range p.known {
		if slices.Contains(hashes, s.Hash().String()) {
			p.drop(s)
		}
	}
}

// drop takes an entry out; who waits for its reading still gets that.
func (p *people) drop(s engine.Subject) {
	if e, found := p.known[s]; found {
		delete(p.known, s)
		p.used.Remove(e.place)
		p.bytes -= e.bytes
		e.bytes = 0
	}
}

func (p *people) set(e *person, who *recommend.Someone) {
	e.state.Store(who)
	if p.known[e.subject] != e {
		return // dropped while it was read
	}
	size := sizeOf(who)
	p.bytes += size - e.bytes
	e.bytes = size
}

// evict drops the least recently used until the bound holds.
func (p *people) evict() {
	for p.bytes > p.maxBytes && p.used.Len() > 1 {
		p.drop(p.used.Back().Value.(*person).subject)
	}
}

// rowBytes is about what a row takes in memory with its strings.
const rowBytes = 320

func sizeOf(who *recommend.Someone) int {
	return 512 + rowBytes*cap(who.Rows) + int(who.Bought.GetSizeInBytes()+who.Dismissed.GetSizeInBytes())
}

// follow returns the state after c.
func follow(who *recommend.Someone, c *engine.Committed) *recommend.Someone {
	next := *who
	if c.Customer != nil {
		next.Customer = c.Customer
	}
	if len(c.Rows) == 0 {
		return &next
	}
	next.Bought, next.Dismissed = who.Bought.Clone(), who.Dismissed.Clone()
	remember(&next, c.Rows)
	// A retry that the store no longer remembered rewrites its own row: replace it
	// here too, or the item would count twice until the state is read anew.
	again := func(old engine.Row) bool {
		return slices.ContainsFunc(c.Rows, func(r engine.Row) bool { return r.Event == old.Event && r.Line == old.Line })
	}
	if slices.ContainsFunc(next.Rows, again) {
		next.Rows = slices.DeleteFunc(slices.Clone(next.Rows), again)
	}
	// Appending in place is safe: states of one entry form one chain, and older ones
	// end before what is written here.
	next.Rows = newest(append(next.Rows, c.Rows...))
	return &next
}

// remember adds to the complete sets.
func remember(who *recommend.Someone, rows []engine.Row) {
	for i := range rows {
		switch r := &rows[i]; {
		case r.Item == "":
		case r.Type == engine.Purchase:
			who.Bought.Add(uint32(r.Num))
		case r.Type == engine.Dismiss:
			who.Dismissed.Add(uint32(r.Num))
		}
	}
}

// A state's rows are trimmed when they exceed rowsMost, to those of the newest
// MaxHistory distinct items and at most rowsKept of them. The gap keeps a busy
// customer's events from trimming each time.
const (
	rowsMost = 4 * engine.MaxHistory
	rowsKept = 2 * engine.MaxHistory
)

// newest returns rows unchanged while they are few, else trimmed into a new slice.
func newest(rows []engine.Row) []engine.Row {
	if len(rows) <= rowsMost {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b engine.Row) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return cmp.Compare(b.Seq, a.Seq)
	})
	distinct := make(map[engine.ItemNum]bool, engine.MaxHistory)
	kept := rows[:0]
	for _, r := range rows {
		if len(kept) == rowsKept {
			break
		}
		if !distinct[r.Num] && len(distinct) == engine.MaxHistory {
			continue
		}
		distinct[r.Num] = true
		kept = append(kept, r)
	}
	return slices.Clip(kept)
}
