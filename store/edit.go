package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// An event that is changed or deleted by hand leaves two rows:
//
//	w | subject16 | event16 | seq8 -> version1 | rows as they were, each: line2 | length | its value
//	d | subject16 | event16 -> version1
//
// subject16 is whom the event belonged to when it was changed, seq that of the change.
// The first lets the tail tell again what was told before the change, and what the
// change took away; TrimTail deletes it with the change's entry. The second makes the
// change last: the event sent again is a duplicate for ever, not only while it is
// remembered, so that a sender's retry does not bring back what somebody took out. In
// memory are the subjects that have such rows, so that only their events cost a look.

// updateEvent changes or deletes the lines of an event. They come to lie under the
// subject the event belongs to now.
func (g *group) updateEvent(e *effect, cmd engine.UpdateEvent) error {
	if cmd.Subject.IsZero() {
		return engine.Invalidf(engine.CodeMissingField, "customer_id", "an event is found by its customer_id or session_id, and its event_id")
	}
	if err := engine.CheckID("event_id", cmd.EventID); err != nil {
		return err
	}
	root16, err := g.resolve(cmd.Subject.Hash())
	if err != nil {
		return err
	}
	was, err := g.eventOf(e, root16, cmd.EventID)
	if err != nil {
		return err
	}
	if len(was) == 0 {
		return fmt.Errorf("event %q of %s: %w", cmd.EventID, cmd.Subject, engine.ErrNotFound)
	}
	lines := make([]engine.Interaction, len(was))
	for i := range was {
		lines[i] = was[i].Interaction
		lines[i].Properties = maps.Clone(lines[i].Properties)
	}
	if lines, err = cmd.Update(lines); err != nil {
		return err
	}
	if err := g.checkChanged(&was[0], lines); err != nil {
		return err
	}
	return g.rewrite(e, root16, was, lines)
}

// eventOf returns the lines of the event a subject sent with an id. An outcome lies
// under an id of its own: where there is nothing under the sender's, it is looked for.
func (g *group) eventOf(e *effect, root16 engine.Hash16, eventID string) ([]engine.Row, error) {
	was, err := g.linesOf(e, root16, engine.HashOf(eventID))
	if err != nil || len(was) > 0 {
		return was, err
	}
	event16, found, err := g.sentAs(root16, eventID)
	if err != nil || !found {
		return nil, err
	}
	return g.linesOf(e, root16, event16)
}

// linesOf returns the lines of an event of a subject, wherever they lie, and has e
// delete them there.
func (g *group) linesOf(e *effect, root16, event16 engine.Hash16) (rows []engine.Row, err error) {
	sources, err := unmoved(g.txn, root16)
	if err != nil {
		return nil, err
	}
	for _, h := range sources {
		var name engine.Subject
		err := each(g.txn, pairKey(eventLetter, h, event16), func(key, value []byte) error {
			if name.IsZero() {
				if name, err = g.nameOf(h); err != nil {
					return err
				}
			}
			row, err := decodeRow(key, value, name, g)
			rows = append(rows, row)
			e.delete(slices.Clone(key))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	rows = once(rows)
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Compare(a.Line, b.Line) })
	return rows, nil
}

// checkChanged refuses what would make another event of one.
func (g *group) checkChanged(was *engine.Row, lines []engine.Interaction) error {
	if len(lines) == 0 {
		return nil
	}
	if err := g.checkEvent(lines); err != nil {
		return err
	}
	first := &lines[0]
	if first.EventID != was.EventID || first.Customer != was.Customer || first.Session != was.Session {
		return engine.Invalidf(engine.CodeInvalidField, "event_id", "a change keeps the event's id, customer and session")
	}
	return checkOutcome(was, lines)
}

// rewrite writes the lines of an event anew, and what they were before.
func (g *group) rewrite(e *effect, root16 engine.Hash16, was []engine.Row, lines []engine.Interaction) error {
	root, err := g.nameOf(root16)
	if err != nil {
		return err
	}
	event16 := was[0].Event
	before, err := encodeBefore(was, root)
	if err != nil {
		return err
	}
	e.set(beforeKey(root16, event16, e.seq), before)
	e.set(pairKey(editedLetter, root16, event16), []byte{recordVersion})
	e.edited = append(e.edited, ownerTag(root16))
	rows, err := g.rowsOf(e, lines, root, root16, event16)
	if err != nil {
		return err
	}
	e.change(change{kind: tailChanged, a: root16, b: event16}, engine.Committed{Rows: rows, Was: was, Subject: root}, g.now)
	return nil
}

// wasEdited reports whether an event sent for a subject was changed by hand: under it,
// or under one it belongs to.
func (g *group) wasEdited(sent, event16 engine.Hash16) (edited bool, err error) {
	if len(g.s.edited) == 0 {
		return false, nil
	}
	for h, linked := sent, true; linked; {
		if g.s.edited[ownerTag(h)] {
			if edited, err = has(g.txn, pairKey(editedLetter, h, event16)); edited || err != nil {
				return edited, err
			}
		}
		if h, linked, err = g.belongs(h); err != nil {
			return false, err
		}
	}
	return false, nil
}

// loadEdited fills the set of subjects with events changed by hand.
func (s *Store) loadEdited() error {
	return s.db.View(func(txn *badger.Txn) error {
		return eachKey(txn, []byte{editedLetter}, func(key []byte) error {
			if len(key) != pairKeyBytes {
				return fmt.Errorf("changed event %x: %w", key, ErrCorrupt)
			}
			s.edited[ownerTag(firstHash(key))] = true
			return nil
		})
	})
}

func encodeBefore(rows []engine.Row, subject engine.Subject) ([]byte, error) {
	buf := []byte{recordVersion}
	for i := range rows {
		value, err := appendRow(nil, &rows[i], subject)
		if err != nil {
			return nil, err
		}
		buf = binary.BigEndian.AppendUint16(buf, rows[i].Line)
		buf = appendText(buf, string(value))
	}
	if len(buf) > maxRecordBytes {
		return nil, engine.Invalidf(engine.CodeLimitExceeded, "event_id", "an event that is changed has at most %d bytes when stored, this one has %d", maxRecordBytes, len(buf))
	}
	return buf, nil
}

// decodeBefore returns what encodeBefore wrote under key. Other bytes give an error
// that wraps ErrCorrupt.
func decodeBefore(key, value []byte, subject engine.Subject, names itemNames) (rows []engine.Row, err error) {
	if len(key) != pairKeyBytes+8 {
		return nil, fmt.Errorf("rows before a change, key %x: %w", key, ErrCorrupt)
	}
	in := reader{text: string(value)}
	if v := in.byte(); v != recordVersion {
		in.fail(fmt.Errorf("version %d", v))
	}
	for in.text != "" {
		line := uint16(in.byte())<<8 | uint16(in.byte())
		body := in.string()
		if in.err != nil {
			break
		}
		row, err := decodeRow(eventKey(firstHash(key), secondHash(key), line), []byte(body), subject, names)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if in.err != nil {
		return nil, fmt.Errorf("rows before a change: %w: %w", in.err, ErrCorrupt)
	}
	return rows, nil
}
