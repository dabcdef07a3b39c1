package store

import (
	"errors"

	"github.com/rapportengine/rapport/engine"
)

// moveOutcomes takes what a ticket said away from one customer, and gives it to the
// next, if there is one. It returns what it took.
func (g *group) moveOutcomes(e *effect, ticket *standing, home engine.Hash16) (moved map[engine.Hash16]bool, err error) {
	said := make(map[engine.Hash16]statement)
	for _, o := range outcomes(ticket.told()) {
		said[engine.HashOf(OutcomeID(ticket.ID, o.kind, o.item))] = o
	}
	ticket16 := engine.HashOf(ticket.ID)
	type filed struct{ event, under engine.Hash16 }
	var all []filed
	err = each(g.txn, hashKey(outcomeLetter, ticket16), func(key, value []byte) error {
		under, err := decodeHome(value)
		if under != (engine.Hash16{}) {
			all = append(all, filed{secondHash(key), under})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	moved = make(map[engine.Hash16]bool)
	for _, f := range all {
		took, err := g.takeStatement(e, f.under, f.event)
		if err != nil {
			return nil, err
		}
		if took.row == nil {
			continue
		}
		moved[f.event] = true
		there, err := g.lying(home, f.event, nil)
		if err != nil {
			return nil, err
		}
		if home == (engine.Hash16{}) || there.said && there.lies != took.lies { // who gets it said it before
			e.set(outcomeKey(ticket16, f.event), encodeHome(home))
			continue
		}
		line := took.row.Interaction
		line.Customer = ticket.Customer
		if o, says := said[f.event]; says {
			line.Value, line.At = ticket.restated(took.row, &o, ticket.told(), false, true)
			line.At = g.upToNow(line.At)
		}
		if err := g.writeOutcome(e, line, home); err != nil {
			return nil, err
		}
	}
	return moved, nil
}

// takeStatement deletes the row of an outcome that a ticket said, and returns it; none
// where it is gone or somebody sent it as an event.
func (g *group) takeStatement(e *effect, under, event16 engine.Hash16) (said counted, err error) {
	row, h, err := g.outcomeRow(under, event16)
	if err != nil || row == nil || row.Session != "" || engine.HashOf(row.EventID) != event16 {
		return said, err
	}
	said = counted{said: true, row: row, lies: h}
	_, err = g.takeRow(e, &said)
	return said, err
}

// takeRow deletes the row of an outcome, and returns whose it was. Of two customers who told it
// and were merged since there may be two, of which the newer one is seen.
func (g *group) takeRow(e *effect, known *counted) (owner engine.Hash16, err error) {
	owner, err = g.ownerOfRow(known.lies)
	if err != nil {
		return owner, err
	}
	subject, err := g.nameOf(owner)
	if err != nil {
		return owner, err
	}
	was, err := g.copiesOf(owner, known.row.Event, func(key []byte) { e.delete(key) })
	if err != nil {
		return owner, err
	}
	before, err := encodeBefore(was, subject)
	if err != nil {
		return owner, err
	}
	e.set(beforeKey(owner, known.row.Event, e.seq), before)
	e.change(change{kind: tailChanged, a: owner, b: known.row.Event}, engine.Committed{Was: was, Subject: subject}, g.now)
	return owner, nil
}

// outcomeRow returns the row of an outcome and the subject whose it is, which may be one that
// came after the one it was filed under; nil where it is gone.
func (g *group) outcomeRow(under, event16 engine.Hash16) (*engine.Row, engine.Hash16, error) {
	owner, err := g.ownerOfRow(under)
	if err != nil {
		return nil, under, err
	}
	rows, err := g.copiesOf(owner, event16, nil)
	if rows = once(rows); len(rows) == 0 {
		return nil, owner, err
	}
	return &rows[0], owner, err
}

// copiesOf returns the rows of an outcome in the history of root, and tells where they lie: under
// root or under who was merged into it and whose rows were not moved yet.
func (g *group) copiesOf(root, event16 engine.Hash16, lies func(key []byte)) (rows []engine.Row, err error) {
	sources, err := unmoved(g.txn, root)
	if err != nil {
		return nil, err
	}
	for _, h := range sources {
		key := eventKey(h, event16, 0)
		value, err := get(g.txn, key)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		subject, err := g.nameOf(h)
		if err != nil {
			return nil, err
		}
		row, err := decodeRow(key, value, subject, g)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		if lies != nil {
			lies(key)
		}
	}
	return rows, nil
}
