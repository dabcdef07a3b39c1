package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
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
	it := histories(txn)
	defer it.Close()
	rows, err := s.historyOf(ctx, txn, it, sources, engine.Subject{}, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", subj, err)
	}
	return rows, nil
}

// historyOf reads the rows of all sources into one history in the memory of rows, with an
// iterator over histories that nothing else moves. root is the first source's name, zero where that
// is to be looked up. Texts lie in room, if that is not nil.
func (s *Store) historyOf(ctx context.Context, txn *badger.Txn, it *badger.Iterator, sources []engine.Hash16, root engine.Subject, rows []engine.Row, room *texts) (_ []engine.Row, err error) {
	rows = rows[:0]
	for _, h := range sources {
		if rows, err = s.rowsOf(ctx, txn, it, h, root, rows, room); err != nil {
			return nil, err
		}
		root = engine.Subject{}
	}
	if len(sources) > 1 {
		rows = once(rows)
	}
	sortByTime(rows)
	return rows, nil
}

// rowsOf appends the rows stored under one subject16, whose name is looked up where it is zero.
func (s *Store) rowsOf(ctx context.Context, txn *badger.Txn, it *badger.Iterator, h engine.Hash16, subject engine.Subject, rows []engine.Row, room *texts) ([]engine.Row, error) {
	prefix := hashKey(eventLetter, h)
	first, names := len(rows), itemNames(namesLater{s.ids}) // once: as an interface it takes memory
	var held versions
	// In a scan the iterator stands where the history before ended, which is where this
	// one begins: a seek costs as much as the rows.
	if !it.Valid() || !bytes.HasPrefix(it.Item().Key(), prefix) {
		it.Seek(prefix)
	}
	for ; it.Valid(); it.Next() {
		key := it.Item().Key()
		if !bytes.HasPrefix(key, prefix) {
			break
		}
		if len(key) != eventKeyBytes {
			continue // an erasure's marker
		}
		if !held.stand(it.Item()) {
			continue
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
		rows = append(rows, engine.Row{})
		err := it.Item().Value(func(value []byte) error {
			return decodeRowTo(&rows[len(rows)-1], key, textOf(value, room), subject, names)
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range rows[first:] {
		if r := &rows[first+i]; r.Item != "" {
			r.Item = s.ids.ID(r.Num)
		}
	}
	return rows, nil
}

// histories returns an iterator over events with all that each key held, the newest first, for
// rowsOf, which tells what stands: Badger would look up what a key holds twice to do so, and millions
// of rows are read for the lists of everybody.
func histories(txn *badger.Txn) *badger.Iterator {
	return txn.NewIterator(badger.IteratorOptions{Prefix: []byte{eventLetter}, AllVersions: true})
}

// versions tells what keys hold now from what they held before. The zero versions is ready.
type versions struct{ last [eventKeyBytes]byte }

// stand reports whether an item of histories is what its key holds.
func (v *versions) stand(item *badger.Item) bool {
	key := [eventKeyBytes]byte(item.Key())
	if key == v.last {
		return false
	}
	v.last = key
	return !item.IsDeletedOrExpired()
}

// namesLater stands for the names of items while rows are read: names lie anywhere in memory, and
// looked up in one go they are waited for side by side.
type namesLater struct{ itemNames }

// ID returns what stands for an item's name.
func (namesLater) ID(engine.ItemNum) engine.ItemID { return "?" }

// sortByTime orders a history as its log holds it: by time, then in the order of arrival,
// then by line. A row is 328 bytes: their places are sorted, each beside its time in one number, and
// each row is moved once.
func sortByTime(rows []engine.Row) {
	if len(rows) < 2 {
		return
	}
	before := func(a, b *engine.Row) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Line, b.Line))
	}
	first, last := rows[0].At.UnixMilli(), rows[0].At.UnixMilli() // ms: rows hold no more
	for i := range rows[1:] {
		at := rows[1+i].At.UnixMilli()
		first, last = min(first, at), max(last, at)
	}
	width := bits.Len(uint(len(rows) - 1))
	if bits.Len64(uint64(last-first))+width > 64 { // of ten thousand years, more than 65,536
		slices.SortStableFunc(rows, func(a, b engine.Row) int { return before(&a, &b) })
		return
	}
	places := make([]uint64, len(rows))
	for i := range rows {
		places[i] = uint64(rows[i].At.UnixMilli()-first)<<width | uint64(i)
	}
	slices.Sort(places)
	for from, to := 0, 0; from < len(places); from = to {
		for to = from + 1; to < len(places) && places[to]>>width == places[from]>>width; to++ {
		}
		if mask := uint64(1)<<width - 1; to-from > 1 {
			slices.SortFunc(places[from:to], func(a, b uint64) int { return before(&rows[a&mask], &rows[b&mask]) })
		}
	}
	arrange(rows, places, uint64(1)<<width-1)
}

// arrange moves each row to where its number, under a mask, stands in places, of which nothing is left.
func arrange(rows []engine.Row, places []uint64, mask uint64) {
	for to := range places {
		from := int(places[to] & mask)
		if from == to {
			continue
		}
		// Along the ring of rows that each stand where another belongs.
		first, at := rows[to], to
		for from != to {
			rows[at] = rows[from]
			places[at] = uint64(at)
			at, from = from, int(places[from]&mask)
		}
		rows[at] = first
		places[at] = uint64(at)
	}
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
// same for the same log. The rows are good until fn returns. It reads as of one moment. It
// stops at fn's error and returns it. An erasure meanwhile does not disturb it, but the erased rows leave the disk only
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
	events := histories(txn)
	defer events.Close()
	var rows []engine.Row // of five million events, 6 GB would go through memory otherwise
	return walk(txn, wholeSpan, func(h engine.Hash16, subject engine.Subject, sources []engine.Hash16) (err error) {
		rows, err = s.historyOf(ctx, txn, events, sources, subject, rows, nil)
		if err != nil {
			return fmt.Errorf("history of subject %s: %w", h, err)
		}
		if len(rows) == 0 {
			return nil
		}
		if gone, err := s.goneMeanwhile(txn, h); gone || err != nil {
			return err
		}
		return fn(subject, rows)
	})
}

// span is a range of subjects' hashes by their first four bytes: from is in it, to is not.
type span struct{ from, to uint64 }

// wholeSpan is that of all.
var wholeSpan = span{0, 1 << 32}

// first returns the lowest hash of the span.
func (p span) first() (h engine.Hash16) {
	binary.BigEndian.PutUint32(h[:], uint32(p.from))
	return h
}

// holds reports whether h is not above the span.
func (p span) holds(h engine.Hash16) bool { return uint64(binary.BigEndian.Uint32(h[:])) < p.to }

// walk calls fn with every subject of a span that belongs to no other, its name, and whose rows
// are its history. Names come from where the walk stands: to look one up costs as much as ten rows.
func walk(txn *badger.Txn, p span, fn func(h engine.Hash16, name engine.Subject, sources []engine.Hash16) error) error {
	// Names, links and events all lie in the order of subject16, so that iterators side by
	// side read the store once from front to back.
	names, linked, owners := iterator(txn, nameLetter), iterator(txn, forwardLetter), iterator(txn, unmovedLetter)
	for _, it := range []*badger.Iterator{names, linked, owners} {
		defer it.Close()
	}
	names.Seek(hashKey(nameLetter, p.first()))
	linked.Seek(hashKey(forwardLetter, p.first()))
	owners.Seek(hashKey(unmovedLetter, p.first()))
	for ; names.Valid(); names.Next() {
		key := names.Item().Key()
		if len(key) != hashKeyBytes {
			continue // an erasure's marker
		}
		h := firstHash(key)
		if !p.holds(h) {
			return nil
		}
		if advance(linked, h) {
			continue // its rows are another's
		}
		sources, err := []engine.Hash16{h}, error(nil)
		if advance(owners, h) {
			if sources, err = unmoved(txn, h); err != nil {
				return err
			}
		}
		var name engine.Subject
		err = names.Item().Value(func(value []byte) (err error) {
			name, err = decodeName(value)
			return err
		})
		if err != nil {
			return fmt.Errorf("name of subject %s: %w", h, err)
		}
		if err := fn(h, name, sources); err != nil {
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
