package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// A tail row says what a commit changed, for recovery and followers:
//
//	l | seq8 -> version1 | at, ms, varint | count | entries
//
// seq is that of the first entry, the others follow without gaps. One row for many
// commands spares CPU: a row for each took 17 to 46 % more (BenchmarkAppend). An entry
// names keys, not values, and nothing a person could be told by, so that an erasure
// leaves the tail alone: what it dropped is skipped in a replay.
//
//	e | subject16 | event16 | first line | lines     RecordEvent
//	v | subject16 | event16                          UpdateEvent
//	i | item number                                  PutItem, UpdateItem
//	d | item number                                  DeleteItem
//	c | subject16                                    PutCustomer, UpdateCustomer
//	t | ticket16                                     PutTicket, UpdateTicket
//	u | ticket16                                     DeleteTicket
//	p | name                                         PutScenario
//	q | name                                         DeleteScenario
//	g                                                PutSettings
//	m | from16 | into16                              Merge, or the link an event makes
//	x | receipt                                      Erase
const (
	tailEvent           = 'e'
	tailChanged         = 'v'
	tailItem            = 'i'
	tailItemDeleted     = 'd'
	tailCustomer        = 'c'
	tailTicket          = 't'
	tailTicketDropped   = 'u'
	tailScenario        = 'p'
	tailScenarioDropped = 'q'
	tailSettings        = 'g'
	tailMerge           = 'm'
	tailErased          = 'x'

	tailVersion = 1
	// tailRowEntries bounds a tail row to some 20 KB.
	tailRowEntries = 512
	// trimBatch is how many tail rows TrimTail deletes in a transaction.
	trimBatch = 1024
)

// change is one entry of the tail.
type change struct {
	kind         byte
	seq          uint64
	at           time.Time
	a, b         engine.Hash16 // what the kind says, in its order
	first, lines uint64
	num          engine.ItemNum
	text         string
}

func (c *change) append(buf []byte) []byte {
	buf = append(buf, c.kind)
	switch c.kind {
	case tailEvent:
		buf = append(append(buf, c.a[:]...), c.b[:]...)
		buf = binary.AppendUvarint(binary.AppendUvarint(buf, c.first), c.lines)
	case tailItem, tailItemDeleted:
		buf = binary.AppendUvarint(buf, uint64(c.num))
	case tailCustomer, tailTicket, tailTicketDropped:
		buf = append(buf, c.a[:]...)
	case tailMerge, tailChanged:
		buf = append(append(buf, c.a[:]...), c.b[:]...)
	case tailScenario, tailScenarioDropped, tailErased:
		buf = appendText(buf, c.text)
	}
	return buf
}

// appendTail appends a tail row's value to buf.
func appendTail(buf []byte, at time.Time, changes []change) []byte {
	buf = append(buf, tailVersion)
	buf = binary.AppendVarint(buf, at.UnixMilli())
	buf = binary.AppendUvarint(buf, uint64(len(changes)))
	for i := range changes {
		buf = changes[i].append(buf)
	}
	return buf
}

// decodeTail reads a tail row. Bytes that appendTail cannot have written give an error
// that wraps ErrCorrupt, never a panic.
func decodeTail(key, value []byte) ([]change, error) {
	if len(key) != 9 {
		return nil, fmt.Errorf("tail key of %d bytes: %w", len(key), ErrCorrupt)
	}
	seq := binary.BigEndian.Uint64(key[1:])
	in := reader{text: string(value)}
	if v := in.byte(); v != tailVersion {
		in.fail(fmt.Errorf("version %d", v))
	}
	at := in.time(in.int())
	count := in.uint()
	if count > uint64(len(in.text)) { // an entry has at least a byte
		in.fail(errShort)
	}
	changes := make([]change, 0, min(count, tailRowEntries))
	for i := uint64(0); i < count && in.err == nil; i++ {
		c := in.change()
		c.seq, c.at = seq+i, at
		changes = append(changes, c)
	}
	if in.err == nil && in.text != "" {
		in.err = errLeftOver
	}
	if in.err != nil {
		return nil, fmt.Errorf("tail row %d: %w: %w", seq, in.err, ErrCorrupt)
	}
	return changes, nil
}

func (in *reader) change() (c change) {
	c.kind = in.byte()
	switch c.kind {
	case tailEvent:
		c.a, c.b, c.first, c.lines = in.hash(), in.hash(), in.uint(), in.uint()
		if c.first > 1<<16-1 || c.lines > engine.MaxLines || c.lines == 0 {
			in.fail(errNumber)
		}
	case tailItem, tailItemDeleted:
		n := in.uint()
		if n >= engine.MaxCatalogue {
			in.fail(errNumber)
		}
		c.num = engine.ItemNum(n)
	case tailCustomer, tailTicket, tailTicketDropped:
		c.a = in.hash()
	case tailMerge, tailChanged:
		c.a, c.b = in.hash(), in.hash()
	case tailSettings:
	case tailScenario, tailScenarioDropped, tailErased:
		c.text = in.string()
	default:
		in.fail(fmt.Errorf("entry of kind %d", c.kind))
	}
	return c
}

// eachTailRow calls fn with the tail from the row that holds seq from on.
func eachTailRow(txn *badger.Txn, from uint64, fn func([]change) error) error {
	begin := numberedKey(tailLetter, from)
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{tailLetter}, Reverse: true})
	if it.Seek(begin); it.Valid() { // the last row that begins at or below from
		begin = it.Item().KeyCopy(nil)
	}
	it.Close()
	return eachFrom(txn, []byte{tailLetter}, begin, func(key, value []byte) error {
		changes, err := decodeTail(key, value)
		if err != nil {
			return err
		}
		return fn(changes)
	})
}

