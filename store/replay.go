package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Tail calls fn with everything committed after seq after, in order and in groups, as
// of now: what observe was told, or what of it still stands. A record changed again
// later comes once, with its last change, but an event that was changed comes as it was
// and again with the change; what was erased does not come; a dropped ticket is not told
// of, and an erasure comes without the subject's name. The error wraps ErrTailTrimmed
// where the tail begins later than that. It stops at fn's error and returns it.
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
	case tailChanged:
		ok, err = s.replayChange(txn, c, &done)
	case tailSettings:
		done.Settings, ok, err = current(txn, settingsKey, c.seq, decodeSettings)
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
		if done.Ticket, ok, err = current(txn, pairKey(ticketLetter, subject, c.a), c.seq, decodeTicket); ok && subject != (engine.Hash16{}) {
			done.Subject, err = s.nameOf(txn, subject)
		}
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

// replayEvent tells the rows that c wrote, also those that were changed or moved since.
func (s *Store) replayEvent(ctx context.Context, txn *badger.Txn, c *change, done *engine.Committed) (bool, error) {
	subject, err := s.nameOf(txn, c.a)
	if err != nil {
		return false, err
	}
	done.Subject = subject
	if c.lines == 1 { // most are, and lie where they were written
		key := eventKey(c.a, c.b, uint16(c.first))
		value, err := get(txn, key)
		if err == nil {
			row, err := decodeRow(key, value, subject, s.ids)
			if err != nil {
				return false, err
			}
			if row.Seq == c.seq {
				done.Rows = []engine.Row{row}
				return true, nil
			}
		} else if !errors.Is(err, engine.ErrNotFound) {
			return false, err
		}
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	done.Rows, err = s.written(txn, c)
	return len(done.Rows) > 0, err
}

// replayChange tells what an event came to by a change, and what it was before.
func (s *Store) replayChange(txn *badger.Txn, c *change, done *engine.Committed) (bool, error) {
	subject, err := s.nameOf(txn, c.a)
	if err != nil {
		return false, err
	}
	done.Subject = subject
	key := beforeKey(c.a, c.b, c.seq)
	value, err := get(txn, key)
	if err != nil {
		return false, err
	}
	if done.Was, err = decodeBefore(key, value, subject, s.ids); err != nil {
		return false, err
	}
	done.Rows, err = s.written(txn, c)
	return true, err
}

// written returns the rows of an event that command c.seq wrote: from under the subject
// they were written for or one that owns its rows now, or from before a later change.
// A retry that rewrote a row took it over: it comes later.
func (s *Store) written(txn *badger.Txn, c *change) (rows []engine.Row, err error) {
	chain, err := owners(txn, c.a)
	if err != nil {
		return nil, err
	}
	for _, h := range chain {
		subject, err := s.nameOf(txn, h)
		if err != nil {
			return nil, err
		}
		keep := func(list ...engine.Row) {
			for _, row := range list {
				if row.Seq == c.seq {
					rows = append(rows, row)
				}
			}
		}
		err = each(txn, pairKey(eventLetter, h, c.b), func(key, value []byte) error {
			if len(key) != eventKeyBytes {
				return nil // an erasure's marker
			}
			row, err := decodeRow(key, value, subject, s.ids)
			keep(row)
			return err
		})
		if err != nil {
			return nil, err
		}
		err = each(txn, pairKey(beforeLetter, h, c.b), func(key, value []byte) error {
			if len(key) != pairKeyBytes+8 {
				return nil // an erasure's marker
			}
			before, err := decodeBefore(key, value, subject, s.ids)
			keep(before...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(rows, func(a, b engine.Row) int { return cmp.Compare(a.Line, b.Line) })
	return rows, nil
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
