package store

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// Item returns an item. The error wraps engine.ErrNotFound where there is none.
func (s *Store) Item(ctx context.Context, id engine.ItemID) (engine.Item, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return engine.Item{}, err
	}
	defer done()
	n, ok := s.ids.Num(id)
	if !ok {
		return engine.Item{}, fmt.Errorf("item %q: %w", id, engine.ErrNotFound)
	}
	value, err := get(txn, itemKey(n))
	if err != nil {
		return engine.Item{}, fmt.Errorf("item %q: %w", id, err)
	}
	item, _, err := decodeItem(value)
	return item, err
}

// Items calls fn with every item in the order of their numbers, as of one moment. It
// stops at fn's error and returns it.
func (s *Store) Items(ctx context.Context, fn func(engine.ItemNum, engine.Item) error) error {
	txn, done, err := s.read(ctx)
	if err != nil {
		return err
	}
	defer done()
	words := newWords()
	return each(txn, []byte{itemLetter}, func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := itemOfKey(key)
		if err != nil {
			return err
		}
		item, _, err := decodeItem(value)
		if err != nil {
			return err
		}
		words.share(&item)
		return fn(n, item)
	})
}

// Customer returns the record of a customer, or of the one it was merged into. The
// error wraps engine.ErrNotFound where there is none.
func (s *Store) Customer(ctx context.Context, id engine.CustomerID) (engine.Customer, error) {
	txn, root, done, err := s.readOf(ctx, engine.OfCustomer(id).Hash())
	if err != nil {
		return engine.Customer{}, err
	}
	defer done()
	value, err := get(txn, hashKey(customerLetter, root))
	if err != nil {
		return engine.Customer{}, fmt.Errorf("customer %q: %w", id, err)
	}
	customer, _, err := decodeCustomer(value)
	return customer, err
}

// Customers returns a page of at most limit customer records, in a fixed order that
// says nothing, and the cursor of the next page: "" before the first and after the
// last. Customers merged into another are left out.
func (s *Store) Customers(ctx context.Context, cursor string, limit int) (list []engine.Customer, next string, err error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, "", err
	}
	defer done()
	next, err = page(ctx, txn, customerLetter, hashKeyBytes, cursor, limit, func(key, value []byte) (bool, error) {
		merged, err := has(txn, hashKey(forwardLetter, firstHash(key)))
		if merged || err != nil {
			return false, err
		}
		customer, _, err := decodeCustomer(value)
		list = append(list, customer)
		return true, err
	})
	return list, next, err
}

// Ticket returns a ticket. The error wraps engine.ErrNotFound where there is none.
func (s *Store) Ticket(ctx context.Context, id string) (engine.Ticket, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return engine.Ticket{}, err
	}
	defer done()
	ticket, _, err := findTicket(txn, engine.HashOf(id))
	if err != nil {
		return engine.Ticket{}, fmt.Errorf("ticket %q: %w", id, err)
	}
	return ticket, nil
}

// findTicket returns a ticket and the subject it is filed under.
func findTicket(txn *badger.Txn, ticket16 engine.Hash16) (engine.Ticket, engine.Hash16, error) {
	value, err := get(txn, hashKey(ticketHomeLetter, ticket16))
	if err != nil {
		return engine.Ticket{}, engine.Hash16{}, err
	}
	home, err := decodeHome(value)
	if err != nil {
		return engine.Ticket{}, home, err
	}
	if value, err = get(txn, pairKey(ticketLetter, home, ticket16)); err != nil {
		return engine.Ticket{}, home, err
	}
	ticket, _, err := decodeTicket(value)
	return ticket, home, err
}

// Tickets returns a page of at most limit tickets, those of one subject together, and
// the cursor of the next page, as Customers does.
func (s *Store) Tickets(ctx context.Context, cursor string, limit int) (list []engine.Ticket, next string, err error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, "", err
	}
	defer done()
	next, err = page(ctx, txn, ticketLetter, pairKeyBytes, cursor, limit, func(_, value []byte) (bool, error) {
		ticket, _, err := decodeTicket(value)
		list = append(list, ticket)
		return true, err
	})
	return list, next, err
}

// TicketsOf returns the tickets of a subject and of all that belong to it, in a fixed
// order that says nothing.
func (s *Store) TicketsOf(ctx context.Context, subj engine.Subject) ([]engine.Ticket, error) {
	txn, root, done, err := s.readOf(ctx, subj.Hash())
	if err != nil {
		return nil, err
	}
	defer done()
	sources, err := owned(txn, root)
	if err != nil {
		return nil, err
	}
	var list []engine.Ticket
	for _, h := range sources {
		if list, err = ticketsUnder(txn, h, list); err != nil {
			return nil, fmt.Errorf("tickets of %s: %w", subj, err)
		}
	}
	return list, nil
}

// Scenarios returns the stored scenarios by name; the built-in ones that nobody
// changed are not among them.
func (s *Store) Scenarios(ctx context.Context) ([]engine.Scenario, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var list []engine.Scenario
	err = each(txn, []byte{scenarioLetter}, func(_, value []byte) error {
		scenario, _, err := decodeScenario(value)
		list = append(list, scenario)
		return err
	})
	return list, err
}

// PutState keeps a small value of a layer above under a name: settings, jobs, keys. It
// must not name a person, since an erasure does not look there.
func (s *Store) PutState(ctx context.Context, name string, value []byte) error {
	if len(value) > maxRecordBytes {
		return engine.Invalidf(engine.CodeLimitExceeded, name, "a stored value has at most %d bytes, this one has %d", maxRecordBytes, len(value))
	}
	err := s.write(ctx, func(txn *badger.Txn) error {
		return txn.Set(textKey(stateLetter, name), append([]byte{recordVersion}, value...))
	})
	if err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	return nil
}

// State returns what PutState kept under name. The error wraps engine.ErrNotFound
// where there is nothing.
func (s *Store) State(ctx context.Context, name string) ([]byte, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	value, err := get(txn, textKey(stateLetter, name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(value) == 0 || value[0] != recordVersion {
		return nil, fmt.Errorf("%s: %w", name, ErrCorrupt)
	}
	return value[1:], nil
}

// page calls take with up to limit rows of a letter that come after cursor, which is
// the last page's last key in hexadecimal. take says whether the row counts.
func page(ctx context.Context, txn *badger.Txn, letter byte, keyBytes int, cursor string, limit int, take func(key, value []byte) (bool, error)) (next string, err error) {
	prefix := []byte{letter}
	from := prefix
	if cursor != "" {
		after, err := hex.DecodeString(cursor)
		if err != nil || len(after) != keyBytes-1 {
			return "", engine.Invalidf(engine.CodeInvalidField, "cursor", "a cursor is one that the page before gave")
		}
		from = append(append([]byte{letter}, after...), 0)
	}
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	var last []byte
	for it.Seek(from); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		key := it.Item().Key()
		if len(key) != keyBytes {
			continue // an erasure's marker
		}
		if limit <= 0 {
			return hex.EncodeToString(last), nil
		}
		var counts bool
		err := it.Item().Value(func(value []byte) (err error) {
			counts, err = take(key, value)
			return err
		})
		if err != nil {
			return "", err
		}
		if counts {
			limit--
		}
		last = append(last[:0], key[1:]...)
	}
	return "", nil
}
