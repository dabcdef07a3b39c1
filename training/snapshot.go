// Package training makes models of the log: it assembles what happened, fits, chooses
// and blends on held-out time, and accepts the result or refuses it with a reason. Its
// loop runs beside serving and hands over finished models.
//
// It answers no request, keeps no serving state and knows no HTTP.
package training

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/tally"
)

// Log is what training reads.
type Log interface {
	IDs() *catalogue.IDs
	Seq() uint64
	// Scan calls fn with every subject's whole history, links followed, in an order
	// that is fixed for a given content. The rows are good until fn returns.
	Scan(ctx context.Context, fn func(s engine.Subject, rows []engine.Row) error) error
	Items(ctx context.Context, fn func(n engine.ItemNum, item engine.Item) error) error
	// Customer returns a record; an error that wraps engine.ErrNotFound for none.
	Customer(ctx context.Context, id engine.CustomerID) (engine.Customer, error)
	// ErasedSince reports whether anybody was erased by a command after seq.
	ErasedSince(ctx context.Context, seq uint64) (bool, error)
	// ScanTickets calls fn with every ticket, in an order that is fixed for a given content.
	ScanTickets(ctx context.Context, fn func(engine.Ticket) error) error
}

// Snapshot is what happened, as of one moment, in the form models are fitted on.
type Snapshot struct {
	IDs    *catalogue.IDs
	Items  *catalogue.Snapshot
	People []Timeline
	// Customers are the records of those who consent to training, where the settings name
	// attributes to go by; nil otherwise.
	Customers map[engine.CustomerID]*engine.Customer
	Settings  engine.Settings
	Seq       uint64    // of the newest command that may be in it
	Newest    time.Time // of its events; ages count back from here
	Events    int
	refusers  uint64 // changes with who does not consent to training
	strays    []stray
	tickets
	types  types
	window *window
}

// Timeline is one subject's history, oldest first.
type Timeline struct {
	Subject engine.Subject
	events  []event
}

// event is a row without what no model looks at: 16 bytes instead of some 330, so that
// twenty million of them fit beside a serving process. Rows are made of some at a time.
type event struct {
	at   int64 // Unix nanoseconds
	item engine.ItemNum
	deed uint32 // index into types.deeds
}

// deed is what was done, whatever the item: most events of a log are one of a few.
type deed struct {
	kind            uint16 // index into types.names
	quantity, value float32
}

// types numbers interaction types, and what is done, within one snapshot.
type types struct {
	names  []engine.Type
	number map[engine.Type]uint16
	worth  []float64 // by number, of one piece without a value
	deeds  []deed
	// numbered are the numbers of the first mostDeeds deeds. Of more, most are their event's own:
	// to find them again would take more memory than it saves.
	numbered map[deed]uint32
}

// mostDeeds is how many deeds are told from each other and found again.
const mostDeeds = 1 << 19

// deed returns the number of what was done.
func (t *types) deed(d deed) uint32 {
	n, known := t.numbered[d]
	if known {
		return n
	}
	n = uint32(len(t.deeds))
	t.deeds = append(t.deeds, d)
	if len(t.numbered) < mostDeeds {
		t.numbered[d] = n
	}
	return n
}

// kind is the number of an event's type.
func (t *types) kind(e *event) uint16 { return t.deeds[e.deed].kind }

// of is an event's type.
func (t *types) of(e *event) engine.Type { return t.names[t.kind(e)] }

func (s *Snapshot) kind(name engine.Type) uint16 {
	n, known := s.types.number[name]
	if !known {
		n = uint16(len(s.types.names))
		s.types.names = append(s.types.names, name)
		s.types.number[name] = n
		s.types.worth = append(s.types.worth, s.Settings.Worth(&engine.Row{Interaction: engine.Interaction{Item: "x", Type: name}}))
	}
	return n
}

// worth is Settings.Worth of an event's row.
func (s *Snapshot) worth(e *event) float64 {
	d := &s.types.deeds[e.deed]
	if d.quantity == 0 && d.value == 0 {
		return s.types.worth[d.kind]
	}
	return s.Settings.Worth(&engine.Row{Interaction: engine.Interaction{
		Item: "x", Type: s.types.names[d.kind], Quantity: float64(d.quantity), Value: float64(d.value),
	}})
}

