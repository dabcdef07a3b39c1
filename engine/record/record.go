// Package record turns bytes into the records of package engine and back: events,
// orders, items, customers and tickets as JSON, NDJSON, delimited tables or Parquet, and
// the requests and scenarios of the API. Every input takes this one way, whether it comes by REST, by
// import or by an offline evaluation, so a record means the same wherever it enters.
//
// It reads from an io.Reader as a stream, holds one record at a time, and refuses a bad
// record by line while it keeps the others. It never opens a file, knows no store and no
// HTTP, and reads no clock: what it needs to know of the moment comes in with Options.
package record

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Format says how an input is written.
type Format int

// The formats.
const (
	// Auto looks: what is compressed by gzip or zstd is inflated first; then PAR1 begins
	// a Parquet file, '[' a JSON array, '{' one object (over several lines) or NDJSON
	// (complete within its line), and all else is a table.
	Auto    Format = iota
	JSON           // one object, or an array of them
	NDJSON         // one object a line
	Table          // delimited text: CSV, TSV and their kin
	Parquet        // needs a File; what is none is held in memory
)

// Unknown says what becomes of an event's fields that we have no name for. Other
// records always refuse them.
type Unknown int

// The two ways with unknown fields of events.
const (
	Keep   Unknown = iota // into Properties
	Refuse                // by name
)

// Options are what a reading needs to know beside the bytes. The zero value reads any
// format, keeps unknown fields of events, redacts tickets and requires every event to
// say its type and time.
type Options struct {
	Format  Format
	Unknown Unknown

	// Now is the moment of reading. Where set, events further ahead than
	// engine.ClockSkew are refused and events without a time happened now.
	Now time.Time
	// Base, where set, gives events without a time, and tickets of which nothing has one, their
	// place in the input as time:
	// Base plus one millisecond for every record before them. The step is short so that
	// the order is kept while no half-life notices.
	Base time.Time
	// Zone is that of times which name none; nil refuses them.
	Zone *time.Location
	// Type is that of events which name none; empty refuses them.
	Type engine.Type
	// Source, where set, gives events without an id the id "<Source>:<line>". With the
	// file's digest as Source, a second import of the same file doubles nothing.
	Source string
	// ID is the id that the caller knows already, from a path. A record may leave it
	// out, and may not contradict it.
	ID string
	// Create lets a patch make what does not exist yet.
	Create bool
	// Shift is added to every time that a record gives: of events, of messages and
	// tickets, of an item's publishing. Now and Base are not shifted.
	Shift time.Duration
	// KeepPrivate leaves card numbers, mail addresses and phone numbers in the texts of
	// tickets. Default is to replace them, see Redact.
	KeepPrivate bool

	// Mapping renames columns (or the keys of objects) and adds constants. It is laid
	// over that of Preset.
	Mapping Mapping
	// Preset names a known layout of files, see Presets; empty for none.
	Preset string
	// Delimiter of tables: one of , ; | and tab. 0 looks at the first line.
	Delimiter byte
	// Columns names the columns of a table without a header line.
	Columns []string

	// MaxInflated bounds what a compressed input may grow to, in bytes; 0 does not.
	MaxInflated int64
	// MaxRecords bounds the number of records, refused ones included; 0 does not.
	MaxRecords int
}

// UndatedFor is how far before its file was written an import puts the first event
// without a time, for Options.Base: the others follow it, a millisecond from one to the
// next, so that it holds 86 million of them.
const UndatedFor = 24 * time.Hour

// Entry is a record and where it stood.
type Entry[T any] struct {
	Line  int // as in Rejected
	Value T
}

// Rejected says why one record was refused. Those around it are not affected.
type Rejected struct {
	Line  int    `json:"line"` // of the input, from 1; in a JSON array or a Parquet file the place in it, from 1
	Field string `json:"field,omitempty"`
	Code  string `json:"code"`
	Want  string `json:"detail"` // what would be right
}

// Error returns "line 3: price: a number is wanted, ...".
func (r *Rejected) Error() string {
	return fmt.Sprintf("line %d: %s", r.Line, r.Unwrap())
}

// Unwrap returns the refusal without its line, as an *engine.Invalid.
func (r *Rejected) Unwrap() error {
	return engine.Invalidf(r.Code, r.Field, "%s", r.Want)
}

// Syntax says that the input cannot be read from some point on: broken JSON outside
// NDJSON, a damaged gzip stream, a Parquet file cut off. What was read before it stands.
type Syntax struct {
	Line int // from 1
	Want string
}

// Error returns "line 3: a comma or } is wanted".
func (s *Syntax) Error() string { return fmt.Sprintf("line %d: %s", s.Line, s.Want) }

// problem is what is wrong with one value; its field is relative to that value. Only
// functions of this package return it, and none of them as an error while it is nil.
type problem = *engine.Invalid

