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
// says that it was said, and counted, whoever said it first. Who says it again says nothing new,
// also when somebody deleted the row, unless it had been told otherwise meanwhile, or with
// another value: then the row is of the last telling. A ticket's statements are filed under its
// customer and move with it; while it has none they wait. An event stays with who sent it, but
// one without an id of its own is taken for the ticket's. What one customer said before the
// ticket came, and came to be another's, is told apart: each has a row, and the entry above is
// of the last.

// statement is one thing a ticket says came of it.
type statement struct {
	kind   engine.Type
	item   engine.ItemID
	at     time.Time // zero where it does not say
	around time.Time // when its ticket was opened or closed, by which it is dated then
	value  float64
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
	opened, closed := deref(t.OpenedAt), deref(t.ClosedAt)
	around := func(kind engine.Type) time.Time {
		switch kind {
		case engine.Solved, engine.CSAT:
			return closed
		case engine.NotSolved, engine.SolutionUsed:
			return opened
		}
		return time.Time{}
	}
	for _, tried := range t.Solutions {
		kind := kindOf(tried.Outcome)
		said[kind] = true
		list = append(list, statement{kind: kind, item: tried.Item, at: tried.At, around: around(kind)})
	}
	switch kind := engine.Type(t.State); kind {
	case engine.Solved, engine.Reopened, engine.Escalated:
		if !said[kind] {
			list = append(list, statement{kind: kind, around: around(kind)})
		}
	}
	if t.CSAT != nil {
		list = append(list, statement{kind: engine.CSAT, around: closed, value: *t.CSAT})
	}
	return list
}