// Read assembles a snapshot of the log. Customers who do not consent to training are
// left out. items are those of the log, where they are in memory already; nil has them read.
func Read(ctx context.Context, log Log, settings engine.Settings, items *catalogue.Snapshot) (*Snapshot, error) {
	s := NewSnapshot(log.IDs(), settings)
	s.Seq = log.Seq()
	var err error
	if s.Items = items; items == nil {
		s.Items, err = catalogue.Read(s.IDs, func(fn func(engine.ItemNum, engine.Item) error) error { return log.Items(ctx, fn) })
	}
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	if err := s.readTickets(ctx, log); err != nil {
		return nil, err
	}
	err = log.Scan(ctx, func(who engine.Subject, rows []engine.Row) error {
		if who.Kind == engine.CustomerSubject {
			c, err := log.Customer(ctx, engine.CustomerID(who.ID))
			if err != nil && !errors.Is(err, engine.ErrNotFound) {
				return err
			}
			if err == nil && !c.Allows(engine.Train) {
				s.refuse(who, rows)
				return nil
			}
			if err == nil && len(settings.Sources[bridge.ProfileName]) > 0 {
				s.declare(c)
			}
		}
		s.Add(who, rows)
		s.remember(who, rows)
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	s.tell()
	return s, nil
}

// stray is a visit without a name that turned out to be of a customer who does not consent to
// training.
type stray struct {
	began uint64 // the command that wrote the first of it
	mark  uint64
}

// refuse remembers that a customer does not consent to training, and who else they were: who
// was joined to them, and which visits without a name, does not consent any more either.
func (s *Snapshot) refuse(who engine.Subject, rows []engine.Row) {
	known := make(map[engine.CustomerID]bool)
	remember := func(id engine.CustomerID) {
		if !known[id] {
			known[id] = true
			s.refusers ^= mark(engine.OfCustomer(id))
		}
	}
	remember(engine.CustomerID(who.ID))
	visits := make(map[engine.SessionID]uint64)
	for i := range rows {
		r := &rows[i]
		switch {
		case r.Customer != "":
			remember(r.Customer)
		case r.Session != "":
			if began, known := visits[r.Session]; !known || r.Seq < began {
				visits[r.Session] = r.Seq
			}
		}
	}
	for id, began := range visits {
		s.strays = append(s.strays, stray{began, mark(engine.OfSession(id))})
	}
}

// mark stands for a subject in a sum that has no order.
func mark(who engine.Subject) uint64 {
	hash := who.Hash()
	return binary.LittleEndian.Uint64(hash[:])
}

// Refusers changes with who does not consent to training, of those a model of the log up to
// seq can have seen. A visit that only began later is in no such model, so a customer who
// refuses and visits again and again changes nothing.
func (s *Snapshot) Refusers(seq uint64) uint64 {
	sum := s.refusers
	for _, v := range s.strays {
		if v.began <= seq {
			sum ^= v.mark
		}
	}
	return sum
}

// declare keeps what a customer says of themselves.
func (s *Snapshot) declare(c engine.Customer) {
	if s.Customers == nil {
		s.Customers = make(map[engine.CustomerID]*engine.Customer)
	}
	s.Customers[c.ID] = &c
}

// NewSnapshot returns an empty one, for Add.
func NewSnapshot(ids *catalogue.IDs, settings engine.Settings) *Snapshot {
	return &Snapshot{IDs: ids, Items: catalogue.New(ids), Settings: settings, types: types{number: make(map[engine.Type]uint16), numbered: make(map[deed]uint32)}, window: new(window)}
}

// Add appends one subject's history, in any order.
func (s *Snapshot) Add(who engine.Subject, rows []engine.Row) {
	t := Timeline{Subject: who, events: make([]event, 0, len(rows))}
	for i := range rows {
		r := &rows[i]
		if r.Item == "" {
			continue
		}
		t.events = append(t.events, event{
			at: r.At.UnixNano(), item: r.Num, deed: s.types.deed(deed{s.kind(r.Type), float32(r.Quantity), float32(r.Value)}),
		})
		if r.At.After(s.Newest) {
			s.Newest = r.At
		}
	}
	if len(t.events) == 0 {
		return
	}
	slices.SortStableFunc(t.events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	s.People = append(s.People, t)
	s.Events += len(t.events)
}

// items is how many items there are.
func (s *Snapshot) items() int { return int(s.Items.Known().GetCardinality()) }

// Before returns the snapshot as it was at a moment: without the events from then on.
func (s *Snapshot) Before(cut time.Time) *Snapshot {
	out := *s
	out.People, out.Events, out.Newest = nil, 0, time.Time{}
	for _, p := range s.People {
		n := before(p.events, cut.UnixNano())
		if n == 0 {
			continue
		}
		out.People = append(out.People, Timeline{p.Subject, p.events[:n]})
		out.Events += n
		if at := time.Unix(0, p.events[n-1].at).UTC(); at.After(out.Newest) {
			out.Newest = at
		}
	}
	return &out
}

// before returns how many of the events, oldest first, lie before a moment.
func before(events []event, at int64) int {
	return sort.Search(len(events), func(i int) bool { return events[i].at >= at })
}

// rows gives events back as rows, appended to out: what filters, counters and
// Interests read.
func (s *Snapshot) rows(who engine.Subject, events []event, out []engine.Row) []engine.Row {
	out = slices.Grow(out, len(events))
	for i := range events {
		e := &events[i]
		out = append(out, engine.Row{Num: e.item})
		r := &out[len(out)-1]
		d := &s.types.deeds[e.deed]
		r.Item, r.Type, r.At = s.IDs.ID(e.item), s.types.names[d.kind], time.Unix(0, e.at).UTC()
		r.Quantity, r.Value = float64(d.quantity), float64(d.value)
		if who.Kind == engine.CustomerSubject {
			r.Customer = engine.CustomerID(who.ID)
		} else {
			r.Session = engine.SessionID(who.ID)
		}
	}
	return out
}

// Interests yields what each subject's history says, in the order of People, which the
// number is a place in; ages count back from Newest. All of them at once would take four
// times what the events do.
func (s *Snapshot) Interests() iter.Seq2[int, []engine.Interest] {
	return func(yield func(int, []engine.Interest) bool) {
		var rows []engine.Row
		for i, p := range s.People {
			rows = s.rows(p.Subject, p.events, rows[:0])
			if !yield(i, s.Settings.Interests(rows, s.Newest, engine.MaxHistory)) {
				return
			}
		}
	}
}

// interests returns what the history of one of People says.
func (s *Snapshot) interests(person int) []engine.Interest {
	p := &s.People[person]
	return s.Settings.Interests(s.rows(p.Subject, p.events, nil), s.Newest, engine.MaxHistory)
}

// Counters counts the whole snapshot, as serving would have; those of a large catalogue are looked
// at in moments that are longer than serving's.
func (s *Snapshot) Counters() *tally.Counters {
	c := tally.New(s.Settings)
	var rows []engine.Row
	for _, p := range s.People {
		if rows = s.rows(p.Subject, p.events, rows); len(rows) > countBatch {
			c, rows = c.With(rows), rows[:0]
		}
	}
	return c.With(rows).Coarse(s.grain())
}

// large reports whether the catalogue is one of which questions look at some items, and counters are
// looked at in longer moments.
func (s *Snapshot) large() bool { return s.items() > lookedAt }

// logMoments is in how many moments the time of a log with a large catalogue is divided: at each
// its million counters are looked at anew, and held-out questions lie in a hundred of them.
const logMoments = 1024

// longestMoment is how long a moment is at most. What happened within one is not counted yet, and is
// part of what is popular these days; and one row that is dated 1970 makes any log half a century long.
var longestMoment = tally.Days.HalfLife() / 4

// grain is the length of the moments at which counters are looked at, 0 for the usual minute.
func (s *Snapshot) grain() time.Duration {
	if !s.large() {
		return 0
	}
	first := s.Newest.UnixNano()
	for _, p := range s.People {
		first = min(first, p.events[0].at)
	}
	return min(longestMoment, time.Duration(s.Newest.UnixNano()-first)/logMoments)
}

// countBatch is how many rows are counted at once: enough that the counters' chunks
// are copied seldom.
const countBatch = 10_000
