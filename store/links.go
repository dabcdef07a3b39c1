package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

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
// In memory stand only those looked for lately, and that somebody belongs to nobody: a
// session's link is made in its first event and looked for while it lasts. All of them
// would take 60 bytes each, and a start would wait for them: a shop has twenty times as
// many sessions as customers.

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

// linkTable remembers whom the subjects asked for lately belong to, the zero hash for
// those that belong to nobody.
type linkTable struct {
	mu     sync.RWMutex // guards lately
	lately *recall[engine.Hash16, engine.Hash16]
}

func newLinkTable(limit int) *linkTable {
	return &linkTable{lately: newRecall[engine.Hash16, engine.Hash16](limit)}
}

func (t *linkTable) get(h engine.Hash16) (into engine.Hash16, known bool) {
	t.mu.RLock()
	into, known = t.lately.get(h)
	t.mu.RUnlock()
	return into, known
}

func (t *linkTable) put(h, into engine.Hash16) {
	t.mu.Lock()
	t.lately.put(h, into)
	t.mu.Unlock()
}

// rootKnown returns the end of the chain that begins at h, false where that is not in
// memory. The caller holds view.
func (s *Store) rootKnown(h engine.Hash16) (engine.Hash16, bool) {
	for {
		into, known := s.links.get(h)
		if !known || into == (engine.Hash16{}) {
			return h, known
		}
		h = into
	}
}

// rootOf returns the end of the chain that begins at h. The caller holds view since
// before txn was begun, so that what is read is what is remembered; or is the committer,
// who alone writes links.
func (s *Store) rootOf(txn *badger.Txn, h engine.Hash16) (engine.Hash16, error) {
	for {
		into, linked, err := s.link(txn, h)
		if err != nil || !linked {
			return h, err
		}
		h = into
	}
}

// link returns whom h belongs to, for callers as those of rootOf.
func (s *Store) link(txn *badger.Txn, h engine.Hash16) (into engine.Hash16, linked bool, err error) {
	into, known := s.links.get(h)
	if !known {
		key := hashKey(forwardLetter, h)
		value, err := get(txn, key)
		switch {
		case err == nil:
			l, err := decodeLink(key, value)
			if err != nil {
				return into, false, err
			}
			into = l.into
		case !errors.Is(err, engine.ErrNotFound):
			return into, false, fmt.Errorf("whom %s belongs to: %w", h, err)
		}
		s.links.put(h, into)
	}
	return into, into != (engine.Hash16{}), nil
}

// Resolve returns the subject to which what subj does belongs: itself, or the customer
// it was linked to or merged into.
func (s *Store) Resolve(subj engine.Subject) engine.Subject {
	h := subj.Hash()
	s.view.RLock()
	root, known := s.rootKnown(h)
	s.view.RUnlock()
	if known && root == h {
		return subj
	}
	if name, ok := s.recallName(root); known && ok {
		return name
	}
	txn, root, done, err := s.readOf(context.Background(), h)
	if err != nil {
		if !errors.Is(err, ErrClosed) {
			s.log.Error("store: whom somebody belongs to cannot be read", "err", err)
		}
		return subj
	}
	defer done()
	if root == h {
		return subj
	}
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
