package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Person is everything the store holds about one person.
type Person struct {
	Subjects    []engine.Subject    // the person first, then the sessions and customers that are theirs
	Customer    *engine.Customer    // their record, nil where there is none
	Former      []engine.Customer   // records of customers merged into this one, as they were
	Events      []engine.Row        // as History returns them
	Tickets     []engine.Ticket     // in a fixed order that says nothing
	Impressions []engine.Impression // by whom they were given to and by time; those still kept
}

// PersonOf returns everything of the person a subject belongs to, as of one moment,
// merged customers and sessions included. Of somebody nobody heard of it has only the
// subject. What an erasure would drop is what PersonOf returns, but for the hashes that
// tell a retry from news and names that were replaced.
func (s *Store) PersonOf(ctx context.Context, subj engine.Subject) (Person, error) {
	if err := ctx.Err(); err != nil {
		return Person{}, err
	}
	leave, err := s.enter()
	if err != nil {
		return Person{}, err
	}
	defer leave()
	s.view.RLock()
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	root, err := s.rootOf(txn, subj.Hash())
	s.view.RUnlock()
	var all hashes
	if err == nil {
		all, err = members(txn, root)
	}
	if err == nil {
		var p Person
		if p, err = s.gather(ctx, txn, subj, all); err == nil {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("everything of %s: %w", subj, err)
}

// gather reads what lies under each of a person's hashes.
func (s *Store) gather(ctx context.Context, txn *badger.Txn, subj engine.Subject, all hashes) (p Person, err error) {
	for _, h := range all {
		name, err := s.nameOf(txn, h)
		if errors.Is(err, engine.ErrNotFound) {
			continue // unheard of, or erased meanwhile
		}
		if err != nil {
			return p, err
		}
		p.Subjects = append(p.Subjects, name)
		if err := s.recordsOf(txn, h, len(p.Subjects) == 1, &p); err != nil {
			return p, err
		}
		if p.Tickets, err = ticketsUnder(txn, h, p.Tickets); err != nil {
			return p, err
		}
		if p.Impressions, err = s.impressionsUnder(h, p.Impressions); err != nil {
			return p, err
		}
	}
	if len(p.Subjects) == 0 {
		return Person{Subjects: []engine.Subject{subj}}, nil
	}
	it := histories(txn)
	defer it.Close()
	p.Events, err = s.historyOf(ctx, txn, it, all, engine.Subject{}, nil, nil)
	return p, err
}

// recordsOf adds the customer record under h, if there is one.
func (s *Store) recordsOf(txn *badger.Txn, h engine.Hash16, own bool, p *Person) error {
	value, err := get(txn, hashKey(customerLetter, h))
	if errors.Is(err, engine.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	customer, _, err := decodeCustomer(value)
	if own {
		p.Customer = &customer
	} else {
		p.Former = append(p.Former, customer)
	}
	return err
}

// ticketsUnder appends the tickets filed under one subject16.
func ticketsUnder(txn *badger.Txn, h engine.Hash16, list []engine.Ticket) ([]engine.Ticket, error) {
	err := each(txn, hashKey(ticketLetter, h), func(key, value []byte) error {
		if len(key) != pairKeyBytes {
			return nil // an erasure's marker
		}
		ticket, _, err := decodeTicket(value)
		list = append(list, ticket)
		return err
	})
	return list, err
}
