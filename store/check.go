package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store/journal"
)

// maxProblems bounds a report: by then it is clear that something is wrong.
const maxProblems = 100

// Report is what Check counted and what it found wrong.
type Report struct {
	Seq          uint64   `json:"seq"`
	Interactions int      `json:"interactions"`
	Subjects     int      `json:"subjects"`
	Links        int      `json:"links"`
	Customers    int      `json:"customers"`
	Tickets      int      `json:"tickets"`
	Items        int      `json:"items"`
	Numbers      int      `json:"numbers"`
	Scenarios    int      `json:"scenarios"`
	Impressions  int      `json:"impressions"`
	Commands     int      `json:"commands"` // in the tail
	Models       int      `json:"models"`
	Checkpoints  int      `json:"checkpoints"`
	Problems     []string `json:"problems,omitempty"` // at most 100
}

func (r *Report) problem(format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// checker verifies the store letter by letter, as of one moment.
type checker struct {
	s   *Store
	ctx context.Context
	txn *badger.Txn
	out Report
}

// Check verifies that every row is one the store writes, that numbers are dense and
// unique, the tail in order, links and tickets known both ways. deep also reads every
// chunk of models and checkpoints, and verifies the checksum of every block of every table. What is wrong is in the report; the error is that
// of reading.
func (s *Store) Check(ctx context.Context, deep bool) (Report, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return Report{}, err
	}
	defer done()
	c := checker{s: s, ctx: ctx, txn: txn, out: Report{Seq: s.Seq()}}
	for _, part := range []func() error{
		c.numbers, c.items, c.subjects, c.events, c.links, c.changedEvents, c.customers, c.tickets, c.outcomes, c.scenarios, c.settings, c.impressions, c.tail, c.receipts,
	} {
		if err := part(); err != nil {
			return c.out, fmt.Errorf("checking the store: %w", err)
		}
	}
	if err := c.blobs(deep); err != nil {
		return c.out, fmt.Errorf("checking the store: %w", err)
	}
	if deep {
		if err := s.db.VerifyChecksum(); err != nil {
			c.out.problem("%v", err)
		}
	}
	return c.out, nil
}

