package serving

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
)

// people holds the states of the subjects asked for lately, bounded in bytes. A state
// is read from the log at first use and follows every write from then on. The rows of those
// not asked for in a while are folded: that takes a seventh of the memory, and they are
// seldom looked at, since what answers made of them is kept. A write to a folded state
// unfolds it.
//
// No write is missed or doubled between the two: an entry stands in the map before its
// read begins, what is observed meanwhile queues on it, and a row that the read has
// already brought is told by its event and line.
type people struct {
	log      Log
	ids      *catalogue.IDs
	maxBytes int
	reads    chan struct{} // holds one for each state that is being read
	say      *slog.Logger  // of faults that nobody waits for any more

	mu        sync.Mutex // guards all below, and the fields of person said so
	known     map[engine.Subject]*person
	used      *list.List // of *person, most recently used first
	open      *list.List // those of them with rows that are not folded, in the same order
	keeping   *list.List // those of them of which answers keep something, in the same order
	explained *list.List // those of them of which explanations do, in the same order
	bytes     int        // of all
	openBytes int        // of the states that are not folded
}

// openShare is the part of the bytes that states may take that are not folded. Rows are full of
// pointers, which each collection of garbage follows: those of somebody who neither asks nor acts
// are better folded.
const openShare = 16

// person is one subject's entry.
type person struct {
	subject engine.Subject
	ready   chan struct{} // closed when the state was read, or err says why not
	err     error

	// Under people.mu.
	state  *recommend.Someone // replaced whole; nil until ready
	queued []engine.Committed // observed while loading; nil once ready
	loaded bool
	bytes  int           // of state
	place  *list.Element // in used
	open   *list.Element // in open, nil where the rows are folded, or there is no state
	keeps  *list.Element // in keeping, nil where answers keep nothing of it
	tells  *list.Element // in explained, nil where explanations keep nothing of it
}

func newPeople(log Log, ids *catalogue.IDs, maxBytes int) *people {
	return &people{
		log: log, ids: ids, maxBytes: maxBytes, reads: make(chan struct{}, readsAtOnce), say: slog.New(slog.DiscardHandler),
		known: make(map[engine.Subject]*person), used: list.New(), open: list.New(), keeping: list.New(), explained: list.New(),
	}
}

// readsAtOnce is how many states are read at once. Each has somebody who waits for it; but where a
// disk answers no more, those who gave up would leave one behind each.
const readsAtOnce = 256

