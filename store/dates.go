package store

import (
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// What is said of a ticket without a time is dated once, when it is first said, and not again as
// long as it is said: a desk tells all it knows of a ticket each time it changes. Records that say
// when they were made come in any order, and so dates by them follow from all that were told, not
// from the one that came last.

// dateOpening has a ticket say when it was opened: as it is told, where nobody does at its first
// sign, and without any when it came. A guess gives way to an earlier sign.
func (s *standing) dateOpening() {
	was, told := s.before, s.Told.opened()
	guessed := was != nil && was.Guessed
	switch {
	case s.OpenedAt != nil && !s.late:
		s.Guessed = guessed && told == nil && sameTime(s.OpenedAt, was.OpenedAt) // somebody sends back what they were shown
	case was != nil && was.OpenedAt != nil && !guessed && !s.changed:
		if s.OpenedAt = was.OpenedAt; told != nil && sameTime(was.OpenedAt, was.Told.opened()) {
			s.OpenedAt = told
		}
		return
	case told != nil && !s.changed:
		s.OpenedAt, s.Guessed = told, false
	default:
		s.Guessed = true
	}
	if !s.Guessed {
		return
	}
	first := s.FirstSign()
	if s.record != nil {
		first = engine.Earlier(first, s.record.FirstSign())
	}
	if len(s.Heard) > 0 {
		first = engine.Earlier(first, s.Heard[0].At)
	}
	if guessed {
		first = engine.Earlier(first, deref(was.OpenedAt))
	}
	first = firstSet(first, s.at)
	s.OpenedAt = &first
}

// told is the ticket as it is told: without the moment it was opened at that nobody told.
func (s *standing) told() *engine.Ticket {
	t := s.Ticket
	if s.Guessed {
		t.OpenedAt = nil
	}
	return &t
}

func sameTime(a, b *time.Time) bool { return a != nil && b != nil && a.Equal(*b) }

func sameScore(a, b *float64) bool { return a != nil && b != nil && *a == *b }

// opened returns when the newest record that says so says that the ticket was opened, nil for none.
func (o told) opened() *time.Time {
	for _, v := range slices.Backward(o) {
		if v.Opened != nil {
			return v.Opened
		}
	}
	return nil
}

// csat returns how content the customer was by the newest record that says so, nil for none.
func (o told) csat() *float64 {
	for _, v := range slices.Backward(o) {
		if v.CSAT != nil {
			return v.CSAT
		}
	}
	return nil
}

// since returns when the last records that say a statement, with none between that says
// otherwise, said it first, zero where none does. Where one of them says when that was, it is
// the last such time.
func (o told) since(s *statement) (first time.Time) {
	var own time.Time
	for _, v := range slices.Backward(o) {
		says, at, around := v.says(s)
		switch {
		case says > 0:
			first = firstSet(around, v.At)
			if at.After(own) {
				own = at
			}
		case says < 0 && !first.IsZero():
			return firstSet(own, first)
		}
	}
	return firstSet(own, first)
}

// says reports whether a record says a statement (above 0), is silent of it, or says otherwise
// (below 0), and of when it is: its own time, and that of the ticket around it.
func (v *version) says(s *statement) (says int, at, around time.Time) {
	var yes bool
	switch {
	case s.kind == engine.CSAT:
		if v.CSAT == nil {
			return 0, at, around
		}
		yes, around = *v.CSAT == s.value, deref(v.Closed)
	case s.item != "":
		i := slices.IndexFunc(v.Tries, func(t engine.Tried) bool { return t.Item == s.item })
		if i < 0 || v.Tries[i].Outcome == "" && s.kind != engine.SolutionUsed {
			return 0, at, around
		}
		yes, at, around = kindOf(v.Tries[i].Outcome) == s.kind, v.Tries[i].At, deref(v.Opened)
		if s.kind == engine.Solved || s.kind == engine.Reopened {
			around = deref(v.Closed)
		}
	default: // a state, of which versions keep less than was said
		return 0, at, around
	}
	if yes {
		return 1, at, around
	}
	return -1, at, around
}

// repeats reports whether a ticket said a statement before already.
func (s *standing) repeats(o *statement, row *engine.Row) bool {
	if s.before == nil { // it was deleted meanwhile
		return o.kind != engine.CSAT || o.value == row.Value
	}
	return slices.ContainsFunc(outcomes(s.before.told()), func(b statement) bool { return b.kind == o.kind && b.item == o.item && b.value == o.value })
}

// dateOf is when what is said newly was.
func (s *standing) dateOf(o *statement, record *engine.Ticket) time.Time {
	return firstSet(o.at, s.Told.since(o), o.around, deref(record.UpdatedAt), s.at)
}

// restated returns the row of a statement that was told before as it is to be, now that a record
// says it. own tells whether the row is the ticket's: an event is of when its sender says, unless
// the ticket tells of later. late says that the ticket need not say so any more.
func (s *standing) restated(row *engine.Row, o *statement, record *engine.Ticket, late, own bool) (value float64, at time.Time) {
	value, at = row.Value, row.At
	if o.kind == engine.CSAT && !late {
		value = o.value
	}
	said := o.at
	switch {
	case !o.at.IsZero():
		own = own && !late
	case late || s.repeats(o, row):
		if own && s.before != nil && storedTime(s.before.Told.since(o)).Equal(row.At) { // it is dated by records
			at = firstSet(s.Told.since(o), at)
		}
		return value, at
	case s.late:
		said = s.Told.since(o)
	default:
		if said = firstSet(o.around, deref(record.UpdatedAt)); said.IsZero() && value != row.Value {
			said = s.at
		}
	}
	if !said.IsZero() && (own || storedTime(said).After(at)) {
		at = said
	}
	return value, at
}
