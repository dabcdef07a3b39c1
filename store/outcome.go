package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// What became of a ticket may come as an event (type, ticket_id and, for a solution,
// item_id) or as the ticket's own state (solutions tried, state, csat). Either way it is
// one row of the customer's history, counted once: its event16 is that of OutcomeID, and
//
//	j | ticket16 | event16 -> version1 | subject16 it is filed under, zero while nowhere
//
// says that it was said, and counted, whoever said it first. The second is a duplicate,
// also when somebody deleted the row. A ticket's statements are filed under its customer and
// move with it; while it has none they wait. An event stays with who sent it, but one
// without an id of its own is taken for the ticket's.

// statement is one thing a ticket says came of it.
type statement struct {
	kind  engine.Type
	item  engine.ItemID
	at    time.Time
	value float64
}

// OutcomeID returns the event id of an outcome: what a ticket's state writes is stored
// under it, and an event that says the same is the same event whatever its own id.
// Escalations and csat are of the ticket, all others of the ticket and a solution.
func OutcomeID(ticket string, kind engine.Type, item engine.ItemID) string {
	if kind == engine.Escalated || kind == engine.CSAT {
		item = ""
	}
	return "outcome-" + engine.HashOf(ticket+"\x00"+string(kind)+"\x00"+string(item)).String()
}

// isOutcome reports whether an event says what became of a ticket.
func isOutcome(lines []engine.Interaction) bool {
	if len(lines) != 1 || lines[0].TicketID == "" {
		return false
	}
	switch lines[0].Type {
	case engine.SolutionShown, engine.SolutionUsed, engine.NotSolved:
		return lines[0].Item != ""
	case engine.Solved, engine.Reopened, engine.Escalated, engine.CSAT:
		return true
	}
	return false
}

// hashOfEvent returns the event16 of an event with an id, or of an outcome.
func hashOfEvent(lines []engine.Interaction) engine.Hash16 {
	if l := &lines[0]; isOutcome(lines) {
		return engine.HashOf(OutcomeID(l.TicketID, l.Type, l.Item))
	}
	return engine.HashOf(lines[0].EventID)
}