// kindOf is the event that a try with an outcome comes to.
func kindOf(outcome string) engine.Type {
	switch kind := engine.Type(outcome); kind {
	case engine.Solved, engine.Reopened, engine.NotSolved:
		return kind
	}
	return engine.SolutionUsed
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
		if line.Type == engine.Solved && t.State != "closed" || line.Type == engine.Reopened && !endedAfter(&before, line.At) {
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
	case i >= 0 && t.Solutions[i].Outcome == outcome:
		t.Solutions[i].At = firstSet(t.Solutions[i].At, line.At)
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

// counted is what is known of an outcome: whether it was said, and its row, with the subject it
// lies under; nil where somebody deleted it.
type counted struct {
	said bool
	row  *engine.Row
	lies engine.Hash16
	home engine.Hash16 // whom it was filed under when it was told
}

// counted returns what is known of an outcome in the history of home, whom a ticket is filed
// under, or an event belongs to. What another customer said is theirs alone. Of nobody's home it
// is what anybody said.
func (g *group) counted(ticket16, event16, home engine.Hash16) (c counted, err error) {
	under, err := g.countedUnder(ticket16, event16)
	if err != nil || under == (engine.Hash16{}) {
		return g.lying(home, event16, err)
	}
	if c.row, c.lies, err = g.outcomeRow(under, event16); err != nil {
		return c, err
	}
	others, err := g.isOthers(under, home)
	if err != nil || others && c.row != nil {
		return g.lying(home, event16, err)
	}
	c.said, c.home = true, under
	return c, nil
}

// lying returns what lies of an outcome in a history.
func (g *group) lying(home, event16 engine.Hash16, err error) (c counted, _ error) {
	if err != nil || home == (engine.Hash16{}) {
		return c, err
	}
	c.row, c.lies, err = g.outcomeRow(home, event16)
	c.said, c.home = c.row != nil, home
	return c, err
}

// recordOutcomes writes the rows of what a ticket says and was not counted yet, and has those
// that were say what it says now. Of a ticket without a customer it notes that it was said.
// done are outcomes that came with the ticket from another customer; it returns those it looked
// at beside them.
func (g *group) recordOutcomes(e *effect, next *standing, home engine.Hash16, done map[engine.Hash16]bool) (map[engine.Hash16]bool, error) {
	return g.recordStatements(e, next, next.told(), false, home, done)
}

// recordSaid writes the rows of what a dated record of a ticket says, though the ticket says
// otherwise since: it was so then, and a record that comes late tells no less than in its turn.
func (g *group) recordSaid(e *effect, next *standing, home engine.Hash16) error {
	if next.record == nil {
		return nil
	}
	_, err := g.recordStatements(e, next, next.record, true, home, next.counted)
	return err
}

// recordStatements writes the rows of what a record says of a ticket, late that it need not say
// so any more. Rows that are there change as far as restated says.
func (g *group) recordStatements(e *effect, ticket *standing, record *engine.Ticket, late bool, home engine.Hash16, done map[engine.Hash16]bool) (map[engine.Hash16]bool, error) {
	ticket16 := engine.HashOf(ticket.ID)
	if done == nil {
		done = make(map[engine.Hash16]bool)
	}
	for _, o := range outcomes(record) {
		line := engine.Interaction{
			EventID: OutcomeID(ticket.ID, o.kind, o.item), Type: o.kind, Customer: ticket.Customer, Item: o.item, At: g.upToNow(ticket.dateOf(&o, record)),
			Value: o.value, Channel: ticket.Channel, OrderID: ticket.Order, TicketID: ticket.ID,
		}
		event16 := engine.HashOf(line.EventID)
		if done[event16] {
			continue
		}
		done[event16] = true
		known, err := g.counted(ticket16, event16, home)
		switch {
		case err != nil:
			return nil, err
		case home == (engine.Hash16{}):
			if !known.said {
				e.set(outcomeKey(ticket16, event16), encodeHome(home))
			}
		case !known.said:
			err = g.writeOutcome(e, line, home)
		case known.row != nil:
			own := engine.HashOf(known.row.EventID) == event16
			line.Value, line.At = ticket.restated(known.row, &o, record, late, own)
			err = g.follow(e, &known, &line)
		}
		if err != nil {
			return nil, err
		}
	}
	return done, nil
}

// upToNow is a moment, as far as it has come.
func (g *group) upToNow(at time.Time) time.Time {
	if at.After(g.now) {
		return g.now
	}
	return at
}

// follow has the row of an outcome say what is said of it now: how content the customer is, and
// when that was.
func (g *group) follow(e *effect, known *counted, line *engine.Interaction) error {
	now := known.row.Interaction
	now.Value, now.At = line.Value, storedTime(g.upToNow(line.At))
	if now.Value == known.row.Value && now.At.Equal(known.row.At) {
		return nil
	}
	owner, err := g.takeRow(e, known)
	if err != nil {
		return err
	}
	subject, err := g.nameOf(owner)
	if err != nil {
		return err
	}
	return g.writeRow(e, now, subject, owner, known.row.Event)
}

// writeRow writes the row of an outcome that is told, and that it is.
func (g *group) writeRow(e *effect, line engine.Interaction, subject engine.Subject, home, event16 engine.Hash16) error {
	rows, err := g.rowsOf(e, []engine.Interaction{line}, subject, home, event16)
	if err != nil {
		return err
	}
	e.set(outcomeKey(engine.HashOf(line.TicketID), event16), encodeHome(home))
	e.change(change{kind: tailEvent, a: home, b: event16, first: uint64(rows[0].Line), lines: 1}, engine.Committed{Rows: rows, Subject: subject}, g.now)
	return nil
}

// writeOutcome writes the row of a ticket's statement under the ticket's customer.
func (g *group) writeOutcome(e *effect, line engine.Interaction, home engine.Hash16) error {
	subject := engine.OfCustomer(line.Customer)
	if subject.Hash() != home {
		var err error
		if subject, err = g.nameOf(home); err != nil {
			return err
		}
	}
	return g.writeRow(e, line, subject, home, engine.HashOf(line.EventID))
}

// saidBefore returns what is known of an outcome that an event tells, and whether that is all it
// says: it was counted and stands, was sent lately or changed by hand. What one customer said may
// be sent again whatever became of the ticket; to another it is theirs only with the ticket.
func (g *group) saidBefore(line *engine.Interaction, sent, root, event16 engine.Hash16) (known counted, again bool, err error) {
	if known, err = g.counted(engine.HashOf(line.TicketID), event16, teller(line, root)); err != nil {
		return known, false, err
	}
	owner := root
	if known.said {
		if owner, err = g.ownerOfRow(known.home); err != nil {
			return known, false, err
		}
	}
	if !known.said || owner != root {
		if err := g.checkOwner(line, root); err != nil {
			return known, false, err
		}
	}
	if known.said {
		again, err = g.repeatsOnly(&known, line, sent, root, event16)
	} else {
		again, err = g.wasEdited(sent, event16)
	}
	if err != nil || again {
		return known, again, err
	}
	return known, false, g.checkOwner(line, root)
}

// teller returns whose word an outcome is, of an event that belongs to root: nobody's where it is
// of a session that is nobody's.
func teller(line *engine.Interaction, root engine.Hash16) engine.Hash16 {
	if line.Customer == "" && root == line.Subject().Hash() {
		return engine.Hash16{}
	}
	return root
}

// repeatsOnly reports whether an outcome that was said is told by an event once more, and not
// anew.
func (g *group) repeatsOnly(known *counted, line *engine.Interaction, sent, root, event16 engine.Hash16) (bool, error) {
	if line.EventID != "" && g.sawEvent(sent, root, engine.HashOf(line.EventID), 0) {
		return true, nil
	}
	if edited, err := g.wasEdited(sent, event16); edited || err != nil {
		return edited, err
	}
	news, err := g.tellsNews(known, line, root)
	return !news, err
}

// tellOutcome writes the row of an outcome that an event tells, in place of what is known of it,
// and has its ticket say it, too.
func (g *group) tellOutcome(e *effect, line engine.Interaction, known *counted, sent16, root16 engine.Hash16, root engine.Subject) error {
	event16 := hashOfEvent([]engine.Interaction{line})
	line.Line = 0 // it is the only one of its event
	if line.At.IsZero() {
		line.At = g.now
	}
	if line.EventID == "" {
		line.EventID = OutcomeID(line.TicketID, line.Type, line.Item)
	} else {
		e.seen = append(e.seen, eventID{sent16, engine.HashOf(line.EventID), 0, root16})
	}
	if known.row != nil { // it stays with who told it first
		owner, err := g.takeRow(e, known)
		if err == nil {
			root16 = owner
			root, err = g.nameOf(owner)
		}
		if err != nil {
			return err
		}
	}
	now := line
	if known.row != nil {
		now.Customer, now.Session = known.row.Customer, known.row.Session
	}
	if err := g.writeRow(e, now, root, root16, event16); err != nil {
		return err
	}
	return g.tellTicket(e, &line)
}

// tellTicket has the ticket that an event is an outcome of say it, too.
func (g *group) tellTicket(e *effect, line *engine.Interaction) error {
	ticket16 := engine.HashOf(line.TicketID)
	was, err := g.standing(line.TicketID)
	if err != nil {
		return err
	}
	if was == nil {
		e.set(hashKey(awaitedLetter, ticket16), []byte{recordVersion})
		return nil
	}
	if was.Ordered {
		_, err := g.tellInOrder(e, was, line, map[engine.Hash16]bool{hashOfEvent([]engine.Interaction{*line}): true})
		return err
	}
	if !apply(&was.Ticket, line) {
		return nil
	}
	return g.writeTicket(e, was)
}

// writeTicket writes a ticket where it lies.
func (g *group) writeTicket(e *effect, ticket *standing) error {
	value, err := ticket.encode(e.seq)
	if err != nil {
		return err
	}
	ticket16 := engine.HashOf(ticket.ID)
	e.set(pairKey(ticketLetter, ticket.home, ticket16), value)
	subject, err := g.filedUnder(ticket.home)
	if err != nil {
		return err
	}
	e.change(change{kind: tailTicket, a: ticket16}, engine.Committed{Ticket: &ticket.Ticket, Subject: subject}, g.now)
	return nil
}

// tellsNews reports whether an outcome that was said is told anew by an event: later than it was
// last, and on a ticket that says otherwise by now.
func (g *group) tellsNews(known *counted, line *engine.Interaction, root engine.Hash16) (bool, error) {
	if known.row == nil || line.EventID != "" && line.EventID == known.row.EventID || !line.At.IsZero() && !storedTime(line.At).After(known.row.At) {
		return false, nil
	}
	was, err := g.standing(line.TicketID)
	if err != nil {
		return false, err
	}
	var before engine.Ticket
	if was != nil {
		before = was.Ticket
	} else {
		rows, err := g.toldOf(engine.HashOf(line.TicketID), teller(line, root), known.row)
		if err != nil {
			return false, err
		}
		before = saidBy(rows)
	}
	after := before
	if !apply(&after, line) {
		return false, nil
	}
	return line.Item == "" || line.Type == engine.CSAT || line.Type == engine.Escalated || cameOf(&before, line.Item) != cameOf(&after, line.Item), nil
}

// cameOf returns what a ticket says came of a try, none where it says nothing.
func cameOf(t *engine.Ticket, item engine.ItemID) (outcome string) {
	for i := range t.Solutions {
		if t.Solutions[i].Item == item {
			outcome = t.Solutions[i].Outcome
		}
	}
	return outcome
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
