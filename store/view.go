package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store/journal"
)

// View is everything the store holds as of one moment, for exports. The order in which
// it tells things depends on their ids and times alone, so that what was exported and
// imported elsewhere is exported in the same order again. It is for one goroutine, and
// holds the store open until Close. What is erased meanwhile is left out or still told,
// and leaves the disk when the view is closed.
type View struct {
	s    *Store
	txn  *badger.Txn
	seq  uint64
	told journal.Position // of what was shown
	done func()
}

// View begins a consistent read of everything.
func (s *Store) View(ctx context.Context) (*View, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	s.view.RLock()
	defer s.view.RUnlock()
	v := &View{s: s, txn: s.db.NewTransaction(false), seq: s.Seq(), told: s.shown.Position()}
	v.done = sync.OnceFunc(func() { v.txn.Discard(); leave() })
	return v, nil
}

// Seq returns the sequence number of the newest command the view has seen.
func (v *View) Seq() uint64 { return v.seq }

// Close ends the view. Closing twice is harmless.
func (v *View) Close() { v.done() }

// Events calls fn with every line of every event: by the hash of whom it belongs to,
// then by time, event id and line. A line says the customer it belongs to, links and
// merges followed; its session stays. An event that came without an id has one made of
// when it was received, the same in every export: imported again it counts once.
func (v *View) Events(ctx context.Context, fn func(engine.Interaction) error) error {
	return v.Histories(ctx, func(subject engine.Subject, rows []engine.Row) error {
		lines := make([]engine.Interaction, len(rows))
		for i := range rows {
			lines[i] = exported(&rows[i], subject)
		}
		slices.SortStableFunc(lines, func(a, b engine.Interaction) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.EventID, b.EventID), cmp.Compare(a.Line, b.Line))
		})
		for _, line := range lines {
			if err := fn(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// Histories calls fn with every subject that has a history and belongs to no other, as
// Store.Scan does, whose rows are good until fn returns.
func (v *View) Histories(ctx context.Context, fn func(engine.Subject, []engine.Row) error) error {
	return v.s.scan(ctx, v.txn, fn)
}

func exported(row *engine.Row, subject engine.Subject) engine.Interaction {
	line := row.Interaction
	if subject.Kind == engine.CustomerSubject {
		line.Customer = engine.CustomerID(subject.ID)
	}
	if line.EventID == "" {
		raw := binary.BigEndian.AppendUint64(slices.Clone(row.Event[:]), uint64(row.Received.UnixMilli()))
		line.EventID = "row-" + engine.HashOf(string(raw)).String()
	}
	return line
}

// Items calls fn with every item, by id.
func (v *View) Items(ctx context.Context, fn func(engine.Item) error) error {
	return v.each(ctx, numberLetter, func(_, value []byte) error {
		n, err := decodeNumber(value)
		if err != nil {
			return err
		}
		value, err = get(v.txn, itemKey(n))
		if errors.Is(err, engine.ErrNotFound) {
			return nil // only events know of it
		}
		if err != nil {
			return err
		}
		item, _, err := decodeItem(value)
		if err != nil {
			return err
		}
		return fn(item)
	})
}

// Customers calls fn with every customer's record, by the hash of the id. Customers
// merged into another are left out.
func (v *View) Customers(ctx context.Context, fn func(engine.Customer) error) error {
	linked := iterate(v.txn, forwardLetter)
	defer linked.Close()
	return v.each(ctx, customerLetter, func(key, value []byte) error {
		if len(key) != hashKeyBytes || advance(linked, firstHash(key)) {
			return nil // an erasure's marker, or another's
		}
		customer, _, err := decodeCustomer(value)
		if err != nil {
			return err
		}
		return fn(customer)
	})
}

// ScanTickets calls fn with every ticket as of one moment, as View.Tickets does.
func (s *Store) ScanTickets(ctx context.Context, fn func(engine.Ticket) error) error {
	v, err := s.View(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	return v.Tickets(ctx, fn)
}

// ScanAnswers calls fn with every answer that is still kept, as of one moment and in no order
// that says anything, without its reasons.
func (s *Store) ScanAnswers(ctx context.Context, fn func(engine.Impression) error) error {
	v, err := s.View(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	err = v.s.shown.All(v.told, v.s.kept(func(row journal.Row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		imp, err := decodeImpression(row.Value, s.ids)
		if err != nil {
			return err
		}
		return fn(imp)
	}))
	if err != nil {
		return fmt.Errorf("reading the answers: %w", journalError(err))
	}
	return nil
}

// Tickets calls fn with every ticket, by the hash of the id. A ticket says the customer
// it belongs to, merges followed.
func (v *View) Tickets(ctx context.Context, fn func(engine.Ticket) error) error {
	return v.each(ctx, ticketHomeLetter, func(key, _ []byte) error {
		ticket, home, err := findTicket(v.txn, firstHash(key))
		if errors.Is(err, engine.ErrNotFound) {
			return nil // erased meanwhile: what was deleted is still there for a view
		}
		if err != nil {
			return err
		}
		if home != (engine.Hash16{}) {
			chain, err := owners(v.txn, home)
			if err != nil {
				return err
			}
			subject, err := v.s.nameOf(v.txn, chain[len(chain)-1])
			if v.s.erasedMeanwhile(chain[len(chain)-1], err) {
				return nil
			}
			if err != nil {
				return err
			}
			ticket.Customer = engine.CustomerID(subject.ID)
		}
		return fn(ticket)
	})
}

// Impressions calls fn with every answer that is still kept, by time, with its reasons
// while they are kept.
func (v *View) Impressions(ctx context.Context, fn func(engine.Impression) error) error {
	err := v.s.shown.All(v.told, v.s.kept(func(row journal.Row) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		imp, err := v.s.whole(row)
		if err != nil {
			return err
		}
		return fn(imp)
	}))
	if err != nil {
		return fmt.Errorf("exporting as of %d: %w", v.seq, journalError(err))
	}
	return nil
}

// each calls fn with the rows of a letter until ctx ends.
func (v *View) each(ctx context.Context, letter byte, fn func(key, value []byte) error) error {
	err := each(v.txn, []byte{letter}, func(key, value []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(key, value)
	})
	if err != nil {
		return fmt.Errorf("exporting as of %d: %w", v.seq, err)
	}
	return nil
}
