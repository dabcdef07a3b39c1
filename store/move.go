package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/rapportengine/rapport/engine"
)

// The rows that a subject had when it was linked lie under its own hash, and every read
// of the history looks there. In the background they move under whom they belong to,
// so that a history is one prefix again. Where that is still to be done stands in
//
//	B | owner16 | from16 -> version1
//
// beside the A row, which stays: an erasure drops both prefixes, since what Badger
// deletes stays readable in its files for a while. The committer moves the rows, some
// at a time, each in one transaction with the deletion of the old one. So at any moment,
// after a crash too, a row lies in one place or the other, and nobody writes in between:
// what is sent for a linked subject goes to its owner already. Moving is no command: it
// has no number, and whoever looks for a row of from16 (the tail does) follows the link.

const (
	moveRowsMax  = 256       // rows moved at a time, so that commands do not wait long
	moveBytesMax = 256 << 10 // of them
	moveSources  = 64        // subjects whose rows are moved by one request
)

// moveRows has the committer move some rows of from, which owner owns.
type moveRows struct {
	engine.Command // none: it only passes through the committer
	owner, from    engine.Hash16
	moved          int
}

// MoveMerged moves the rows of sessions and merged customers under the customer they
// belong to, until there are none left elsewhere, and returns how many it moved. It
// changes nothing that can be read. It is safe beside everything else, gives way to
// commands between batches, and goes on where it was when it is called again.
func (s *Store) MoveMerged(ctx context.Context) (moved int, err error) {
	for {
		batch, err := s.unmovedSources(ctx)
		if err != nil || len(batch) == 0 {
			return moved, err
		}
		results, err := s.submit(ctx, batch, false)
		if err != nil {
			return moved, fmt.Errorf("moving merged rows: %w", err)
		}
		for i, r := range results {
			if r.Err != nil {
				return moved, fmt.Errorf("moving merged rows: %w", r.Err)
			}
			moved += batch[i].(*moveRows).moved
		}
	}
}

// unmovedSources returns some of what is to be moved: what has nothing of its own to be
// moved into it. Links have no cycles, so there is one if there is any.
func (s *Store) unmovedSources(ctx context.Context) (batch []engine.Command, err error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	err = eachKey(txn, []byte{unmovedLetter}, func(key []byte) error {
		if len(key) != pairKeyBytes {
			return fmt.Errorf("row to be moved %x: %w", key, ErrCorrupt)
		}
		waits := false
		err := eachKey(txn, hashKey(unmovedLetter, secondHash(key)), func([]byte) error {
			waits = true
			return errStop
		})
		if err != nil && !errors.Is(err, errStop) {
			return err
		}
		if !waits {
			batch = append(batch, &moveRows{owner: firstHash(key), from: secondHash(key)})
		}
		if len(batch) == moveSources {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return batch, err
}

// moveRows carries out one batch. Since what it moves into from cannot have grown, from
// still is the end of its branch.
func (g *group) moveRows(e *effect, m *moveRows) error {
	m.moved = 0
	mark := pairKey(unmovedLetter, m.owner, m.from)
	if there, err := has(g.txn, mark); !there || err != nil {
		return err // moved or erased meanwhile
	}
	into16, err := g.resolve(m.owner)
	if err != nil {
		return err
	}
	into, err := g.nameOf(into16)
	if err != nil {
		return err
	}
	from, err := g.nameOf(m.from)
	if err != nil {
		return err
	}
	rows, more, err := g.someRows(m.from, from)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := g.moveRow(e, &rows[i], m.from, into16, into); err != nil {
			return err
		}
	}
	if !more {
		e.delete(mark)
	}
	m.moved = len(rows)
	return nil
}

// someRows returns the first rows stored under a subject, and whether there are more.
func (g *group) someRows(h engine.Hash16, name engine.Subject) (rows []engine.Row, more bool, err error) {
	read := 0
	err = each(g.txn, hashKey(eventLetter, h), func(key, value []byte) error {
		if len(rows) == moveRowsMax || read > moveBytesMax {
			more = true
			return errStop
		}
		row, err := decodeRow(key, value, name, g)
		rows, read = append(rows, row), read+len(value)
		return err
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return rows, more, err
}

// moveRow writes a row under its new subject, unless it was sent again since and lies
// there already, and deletes the old one.
func (g *group) moveRow(e *effect, row *engine.Row, from, into16 engine.Hash16, into engine.Subject) error {
	e.delete(eventKey(from, row.Event, row.Line))
	key := eventKey(into16, row.Event, row.Line)
	there, err := get(g.txn, key)
	if err == nil {
		newer, err := decodeRow(key, there, into, g)
		if err != nil || newer.Seq > row.Seq {
			return err
		}
	} else if !errors.Is(err, engine.ErrNotFound) {
		return err
	}
	value, err := appendRow(make([]byte, 0, 96), row, into)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, value) {
		e.set(key, value)
	}
	return nil
}
