package store

import (
	"errors"

	"github.com/rapportengine/rapport/engine"
)

// moveOutcomes takes what a ticket said away from one customer, and gives it to the
// next, if there is one.
func (g *group) moveOutcomes(e *effect, ticket *engine.Ticket, home engine.Hash16) error {
	ticket16 := engine.HashOf(ticket.ID)
	type filed struct{ event, under engine.Hash16 }
	var all []filed
	err := each(g.txn, hashKey(outcomeLetter, ticket16), func(key, value []byte) error {
		under, err := decodeHome(value)
		if under != (engine.Hash16{}) {
			all = append(all, filed{secondHash(key), under})
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range all {
		row, err := g.takeStatement(e, f.under, f.event)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		if home == (engine.Hash16{}) {
			e.set(outcomeKey(ticket16, f.event), encodeHome(home))
			continue
		}
		line := row.Interaction
		line.Customer = ticket.Customer
		if err := g.writeOutcome(e, line, home, ticket16); err != nil {
			return err
		}
	}
	return nil
}

// takeStatement deletes the row of an outcome that a ticket said, and returns it; nil
// where it is gone or somebody sent it as an event. It is taken from whose history it is by
// now: a row may still lie under a customer who was merged since.
func (g *group) takeStatement(e *effect, under, event16 engine.Hash16) (*engine.Row, error) {
	row, h, err := g.outcomeRow(under, event16)
	if err != nil || row == nil || row.Session != "" || engine.HashOf(row.EventID) != event16 {
		return nil, err
	}
	owner, err := g.ownerOfRow(h)
	if err != nil {
		return nil, err
	}
	subject, err := g.nameOf(owner)
	if err != nil {
		return nil, err
	}
	was := []engine.Row{*row}
	before, err := encodeBefore(was, subject)
	if err != nil {
		return nil, err
	}
	e.delete(eventKey(h, event16, 0))
	e.set(beforeKey(owner, event16, e.seq), before)
	e.change(change{kind: tailChanged, a: owner, b: event16}, engine.Committed{Was: was, Subject: subject}, g.now)
	return row, nil
}

// outcomeRow returns the row of an outcome and the subject it lies under, which may be one
// that came after the one it was filed under; nil where it is gone.
func (g *group) outcomeRow(under, event16 engine.Hash16) (*engine.Row, engine.Hash16, error) {
	chain, err := owners(g.txn, under)
	if err != nil {
		return nil, under, err
	}
	for _, h := range chain {
		key := eventKey(h, event16, 0)
		value, err := get(g.txn, key)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, h, err
		}
		subject, err := g.nameOf(h)
		if err != nil {
			return nil, h, err
		}
		row, err := decodeRow(key, value, subject, g)
		return &row, h, err
	}
	return nil, under, nil
}
