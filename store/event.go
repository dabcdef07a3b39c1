package store

import (
	"encoding/binary"
	"errors"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// eventID is what tells a retry from news: whose event it is, as sent, its id and its
// first line. home is whom it was filed under: with that subject it is erased.
type eventID struct {
	subject, event engine.Hash16
	line           uint16
	home           engine.Hash16
}

// key is the form in which it is remembered: as unlikely to be another's as its parts.
func (id eventID) key() engine.Hash16 {
	k := id.event
	for i := range k {
		k[i] ^= id.subject[i]
	}
	k[0] ^= byte(id.line)
	k[1] ^= byte(id.line >> 8)
	return k
}

// owner tells, well enough for forgetting, with whom the event is erased.
func (id eventID) owner() uint64 { return ownerTag(id.home) }

func ownerTag(subject engine.Hash16) uint64 { return binary.BigEndian.Uint64(subject[:]) }

// recordEvent stores the lines of one event under the subject it belongs to, and links
// the session to the customer where it names both. duplicate says that it was seen
// lately and nothing is to be written.
func (g *group) recordEvent(e *effect, lines []engine.Interaction) (duplicate bool, err error) {
	if err := g.checkEvent(lines); err != nil {
		return false, err
	}
	first := &lines[0]
	sent := first.Subject()
	sent16 := sent.Hash()
	root16, err := g.resolve(sent16)
	if err != nil {
		return false, err
	}
	event16, outcome := hashOfEvent(lines), isOutcome(lines)
	var known counted // of an outcome: what is told anew
	if outcome {
		if known, duplicate, err = g.saidBefore(first, sent16, root16, event16); err != nil {
			return duplicate, err
		}
		if duplicate {
			news, err := g.hearAgain(e, first, sent16, root16, event16)
			return err == nil && !news, err
		}
	} else if first.EventID != "" {
		if g.sawEvent(sent16, root16, event16, first.Line) {
			return true, nil
		}
		if edited, err := g.wasEdited(sent16, event16); edited || err != nil {
			return edited, err
		}
	}
	if err := g.checkFixes(lines); err != nil {
		return false, err
	}
	root := sent
	if root16 != sent16 {
		if root, err = g.nameOf(root16); err != nil {
			return false, err
		}
	}
	g.name(e, root16, root)
	if first.Customer != "" && first.Session != "" {
		if err := g.linkSession(e, engine.OfSession(first.Session), root16, root); err != nil {
			return false, err
		}
	}
	if outcome {
		return false, g.tellOutcome(e, *first, &known, sent16, root16, root)
	}
	if first.EventID == "" {
		event16 = numberedEvent(e.seq)
	} else {
		e.seen = append(e.seen, eventID{sent16, event16, first.Line, root16})
	}
	rows, err := g.rowsOf(e, lines, root, root16, event16)
	if err != nil {
		return false, err
	}
	e.change(change{
		kind: tailEvent, a: root16, b: event16,
		first: uint64(rows[0].Line), lines: uint64(len(rows)),
	}, engine.Committed{Rows: rows, Subject: root}, g.now)
	return false, nil
}

// sawEvent reports whether an event was stored lately, under the subject it was sent
// for or the one that belongs to now (as a restart remembers it).
func (g *group) sawEvent(sent, root, event engine.Hash16, line uint16) bool {
	_, ok := g.s.seen.get(eventID{subject: sent, event: event, line: line}.key())
	if !ok && root != sent {
		_, ok = g.s.seen.get(eventID{subject: root, event: event, line: line}.key())
	}
	return ok
}

// numberedEvent is the event16 of an event without an id. Hashes do not begin with
// eight zeros, short of 2^64 tries.
func numberedEvent(seq uint64) (h engine.Hash16) {
	binary.BigEndian.PutUint64(h[hashBytes-8:], seq)
	return h
}

// checkEvent refuses what could not be stored: events are validated where they are
// decoded, this only guards the layout.
func (g *group) checkEvent(lines []engine.Interaction) error {
	if len(lines) == 0 || len(lines) > engine.MaxLines {
		return engine.Invalidf(engine.CodeLimitExceeded, "items", "an event has 1 to %d lines, this one has %d", engine.MaxLines, len(lines))
	}
	first := &lines[0]
	if first.Subject().IsZero() {
		return engine.Invalidf(engine.CodeMissingField, "customer_id", "an event names a customer_id, a session_id or both")
	}
	if first.Type == "" {
		return engine.Invalidf(engine.CodeMissingField, "type", "an event has a type")
	}
	if first.At.After(g.now.Add(engine.ClockSkew)) {
		return engine.Invalidf(engine.CodeTimeInFuture, "at", "a time at most %s ahead of ours, which is %s",
			engine.ClockSkew, g.now.Format("2006-01-02T15:04:05Z07:00"))
	}
	for i := range lines[1:] {
		l := &lines[1+i]
		if l.EventID != first.EventID || l.Customer != first.Customer || l.Session != first.Session || !l.At.Equal(first.At) {
			return engine.Invalidf(engine.CodeInvalidField, "items", "the lines of an event have its id, customer, session and time")
		}
	}
	for _, id := range []struct{ field, id string }{
		{"customer_id", string(first.Customer)}, {"session_id", string(first.Session)},
	} {
		if id.id == "" {
			continue
		}
		if err := engine.CheckID(id.field, id.id); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf makes the rows of an event and adds them to the effect.
func (g *group) rowsOf(e *effect, lines []engine.Interaction, root engine.Subject, root16, event16 engine.Hash16) ([]engine.Row, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	rows := make([]engine.Row, len(lines))
	renumber := !rising(lines)
	for i := range lines {
		row := &rows[i]
		row.Interaction = lines[i]
		row.Seq, row.Event, row.Received = e.seq, event16, g.now
		if renumber {
			row.Line = uint16(i)
		}
		if row.At = storedTime(row.At); lines[i].At.IsZero() {
			row.At = g.now
		}
		if row.Item != "" {
			n, err := g.numberOf(row.Item)
			if err != nil {
				return nil, err
			}
			row.Num = n
		}
		value, err := appendRow(make([]byte, 0, 96), row, root)
		if err != nil {
			return nil, err
		}
		if len(value) > maxRecordBytes {
			return nil, engine.Invalidf(engine.CodeLimitExceeded, "", "an event's line has at most %d bytes when stored, this one has %d", maxRecordBytes, len(value))
		}
		e.set(eventKey(root16, event16, row.Line), value)
	}
	return rows, nil
}

// rising reports whether the lines are numbered by the caller.
func rising(lines []engine.Interaction) bool {
	for i := range lines[1:] {
		if lines[i+1].Line <= lines[i].Line {
			return false
		}
	}
	return true
}

// linkSession makes a session belong to the customer its event names. The first time
// its earlier rows become the customer's. If it belonged to another customer, only what
// follows is the new one's: shared devices do not join two people.
func (g *group) linkSession(e *effect, session engine.Subject, into16 engine.Hash16, into engine.Subject) error {
	session16 := session.Hash()
	l := link{from: session16, into: into16}
	before, linked, err := g.belongs(session16)
	if err != nil {
		return err
	}
	if linked {
		root, err := g.resolve(before)
		if err != nil || root == into16 {
			return err
		}
	}
	switch {
	case linked:
		owner, err := g.ownerOf(session16)
		if err != nil {
			return err
		}
		if l.owner = owner; owner == (engine.Hash16{}) {
			// It had no rows of its own when it was linked, but what it was shown
			// before still is the first customer's to forget.
			l.owner = before
			e.set(pairKey(ownedLetter, before, session16), []byte{recordVersion})
		}
	default:
		past, err := g.known(session16)
		if err != nil {
			return err
		}
		if past {
			l.owner = into16
			e.own(into16, session16)
		}
	}
	g.name(e, session16, session)
	g.link(e, l, session, into)
	return nil
}

// link adds the forward row of l and what is to be told of it.
func (g *group) link(e *effect, l link, from, into engine.Subject) {
	e.set(hashKey(forwardLetter, l.from), l.encode())
	e.links = append(e.links, l)
	e.change(change{kind: tailMerge, a: l.from, b: l.into}, engine.Committed{
		Subject: from,
		Merged:  &engine.Merge{From: from, Into: engine.CustomerID(into.ID)},
	}, g.now)
}

// known reports whether anything was ever written under a subject.
func (g *group) known(h engine.Hash16) (bool, error) {
	_, err := g.nameOf(h)
	if errors.Is(err, engine.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ownerOf returns whose history takes in the rows of a linked subject.
func (g *group) ownerOf(h engine.Hash16) (engine.Hash16, error) {
	key := hashKey(forwardLetter, h)
	item, err := g.txn.Get(key)
	if err != nil {
		return engine.Hash16{}, writeError(err)
	}
	var l link
	err = item.Value(func(value []byte) error {
		l, err = decodeLink(key, value)
		return err
	})
	return l.owner, err
}

// merge makes all that From did and will do belong to Into. A session that already
// belongs to a customer moves as it does in linkSession: merging it never joins two
// customers.
func (g *group) merge(e *effect, m engine.Merge) error {
	if err := engine.CheckID("into", string(m.Into)); err != nil {
		return err
	}
	if err := engine.CheckID("from", m.From.ID); err != nil {
		return err
	}
	into16, into, err := g.customerAt(m.Into)
	if err != nil {
		return err
	}
	g.name(e, into16, into)
	if m.From.Kind == engine.SessionSubject {
		return g.linkSession(e, m.From, into16, into)
	}
	from16, from, err := g.customerAt(engine.CustomerID(m.From.ID))
	if err != nil {
		return err
	}
	if from16 == into16 {
		return nil
	}
	g.name(e, from16, from)
	e.own(into16, from16)
	g.link(e, link{from: from16, into: into16, owner: into16}, from, into)
	return g.inherit(e, from16, into16, into)
}

// inherit gives a customer without a record the one of the customer merged into it.
func (g *group) inherit(e *effect, from16, into16 engine.Hash16, into engine.Subject) error {
	_, err := g.txn.Get(hashKey(customerLetter, into16))
	if !errors.Is(err, badger.ErrKeyNotFound) {
		return err
	}
	value, err := get(g.txn, hashKey(customerLetter, from16))
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	customer, _, err := decodeCustomer(value)
	if err != nil {
		return err
	}
	customer.ID = engine.CustomerID(into.ID)
	return g.setCustomer(e, into16, into, customer)
}