// rows calls fn with every row of a letter; fn's error is a problem, not the end.
func (c *checker) rows(letter byte, count *int, fn func(key, value []byte) error) error {
	n := 0
	return each(c.txn, []byte{letter}, func(key, value []byte) error {
		if n++; n%ctxEvery == 0 {
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
		*count++
		if err := fn(key, value); err != nil {
			c.out.problem("%c row %x: %v", letter, key[1:], err)
		}
		return nil
	})
}

func (c *checker) numbers() error {
	err := c.rows(numberLetter, &c.out.Numbers, func(key, value []byte) error {
		n, err := decodeNumber(value)
		if err != nil {
			return err
		}
		if int(n) >= c.s.ids.Len() || string(c.s.ids.ID(n)) != string(key[1:]) {
			return fmt.Errorf("number %d is not this item's", n)
		}
		return nil
	})
	if known := c.s.ids.Len(); c.out.Numbers > known { // fewer: the table has grown since
		c.out.problem("%d numbers are stored for %d items", c.out.Numbers, known)
	}
	return err
}

func (c *checker) items() error {
	return c.rows(itemLetter, &c.out.Items, func(key, value []byte) error {
		n, err := itemOfKey(key)
		if err != nil {
			return err
		}
		item, _, err := decodeItem(value)
		if err == nil && (int(n) >= c.s.ids.Len() || c.s.ids.ID(n) != item.ID) {
			err = fmt.Errorf("number %d is not item %q", n, item.ID)
		}
		return err
	})
}

func (c *checker) subjects() error {
	return c.rows(nameLetter, &c.out.Subjects, func(key, value []byte) error {
		name, err := decodeName(value)
		if err == nil && (len(key) != hashKeyBytes || name.Hash() != firstHash(key)) {
			err = errors.New("the key is not the hash of the name")
		}
		return err
	})
}

func (c *checker) events() error {
	var of engine.Hash16
	var subject engine.Subject
	return c.rows(eventLetter, &c.out.Interactions, func(key, value []byte) error {
		if len(key) != eventKeyBytes {
			return errors.New("key of another length")
		}
		if h := firstHash(key); subject.IsZero() || h != of {
			of, subject = h, engine.Subject{}
			var err error
			if subject, err = c.s.nameOf(c.txn, h); err != nil {
				return err
			}
		}
		row, err := decodeRow(key, value, subject, c.s.ids)
		if err == nil && row.Seq > c.s.Seq() {
			err = fmt.Errorf("sequence number %d is above the newest, %d", row.Seq, c.s.Seq())
		}
		return err
	})
}

func (c *checker) settings() error {
	n := 0
	return c.rows(settingsLetter, &n, func(key, value []byte) error {
		if len(key) != 1 {
			return errors.New("key of another length")
		}
		_, _, err := decodeSettings(value)
		return err
	})
}

func (c *checker) customers() error {
	return c.rows(customerLetter, &c.out.Customers, func(key, value []byte) error {
		customer, _, err := decodeCustomer(value)
		if err == nil && (len(key) != hashKeyBytes || engine.OfCustomer(customer.ID).Hash() != firstHash(key)) {
			err = errors.New("the key is not the hash of the id")
		}
		return err
	})
}

func (c *checker) tickets() error {
	err := c.rows(ticketLetter, &c.out.Tickets, func(key, value []byte) error {
		if len(key) != pairKeyBytes {
			return errors.New("key of another length")
		}
		ticket, _, err := decodeTicket(value)
		if err != nil {
			return err
		}
		_, home, err := findTicket(c.txn, engine.HashOf(ticket.ID))
		if err == nil && home != firstHash(key) {
			err = fmt.Errorf("it is filed under %s", home)
		}
		return err
	})
	if err != nil {
		return err
	}
	homes := 0
	return c.rows(ticketHomeLetter, &homes, func(key, value []byte) error {
		home, err := decodeHome(value)
		if err == nil {
			err = exists(c.txn, pairKey(ticketLetter, home, firstHash(key)))
		}
		return err
	})
}

func (c *checker) scenarios() error {
	return c.rows(scenarioLetter, &c.out.Scenarios, func(key, value []byte) error {
		scenario, _, err := decodeScenario(value)
		if err == nil && scenario.Name != string(key[1:]) {
			err = fmt.Errorf("it is named %q", scenario.Name)
		}
		return err
	})
}

func (c *checker) impressions() error {
	problem := func(err error) { c.out.problem("what was shown: %v", err) }
	err := c.s.shown.Check(func(row journal.Row) error {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		c.out.Impressions++
		_, err := decodeImpression(row.Value, c.s.ids)
		return err
	}, problem)
	if err != nil {
		return err
	}
	if err := c.s.reasons.Check(func(journal.Row) error { return nil }, problem); err != nil {
		return err
	}
	return c.ctx.Err()
}

func (c *checker) tail() error {
	low, err := tailLow(c.txn)
	if err != nil {
		return err
	}
	rows, next := 0, low
	err = c.rows(tailLetter, &rows, func(key, value []byte) error {
		changes, err := decodeTail(key, value)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			return errors.New("it is empty")
		}
		first := changes[0].seq
		if first > next {
			c.out.problem("the tail goes from %d to %d", next-1, first)
		}
		next = first + uint64(len(changes))
		c.out.Commands += len(changes)
		return nil
	})
	if seq := c.out.Seq; next <= seq { // more: a commit came since
		c.out.problem("the tail ends at %d, the newest command is %d", next-1, seq)
	}
	return err
}

func (c *checker) receipts() error {
	n := 0
	if err := c.rows(receiptLetter, &n, func(key, value []byte) error {
		receipt, _, err := decodeRecord[engine.Erasure]("receipt", value)
		if err == nil && receipt.Receipt != string(key[1:]) {
			err = errors.New("it is another's")
		}
		return err
	}); err != nil {
		return err
	}
	if err := c.rows(backupLetter, &n, func(key, value []byte) error {
		b, _, err := decodeRecord[backupRow]("backup", value)
		if err == nil && b.ID != string(key[1:]) {
			err = errors.New("it is another's")
		}
		return err
	}); err != nil {
		return err
	}
	return c.rows(unfinishedLetter, &n, func([]byte, []byte) error {
		return errors.New("the erasure is unfinished: opening the store again finishes it")
	})
}

func (c *checker) blobs(deep bool) error {
	verify := func(value []byte) error {
		b, _, err := decodeRecord[blob]("manifest", value)
		if err == nil && deep {
			_, err = io.Copy(io.Discard, c.s.openBlob(c.ctx, b))
		} else if err == nil && b.Chunks > 0 {
			err = exists(c.txn, chunkKey(b.ID, b.Chunks-1))
		}
		return err
	}
	if err := c.rows(modelLetter, &c.out.Models, func(key, value []byte) error {
		if len(key) != 9 || binary.BigEndian.Uint64(key[1:]) == 0 {
			return errors.New("key of no version")
		}
		return verify(value)
	}); err != nil {
		return err
	}
	return c.rows(checkpointLetter, &c.out.Checkpoints, func(_, value []byte) error { return verify(value) })
}
