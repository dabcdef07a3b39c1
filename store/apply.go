package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

func (g *group) putItem(e *effect, item engine.Item) error {
	n, err := g.numberOf(item.ID)
	if err != nil {
		return err
	}
	value, err := encodeRecord("item", e.seq, item)
	if err != nil {
		return err
	}
	e.set(itemKey(n), value)
	e.change(change{kind: tailItem, num: n}, engine.Committed{Num: n, Item: &item}, g.now)
	return nil
}

func (g *group) updateItem(e *effect, cmd engine.UpdateItem) error {
	var item engine.Item
	found := false
	if n, ok := g.ids.Lookup(cmd.ID); ok {
		value, err := get(g.txn, itemKey(n))
		switch {
		case errors.Is(err, engine.ErrNotFound): // an item only events know of
		case err != nil:
			return err
		default:
			if item, _, err = decodeItem(value); err != nil {
				return err
			}
			found = true
		}
	}
	item, err := cmd.Update(item, found)
	if err != nil {
		return err
	}
	if item.ID != cmd.ID {
		return engine.Invalidf(engine.CodeInvalidField, "item_id", "an update keeps the id: %q", cmd.ID)
	}
	return g.putItem(e, item)
}

func (g *group) deleteItem(e *effect, id engine.ItemID) error {
	n, ok := g.ids.Lookup(id)
	if !ok {
		return fmt.Errorf("item %q: %w", id, engine.ErrNotFound)
	}
	if err := exists(g.txn, itemKey(n)); err != nil {
		return fmt.Errorf("item %q: %w", id, err)
	}
	e.delete(itemKey(n))
	e.change(change{kind: tailItemDeleted, num: n}, engine.Committed{Num: n, Deleted: &id}, g.now)
	return nil
}

// exists returns an error that wraps engine.ErrNotFound if there is nothing under key.
func exists(txn *badger.Txn, key []byte) error {
	_, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return engine.ErrNotFound
	}
	return err
}

// has reports whether there is anything under key.
func has(txn *badger.Txn, key []byte) (bool, error) {
	switch err := exists(txn, key); {
	case err == nil:
		return true, nil
	case errors.Is(err, engine.ErrNotFound):
		return false, nil
	default:
		return false, err
	}
}

// customerAt returns the end of the chain that begins at a customer, and its name.
func (g *group) customerAt(id engine.CustomerID) (engine.Hash16, engine.Subject, error) {
	subject := engine.OfCustomer(id)
	h := subject.Hash()
	root, err := g.resolve(h)
	if err != nil || root == h {
		return h, subject, err
	}
	name, err := g.nameOf(root)
	return root, name, err
}

// putCustomer stores a record; that of a customer merged into another is the other's.
func (g *group) putCustomer(e *effect, customer engine.Customer) error {
	if err := engine.CheckID("customer_id", string(customer.ID)); err != nil {
		return err
	}
	h, subject, err := g.customerAt(customer.ID)
	if err != nil {
		return err
	}
	customer.ID = engine.CustomerID(subject.ID)
	return g.setCustomer(e, h, subject, customer)
}

func (g *group) setCustomer(e *effect, h engine.Hash16, subject engine.Subject, customer engine.Customer) error {
	value, err := encodeRecord("customer", e.seq, customer)
	if err != nil {
		return err
	}
	g.name(e, h, subject)
	e.set(hashKey(customerLetter, h), value)
	e.change(change{kind: tailCustomer, a: h}, engine.Committed{Customer: &customer}, g.now)
	return nil
}

func (g *group) updateCustomer(e *effect, cmd engine.UpdateCustomer) error {
	if err := engine.CheckID("customer_id", string(cmd.ID)); err != nil {
		return err
	}
	h, subject, err := g.customerAt(cmd.ID)
	if err != nil {
		return err
	}
	var customer engine.Customer
	value, err := get(g.txn, hashKey(customerLetter, h))
	found := err == nil
	switch {
	case found:
		if customer, _, err = decodeCustomer(value); err != nil {
			return err
		}
	case !errors.Is(err, engine.ErrNotFound):
		return err
	}
	if customer, err = cmd.Update(customer, found); err != nil {
		return err
	}
	if customer.ID != cmd.ID && customer.ID != engine.CustomerID(subject.ID) {
		return engine.Invalidf(engine.CodeInvalidField, "customer_id", "an update keeps the id: %q", cmd.ID)
	}
	customer.ID = engine.CustomerID(subject.ID)
	return g.setCustomer(e, h, subject, customer)
}

