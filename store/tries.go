package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// A ticket's record is written whole, again and again, by who keeps the tickets; what was
// tried on it is told by those records, by changes of them and by events, each knowing a
// part. So tries are not replaced by a record: what it does not speak of stays, and what it
// says again, having been told otherwise since, it takes back nothing of. An export that is
// read every night does the same each time.

// join has a ticket that is written whole keep of the one before what it does not say: what
// was tried, how content the customer was, and how far it is. repeats tells what was said of the
// ticket before.
func join(ticket, before *engine.Ticket, repeats func(engine.Tried) (bool, error)) error {
	if !saysState(ticket) {
		ticket.State, ticket.ClosedAt = before.State, before.ClosedAt
	}
	return gather(ticket, before, before.Solutions, ticket.Solutions, func(known *engine.Tried, said engine.Tried) error {
		if said.Outcome == "" || said.Outcome == known.Outcome {
			again(known, &said)
			return nil
		}
		before, err := repeats(said)
		if err == nil && tells(known, &said, before) {
			*known = engine.Tried{Item: said.Item, Outcome: said.Outcome, At: firstSet(said.At, known.At)}
		}
		return err
	})
}

// lateJoin has a ticket say what an older record of it alone knows: that comes late, and takes
// nothing back.
func lateJoin(ticket, older *engine.Ticket) error {
	if !saysState(ticket) {
		ticket.State, ticket.ClosedAt = older.State, older.ClosedAt
	}
	return gather(ticket, older, ticket.Solutions, older.Solutions, func(known *engine.Tried, said engine.Tried) error {
		switch {
		case said.Outcome == "" || said.Outcome == known.Outcome:
			again(known, &said)
		case known.Outcome == "" || !known.At.IsZero() && said.At.After(known.At):
			*known = engine.Tried{Item: said.Item, Outcome: said.Outcome, At: firstSet(said.At, known.At)}
		}
		return nil
	})
}

// again heeds when a try was that is told once more: an outcome is of when it was told last.
func again(known, said *engine.Tried) {
	if known.At.IsZero() || said.Outcome != "" && said.At.After(known.At) {
		known.At = said.At
	}
}

// remind has a new ticket say what was told before it came: beside what it says itself, which
// stands as it is written where both say the same: one that tells of the fix itself and names no state
// is so in an export, too. That it was opened again its fixes say.
func remind(ticket, told *engine.Ticket, repeats func(engine.Tried) (bool, error)) error {
	itself := slices.ContainsFunc(ticket.Solutions, func(s engine.Tried) bool { return s.Outcome == told.State })
	if !saysState(ticket) && !itself && told.State != string(engine.Reopened) {
		ticket.State = told.State
	}
	return gather(ticket, told, ticket.Solutions, told.Solutions, func(said *engine.Tried, known engine.Tried) error {
		if known.Outcome == "" || said.Outcome == known.Outcome {
			return nil
		}
		before, err := repeats(*said)
		if err == nil && (said.Outcome == "" || !tells(&known, said, before)) {
			*said = known
		}
		return err
	})
}

// gather gives a ticket the tries of two tellings, the first as far as there is room, and how
// content the customer was from another where it says nothing.
func gather(ticket, other *engine.Ticket, first, then []engine.Tried, meet func(mine *engine.Tried, other engine.Tried) error) error {
	if ticket.CSAT == nil {
		ticket.CSAT = other.CSAT
	}
	tries, err := engine.JoinTries(first, then, meet)
	if err != nil {
		return err
	}
	ticket.Solutions = tries[:min(len(tries), engine.MaxListValues)]
	return nil
}

// tells reports whether what is said of a try is newer than what is known of it; again says
// that it was said before.
func tells(known, said *engine.Tried, again bool) bool {
	switch {
	case said.At.IsZero(), known.Outcome == "":
		return !again
	case again:
		return said.At.After(known.At)
	}
	return !said.At.Before(known.At)
}

// saysState reports whether a record says how far its ticket is: one without a state and a time at
// which it was closed does not say that it is open.
func saysState(t *engine.Ticket) bool { return t.State != "" || t.ClosedAt != nil }

// stayEnded has a ticket that was over stay so where a fix ended it after the moment at which a
// record of it was made that says otherwise.
func stayEnded(ticket, before *engine.Ticket, made time.Time) {
	if ticket.IsOpen() && endedAfter(before, made) {
		ticket.State, ticket.ClosedAt = before.State, before.ClosedAt
	}
}

// endedAfter reports whether a ticket is over by a fix, since after a moment.
func endedAfter(t *engine.Ticket, at time.Time) bool {
	return !t.IsOpen() && slices.ContainsFunc(t.Solutions, func(s engine.Tried) bool { return s.Outcome == string(engine.Solved) && s.At.After(at) })
}

