package store

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

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
