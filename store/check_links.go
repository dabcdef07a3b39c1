package store

import (
	"errors"
	"fmt"

	"github.com/rapportengine/rapport/engine"
)

// changedEvents verifies what is kept of events that were changed by hand.
func (c *checker) changedEvents() error {
	n := 0
	err := c.rows(beforeLetter, &n, func(key, value []byte) error {
		if len(key) != pairKeyBytes+8 {
			return errors.New("key of another length")
		}
		subject, err := c.s.nameOf(c.txn, firstHash(key))
		if err != nil {
			return err
		}
		_, err = decodeBefore(key, value, subject, c.s.ids)
		return err
	})
	if err != nil {
		return err
	}
	return c.rows(editedLetter, &n, func(key, _ []byte) error {
		if len(key) != pairKeyBytes {
			return errors.New("key of another length")
		}
		return nil
	})
}

func (c *checker) links() error {
	err := c.rows(forwardLetter, &c.out.Links, func(key, value []byte) error {
		l, err := decodeLink(key, value)
		if err != nil {
			return err
		}
		if _, err := c.s.nameOf(c.txn, l.into); err != nil {
			return fmt.Errorf("leads to an unknown subject %s", l.into)
		}
		if l.owner == (engine.Hash16{}) {
			return nil
		}
		return exists(c.txn, pairKey(ownedLetter, l.owner, l.from))
	})
	if err != nil {
		return err
	}
	owned := 0
	err = c.rows(ownedLetter, &owned, func(key, _ []byte) error {
		if len(key) != pairKeyBytes {
			return errors.New("key of another length")
		}
		from := hashKey(forwardLetter, secondHash(key))
		value, err := get(c.txn, from)
		if err != nil {
			return fmt.Errorf("no link leads here: %w", err)
		}
		l, err := decodeLink(from, value)
		if err == nil && l.owner != firstHash(key) {
			err = fmt.Errorf("the link is owned by %s", l.owner)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.rows(unmovedLetter, &owned, func(key, _ []byte) error {
		if len(key) != pairKeyBytes {
			return errors.New("key of another length")
		}
		return exists(c.txn, pairKey(ownedLetter, firstHash(key), secondHash(key)))
	})
}

// outcomes verifies that what counts as counted has its row, or had until somebody
// deleted it.
func (c *checker) outcomes() error {
	n := 0
	return c.rows(outcomeLetter, &n, func(key, value []byte) error {
		if len(key) != pairKeyBytes {
			return errors.New("key of another length")
		}
		home, err := decodeHome(value)
		if err != nil || home == (engine.Hash16{}) {
			return err
		}
		chain, err := owners(c.txn, home)
		if err != nil {
			return err
		}
		sources, err := unmoved(c.txn, chain[len(chain)-1])
		if err != nil {
			return err
		}
		for _, h := range append(chain, sources...) {
			for _, place := range [][]byte{eventKey(h, secondHash(key), 0), pairKey(editedLetter, h, secondHash(key))} {
				if there, err := has(c.txn, place); there || err != nil {
					return err
				}
			}
		}
		return fmt.Errorf("no row of it under %s", home)
	})
}
