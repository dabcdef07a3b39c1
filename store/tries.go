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
// was tried, and how content the customer was. repeats tells what was said of the ticket
// before.
func join(ticket, before *engine.Ticket, repeats func(engine.Tried) (bool, error)) error {
	return gather(ticket, before, before.Solutions, ticket.Solutions, func(known *engine.Tried, said engine.Tried) error {
		if said.Outcome == "" || said.Outcome == known.Outcome {
			known.At = firstSet(known.At, said.At)
			return nil
		}
		again, err := repeats(said)
		if err == nil && tells(known, &said, again) {
			*known = engine.Tried{Item: said.Item, Outcome: said.Outcome, At: firstSet(said.At, known.At)}
		}
		return err
	})
}

// remind has a new ticket say what was told before it came: beside what it says itself, which
// stands as it is written where both say the same.
func remind(ticket, told *engine.Ticket, repeats func(engine.Tried) (bool, error)) error {
	return gather(ticket, told, ticket.Solutions, told.Solutions, func(said *engine.Tried, known engine.Tried) error {
		if known.Outcome == "" || said.Outcome == known.Outcome {
			return nil
		}
		again, err := repeats(*said)
		if err == nil && (said.Outcome == "" || !tells(&known, said, again)) {
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

// reopen has a ticket that was over and is open again say that what had ended it did not do
// so for good. Help desks show that by its state alone.
func reopen(ticket, before *engine.Ticket, now time.Time) {
	if before.IsOpen() || !ticket.IsOpen() || ticket.State == string(engine.Escalated) {
		return
	}
	for _, tried := range before.Tries() {
		if tried.Outcome != string(engine.Solved) {
			continue
		}
		i := slices.IndexFunc(ticket.Solutions, func(t engine.Tried) bool { return t.Item == tried.Item })
		if i >= 0 && (ticket.Solutions[i].Outcome == "" || ticket.Solutions[i].Outcome == string(engine.Solved)) {
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

// toldBefore returns what was said of a ticket before it came, or came back, as a ticket says
// it: events come at once, a help desk's export at night. An awaited row says that there is
// something, so that all other new tickets cost one look. What another customer said than the
// one it belongs to is passed over: it stays in their history, and was not tried on this ticket.
func (g *group) toldBefore(e *effect, ticket16, home engine.Hash16) (engine.Ticket, error) {
	var told engine.Ticket
	var rows []engine.Row
	awaited := hashKey(awaitedLetter, ticket16)
	if there, err := has(g.txn, awaited); err != nil || !there {
		return told, err
	}
	e.delete(awaited)
	type filed struct{ event, under engine.Hash16 }
	var all []filed
	err := each(g.txn, hashKey(outcomeLetter, ticket16), func(key, value []byte) error {
		under, err := decodeHome(value)
		all = append(all, filed{secondHash(key), under})
		return err
	})
	if err != nil {
		return told, err
	}
	for _, f := range all {
		row, lies, err := g.outcomeRow(f.under, f.event)
		if err != nil {
			return told, err
		}
		if row == nil {
			continue
		}
		others, err := g.isOthers(lies, home)
		if err != nil {
			return told, err
		}
		if others {
			continue
		}
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq)) })
	for i := range rows {
		apply(&told, &rows[i].Interaction)
	}
	return told, nil
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
