package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// ctxEvery is after how many rows a long read looks at its context.
const ctxEvery = 1024

// History returns everything a subject did, by time and then by sequence number. Links
// and merges are followed both ways: it is the history of the customer the subject
// belongs to, with all that was joined to it. A subject nobody heard of has none.
func (s *Store) History(ctx context.Context, subj engine.Subject) ([]engine.Row, error) {
	txn, root, done, err := s.readOf(ctx, subj.Hash())
	if err != nil {
		return nil, err
	}
	defer done()
	sources, err := unmoved(txn, root)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", subj, err)
	}
	it := iterate(txn, eventLetter)
	defer it.Close()
	rows, err := s.historyOf(ctx, txn, it, sources)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", subj, err)
	}
	return rows, nil
}

// historyOf reads the rows of all sources into one history, with an iterator over
// events.
func (s *Store) historyOf(ctx context.Context, txn *badger.Txn, it *badger.Iterator, sources []engine.Hash16) (rows []engine.Row, err error) {
	for _, h := range sources {
		if rows, err = s.rowsOf(ctx, txn, it, h, rows); err != nil {
			return nil, err
		}
	}
	if len(sources) > 1 {
		rows = once(rows)
	}
	slices.SortFunc(rows, byTime)
	return rows, nil
}

// rowsOf appends the rows stored under one subject16.
func (s *Store) rowsOf(ctx context.Context, txn *badger.Txn, it *badger.Iterator, h engine.Hash16, rows []engine.Row) ([]engine.Row, error) {
	prefix := hashKey(eventLetter, h)
	var subject engine.Subject
	for it.Seek(prefix); it.Valid(); it.Next() {
		key := it.Item().Key()
		if !bytes.HasPrefix(key, prefix) {
			break
		}
		if len(key) != eventKeyBytes {
			continue // an erasure's marker
		}
		if len(rows)%ctxEvery == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if subject.IsZero() {
			var err error
			subject, err = s.nameOf(txn, h)
			if s.erasedMeanwhile(h, err) {
				return rows, nil
			}
			if err != nil {
				return nil, fmt.Errorf("%w: %w", err, ErrCorrupt)
			}
		}
		err := it.Item().Value(func(value []byte) error {
			row, err := decodeRow(key, value, subject, s.ids)
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// byTime orders a history: by time, then in the order of arrival, then by line.
func byTime(a, b engine.Row) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Line, b.Line))
}

// once keeps the newest arrival of every line of an event, as a retry that is no longer
// remembered rewrites its own row. Prefixes that were merged can hold a line twice: a
// session's event sent again after the session was linked lands under the customer.
func once(rows []engine.Row) []engine.Row {
	type lineOf struct {
		event engine.Hash16
		line  uint16
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Compare(b.Seq, a.Seq) })
	known := make(map[lineOf]bool, len(rows))
	return slices.DeleteFunc(rows, func(r engine.Row) bool {
		key := lineOf{r.Event, r.Line}
		again := known[key]
		known[key] = true
		return again
	})
}

// Scan calls fn with every subject that has a history and belongs to no other, and
// with that history as History returns it, in the order of the subjects' hashes: the
// same for the same log. It reads as of one moment. It stops at fn's error and returns
// it. An erasure meanwhile does not disturb it, but the erased rows leave the disk only
// when it has ended.
func (s *Store) Scan(ctx context.Context, fn func(subj engine.Subject, rows []engine.Row) error) error {
	txn, done, err := s.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	return s.scan(ctx, txn, fn)
}

// scan is Scan in a transaction of the caller's.
func (s *Store) scan(ctx context.Context, txn *badger.Txn, fn func(engine.Subject, []engine.Row) error) error {
	// Names, links and events all lie in the order of subject16, so that four
	// iterators side by side read the store once from front to back.
	names, events := iterate(txn, nameLetter), iterate(txn, eventLetter)
	linked, owners := iterate(txn, forwardLetter), iterate(txn, unmovedLetter)
	for _, it := range []*badger.Iterator{names, events, linked, owners} {
		defer it.Close()
	}
	for ; names.Valid(); names.Next() {
		key := names.Item().Key()
		if len(key) != hashKeyBytes {
			continue // an erasure's marker
		}
		h := firstHash(key)
		if advance(linked, h) {
			continue // its rows are another's
		}
		sources, err := []engine.Hash16{h}, error(nil)
		if advance(owners, h) {
			if sources, err = unmoved(txn, h); err != nil {
				return err
			}
		}
		rows, err := s.historyOf(ctx, txn, events, sources)
		if err != nil {
			return fmt.Errorf("history of subject %s: %w", h, err)
		}
		if len(rows) == 0 {
			continue
		}
		subject, err := s.nameOf(txn, h)
		if s.erasedMeanwhile(h, err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := fn(subject, rows); err != nil {
			return err
		}
	}
	return nil
}

// itemOfKey returns the number in an item's key.
func itemOfKey(key []byte) (engine.ItemNum, error) {
	if len(key) != 5 {
		return 0, fmt.Errorf("item key %x: %w", key, ErrCorrupt)
	}
	return engine.ItemNum(binary.BigEndian.Uint32(key[1:])), nil
}