// reopen has a ticket that was over and is open again at a moment say that what had ended it by
// then did not do so for good. Help desks show that by its state alone.
func reopen(ticket, before *engine.Ticket, now time.Time) {
	if before.IsOpen() || ticket.State == "" || !ticket.IsOpen() || ticket.State == string(engine.Escalated) {
		return
	}
	for _, tried := range before.Tries() {
		if tried.Outcome != string(engine.Solved) {
			continue
		}
		i := slices.IndexFunc(ticket.Solutions, func(t engine.Tried) bool { return t.Item == tried.Item })
		if i >= 0 && undone(&ticket.Solutions[i], now) {
			ticket.Solutions = slices.Clone(ticket.Solutions)
			ticket.Solutions[i].Outcome, ticket.Solutions[i].At = string(engine.Reopened), now
		}
	}
}

// repeats tells whether an outcome of a try was said of a ticket before.
func (g *group) repeats(ticket string) func(engine.Tried) (bool, error) {
	return func(t engine.Tried) (bool, error) {
		id := OutcomeID(ticket, engine.Type(t.Outcome), t.Item)
		return has(g.txn, outcomeKey(engine.HashOf(ticket), engine.HashOf(id)))
	}
}

// dateTries dates what a change newly says was tried: a change tells of now, and where it
// closes the ticket, what solved it of then. was is the ticket as it stood, nil for none.
func dateTries(ticket, was *engine.Ticket, now time.Time) {
	if was == nil {
		was = &engine.Ticket{}
	}
	ticket.Solutions = slices.Clone(ticket.Solutions)
	for i := range ticket.Solutions {
		t := &ticket.Solutions[i]
		if !t.At.IsZero() {
			continue
		}
		known := slices.IndexFunc(was.Solutions, func(k engine.Tried) bool { return k.Item == t.Item && k.Outcome == t.Outcome })
		switch {
		case known >= 0:
			t.At = was.Solutions[known].At
		case t.Outcome == string(engine.Solved) && ticket.ClosedAt != nil && !deref(was.ClosedAt).Equal(*ticket.ClosedAt):
			// its statement is of when the ticket was closed
		default:
			t.At = now
		}
	}
}

// toldBefore returns what was said of a ticket before it came, or came back, by time: events come at once, a help desk's export at night. An awaited row says that there is
// something, so that all other new tickets cost one look.
func (g *group) toldBefore(e *effect, ticket16, home engine.Hash16) ([]engine.Row, error) {
	awaited := hashKey(awaitedLetter, ticket16)
	if there, err := has(g.txn, awaited); err != nil || !there {
		return nil, err
	}
	e.delete(awaited)
	return g.toldOf(ticket16, home, nil)
}

// toldOf returns the rows that tell of a ticket of a customer, or of nobody, by time. What another customer said is passed over: it stays in their history, and was not
// tried on this ticket. known is a row of theirs that counts in any case, nil for none: its entry
// goes with whom the ticket belonged to before.
func (g *group) toldOf(ticket16, home engine.Hash16, known *engine.Row) (rows []engine.Row, err error) {
	var said []engine.Hash16
	err = eachKey(g.txn, hashKey(outcomeLetter, ticket16), func(key []byte) error {
		said = append(said, secondHash(key))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if known != nil {
		rows = append(rows, *known)
		said = withOwn(said, known)
	}
	for _, event16 := range said {
		if known != nil && event16 == known.Event {
			continue
		}
		said, err := g.counted(ticket16, event16, home)
		if err != nil {
			return nil, err
		}
		if said.row != nil {
			rows = append(rows, *said.row)
		}
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	return rows, nil
}

// saidBy returns what rows say of a ticket, as a ticket says it.
func saidBy(rows []engine.Row) (told engine.Ticket) {
	for i := range rows {
		apply(&told, &rows[i].Interaction)
	}
	return told
}

// withOwn adds to what was said of a ticket what its teller may have said beside a row of theirs, of
// the same fix and of the ticket: such an entry is another customer's where that one said the same
// last, and goes with them.
func withOwn(said []engine.Hash16, known *engine.Row) []engine.Hash16 {
	for _, kind := range []engine.Type{engine.SolutionUsed, engine.NotSolved, engine.Solved, engine.Reopened, engine.Escalated, engine.CSAT} {
		for _, item := range []engine.ItemID{known.Item, ""} {
			event16 := engine.HashOf(OutcomeID(known.TicketID, kind, item))
			if !slices.Contains(said, event16) {
				said = append(said, event16)
			}
		}
	}
	return said
}

// isOthers reports whether what lies under a subject is of another customer than the one a
// ticket is filed under. Of a ticket of nobody, and of a session of nobody, nobody knows.
func (g *group) isOthers(lies, home engine.Hash16) (bool, error) {
	if home == (engine.Hash16{}) {
		return false, nil
	}
	owner, err := g.ownerOfRow(lies)
	if err != nil || owner == home {
		return false, err
	}
	name, err := g.nameOf(owner)
	return name.Kind == engine.CustomerSubject, err
}

// ownerOfRow returns whose history takes in what was filed under a subject.
func (g *group) ownerOfRow(under engine.Hash16) (engine.Hash16, error) {
	chain, err := owners(g.txn, under)
	if err != nil {
		return under, err
	}
	return chain[len(chain)-1], nil
}
