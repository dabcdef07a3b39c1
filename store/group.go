package store

import (
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// group is what goes into one transaction: commands that were carried out in txn but
// not committed. Until they are, nothing of them is visible outside of it.
type group struct {
	s       *Store
	txn     *badger.Txn
	now     time.Time // of all its commands
	next    uint64    // sequence number of the next command
	entries int64     // written to txn
	bytes   int64

	ids      *catalogue.Reservation
	reserved []engine.ItemID // in ids, in the order of their numbers
	links    map[engine.Hash16]engine.Hash16
	names    map[engine.Hash16]engine.Subject
	seen     []eventID          // put into the store's memory, to be taken back if the commit fails
	moves    bool               // writes rows without a change to tell of
	changes  []change           // for the tail, one for each of committed
	done     []engine.Committed // to be observed
	settled  []outcome

	scratch effect // of the command being carried out
}

// outcome is the result of one command, held back until its group is durable.
type outcome struct {
	request *request
	index   int
	result  engine.Result
}

// effect is what one command comes to, gathered before any of it is written so that a
// refused command leaves nothing behind.
type effect struct {
	seq     uint64 // of its next change
	entries []entry
	bytes   int64
	changes []change
	done    []engine.Committed
	links   []link
	names   []named
	seen    []eventID
	edited  []uint64 // ownerTag of subjects with an event changed by hand
}

// reset empties e for a command whose first change is seq, keeping its memory.
func (e *effect) reset(seq uint64) {
	*e = effect{
		seq: seq, entries: e.entries[:0], changes: e.changes[:0], done: e.done[:0],
		links: e.links[:0], names: e.names[:0], seen: e.seen[:0], edited: e.edited[:0],
	}
}

// entry is a row to be written; a nil value deletes.
type entry struct{ key, value []byte }

// named is a subject whose name row is among the entries.
type named struct {
	hash engine.Hash16
	name engine.Subject
}

// entryOverhead is what Badger counts for an entry beside key and value, rounded up.
const entryOverhead = 16

func (e *effect) set(key, value []byte) {
	e.entries = append(e.entries, entry{key, value})
	e.bytes += int64(len(key)+len(value)) + entryOverhead
}

func (e *effect) delete(key []byte) { e.set(key, nil) }

// change notes that the command committed done and what the tail is to say of it, and
// gives it the next sequence number.
func (e *effect) change(c change, done engine.Committed, at time.Time) {
	c.seq, done.Seq, done.At = e.seq, e.seq, at
	e.changes = append(e.changes, c)
	e.done = append(e.done, done)
	e.bytes += int64(len(c.text)) + 2*int64(hashBytes) + entryOverhead
	e.seq++
}

// last returns the sequence number of the effect's last change, 0 where it has none.
func (e *effect) last() uint64 {
	if len(e.done) == 0 {
		return 0
	}
	return e.seq - 1
}

// carryOut works out what cmd comes to. Exactly one of the effect and the result's
// Err or Duplicate is set. The effect is good until the next call.
func (g *group) carryOut(cmd engine.Command) (*effect, engine.Result) {
	e := &g.scratch
	e.reset(g.next)
	var err error
	duplicate := false
	switch cmd := cmd.(type) {
	case engine.RecordEvent:
		duplicate, err = g.recordEvent(e, cmd.Lines)
	case engine.PutItem:
		err = g.putItem(e, cmd.Item)
	case engine.UpdateEvent:
		err = g.updateEvent(e, cmd)
	case engine.PutSettings:
		err = g.putSettings(e, cmd.Settings)
	case engine.UpdateItem:
		err = g.updateItem(e, cmd)
	case engine.DeleteItem:
		err = g.deleteItem(e, cmd.ID)
	case engine.PutCustomer:
		err = g.putCustomer(e, cmd.Customer)
	case engine.UpdateCustomer:
		err = g.updateCustomer(e, cmd)
	case engine.PutTicket:
		duplicate, err = g.putTicket(e, cmd)
	case engine.UpdateTicket:
		duplicate, err = g.updateTicket(e, cmd)
	case engine.DeleteTicket:
		err = g.deleteTicket(e, cmd.ID)
	case engine.Merge:
		err = g.merge(e, cmd)
	case engine.PutScenario:
		err = g.putScenario(e, cmd.Scenario)
	case engine.DeleteScenario:
		err = g.deleteScenario(e, cmd.Name)
	case *moveRows:
		err = g.moveRows(e, cmd)
	case engine.Erase:
		err = engine.Invalidf(engine.CodeInvalidField, "", "an erasure cannot be part of an atomic batch")
	default:
		err = fmt.Errorf("the store knows no command %T", cmd)
	}
	if err != nil || duplicate {
		return nil, engine.Result{Err: err, Duplicate: duplicate}
	}
	return e, engine.Result{Seq: e.last()}
}

// fits reports whether e can join the group's transaction.
func (g *group) fits(e *effect) bool {
	return g.entries+int64(len(e.entries)) <= g.s.maxEntries && g.bytes+e.bytes <= g.s.maxBytes
}

// take writes e into the group's transaction.
func (g *group) take(e *effect) error {
	for _, row := range e.entries {
		var err error
		if row.value == nil {
			err = g.txn.Delete(row.key)
		} else {
			err = g.txn.Set(row.key, row.value)
		}
		if err != nil {
			return fmt.Errorf("writing to the transaction: %w", err)
		}
	}
	g.entries += int64(len(e.entries))
	g.bytes += e.bytes
	g.next = e.seq
	g.moves = g.moves || len(e.changes) == 0 && len(e.entries) > 0
	g.changes = append(g.changes, e.changes...)
	g.done = append(g.done, e.done...)
	for _, l := range e.links {
		g.links[l.from] = l.into
	}
	for _, n := range e.names {
		g.names[n.hash] = n.name
	}
	for _, id := range e.seen {
		g.s.seen.put(id.key(), id.owner())
	}
	g.seen = append(g.seen, e.seen...)
	for _, tag := range e.edited {
		g.s.edited[tag] = true // one too many, should the commit fail, only costs a look
	}
	return nil
}

// commit makes the group durable and then visible: rows, numbers and links at once.
func (g *group) commit() error {
	if len(g.changes) == 0 && !g.moves {
		return nil
	}
	s := g.s
	if err := s.writable(); err != nil {
		return err
	}
	if err := g.writeTail(); err != nil {
		return fmt.Errorf("writing the tail: %w", err)
	}
	s.dropping.RLock() // a model may be wiped meanwhile
	defer s.dropping.RUnlock()
	s.view.Lock()
	err := s.commit(g.txn)
	if err == nil {
		g.ids.Publish()
		for from, into := range g.links {
			s.links.put(from, into)
		}
		s.seq.Store(g.next - 1)
	}
	s.view.Unlock()
	if err != nil {
		return s.failed(err)
	}
	s.rememberNames(g.names)
	return nil
}

// discard gives up what was gathered.
func (g *group) discard() {
	g.txn.Discard()
	for _, id := range g.seen {
		g.s.seen.remove(id.key())
	}
}

// writeTail adds the rows that say what the group changed.
func (g *group) writeTail() error {
	for rest := g.changes; len(rest) > 0; {
		part := rest[:min(len(rest), tailRowEntries)]
		rest = rest[len(part):]
		value := appendTail(make([]byte, 0, 40*len(part)), g.now, part)
		if err := g.txn.Set(numberedKey(tailLetter, part[0].seq), value); err != nil {
			return err
		}
	}
	return nil
}

// numberOf returns the number of an item, giving it the next one if it has none. The
// number is written at once: should the command be refused yet, an item has a number
// that nobody uses.
func (g *group) numberOf(id engine.ItemID) (engine.ItemNum, error) {
	if n, ok := g.ids.Lookup(id); ok {
		return n, nil
	}
	if err := engine.CheckID("item_id", string(id)); err != nil {
		return 0, err
	}
	n := engine.ItemNum(g.Len())
	if n >= engine.MaxCatalogue {
		return 0, engine.Invalidf(engine.CodeLimitExceeded, "item_id", "a store numbers at most %d items", engine.MaxCatalogue)
	}
	row := entry{textKey(numberLetter, string(id)), encodeNumber(n)}
	if err := g.txn.Set(row.key, row.value); err != nil {
		return 0, fmt.Errorf("numbering item %q: %w", id, err)
	}
	if got, _ := g.ids.Num(id); got != n {
		panic(fmt.Sprintf("store: item %q was given number %d, its row says %d", id, got, n))
	}
	g.reserved = append(g.reserved, id)
	g.entries++
	g.bytes += int64(len(row.key)+len(row.value)) + entryOverhead
	return n, nil
}

// ID and Len make a group the table of item numbers as of the group.
func (g *group) ID(n engine.ItemNum) engine.ItemID {
	if known := g.s.ids.Len(); int(n) >= known {
		return g.reserved[int(n)-known]
	}
	return g.s.ids.ID(n)
}

// Len returns how many numbers are given as of the group.
func (g *group) Len() int { return g.s.ids.Len() + len(g.reserved) }

// belongs returns whom h belongs to, as of the group.
func (g *group) belongs(h engine.Hash16) (into engine.Hash16, linked bool, err error) {
	if into, ok := g.links[h]; ok {
		return into, true, nil
	}
	return g.s.link(g.txn, h)
}

// resolve returns the end of the chain that begins at h, as of the group.
func (g *group) resolve(h engine.Hash16) (engine.Hash16, error) {
	for {
		into, linked, err := g.belongs(h)
		if err != nil || !linked {
			return h, err
		}
		h = into
	}
}

// nameOf returns the subject with hash h, as of the group.
func (g *group) nameOf(h engine.Hash16) (engine.Subject, error) {
	if name, ok := g.names[h]; ok {
		return name, nil
	}
	return g.s.nameOf(g.txn, h)
}

// name writes the name row of a subject, unless it was written lately.
func (g *group) name(e *effect, h engine.Hash16, name engine.Subject) {
	if _, ok := g.names[h]; ok {
		return
	}
	if _, ok := g.s.recallName(h); ok {
		return
	}
	e.set(hashKey(nameLetter, h), encodeName(name))
	e.names = append(e.names, named{h, name})
}
