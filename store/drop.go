package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// dropAttempts is how often a drop is tried that Badger cut short.
const dropAttempts = 4

// wordLetters are of rows that hold names and words of a person.
var wordLetters = []byte{
	eventLetter, beforeLetter, nameLetter, customerLetter, ticketLetter,
	oldImpressionLetter, oldReasonLetter, // of a backup of format 2, expired when it was restored
}

// finishErasure is steps 2 and 3. The caller holds dropping, or is Open.
func (s *Store) finishErasure(receipt string, u *erasure) error {
	if err := s.mendLinks(u); err != nil {
		return err
	}
	if err := s.deleteHashes(u); err != nil {
		return err
	}
	if err := errors.Join(s.dropWords(u), s.dropShown(u)); err != nil {
		return err
	}
	return s.db.Update(func(txn *badger.Txn) error {
		return txn.Delete(textKey(unfinishedLetter, receipt))
	})
}

// mendLinks takes the erased out of the forward links.
func (s *Store) mendLinks(u *erasure) error {
	members := u.Subjects.set()
	var mended []link // into zero: to be deleted
	err := s.db.View(func(txn *badger.Txn) error {
		return each(txn, []byte{forwardLetter}, func(key, value []byte) error {
			l, err := decodeLink(key, value)
			switch {
			case err != nil:
				return err
			case members[l.into] && !members[l.from]:
				// A session that came to the erased from someone else goes back there:
				// its rows are in that history anyhow.
				mended = append(mended, link{l.from, l.owner, l.owner})
			case members[l.into]:
				mended = append(mended, link{from: l.from})
			case members[l.from]:
				// A session that went on to someone else stays there, without its past.
				mended = append(mended, link{from: l.from, into: l.into})
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	err = s.inBatches(len(mended), func(txn *badger.Txn, i int) error {
		key := hashKey(forwardLetter, mended[i].from)
		if mended[i].into == (engine.Hash16{}) {
			return txn.Delete(key)
		}
		return txn.Set(key, mended[i].encode())
	})
	if err != nil {
		return fmt.Errorf("mending links: %w", err)
	}
	s.view.Lock()
	defer s.view.Unlock()
	for _, l := range mended {
		s.links.put(l.from, l.into)
	}
	return nil
}

// deleteHashes deletes the rows of the erased that hold nothing but hashes.
func (s *Store) deleteHashes(u *erasure) error {
	var keys [][]byte
	err := s.db.View(func(txn *badger.Txn) error {
		members := u.Subjects.set()
		err := each(txn, []byte{outcomeLetter}, func(key, value []byte) error {
			home, err := decodeHome(value)
			if members[home] {
				keys = append(keys, bytes.Clone(key))
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, h := range u.Subjects {
			for _, letter := range []byte{ownedLetter, unmovedLetter, formerLetter, editedLetter, ticketLetter} {
				err := eachKey(txn, hashKey(letter, h), func(key []byte) error {
					if letter != ticketLetter {
						keys = append(keys, bytes.Clone(key))
					} else if len(key) == pairKeyBytes {
						keys = append(keys, hashKey(ticketHomeLetter, secondHash(key)))
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.inBatches(len(keys), func(txn *badger.Txn, i int) error { return txn.Delete(keys[i]) })
}

// dropWords drops the prefixes of the erased that hold names and words.
func (s *Store) dropWords(u *erasure) error {
	wanted := make([][]byte, 0, len(wordLetters)*len(u.Subjects)+len(u.Prefixes))
	for _, h := range u.Subjects {
		for _, letter := range wordLetters {
			wanted = append(wanted, hashKey(letter, h))
		}
	}
	return s.dropPrefixes(append(wanted, u.Prefixes...))
}

// dropPrefixes drops all that begins with a prefix, and looks whether it is gone: Badger only
// logs it when a compaction within a drop fails.
func (s *Store) dropPrefixes(wanted [][]byte) error {
	for range dropAttempts {
		prefixes, err := s.stillThere(wanted)
		if err != nil || len(prefixes) == 0 {
			return err
		}
		if err := s.room(s.minFree / 4); err != nil { // half of what an erasure begins with
			return fmt.Errorf("dropping: %w", err)
		}
		logs, err := memtableLogs(s.dir)
		if err != nil {
			return fmt.Errorf("dropping: %w", err)
		}
		switch err := s.db.DropPrefix(prefixes...); {
		case errors.Is(err, badger.ErrBlockedWrites):
			continue
		case err != nil:
			return fmt.Errorf("dropping: %w", err)
		}
		if err := emptyOldLogs(s.dir, logs); err != nil {
			return fmt.Errorf("dropping: %w", err)
		}
	}
	if prefixes, err := s.stillThere(wanted); err != nil || len(prefixes) > 0 {
		return errors.Join(err, fmt.Errorf("%d prefixes are still there after %d drops", len(prefixes), dropAttempts))
	}
	return nil
}

// memtableLogs returns the names of the files in which Badger logs its memtables. Nobody writes
// meanwhile.
func memtableLogs(dir string) (names []string, err error) {
	if dir == "" {
		return nil, nil
	}
	files, err := os.ReadDir(dir)
	for _, f := range files {
		if filepath.Ext(f.Name()) == ".mem" {
			names = append(names, f.Name())
		}
	}
	return names, err
}

// emptyOldLogs empties the logs that were there before a drop. Their memtables lie in tables now, without
// what was dropped; but who has begun to read before the drop holds one, and with it its file, for
// as long as that takes. After a kill meanwhile Badger would play it again, and what was dropped
// would be back.
func emptyOldLogs(dir string, before []string) error {
	now, err := memtableLogs(dir)
	if err != nil || !slices.ContainsFunc(now, func(name string) bool { return !slices.Contains(before, name) }) {
		return err // with no new one Badger has dropped nothing
	}
	return emptyFiles(dir, slices.DeleteFunc(now, func(name string) bool { return !slices.Contains(before, name) }))
}

// dropShown drops what the erased were shown.
func (s *Store) dropShown(u *erasure) error {
	return journalError(errors.Join(s.shown.Drop(u.Subjects), s.reasons.Drop(u.Subjects)))
}

// stillThere returns which of some prefixes there is anything under, be it old versions,
// expired rows or deletions. Badger drops a prefix only if it sees a live key there, so
// every one of them is given a marker: the prefix and a zero, a key of a length that
// readers pass over.
func (s *Store) stillThere(wanted [][]byte) (prefixes [][]byte, err error) {
	err = s.db.View(func(txn *badger.Txn) error {
		for _, prefix := range wanted {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix, AllVersions: true})
			if it.Rewind(); it.Valid() {
				prefixes = append(prefixes, prefix)
			}
			it.Close()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return prefixes, s.inBatches(len(prefixes), func(txn *badger.Txn, i int) error {
		return txn.Set(append(bytes.Clone(prefixes[i]), 0), []byte{recordVersion})
	})
}
