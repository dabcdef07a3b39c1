package store

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// A subject can belong to another: a session to the customer it turned out to be, a
// customer to the one it was merged into. Two rows say so:
//
//	a | from16 -> version1 | into16 | owner16
//	A | owner16 | from16 -> version1
//
// into is where later events of from go. owner is whose history takes in the rows that
// from has of its own, zero where it had none when it was linked. The two differ once
// a session that belonged to one customer appears with a second: into moves, owner
// stays, and the two customers are not joined. Chains (session -> customer -> merged
// customer) are followed; sessions never are a target and a customer is linked only to
// another end of chain, so there are no cycles.
//
// In memory stands into alone: 32 bytes a link and the map's overhead.

// link is one forward row.
type link struct{ from, into, owner engine.Hash16 }

func (l link) encode() []byte {
	return append(append([]byte{recordVersion}, l.into[:]...), l.owner[:]...)
}

func decodeLink(key, value []byte) (link, error) {
	if len(key) != hashKeyBytes || len(value) != 1+2*hashBytes || value[0] != recordVersion {
		return link{}, fmt.Errorf("link %x: %w", key, ErrCorrupt)
	}
	return link{firstHash(key), engine.Hash16(value[1:]), engine.Hash16(value[1+hashBytes:])}, nil
}

// follow returns the end of the chain that begins at h.
func follow(h engine.Hash16, next func(engine.Hash16) (engine.Hash16, bool)) engine.Hash16 {
	for {
		into, ok := next(h)
		if !ok {
			return h
		}
		h = into
	}
}

// link returns whom h belongs to; the caller holds view.
func (s *Store) link(h engine.Hash16) (engine.Hash16, bool) {
	into, ok := s.links[h]
	return into, ok
}

// loadLinks fills the table of links.
func (s *Store) loadLinks() error {
	return s.db.View(func(txn *badger.Txn) error {
		return each(txn, []byte{forwardLetter}, func(key, value []byte) error {
			l, err := decodeLink(key, value)
			s.links[l.from] = l.into
			return err
		})
	})
}

// Resolve returns the subject to which what subj does belongs: itself, or the customer
// it was linked to or merged into.
func (s *Store) Resolve(subj engine.Subject) engine.Subject {
	h := subj.Hash()
	s.view.RLock()
	root := follow(h, s.link)
	s.view.RUnlock()
	if root == h {
		return subj
	}
	if name, ok := s.recallName(root); ok {
		return name
	}
	leave, err := s.enter()
	if err != nil {
		return subj
	}
	defer leave()
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	name, err := s.nameOf(txn, root)
	if err != nil {
		return subj // erased between the two looks
	}
	return name
}

// owned returns root and all who belong to it with rows of their own when they were
// linked, root first.
func owned(txn *badger.Txn, root engine.Hash16) ([]engine.Hash16, error) {
	return below(txn, ownedLetter, root)
}

// unmoved returns root and everything under which rows of its history still lie, root
// first.
func unmoved(txn *badger.Txn, root engine.Hash16) ([]engine.Hash16, error) {
	return below(txn, unmovedLetter, root)
}

// below returns root and what the rows of a letter put below it.
func below(txn *badger.Txn, letter byte, root engine.Hash16) ([]engine.Hash16, error) {
	all := []engine.Hash16{root}
	var known map[engine.Hash16]bool
	for i := 0; i < len(all); i++ {
		err := eachKey(txn, hashKey(letter, all[i]), func(key []byte) error {
			if len(key) != pairKeyBytes {
				return fmt.Errorf("%c row %x: %w", letter, key, ErrCorrupt)
			}
			if known == nil {
				known = map[engine.Hash16]bool{root: true}
			}
			if from := secondHash(key); !known[from] {
				known[from] = true
				all = append(all, from)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// own has owner's history take in the rows that from has.
func (e *effect) own(owner, from engine.Hash16) {
	e.set(pairKey(ownedLetter, owner, from), []byte{recordVersion})
	e.set(pairKey(unmovedLetter, owner, from), []byte{recordVersion})
}

// owners returns h, whoever owns the rows it had when it was linked, and so on up.
func owners(txn *badger.Txn, h engine.Hash16) (chain []engine.Hash16, err error) {
	for h != (engine.Hash16{}) {
		chain = append(chain, h)
		key := hashKey(forwardLetter, h)
		value, err := get(txn, key)
		if errors.Is(err, engine.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		l, err := decodeLink(key, value)
		if err != nil {
			return nil, err
		}
		h = l.owner
	}
	return chain, nil
}
