package record

import (
	"fmt"
	"io"
	"iter"

	"github.com/rapportengine/rapport/engine"
)

// Patch is a change of some fields of a record, decoded and checked. Those that were not
// named stay as they are, null clears, and objects (attributes, consent, preferences)
// are merged name by name, as by RFC 7396.
type Patch[T any] struct {
	ID     string // of the record
	Update func(current T, found bool) (T, error)
}

// ItemPatches reads patches of items. Their Update is that of engine.UpdateItem: the
// error is an *engine.Invalid if the whole would not be right, or wraps
// engine.ErrNotFound if there is no such item and Options.Create is not set.
func ItemPatches(r io.Reader, o Options) iter.Seq2[Entry[Patch[engine.Item]], error] {
	return patches(r, o, itemSchema, func(update updater[engine.Item]) updater[engine.Item] { return update })
}

// CustomerPatches reads patches of customers, as ItemPatches does.
func CustomerPatches(r io.Reader, o Options) iter.Seq2[Entry[Patch[engine.Customer]], error] {
	return patches(r, o, customerSchema, func(update updater[engine.Customer]) updater[engine.Customer] { return update })
}

// TicketPatches reads patches of tickets, as ItemPatches does. A text is that of the first message,
// if the customer's, whose time stays; else it is put before the messages. What was tried is added to what is known to have been: who reports the next try does
// not take back the last one. An empty list, or null, does.
func TicketPatches(r io.Reader, o Options) iter.Seq2[Entry[Patch[engine.Ticket]], error] {
	return patches(r, o, ticketSchema, func(update updater[ticket]) updater[engine.Ticket] {
		return func(current engine.Ticket, found bool) (engine.Ticket, error) {
			got, err := update(ticket{Ticket: current}, found)
			if err != nil || len(got.Solutions) == 0 {
				return got.Ticket, err
			}
			if got.Solutions, err = engine.JoinTries(current.Solutions, got.Solutions, func(known *engine.Tried, said engine.Tried) error {
				*known = said
				return nil
			}); len(got.Solutions) > engine.MaxListValues {
				err = at("solutions", tooMuch("at most %d fixes that were tried are kept of a ticket, and it would have %d", engine.MaxListValues, len(got.Solutions)))
			}
			return got.Ticket, err
		}
	})
}

type updater[T any] func(current T, found bool) (T, error)

// change is a field that was given.
type change[T any] struct {
	name string
	set  func(*T, value) problem
	v    value
}

func patches[T, R any](r io.Reader, o Options, s *schema[T], as func(updater[T]) updater[R]) iter.Seq2[Entry[Patch[R]], error] {
	return readWith(r, o, s, func(d *decoder[T]) finish[T, Patch[R]] {
		d.patching()
		d.apart = true
		var given []change[T]
		d.met = func(f *field[T], v value) {
			if f.name != s.id {
				given = append(given, change[T]{f.name, f.set, v})
			}
		}
		d.reset = func() { given = nil }
		return func(t *T, c *reading) (Patch[R], problem) {
			checked, p := whole(s)(t, c)
			if p == nil && s.past != nil {
				p = s.past(t, c)
			}
			if p != nil {
				return Patch[R]{}, p
			}
			id := *s.ident(&checked)
			return Patch[R]{id, as(update(s, id, given, c.o.Create))}, nil
		}
	})
}

// update returns the function that makes the changes to a record.
func update[T any](s *schema[T], id string, given []change[T], create bool) updater[T] {
	return func(current T, found bool) (T, error) {
		if !found && !create {
			return current, fmt.Errorf("%s %q: %w: no record is kept under it, and what events say of it makes none; create=true does", s.id, id, engine.ErrNotFound)
		}
		t := s.clone(current)
		*s.ident(&t) = id
		for _, c := range given {
			if p := c.set(&t, c.v); p != nil {
				return current, at(c.name, p)
			}
		}
		if s.check != nil {
			if p := s.check(&t); p != nil {
				return current, p
			}
		}
		return t, nil
	}
}