// Events reads events. An event with several items becomes one RecordEvent with several
// lines.
//
// As of all readings here: an error that is a *Rejected (errors.As) concerns one record,
// and the reading goes on; any other error is the last thing yielded: *Syntax, the
// reader's own, or an *engine.Invalid about all of the input (a header, a mapping, a
// limit of Options). Nothing is read before the sequence is ranged over, and it can be
// ranged over once.
func Events(r io.Reader, o Options) iter.Seq2[Entry[engine.RecordEvent], error] {
	return read(r, o, eventSchema, finishEvent)
}

// Newest reads to the end and returns the newest time of all events, orders or tickets,
// zero where there is none. Refused records are passed over. With Options.Shift set to
// Now less this, old data ends now.
func Newest[T any](records iter.Seq2[Entry[T], error]) (time.Time, error) {
	var newest time.Time
	for entry, err := range records {
		if _, one := errors.AsType[*Rejected](err); one {
			continue
		}
		if err != nil {
			return newest, err
		}
		eachTime(&entry.Value, func(t *time.Time) {
			if t.After(newest) {
				newest = *t
			}
		})
	}
	return newest, nil
}

// shift moves the times of a record that p does not refuse.
func shift[T any](record *T, c *reading, p problem) problem {
	if p == nil && c.o.Shift != 0 {
		eachTime(record, func(t *time.Time) { *t = t.Add(c.o.Shift) })
	}
	return p
}

// eachTime calls f with the times of a record of ours that are given.
func eachTime[T any](record *T, f func(*time.Time)) {
	given := func(times ...*time.Time) {
		for _, t := range times {
			if t != nil && !t.IsZero() {
				f(t)
			}
		}
	}
	switch r := any(record).(type) {
	case *engine.Command:
		eachTimeOf(*r, f)
	case *engine.RecordEvent:
		for i := range r.Lines {
			given(&r.Lines[i].At)
		}
	case *engine.Item:
		given(r.Published, r.Expires)
	case *engine.Ticket:
		given(r.OpenedAt, r.ClosedAt, r.UpdatedAt)
		for i := range r.Messages {
			given(&r.Messages[i].At)
		}
		for i := range r.Solutions {
			given(&r.Solutions[i].At)
		}
	}
}

// eachTimeOf is eachTime of the record that a command keeps.
func eachTimeOf(command engine.Command, f func(*time.Time)) {
	switch c := command.(type) {
	case engine.RecordEvent:
		eachTime(&c, f)
	case engine.PutItem:
		eachTime(&c.Item, f)
	case engine.PutTicket:
		eachTime(&c.Ticket, f)
	}
}

// Items reads items.
func Items(r io.Reader, o Options) iter.Seq2[Entry[engine.Item], error] {
	if o.Preset == guidePreset {
		return read(r, o, guideSchema, finishArticle)
	}
	return read(r, o, itemSchema, func(i *engine.Item, c *reading) (engine.Item, problem) {
		got, p := whole(itemSchema)(i, c)
		return got, shift(&got, c, p)
	})
}

// Customers reads customers.
func Customers(r io.Reader, o Options) iter.Seq2[Entry[engine.Customer], error] {
	return read(r, o, customerSchema, whole(customerSchema))
}

// Tickets reads tickets, with what is private in their texts redacted.
func Tickets(r io.Reader, o Options) iter.Seq2[Entry[engine.Ticket], error] {
	if o.Preset == zendeskPreset {
		return readWith(r, o, zendeskSchema, custom)
	}
	return read(r, o, ticketSchema, finishTicket)
}

// toldTickets reads tickets as they were told: one of a file at its place in that, as events
// without a time are.
func toldTickets(r io.Reader, o Options) iter.Seq2[Entry[engine.PutTicket], error] {
	n := 0
	return func(yield func(Entry[engine.PutTicket], error) bool) {
		for entry, err := range Tickets(r, o) {
			next := Entry[engine.PutTicket]{Line: entry.Line, Value: engine.PutTicket{Ticket: entry.Value}}
			if !o.Base.IsZero() {
				next.Value.At = o.Base.Add(time.Duration(n) * time.Millisecond)
			}
			n++
			if !yield(next, err) {
				return
			}
		}
	}
}

// One returns the only record of a reading. A refusal comes back as *engine.Invalid,
// without a line; none or more than one record is refused too.
func One[T any](records iter.Seq2[Entry[T], error]) (T, error) {
	var one, zero T
	n := 0
	for entry, err := range records {
		if rejected, ok := errors.AsType[*Rejected](err); ok {
			return zero, rejected.Unwrap()
		}
		if err != nil {
			return zero, err
		}
		if n++; n > 1 {
			return zero, engine.Invalidf(engine.CodeInvalidField, "", "one object is wanted, got several")
		}
		one = entry.Value
	}
	if n == 0 {
		return zero, engine.Invalidf(engine.CodeMissingField, "", "one object is wanted, got none")
	}
	return one, nil
}
