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
	// that is fixed for a given content.
	Scan(ctx context.Context, fn func(s engine.Subject, rows []engine.Row) error) error
	Items(ctx context.Context, fn func(n engine.ItemNum, item engine.Item) error) error
	// Customer returns a record; an error that wraps engine.ErrNotFound for none.
	Customer(ctx context.Context, id engine.CustomerID) (engine.Customer, error)
}

// Snapshot is what happened, as of one moment, in the form models are fitted on.
type Snapshot struct {
	IDs    *catalogue.IDs
	Items  []catalogue.Entry
	People []Timeline
	// Customers are the records of those who consent to training, where the settings name
	// attributes to go by; nil otherwise.
	Customers map[engine.CustomerID]*engine.Customer
	Settings  engine.Settings
	Seq       uint64    // of the newest command that may be in it
	Newest    time.Time // of its events; ages count back from here
	Events    int
	types     types
}

// Timeline is one subject's history, oldest first.
type Timeline struct {
	Subject engine.Subject
	events  []event
}

// event is a row without what no model looks at: 32 bytes instead of some 400, so that
// ten million of them fit beside a serving process.
type event struct {
	at       int64 // Unix nanoseconds
	item     engine.ItemNum
	kind     uint16 // index into types
	quantity float32
	value    float32
	event    uint64 // part of the event's hash: the lines of one order are one event
}

// types numbers interaction types within one snapshot.
type types struct {
	names  []engine.Type
	number map[engine.Type]uint16
}

func (t *types) of(name engine.Type) uint16 {
	n, known := t.number[name]
	if !known {
		n = uint16(len(t.names))
		t.names = append(t.names, name)
		t.number[name] = n
	}
	return n
}

// Read assembles a snapshot of the log. Customers who do not consent to training are
// left out. progress, if not nil, is told how many events have been read.
func Read(ctx context.Context, log Log, settings engine.Settings, progress func(events int)) (*Snapshot, error) {
	s := NewSnapshot(log.IDs(), settings)
	s.Seq = log.Seq()
	err := log.Items(ctx, func(n engine.ItemNum, item engine.Item) error {
		s.Items = append(s.Items, catalogue.Entry{Num: n, Item: &item})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	err = log.Scan(ctx, func(who engine.Subject, rows []engine.Row) error {
		if who.Kind == engine.CustomerSubject {
			c, err := log.Customer(ctx, engine.CustomerID(who.ID))
			if err != nil && !errors.Is(err, engine.ErrNotFound) {
				return err
			}
			if err == nil && !c.Allows(engine.Train) {
				return nil
			}
			if err == nil && len(settings.Sources[bridge.ProfileName]) > 0 {
				s.declare(c)
			}
		}
		s.Add(who, rows)
		if progress != nil {
			progress(s.Events)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return s, nil
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
	return &Snapshot{IDs: ids, Settings: settings, types: types{number: make(map[engine.Type]uint16)}}
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
			at: r.At.UnixNano(), item: r.Num, kind: s.types.of(r.Type), quantity: float32(r.Quantity), value: float32(r.Value),
			event: binary.LittleEndian.Uint64(r.Event[:]),
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
	for _, e := range events {
		r := engine.Row{Num: e.item}
		r.Item, r.Type, r.At, r.Quantity = s.IDs.ID(e.item), s.types.names[e.kind], time.Unix(0, e.at).UTC(), float64(e.quantity)
		r.Value = float64(e.value)
		binary.LittleEndian.PutUint64(r.Event[:], e.event)
		if who.Kind == engine.CustomerSubject {
			r.Customer = engine.CustomerID(who.ID)
		} else {
			r.Session = engine.SessionID(who.ID)
		}
		out = append(out, r)
	}
	return out
}

// Interests returns what each subject's history says, in the order of People; ages
// count back from Newest.
func (s *Snapshot) Interests() [][]engine.Interest {
	out := make([][]engine.Interest, len(s.People))
	var rows []engine.Row
	for i, p := range s.People {
		rows = s.rows(p.Subject, p.events, rows[:0])
		out[i] = s.Settings.Interests(rows, s.Newest, engine.MaxHistory)
	}
	return out
}

// Counters counts the whole snapshot, as serving would have.
func (s *Snapshot) Counters() *tally.Counters {
	c := tally.New(s.Settings)
	var rows []engine.Row
	for _, p := range s.People {
		if rows = s.rows(p.Subject, p.events, rows); len(rows) > countBatch {
			c, rows = c.With(rows), rows[:0]
		}
	}
	return c.With(rows)
}

// countBatch is how many rows are counted at once: enough that the counters' chunks
// are copied seldom.
const countBatch = 10_000
