package store

import (
	"errors"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store/journal"
)

// MakeOld takes out of a store what format 1 did not have.
func (s *Store) MakeOld(t *testing.T) {
	t.Helper()
	if err := s.db.DropPrefix([]byte{unmovedLetter}); err != nil {
		t.Fatal(err)
	}
	for letter, j := range map[byte]*journal.Journal{oldImpressionLetter: s.shown, oldReasonLetter: s.reasons} {
		var gone []engine.Hash16
		err := j.All(j.Position(), func(row journal.Row) error {
			gone = append(gone, row.Subject)
			return s.db.Update(func(txn *badger.Txn) error { return txn.Set(pairKey(letter, row.Subject, row.ID), row.Value) })
		})
		if err := errors.Join(err, j.Drop(gone)); err != nil {
			t.Fatal(err)
		}
	}
	expired := badger.NewEntry(pairKey(oldReasonLetter, engine.HashOf("x"), engine.HashOf("y")), []byte("of yesterday"))
	expired.ExpiresAt = 1
	if err := s.db.Update(func(txn *badger.Txn) error { return txn.SetEntry(expired) }); err != nil {
		t.Fatal(err)
	}
	s.PutFormat(t, []byte{recordVersion, 1})
}

// HoldsOldRows reports whether anything is left of what format 3 has no more, expired or not.
func (s *Store) HoldsOldRows(t *testing.T) bool {
	t.Helper()
	left, err := s.stillThere([][]byte{{oldImpressionLetter}, {oldReasonLetter}})
	if err != nil {
		t.Fatal(err)
	}
	return len(left) > 0
}

// RememberLinks has a store that was not started remember of fewer subjects whom they
// belong to: of some n.
func (s *Store) RememberLinks(n int) { s.links = newLinkTable(n) }

// PutFormat has a store say that it is of another format.
func (s *Store) PutFormat(t *testing.T, value []byte) {
	t.Helper()
	if err := s.db.Update(func(txn *badger.Txn) error { return txn.Set(formatKey, value) }); err != nil {
		t.Fatal(err)
	}
}

// Compact has Badger bring all its files to one level, where it forgets deletions.
func (s *Store) Compact(t *testing.T) {
	t.Helper()
	if err := s.db.Flatten(1); err != nil {
		t.Fatal(err)
	}
}