// putTicket stores a ticket that is written whole: see join. One that is older than the ticket as
// it stands, by the times at which they were updated, adds what it alone knows: see lateJoin. again
// says that nothing came of it.
func (g *group) putTicket(e *effect, cmd engine.PutTicket) (again bool, err error) {
	ticket := cmd.Ticket
	was, err := g.standing(ticket.ID)
	if err != nil {
		return false, err
	}
	if err := g.checkTries(&ticket, was); err != nil {
		return false, err
	}
	next := &standing{Ticket: ticket, before: was, at: g.now}
	if !cmd.At.IsZero() && cmd.At.Before(g.now) {
		next.at = cmd.At
	}
	if ticket.UpdatedAt != nil {
		next.record = &ticket
	}
	if was != nil {
		next.Told = was.Told.with(&ticket)
		if ticket.UpdatedAt != nil && was.Ordered && len(next.Told) < mostTold {
			next.Ordered, next.Heard = true, was.Heard
		}
		switch {
		case next.Ordered: // all but its fields is worked out below
			if next.late = ticket.UpdatedAt.Before(*was.UpdatedAt); next.late {
				next.Ticket = was.Ticket
			}
		case ticket.UpdatedAt == nil:
			next.UpdatedAt = was.UpdatedAt
			err = g.succeed(&next.Ticket, &was.Ticket, g.now)
		case was.UpdatedAt == nil || ticket.UpdatedAt.After(*was.UpdatedAt):
			err = g.succeed(&next.Ticket, &was.Ticket, *ticket.UpdatedAt)
			stayEnded(&next.Ticket, &was.Ticket, *ticket.UpdatedAt)
		case ticket.UpdatedAt.Equal(*was.UpdatedAt): // told again, or changed twice in a second: nothing lies between
			err = join(&next.Ticket, &was.Ticket, g.repeats(ticket.ID))
			stayEnded(&next.Ticket, &was.Ticket, *ticket.UpdatedAt)
		default:
			next.Ticket, next.late = was.Ticket, true
			if err = lateJoin(&next.Ticket, &ticket); sameScore(was.CSAT, was.Told.csat()) {
				next.CSAT = next.Told.csat() // of two that were told the later one
			}
		}
		if !next.Ordered {
			next.Told.mark(&next.Ticket, was.Told)
		}
	} else {
		next.Told, next.Ordered = next.Told.with(&ticket), ticket.UpdatedAt != nil
	}
	if err != nil {
		return false, err
	}
	return g.fileTicket(e, next, was)
}

// succeed has a ticket that is written whole follow upon the one before, as of a moment.
func (g *group) succeed(ticket, before *engine.Ticket, at time.Time) error {
	if err := join(ticket, before, g.repeats(ticket.ID)); err != nil {
		return err
	}
	reopen(ticket, before, at)
	return nil
}

// fileTicket files a ticket under its customer; was is as it stood, nil for a new one. Where it
// lay elsewhere before, the new customer's erasure has to look there as well: what Badger
// deletes stays readable in its files for a while. again says that it stands so already.
func (g *group) fileTicket(e *effect, next, was *standing) (again bool, err error) {
	ticket := &next.Ticket
	if err := engine.CheckID("ticket_id", ticket.ID); err != nil {
		return false, err
	}
	ticket16 := engine.HashOf(ticket.ID)
	done := engine.Committed{Ticket: ticket}
	var home engine.Hash16 // of a ticket without a customer: zero
	if ticket.Customer != "" {
		if err := engine.CheckID("customer_id", string(ticket.Customer)); err != nil {
			return false, err
		}
		h, subject, err := g.customerAt(ticket.Customer)
		if err != nil {
			return false, err
		}
		home, done.Subject = h, subject
		g.name(e, h, subject)
	}
	if was == nil {
		rows, err := g.toldBefore(e, ticket16, home)
		if err != nil {
			return false, err
		}
		for i := range rows {
			if next.Ordered {
				next.hear(&rows[i].Interaction)
			}
		}
		if !next.Ordered {
			told := saidBy(rows)
			err = remind(ticket, &told, g.repeats(ticket.ID))
		}
		if err != nil {
			return false, err
		}
	}
	if next.Ordered {
		if err := next.putInOrder(); err != nil {
			return false, err
		}
	}
	next.dateOpening()
	value, err := next.encode(e.seq)
	if err != nil {
		return false, err
	}
	moves := was != nil && was.home != home
	if was != nil && !moves {
		before, err := was.encode(e.seq)
		if err != nil {
			return false, err
		}
		if bytes.Equal(value, before) {
			err = g.recordSaid(e, next, home)
			return err == nil && len(e.changes) == 0, err
		}
	}
	if moves {
		if err := g.moveTicket(e, was.home, home, ticket16); err != nil {
			return false, err
		}
		if done.Left, err = g.filedUnder(was.home); err != nil {
			return false, err
		}
		if done.Left == done.Subject {
			done.Left = engine.Subject{} // it was filed under a customer who was merged since
		}
	}
	if was == nil || moves {
		e.set(hashKey(ticketHomeLetter, ticket16), encodeHome(home))
	}
	e.set(pairKey(ticketLetter, home, ticket16), value)
	e.change(change{kind: tailTicket, a: ticket16}, done, g.now)
	var moved map[engine.Hash16]bool
	if moves {
		if moved, err = g.moveOutcomes(e, next, home); err != nil {
			return false, err
		}
	}
	if moved, err = g.recordOutcomes(e, next, home, moved); err != nil || next.record == nil {
		return false, err
	}
	next.counted = moved
	return false, g.recordSaid(e, next, home)
}

