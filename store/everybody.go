package store

import (
	"context"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Everybody calls fn with every customer of one of so many parts of them, by the hash of
// the id: with their record, nil without one, their tickets and their history, as Customer,
// TicketsOf and History return them. The record or the history is there. A history is read to
// what room returns then, which is made longer where that is needed: the rows are fn's until room
// returns the same again. Who keeps one of their texts keeps those of others in memory.
// It stops at fn's error and returns it. Each person is as of one moment, two parts may be
// of two; parts may be read side by side.
func (s *Store) Everybody(ctx context.Context, part, parts int, room func() *[]engine.Row, fn func(engine.CustomerID, *engine.Customer, []engine.Ticket, []engine.Row) error) error {
	txn, done, err := s.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	events, records := histories(txn), iterator(txn, customerLetter)
	tickets, joined := iterator(txn, ticketLetter), iterator(txn, ownedLetter)
	for _, it := range []*badger.Iterator{events, records, tickets, joined} {
		defer it.Close()
	}
	all := span{uint64(part) << 32 / uint64(parts), uint64(part+1) << 32 / uint64(parts)}
	records.Seek(hashKey(customerLetter, all.first()))
	tickets.Seek(hashKey(ticketLetter, all.first()))
	joined.Seek(hashKey(ownedLetter, all.first()))
	var said texts
	return walk(txn, all, func(h engine.Hash16, subject engine.Subject, sources []engine.Hash16) (err error) {
		if subject.Kind != engine.CustomerSubject {
			return nil
		}
		var record *engine.Customer
		if advance(records, h) && len(records.Item().Key()) == hashKeyBytes {
			err := records.Item().Value(func(value []byte) error {
				customer, _, err := decodeCustomer(value)
				record = &customer
				return err
			})
			if err != nil {
				return err
			}
		}
		to := room()
		rows, err := s.historyOf(ctx, txn, events, sources, subject, *to, &said)
		if err != nil {
			return fmt.Errorf("history of subject %s: %w", h, err)
		}
		*to = rows
		if record == nil && len(rows) == 0 {
			return nil
		}
		var asked []engine.Ticket
		under := []engine.Hash16{h}
		theirs := advance(tickets, h)
		if advance(joined, h) {
			theirs = true
			if under, err = owned(txn, h); err != nil {
				return err
			}
		}
		for i := 0; theirs && i < len(under); i++ {
			if asked, err = ticketsUnder(txn, under[i], asked); err != nil {
				return fmt.Errorf("tickets of subject %s: %w", h, err)
			}
		}
		if gone, err := s.goneMeanwhile(txn, h); gone || err != nil {
			return err
		}
		return fn(engine.CustomerID(subject.ID), record, asked, rows)
	})
}
