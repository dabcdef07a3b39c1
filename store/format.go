package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

var formatKey = textKey(metaLetter, "format")

// formatOf returns the format of what is in the store, 0 where nothing is yet. The
// error wraps ErrNewerFormat where this program is too old for it.
func formatOf(txn *badger.Txn) (uint64, error) {
	value, err := get(txn, formatKey)
	if errors.Is(err, engine.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(value) < 2 {
		return 0, fmt.Errorf("format version: %w", ErrCorrupt)
	}
	format, n := binary.Uvarint(value[1:])
	switch {
	case n <= 0 || format == 0:
		return 0, fmt.Errorf("format version: %w", ErrCorrupt)
	case value[0] > recordVersion || format > formatVersion:
		return format, fmt.Errorf("%w: its format is %d, this one reads up to %d; install the newer program",
			ErrNewerFormat, format, formatVersion)
	}
	return format, nil
}

// checkFormat refuses a store written by a newer version, brings an older one up to
// ours and marks a new one. A step that is cut short is taken again by the next Open.
func (s *Store) checkFormat() error {
	var format uint64
	err := s.db.View(func(txn *badger.Txn) (err error) {
		format, err = formatOf(txn)
		return err
	})
	if err != nil || format == formatVersion {
		return err
	}
	if format == 1 {
		if err := s.markUnmoved(); err != nil {
			return err
		}
	}
	if format == 1 || format == 2 {
		if err := s.moveImpressions(); err != nil {
			return err
		}
	}
	return writeError(s.db.Update(func(txn *badger.Txn) error {
		return txn.Set(formatKey, binary.AppendUvarint([]byte{recordVersion}, formatVersion))
	}))
}

// markUnmoved is the step from format 1: rows of linked subjects never moved.
func (s *Store) markUnmoved() error {
	var marks [][]byte
	err := s.db.View(func(txn *badger.Txn) error {
		return eachKey(txn, []byte{ownedLetter}, func(key []byte) error {
			mark := bytes.Clone(key)
			mark[0] = unmovedLetter
			marks = append(marks, mark)
			return nil
		})
	})
	if err != nil {
		return err
	}
	return s.inBatches(len(marks), func(txn *badger.Txn, i int) error {
		return txn.Set(marks[i], []byte{recordVersion})
	})
}