// get returns the state of s, which must be resolved. The state may not be changed. Whoever asks
// first waits, as all others do, until it is read or ctx ends: then the reading goes on without them.
func (p *people) get(ctx context.Context, s engine.Subject) (*recommend.Someone, error) {
	for {
		p.mu.Lock()
		e, found := p.known[s]
		if !found {
			p.mu.Unlock()
			who, err, first := p.first(ctx, s)
			if first || err != nil {
				return who, err
			}
			continue // another asked meanwhile
		}
		p.used.MoveToFront(e.place)
		if e.open != nil {
			p.open.MoveToFront(e.open)
		}
		if e.keeps != nil {
			p.keeping.MoveToFront(e.keeps)
		}
		if e.tells != nil {
			p.explained.MoveToFront(e.tells)
		}
		state := e.state
		p.mu.Unlock()
		if state != nil {
			return state, nil
		}
		select {
		case <-e.ready:
			if e.err != nil {
				return nil, e.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// first has the state of s read, and returns it; it is false where another asked for it before.
// Where reading panics, so does first; if ctx ended meanwhile, the log tells of that.
func (p *people) first(ctx context.Context, s engine.Subject) (_ *recommend.Someone, _ error, first bool) {
	select {
	case p.reads <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err(), false
	}
	p.mu.Lock()
	if _, found := p.known[s]; found {
		p.mu.Unlock()
		<-p.reads
		return nil, nil, false
	}
	e := &person{subject: s, ready: make(chan struct{})}
	p.known[s], e.place = e, p.used.PushFront(e)
	p.mu.Unlock()
	done := make(chan loaded)
	go func() {
		defer func() { <-p.reads }()
		// Not under the first asker's deadline: others may be waiting for it too.
		l := p.load(context.WithoutCancel(ctx), e)
		select {
		case done <- l:
		case <-ctx.Done():
			if l.fault != "" {
				p.say.Error("reading a customer's state ended in a fault of the program", "fault", l.fault)
			}
		}
	}()
	select {
	case l := <-done:
		if l.fault != "" {
			panic(l.fault)
		}
		return l.who, l.err, true
	case <-ctx.Done():
		return nil, ctx.Err(), true
	}
}

// look returns a subject's state for who asks in their place: it moves nobody else out of
// memory, and answers keep nothing of it.
func (p *people) look(ctx context.Context, s engine.Subject) (*recommend.Someone, error) {
	p.mu.Lock()
	var known *recommend.Someone
	if e, found := p.known[s]; found {
		known = e.state
	}
	p.mu.Unlock()
	if known == nil {
		return p.read(ctx, s)
	}
	alone := *known // of a copy nothing is kept
	return &alone, nil
}

// errUnread is what those get who wait for a reading that panicked.
var errUnread = errors.New("reading the customer's state ended in a fault of the program, which its log tells of; the next request reads it anew")

// loaded is what became of the reading of a state.
type loaded struct {
	who   *recommend.Someone
	err   error
	fault string // of the program: what its panic said, and where
}

// load reads the entry's state and applies what was observed meanwhile.
func (p *people) load(ctx context.Context, e *person) (l loaded) {
	l.err = errUnread // which stands where reading panics: nobody is to wait for what never comes
	defer func() {
		l.fault = faultOf(recover())
		p.mu.Lock()
		defer p.mu.Unlock()
		defer close(e.ready)
		if e.err = l.err; e.err != nil && p.known[e.subject] == e {
			p.drop(e.subject)
		}
	}()
	who, err := p.read(ctx, e.subject)
	if err != nil {
		return loaded{err: err}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range e.queued {
		who = follow(who, &e.queued[i])
	}
	e.queued, e.loaded = nil, true
	if p.known[e.subject] == e { // not dropped while it was read
		who.Keep()
		p.set(e, who)
		p.evict()
	}
	return loaded{who: who}
}

// faultOf tells of a panic, by what recover returned, and where it came from; "" for none.
func faultOf(cause any) string {
	if cause == nil {
		return ""
	}
	return fmt.Sprintf("%v\n%s", cause, debug.Stack())
}

func (p *people) read(ctx context.Context, s engine.Subject) (*recommend.Someone, error) {
	rows, err := p.log.History(ctx, s)
	if err != nil {
		return nil, err
	}
	var record *engine.Customer
	var tickets []engine.Ticket
	if s.Kind == engine.CustomerSubject {
		switch c, err := p.log.Customer(ctx, engine.CustomerID(s.ID)); {
		case err == nil:
			record = &c
		case !errors.Is(err, engine.ErrNotFound):
			return nil, err
		}
		if tickets, err = p.log.TicketsOf(ctx, s); err != nil {
			return nil, err
		}
	}
	return stateOf(s, record, tickets, rows), nil
}

// stateOf returns the state of somebody with this record, nil for none, tickets and history.
func stateOf(s engine.Subject, record *engine.Customer, tickets []engine.Ticket, rows []engine.Row) *recommend.Someone {
	who := &recommend.Someone{Subject: s, Customer: record, Bought: roaring.New(), Dismissed: roaring.New()}
	for i := range tickets {
		who.Tickets = withTicketOpen(who.Tickets, &tickets[i])
	}
	remember(who, rows)
	who.Rows = newest(rows)
	return who
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
		case c.Ticket != nil || c.DroppedTicket != "":
			p.tell(c.Subject, c)
			if !c.Left.IsZero() {
				p.tell(c.Left, c)
			}
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
		next := follow(e.state, c)
		next.Keep()
		p.set(e, next)
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

// drop takes an entry out; who is reading it still gets what was read.
func (p *people) drop(s engine.Subject) {
	if e, found := p.known[s]; found {
		p.set(e, nil)
		delete(p.known, s)
		p.used.Remove(e.place)
	}
}

// set makes who the state of a known entry; nil for none.
func (p *people) set(e *person, who *recommend.Someone) {
	p.add(e, -e.bytes)
	put(p.open, &e.open, e, who != nil && who.Packed == nil)
	e.state = who
	kept := 0
	if who != nil {
		kept = who.Kept()
		p.add(e, sizeOf(who)+kept)
	}
	put(p.keeping, &e.keeps, e, kept > 0)
	put(p.explained, &e.tells, e, who != nil && who.Explained() > 0)
}

// put makes an entry stand in a list or not: at its front, if it did not stand there.
func put(l *list.List, at **list.Element, e *person, in bool) {
	switch {
	case in && *at == nil:
		*at = l.PushFront(e)
	case !in && *at != nil:
		l.Remove(*at)
		*at = nil
	}
}

// letGo lets go of what answers keep of an entry's state.
func (p *people) letGo(e *person) {
	e.state.Release()
	p.add(e, e.state.Grown())
	put(p.keeping, &e.keeps, e, false)
	put(p.explained, &e.tells, e, false)
}

// tellAnew lets go of what explanations keep of an entry's state.
func (p *people) tellAnew(e *person) {
	e.state.ForgetExplained()
	p.add(e, e.state.Grown())
	put(p.explained, &e.tells, e, false)
}

// grew counts what answers keep of a state beside it, though its rows were folded meanwhile.
func (p *people) grew(who *recommend.Someone) {
	if !who.Grew() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, found := p.known[who.Subject]; found && e.state != nil && e.state.Shares(who) {
		p.add(e, e.state.Grown())
		put(p.keeping, &e.keeps, e, true)
		put(p.explained, &e.tells, e, e.state.Explained() > 0)
		p.evict()
	}
}

// add counts bytes more of an entry's state.
func (p *people) add(e *person, more int) {
	e.bytes, p.bytes = e.bytes+more, p.bytes+more
	if e.open != nil {
		p.openBytes += more
	}
}

// release lets go of what models made of all states, once others have taken their place.
func (p *people) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := p.used.Front(); at != nil; at = at.Next() {
		if e := at.Value.(*person); e.state != nil {
			p.letGo(e)
		}
	}
}

// evict folds the least recently used, lets go of what is kept of them, and then drops them,
// until the bounds hold: to make that again takes less than to read the log. What explanations
// keep goes first: they take longer without, where every answer would without the rest.
func (p *people) evict() {
	for p.openBytes > p.maxBytes/openShare && p.open.Len() > 1 {
		e := p.open.Back().Value.(*person)
		p.set(e, e.state.Pack(fold(e.state.Rows, p.ids)))
	}
	for p.bytes > p.maxBytes && p.explained.Len() > 0 {
		p.tellAnew(p.explained.Back().Value.(*person))
	}
	for p.bytes > p.maxBytes && p.keeping.Len() > 1 {
		p.letGo(p.keeping.Back().Value.(*person))
	}
	for p.bytes > p.maxBytes && p.used.Len() > 1 {
		p.drop(p.used.Back().Value.(*person).subject)
	}
}

// rowBytes, ticketBytes and failedBytes are about what a row, an open ticket and the id of a
// fix that failed on it take in memory with their strings.
const (
	rowBytes    = 400
	ticketBytes = 168
	failedBytes = 48
)

// sizeOf is about what a state takes in memory, but for what answers keep of it.
func sizeOf(who *recommend.Someone) int {
	size := 512 + rowBytes*cap(who.Rows) + ticketBytes*len(who.Tickets) + int(who.Bought.GetSizeInBytes()+who.Dismissed.GetSizeInBytes())
	for i := range who.Tickets {
		size += failedBytes * len(who.Tickets[i].Failed)
	}
	if small, is := who.Packed.(*folded); is {
		size += small.size()
	}
	return size
}

// follow returns the state after c.
func follow(who *recommend.Someone, c *engine.Committed) *recommend.Someone {
	next := *who
	switch {
	case c.Customer != nil:
		next.Customer = c.Customer
	case c.DroppedTicket != "":
		next.Tickets = withoutTicket(who.Tickets, c.DroppedTicket)
	case c.Ticket != nil && who.Subject != c.Subject: // it is another's now
		next.Tickets = withoutTicket(who.Tickets, c.Ticket.ID)
	case c.Ticket != nil:
		next.Tickets = withTicketOpen(withoutTicket(who.Tickets, c.Ticket.ID), c.Ticket)
	}
	if len(c.Rows) == 0 {
		return &next
	}
	next.Rows, next.Packed = who.History(), nil
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

// remember adds to the complete sets, in ascending order: one by one, each in its place, a set of
// hundreds takes ten times as long.
func remember(who *recommend.Someone, rows []engine.Row) {
	bought, dismissed := make([]uint32, 0, len(rows)), []uint32(nil)
	for i := range rows {
		switch r := &rows[i]; {
		case r.Item == "":
		case r.Type == engine.Purchase:
			bought = append(bought, uint32(r.Num))
		case r.Type == engine.Dismiss:
			dismissed = append(dismissed, uint32(r.Num))
		}
	}
	for _, add := range []struct {
		to    *roaring.Bitmap
		items []uint32
	}{{who.Bought, bought}, {who.Dismissed, dismissed}} {
		slices.Sort(add.items)
		add.to.AddMany(add.items)
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