// moveTicket takes a ticket away from one subject and notes under the other all the
// places where it has lain.
func (g *group) moveTicket(e *effect, before, home, ticket16 engine.Hash16) error {
	e.delete(pairKey(ticketLetter, before, ticket16))
	e.set(formerKey(home, before, ticket16), []byte{recordVersion})
	return eachKey(g.txn, hashKey(formerLetter, before), func(key []byte) error {
		if ticket := engine.Hash16(key[len(key)-hashBytes:]); ticket == ticket16 {
			e.set(formerKey(home, secondHash(key), ticket16), []byte{recordVersion})
		}
		return nil
	})
}

// homeOf returns the subject a ticket is filed under.
func (g *group) homeOf(ticket16 engine.Hash16) (home engine.Hash16, found bool, err error) {
	value, err := get(g.txn, hashKey(ticketHomeLetter, ticket16))
	if errors.Is(err, engine.ErrNotFound) {
		return home, false, nil
	}
	if err != nil {
		return home, false, err
	}
	home, err = decodeHome(value)
	return home, err == nil, err
}

// filedUnder returns whom the tickets of a home belong to now, nobody for the zero home.
func (g *group) filedUnder(home engine.Hash16) (engine.Subject, error) {
	if home == (engine.Hash16{}) {
		return engine.Subject{}, nil
	}
	root, err := g.resolve(home)
	if err != nil {
		return engine.Subject{}, err
	}
	return g.nameOf(root)
}

// updateTicket changes a ticket; again says that it stands so already.
func (g *group) updateTicket(e *effect, cmd engine.UpdateTicket) (again bool, err error) {
	was, err := g.standing(cmd.ID)
	if err != nil {
		return false, err
	}
	var before *engine.Ticket
	next := &standing{before: was, at: g.now, changed: true}
	if was != nil {
		before, next.Ticket, next.Told = &was.Ticket, *was.told(), was.Told
	}
	if next.Ticket, err = cmd.Update(next.Ticket, was != nil); err != nil {
		return false, err
	}
	if next.ID != cmd.ID {
		return false, engine.Invalidf(engine.CodeInvalidField, "ticket_id", "an update keeps the id: %q", cmd.ID)
	}
	if err := g.checkTries(&next.Ticket, was); err != nil {
		return false, err
	}
	dateTries(&next.Ticket, before, g.now)
	if was != nil && was.UpdatedAt != nil && (next.UpdatedAt == nil || next.UpdatedAt.Before(*was.UpdatedAt)) {
		next.UpdatedAt = was.UpdatedAt // a change turns no clock back: records that were overtaken stay so
	}
	if was != nil {
		reopen(&next.Ticket, before, g.now)
	}
	return g.fileTicket(e, next, was)
}

func (g *group) deleteTicket(e *effect, id string) error {
	ticket16 := engine.HashOf(id)
	home, found, err := g.homeOf(ticket16)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("ticket %q: %w", id, engine.ErrNotFound)
	}
	e.delete(hashKey(ticketHomeLetter, ticket16))
	e.delete(pairKey(ticketLetter, home, ticket16))
	e.set(hashKey(awaitedLetter, ticket16), []byte{recordVersion}) // its outcomes stay
	subject, err := g.filedUnder(home)
	if err != nil {
		return err
	}
	e.change(change{kind: tailTicketDropped, a: ticket16}, engine.Committed{DroppedTicket: id, Subject: subject}, g.now)
	return nil
}

func (g *group) putScenario(e *effect, scenario engine.Scenario) error {
	if err := engine.CheckID("name", scenario.Name); err != nil {
		return err
	}
	key := textKey(scenarioLetter, scenario.Name)
	switch err := exists(g.txn, key); {
	case errors.Is(err, engine.ErrNotFound):
		if err := g.roomForScenario(); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	value, err := encodeRecord("scenario", e.seq, scenario)
	if err != nil {
		return err
	}
	e.set(key, value)
	e.change(change{kind: tailScenario, text: scenario.Name}, engine.Committed{Scenario: &scenario}, g.now)
	return nil
}

// roomForScenario refuses one above MaxScenarios. New ones are rare: they are counted.
func (g *group) roomForScenario() error {
	count := 0
	err := eachKey(g.txn, []byte{scenarioLetter}, func([]byte) error {
		count++
		return nil
	})
	if err == nil && count >= engine.MaxScenarios {
		return engine.Invalidf(engine.CodeLimitExceeded, "name", "a store keeps at most %d scenarios", engine.MaxScenarios)
	}
	return err
}

func (g *group) deleteScenario(e *effect, name string) error {
	key := textKey(scenarioLetter, name)
	if err := exists(g.txn, key); err != nil {
		return fmt.Errorf("scenario %q: %w", name, err)
	}
	e.delete(key)
	e.change(change{kind: tailScenarioDropped, text: name}, engine.Committed{Dropped: name}, g.now)
	return nil
}
