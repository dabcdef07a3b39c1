package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Tail calls fn with everything committed after seq after, in order and in groups, as
// of now: what observe was told, or what of it still stands. A record changed again
// later comes once, with its last change; what was erased does not come; a dropped
// ticket is not told of, and an erasure comes without the subject's name. The error
// wraps ErrTailTrimmed where the tail begins later than that. It stops at fn's error
// and returns it.
func (s *Store) Tail(ctx context.Context, after uint64, fn func([]engine.Committed) error) error {
	txn, done, err := s.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	low, err := tailLow(txn)
	if err != nil {
		return err
	}
	if after+1 < low {
		return fmt.Errorf("replaying from %d: the tail begins at %d: %w", after+1, low, ErrTailTrimmed)
	}
	return eachTailRow(txn, after+1, func(changes []change) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		group := make([]engine.Committed, 0, len(changes))
		for i := range changes {
			if changes[i].seq <= after {
				continue
			}
			done, ok, err := s.replay(ctx, txn, &changes[i])
			if err != nil {
				return fmt.Errorf("replaying %d: %w", changes[i].seq, err)
			}
			if ok {
				group = append(group, done)
			}
		}
		if len(group) == 0 {
			return nil
		}
		return fn(group)
	})
}

// replay turns an entry of the tail back into what was committed. ok is false where it
// no longer stands.
func (s *Store) replay(ctx context.Context, txn *badger.Txn, c *change) (done engine.Committed, ok bool, err error) {
	done.Seq, done.At = c.seq, c.at
	switch c.kind {
	case tailEvent:
		ok, err = s.replayEvent(ctx, txn, c, &done)
	case tailItem:
		done.Num = c.num
		done.Item, ok, err = current(txn, itemKey(c.num), c.seq, decodeItem)
	case tailItemDeleted:
		id := s.ids.ID(c.num)
		done.Num, done.Deleted = c.num, &id
		ok, err = gone(txn, itemKey(c.num))
	case tailCustomer:
		done.Customer, ok, err = current(txn, hashKey(customerLetter, c.a), c.seq, decodeCustomer)
	case tailTicket:
		var home []byte
		if home, err = get(txn, hashKey(ticketHomeLetter, c.a)); err != nil {
			break
		}
		var subject engine.Hash16
		if subject, err = decodeHome(home); err != nil {
			break
		}
		done.Ticket, ok, err = current(txn, pairKey(ticketLetter, subject, c.a), c.seq, decodeTicket)
	case tailScenario:
		done.Scenario, ok, err = current(txn, textKey(scenarioLetter, c.text), c.seq, decodeScenario)
	case tailScenarioDropped:
		done.Dropped = c.text
		ok, err = gone(txn, textKey(scenarioLetter, c.text))
	case tailMerge:
		ok, err = s.replayMerge(txn, c, &done)
	case tailErased:
		done.Erased, err = receiptOf(txn, c.text)
		ok = err == nil
	}
	if errors.Is(err, engine.ErrNotFound) {
		return done, false, nil
	}
	return done, ok, err
}

func (s *Store) replayEvent(ctx context.Context, txn *badger.Txn, c *change, done *engine.Committed) (bool, error) {
	subject, err := s.nameOf(txn, c.a)
	if err != nil {
		return false, err
	}
	done.Subject = subject
	read := func(key, value []byte) error {
		row, err := decodeRow(key, value, subject, s.ids)
		if err == nil && row.Seq == c.seq { // else a retry rewrote it, and comes later
			done.Rows = append(done.Rows, row)
		}
		return err
	}
	if c.lines == 1 {
		key := eventKey(c.a, c.b, uint16(c.first))
		value, err := get(txn, key)
		if err != nil {
			return false, err
		}
		err = read(key, value)
		return len(done.Rows) > 0, err
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err = each(txn, pairKey(eventLetter, c.a, c.b), read)
	return len(done.Rows) > 0, err
}

func (s *Store) replayMerge(txn *badger.Txn, c *change, done *engine.Committed) (bool, error) {
	from, err := s.nameOf(txn, c.a)
	if err != nil {
		return false, err
	}
	into, err := s.nameOf(txn, c.b)
	if err != nil {
		return false, err
	}
	done.Subject = from
	done.Merged = &engine.Merge{From: from, Into: engine.CustomerID(into.ID)}
	return true, nil
}

// current returns the record under key if command seq was the last to write it.
func current[T any](txn *badger.Txn, key []byte, seq uint64, decode func([]byte) (T, uint64, error)) (*T, bool, error) {
	value, err := get(txn, key)
	if err != nil {
		return nil, false, err
	}
	record, written, err := decode(value)
	if err != nil || written != seq {
		return nil, false, err
	}
	return &record, true, nil
}

// gone reports whether there is nothing under key.
func gone(txn *badger.Txn, key []byte) (bool, error) {
	_, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return true, nil
	}
	return false, err
}