// eachTailRowBack calls fn with the rows of the tail that hold seq low and above, the newest first,
// until it returns errStop.
//
// Behind the last of them lie those that were trimmed, until Badger compacts them away. An iterator
// looks ahead, and would go over all of these: one for some of the rows stays within their tables.
func eachTailRowBack(txn *badger.Txn, low uint64, fn func([]change) error) error {
	var newest uint64
	err := eachBack(txn, []byte{tailLetter}, math.MaxUint64, func(key, value []byte) error {
		if _, err := decodeTail(key, value); err != nil {
			return err
		}
		newest = binary.BigEndian.Uint64(key[1:])
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	const span = 16 // bits of the numbers of these rows
	least := (low - min(low, tailRowEntries)) >> span
	for some := newest >> span; err == nil && some >= least; some-- {
		prefix := numberedKey(tailLetter, some<<span)[:1+8-span/8]
		err = eachBack(txn, prefix, some<<span|(1<<span-1), func(key, value []byte) error {
			changes, err := decodeTail(key, value)
			if err == nil {
				err = fn(changes)
			}
			if err == nil && binary.BigEndian.Uint64(key[1:]) <= low {
				err = errStop
			}
			return err
		})
		if some == 0 {
			break
		}
	}
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// eachBack calls fn with the tail's keys under prefix and their values, backwards from a number.
func eachBack(txn *badger.Txn, prefix []byte, from uint64, fn func(key, value []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, Reverse: true})
	defer it.Close()
	for it.Seek(numberedKey(tailLetter, from)); it.Valid(); it.Next() {
		if err := it.Item().Value(func(value []byte) error { return fn(it.Item().Key(), value) }); err != nil {
			return err
		}
	}
	return nil
}

// The low end of the tail: everything from that sequence number on is kept.

var tailLowKey = textKey(metaLetter, "tail")

func tailLow(txn *badger.Txn) (uint64, error) {
	value, err := get(txn, tailLowKey)
	if errors.Is(err, engine.ErrNotFound) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	in := reader{text: string(value)}
	version, low := in.byte(), in.uint()
	if in.err != nil || version != recordVersion || low == 0 {
		return 0, fmt.Errorf("low end of the tail: %w", ErrCorrupt)
	}
	return low, nil
}

// TrimTail gives up the tail below sequence number below, or a little less: rows are
// dropped whole. What is needed for recovery must be in a checkpoint by then.
func (s *Store) TrimTail(ctx context.Context, below uint64) error {
	below = min(below, s.Seq()+1)
	txn, done, err := s.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	low, err := tailLow(txn)
	if err != nil || below <= low {
		return err
	}
	// First the promise, then the rows: the other order could lose rows that are
	// still promised.
	err = s.writeAnyway(ctx, func(txn *badger.Txn) error {
		return txn.Set(tailLowKey, binary.AppendUvarint([]byte{recordVersion}, below))
	})
	if err != nil {
		return fmt.Errorf("trimming the tail: %w", err)
	}
	var keys [][]byte
	err = eachTailRow(txn, low, func(changes []change) error {
		if len(changes) == 0 || changes[len(changes)-1].seq >= below {
			return errStop
		}
		keys = append(keys, numberedKey(tailLetter, changes[0].seq))
		for i := range changes {
			if c := &changes[i]; c.kind == tailChanged {
				keys = append(keys, beforeKey(c.a, c.b, c.seq))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	return s.deleteAll(ctx, keys)
}

// errStop ends an iteration that has seen enough.
var errStop = errors.New("enough")

// deleteAll deletes keys that are not the committer's to write any more; it needs no
// room, since it makes some.
func (s *Store) deleteAll(ctx context.Context, keys [][]byte) error {
	for len(keys) > 0 {
		n := min(len(keys), trimBatch)
		err := s.writeAnyway(ctx, func(txn *badger.Txn) error {
			for _, key := range keys[:n] {
				if err := txn.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// loadTail finds the newest sequence number and the event ids seen lately, so that a
// client that sends again what a crash left unanswered is recognised.
func (s *Store) loadTail() error {
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	low, err := tailLow(txn)
	if err != nil {
		return err
	}
	newest, recalled := low-1, 0
	erased := make(map[engine.Hash16]bool) // later than the row at hand: their older events are news again
	err = eachTailRowBack(txn, low, func(changes []change) error {
		for _, c := range changes {
			newest = max(newest, c.seq)
			switch {
			case c.kind == tailErased:
				if err := addErased(txn, c.text, erased); err != nil {
					return err
				}
			case c.kind == tailEvent && !erased[c.a]:
				id := eventID{c.a, c.b, uint16(c.first), c.a}
				s.seen.put(id.key(), id.owner())
				recalled++
			}
		}
		if recalled >= recentEvents {
			return errStop
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.seq.Store(newest)
	return nil
}

// addErased adds whom a receipt says were erased.
func addErased(txn *badger.Txn, receipt string, to map[engine.Hash16]bool) error {
	done, err := receiptOf(txn, receipt)
	if err != nil {
		return err
	}
	for _, text := range done.Subjects {
		h, err := hex.DecodeString(text)
		if err != nil || len(h) != hashBytes {
			return fmt.Errorf("receipt %s: subject %q: %w", receipt, text, ErrCorrupt)
		}
		to[engine.Hash16(h)] = true
	}
	return nil
}
