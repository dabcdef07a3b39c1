package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/dgraph-io/badger/v4/pb"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store/journal"
)

// loadWrites is how many batches Badger writes at once: each holds up to two megabytes.
const loadWrites = 4

// load adds what a backup holds to the store in dir, and reads the backup to its end.
// Badger is opened anew for each step, since loading sets its clock.
func load(dir string, f *frameReader, h *backupHeader, log *slog.Logger) error {
	if h.Since > 0 {
		if err := within(dir, log, func(s *Store) error { return s.dropErased(h.Erased) }); err != nil {
			return err
		}
	}
	if err := within(dir, log, func(s *Store) error { return s.db.Load(f.of(frameData), loadWrites) }); err != nil {
		return err
	}
	if h.Since > 0 {
		if err := within(dir, log, func(s *Store) error { return s.deleteGone(f.of(frameKeys), h.Position) }); err != nil {
			return err
		}
	}
	if err := within(dir, log, func(s *Store) error {
		return errors.Join(loadRows(f.of(frameShown), s.shown), loadRows(f.of(frameReasons), s.reasons))
	}); err != nil {
		return err
	}
	if !f.done {
		return fmt.Errorf("the backup goes on after its end: %w", ErrCorrupt)
	}
	return nil
}

// within opens the files alone for one step.
func within(dir string, log *slog.Logger, step func(*Store) error) error {
	s := &Store{dir: dir, log: log, minFree: -1}
	if err := s.openFiles(); err != nil {
		return err
	}
	return errors.Join(step(s), s.closeFiles())
}

// dropErased drops the words of those who were erased since the backup before. All else
// that an erasure does was a write, and comes with the backup.
func (s *Store) dropErased(receipts []engine.Erasure) error {
	for i := range receipts {
		u, err := receiptSubjects(&receipts[i])
		if err != nil {
			return err
		}
		txn := s.db.NewTransaction(false)
		for _, h := range u.Subjects {
			if err = u.addFormer(txn, h); err != nil {
				break
			}
		}
		txn.Discard()
		if err != nil {
			return err
		}
		if err := errors.Join(s.dropWords(u), s.dropShown(u)); err != nil {
			return err
		}
	}
	return nil
}

// deleteGone deletes, as of a version, every key that is not among those in r.
func (s *Store) deleteGone(r io.Reader, version uint64) error {
	in := keyReader{in: bufio.NewReader(r)}
	if err := in.next(); err != nil {
		return err
	}
	loader := s.db.NewKVLoader(loadWrites)
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	err := eachKey(txn, nil, func(key []byte) error {
		for !in.end && bytes.Compare(in.key, key) < 0 {
			if err := in.next(); err != nil {
				return err
			}
		}
		if !in.end && bytes.Equal(in.key, key) {
			return nil
		}
		return loader.Set(&pb.KV{Key: bytes.Clone(key), Version: version, Meta: []byte{deletedMeta}})
	})
	for err == nil && !in.end {
		err = in.next()
	}
	return errors.Join(err, loader.Finish())
}

// deletedMeta marks a deletion in Badger's stream.
const deletedMeta = 1

// keyReader reads what writeKeys wrote.
type keyReader struct {
	in  *bufio.Reader
	key []byte
	end bool
}

func (k *keyReader) next() error {
	shared, err := binary.ReadUvarint(k.in)
	if err == io.EOF {
		k.end = true
		return nil
	}
	if err != nil {
		return keysDamaged(err)
	}
	rest, err := binary.ReadUvarint(k.in)
	if err != nil || shared > uint64(len(k.key)) || rest > maxKeyBytes {
		return keysDamaged(err)
	}
	k.key = append(k.key[:shared], make([]byte, rest)...)
	if _, err := io.ReadFull(k.in, k.key[shared:]); err != nil {
		return keysDamaged(err)
	}
	return nil
}

// maxKeyBytes is Badger's limit.
const maxKeyBytes = 65000

func keysDamaged(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("list of keys: %w", errors.Join(err, ErrCorrupt))
}

// loadRows adds to a journal what writeRows wrote.
func loadRows(r io.Reader, j *journal.Journal) error {
	in := bufio.NewReader(r)
	var rows []journal.Row
	for {
		row, err := readShown(in)
		if err != nil && err != io.EOF {
			return err
		}
		if err == nil {
			rows = append(rows, row)
		}
		if err == io.EOF || len(rows) == movedAtOnce {
			if err := j.Append(rows); err != nil {
				return journalError(err)
			}
			rows = rows[:0]
		}
		if err == io.EOF {
			return nil
		}
	}
}

// readShown reads one row; the error is io.EOF where there is none.
func readShown(in *bufio.Reader) (row journal.Row, err error) {
	if _, err := io.ReadFull(in, row.Subject[:]); err != nil {
		if err == io.EOF {
			return row, err
		}
		return row, rowsDamaged(err)
	}
	if _, err := io.ReadFull(in, row.ID[:]); err != nil {
		return row, rowsDamaged(err)
	}
	size, err := binary.ReadUvarint(in)
	if err != nil || size > journal.MaxValueBytes {
		return row, rowsDamaged(err)
	}
	row.Value = make([]byte, size)
	if _, err := io.ReadFull(in, row.Value); err != nil {
		return row, rowsDamaged(err)
	}
	return row, nil
}

func rowsDamaged(err error) error {
	if errors.Is(err, ErrCorrupt) {
		return err
	}
	return fmt.Errorf("what was shown: %w", errors.Join(err, ErrCorrupt))
}
