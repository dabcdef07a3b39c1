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

// owned returns root and everything whose rows its history takes in, root first.
func owned(txn *badger.Txn, root engine.Hash16) ([]engine.Hash16, error) {
	all := []engine.Hash16{root}
	known := map[engine.Hash16]bool{root: true}
	for i := 0; i < len(all); i++ {
		err := eachKey(txn, hashKey(ownedLetter, all[i]), func(key []byte) error {
			if len(key) != pairKeyBytes {
				return fmt.Errorf("owned row %x: %w", key, ErrCorrupt)
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

// The name row is s | subject16 -> version1 | kind1 | id. It is written without
// looking, unless the subject was written lately.

func encodeName(subj engine.Subject) []byte {
	return append([]byte{recordVersion, byte(subj.Kind)}, subj.ID...)
}

func decodeName(value []byte) (engine.Subject, error) {
	if len(value) < 3 || value[0] != recordVersion {
		return engine.Subject{}, fmt.Errorf("name of a subject: %w", ErrCorrupt)
	}
	switch kind := engine.SubjectKind(value[1]); kind {
	case engine.CustomerSubject, engine.SessionSubject:
		return engine.Subject{Kind: kind, ID: string(value[2:])}, nil
	}
	return engine.Subject{}, fmt.Errorf("name of a subject of kind %d: %w", value[1], ErrCorrupt)
}

// nameOf returns the subject with hash h. The error wraps engine.ErrNotFound where
// nothing was ever written for it, or it was erased.
func (s *Store) nameOf(txn *badger.Txn, h engine.Hash16) (engine.Subject, error) {
	if name, ok := s.recallName(h); ok {
		return name, nil
	}
	value, err := get(txn, hashKey(nameLetter, h))
	if err != nil {
		return engine.Subject{}, fmt.Errorf("name of subject %s: %w", h, err)
	}
	return decodeName(value)
}

func (s *Store) recallName(h engine.Hash16) (engine.Subject, bool) {
	s.namesMu.Lock()
	defer s.namesMu.Unlock()
	return s.names.get(h)
}

func (s *Store) rememberNames(names map[engine.Hash16]engine.Subject) {
	s.namesMu.Lock()
	defer s.namesMu.Unlock()
	for h, name := range names {
		s.names.put(h, name)
	}
}

// get returns a copy of the value under key; the error wraps engine.ErrNotFound where
// there is none.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, engine.ErrNotFound
	}
	if err != nil {
		return nil, writeError(err)
	}
	return item.ValueCopy(nil)
}

// each calls fn with every key and value under prefix, in order. The slices are good
// until fn returns.
func each(txn *badger.Txn, prefix []byte, fn func(key, value []byte) error) error {
	return eachFrom(txn, prefix, prefix, fn)
}

// eachFrom is each, beginning at the first key not below from.
func eachFrom(txn *badger.Txn, prefix, from []byte, fn func(key, value []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix}) // values lie beside their keys: nothing to prefetch
	defer it.Close()
	for it.Seek(from); it.Valid(); it.Next() {
		item := it.Item()
		if err := item.Value(func(value []byte) error { return fn(item.Key(), value) }); err != nil {
			return err
		}
	}
	return nil
}

// eachKey is each without the values.
func eachKey(txn *badger.Txn, prefix []byte, fn func(key []byte) error) error {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
	defer it.Close()
	for it.Seek(prefix); it.Valid(); it.Next() {
		if err := fn(it.Item().Key()); err != nil {
			return err
		}
	}
	return nil
}