// outcomes returns what a ticket says, solutions first. Its state counts for itself only
// where no solution says the same.
func outcomes(t *engine.Ticket) (list []statement) {
	said := make(map[engine.Type]bool)
	add := func(kind engine.Type, item engine.ItemID, at ...time.Time) *statement {
		said[kind] = true
		list = append(list, statement{kind: kind, item: item, at: firstSet(at...)})
		return &list[len(list)-1]
	}
	opened, closed := deref(t.OpenedAt), deref(t.ClosedAt)
	for _, tried := range t.Solutions {
		switch tried.Outcome {
		case "solved":
			add(engine.Solved, tried.Item, tried.At, closed)
		case "reopened":
			add(engine.Reopened, tried.Item, tried.At)
		case "not_solved":
			add(engine.NotSolved, tried.Item, tried.At, opened)
		default:
			add(engine.SolutionUsed, tried.Item, tried.At, opened)
		}
	}
	switch kind := engine.Type(t.State); kind {
	case engine.Solved, engine.Reopened, engine.Escalated:
		if !said[kind] {
			at := time.Time{}
			if kind == engine.Solved {
				at = closed
			}
			add(kind, "", at)
		}
	}
	if t.CSAT != nil {
		add(engine.CSAT, "", closed).value = *t.CSAT
	}
	return list
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func firstSet(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// apply has a ticket say what an event says, and reports whether it did not yet. An event
// that comes late takes back nothing that the ticket says of its solution since.
func apply(t *engine.Ticket, line *engine.Interaction) bool {
	if overtaken(t, line) {
		return false
	}
	before := *t
	t.Solutions = slices.Clone(t.Solutions)
	switch line.Type {
	case engine.SolutionUsed:
		try(t, line, "")
	case engine.NotSolved:
		try(t, line, "not_solved")
	case engine.Solved, engine.Reopened:
		if line.Item != "" {
			try(t, line, string(line.Type))
		}
		if line.Type == engine.Reopened || t.State != "closed" {
			t.State = string(line.Type)
		}
		if line.Type == engine.Reopened {
			reopen(t, &before, line.At)
		}
	case engine.Escalated:
		t.State = string(line.Type)
	case engine.CSAT:
		value := line.Value
		t.CSAT = &value
		return before.CSAT == nil || *before.CSAT != value
	}
	return t.State != before.State || !slices.Equal(t.Solutions, before.Solutions)
}

// overtaken reports whether a ticket says a later outcome of the solution an event is about.
func overtaken(t *engine.Ticket, line *engine.Interaction) bool {
	if line.Item == "" || line.Type != engine.Solved && line.Type != engine.Reopened && line.Type != engine.NotSolved {
		return false
	}
	return slices.ContainsFunc(t.Solutions, func(s engine.Tried) bool {
		return s.Item == line.Item && s.Outcome != "" && line.At.Before(s.At)
	})
}

// try notes a solution with its outcome, or the outcome of one that was noted.
func try(t *engine.Ticket, line *engine.Interaction, outcome string) {
	i := slices.IndexFunc(t.Solutions, func(s engine.Tried) bool { return s.Item == line.Item })
	switch {
	case i >= 0 && outcome != "":
		t.Solutions[i].Outcome, t.Solutions[i].At = outcome, line.At
	case i < 0 && len(t.Solutions) < engine.MaxListValues:
		t.Solutions = append(t.Solutions, engine.Tried{Item: line.Item, Outcome: outcome, At: line.At})
	}
}

func outcomeKey(ticket16, event16 engine.Hash16) []byte {
	return pairKey(outcomeLetter, ticket16, event16)
}

// countedUnder returns the subject the row of an outcome was filed under, zero for one that
// has none.
func (g *group) countedUnder(ticket16, event16 engine.Hash16) (home engine.Hash16, err error) {
	value, err := get(g.txn, outcomeKey(ticket16, event16))
	if errors.Is(err, engine.ErrNotFound) {
		return home, nil
	}
	if err != nil {
		return home, err
	}
	return decodeHome(value)
}

// recordOutcomes writes the rows of what a ticket says and was not counted yet. Of a ticket
// without a customer it notes that it was said.
func (g *group) recordOutcomes(e *effect, ticket *engine.Ticket, home engine.Hash16) error {
	ticket16 := engine.HashOf(ticket.ID)
	wrote := make(map[engine.Hash16]bool)
	for _, o := range outcomes(ticket) {
		line := engine.Interaction{
			EventID: OutcomeID(ticket.ID, o.kind, o.item), Type: o.kind, Customer: ticket.Customer, Item: o.item, At: o.at,
			Value: o.value, Channel: ticket.Channel, OrderID: ticket.Order, TicketID: ticket.ID,
		}
		if line.At.IsZero() || line.At.After(g.now) {
			line.At = g.now
		}
		event16 := engine.HashOf(line.EventID)
		under, err := g.countedUnder(ticket16, event16)
		if err != nil {
			return err
		}
		if under != (engine.Hash16{}) || wrote[event16] {
			continue
		}
		wrote[event16] = true
		if home == (engine.Hash16{}) {
			e.set(outcomeKey(ticket16, event16), encodeHome(home))
			continue
		}
		if err := g.writeOutcome(e, line, home, ticket16); err != nil {
			return err
		}
	}
	return nil
}

// writeOutcome writes the row of a ticket's statement under the ticket's customer.
func (g *group) writeOutcome(e *effect, line engine.Interaction, home, ticket16 engine.Hash16) error {
	subject := engine.OfCustomer(line.Customer)
	if subject.Hash() != home {
		var err error
		if subject, err = g.nameOf(home); err != nil {
			return err
		}
	}
	event16 := engine.HashOf(line.EventID)
	rows, err := g.rowsOf(e, []engine.Interaction{line}, subject, home, event16)
	if err != nil {
		return err
	}
	e.set(outcomeKey(ticket16, event16), encodeHome(home))
	e.change(change{kind: tailEvent, a: home, b: event16, lines: 1}, engine.Committed{Rows: rows, Subject: subject}, g.now)
	return nil
}

// tellTicket has the ticket that an event is an outcome of say it, too.
func (g *group) tellTicket(e *effect, line *engine.Interaction, home, event16 engine.Hash16) error {
	ticket16 := engine.HashOf(line.TicketID)
	e.set(outcomeKey(ticket16, event16), encodeHome(home))
	ticket, filed, err := findTicket(g.txn, ticket16)
	if errors.Is(err, engine.ErrNotFound) {
		e.set(hashKey(awaitedLetter, ticket16), []byte{recordVersion})
		return nil
	}
	if err != nil || !apply(&ticket, line) {
		return err
	}
	value, err := encodeRecord("ticket", e.seq, ticket)
	if err != nil {
		return err
	}
	e.set(pairKey(ticketLetter, filed, ticket16), value)
	subject, err := g.filedUnder(filed)
	if err != nil {
		return err
	}
	e.change(change{kind: tailTicket, a: ticket16}, engine.Committed{Ticket: &ticket, Subject: subject}, g.now)
	return nil
}

// sentAs returns the event16 of a subject's outcome that was sent with an event id of
// its own.
func (g *group) sentAs(root16 engine.Hash16, eventID string) (event16 engine.Hash16, found bool, err error) {
	sources, err := unmoved(g.txn, root16)
	if err != nil {
		return event16, false, err
	}
	for _, h := range sources {
		name, err := g.nameOf(h)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return event16, false, err
		}
		err = each(g.txn, hashKey(eventLetter, h), func(key, value []byte) error {
			if len(key) != eventKeyBytes || !bytes.Contains(value, []byte(eventID)) {
				return nil
			}
			row, err := decodeRow(key, value, name, g)
			if err == nil && row.EventID == eventID {
				event16, found = row.Event, true
			}
			return err
		})
		if err != nil || found {
			return event16, found, err
		}
	}
	return event16, false, nil
}

// checkOutcome refuses a change of an event that would make another outcome of it.
func checkOutcome(was *engine.Row, lines []engine.Interaction) error {
	before := []engine.Interaction{was.Interaction}
	if !isOutcome(before) && !isOutcome(lines) {
		return nil
	}
	if hashOfEvent(before) != hashOfEvent(lines) {
		return engine.Invalidf(engine.CodeInvalidField, "ticket_id", "%s",
			fmt.Sprintf("what became of ticket %q keeps its ticket, type and solution: delete the event and send the right one", was.TicketID))
	}
	return nil
}
