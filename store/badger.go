package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/rapportengine/rapport/engine"
)

// openDB opens Badger with options for a small machine: about 110 MB resident after
// half a million writes, where the defaults took 270.
func (s *Store) openDB() error {
	if s.dir != "" {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return fmt.Errorf("opening the store: %w", err)
		}
		// A store that has stopped to write for want of room must open again, and read.
		if err := s.room(s.minFree / 2); err != nil {
			return fmt.Errorf("opening the store in %s: %w", s.dir, err)
		}
		if err := dropEmptyFiles(s.dir); err != nil {
			return fmt.Errorf("opening the store in %s: %w", s.dir, err)
		}
	}
	opt := badger.DefaultOptions(s.dir).
		WithInMemory(s.dir == "").
		WithSyncWrites(s.fsync).
		WithLogger(quiet{s.log}).
		WithMemTableSize(16 << 20).
		WithNumMemtables(2).
		WithNumLevelZeroTables(2).
		WithNumLevelZeroTablesStall(4).
		WithNumCompactors(2).
		// What is written goes down a level less in a store of a few hundred megabytes than by Badger's
		// 10 MiB: a model of 130 MB beside S's events took 4.7 CPU seconds, where it had taken 6.9 to 8.5.
		WithBaseLevelSize(64 << 20).
		WithBlockCacheSize(0). // blocks that are not compressed are read where they are mapped
		WithIndexCacheSize(32 << 20).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(2 << 20). // stays empty, see valueThreshold; Badger reserves twice this
		WithMetricsEnabled(false).
		// Rows are hashes and numbers, which compression makes a third smaller. It costs
		// every table that is built two copies more, and a compaction builds a dozen at once:
		// 410 MiB instead of 650 at most during an import of 600,000 events.
		WithCompression(options.None).
		WithDetectConflicts(false) // no two writers share a key
	// Tables stay small on every level: a compaction builds a score of them at once, in
	// memory, and with tables that double from level to level it held 3 GB under a load of
	// answers.
	opt.TableSizeMultiplier = 1
	if s.dir != "" {
		if err := checkTables(s.dir, opt); err != nil {
			return fmt.Errorf("opening the store in %s: %w", s.dir, err)
		}
	}
	db, err := badger.Open(opt)
	if err != nil {
		if locked := lockedError(s.dir, err); locked != nil {
			return locked
		}
		return fmt.Errorf("opening the store in %s: %w", s.dir, writeError(err))
	}
	s.db = db
	// 15 % slack is 370 KB: the numbers of the items of one order (MaxLines of them)
	// are written before it is known whether the order still fits.
	s.maxEntries, s.maxBytes = db.MaxBatchCount()*85/100, db.MaxBatchSize()*85/100
	return nil
}

// quiet is Badger's logger: what an operator should know, and not its diary.
type quiet struct{ log *slog.Logger }

func (q quiet) Errorf(format string, args ...any) {
	q.log.Error("badger: " + fmt.Sprintf(format, args...))
}

// Warningf leaves out Badger's advice to make its caches larger: they are small on
// purpose.
func (q quiet) Warningf(format string, args ...any) {
	said := strings.TrimSpace(fmt.Sprintf(format, args...))
	if strings.Contains(said, "cache might be too small") {
		return
	}
	q.log.Warn("badger: " + said)
}
func (quiet) Infof(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}

// write runs fn in a transaction of its own, for rows that are not the committer's.
// It waits while prefixes are dropped.
func (s *Store) write(ctx context.Context, fn func(*badger.Txn) error) error {
	if err := s.roomToWrite(); err != nil {
		return err
	}
	return s.writeAnyway(ctx, fn)
}

// writeAnyway is write into the reserve, for what makes room.
func (s *Store) writeAnyway(ctx context.Context, fn func(*badger.Txn) error) error {
	done, err := s.writing(ctx)
	if err != nil {
		return err
	}
	defer done()
	return writeError(s.db.Update(fn))
}

// writing keeps the store open, and whoever drops waiting, until done is called. It waits while
// prefixes are dropped.
func (s *Store) writing(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	s.dropping.RLock()
	return func() { s.dropping.RUnlock(); leave() }, nil
}

// inBatches calls fn for 0 to n-1 in transactions of trimBatch each.
func (s *Store) inBatches(n int, fn func(txn *badger.Txn, i int) error) error {
	for from := 0; from < n; from += trimBatch {
		err := s.db.Update(func(txn *badger.Txn) error {
			for i := from; i < min(n, from+trimBatch); i++ {
				if err := fn(txn, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// roomToWrite returns ErrDiskFull if the volume has less than the reserve free.
func (s *Store) roomToWrite() error { return s.room(s.minFree) }

// room reports whether so many bytes are free.
func (s *Store) room(least int64) error {
	if s.dir == "" || s.minFree < 0 {
		return nil
	}
	if free, ok := s.free(s.dir); ok && free < least {
		return fmt.Errorf("%w: %d MiB are free, %d MiB have to be", ErrDiskFull, free>>20, least>>20)
	}
	return nil
}

// get returns a copy of the value under key; the error wraps engine.ErrNotFound where
// there is none.
func get(txn *badger.Txn, key []byte) ([]byte, error) { return getIn(txn, key, nil) }

// getIn is get with room for the value, which the value then is in where that is enough.
func getIn(txn *badger.Txn, key, room []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, engine.ErrNotFound
	}
	if err != nil {
		return nil, writeError(err)
	}
	return item.ValueCopy(room)
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

// iterator returns an iterator over the keys of a letter, which has to be moved to one.
func iterator(txn *badger.Txn, letter byte) *badger.Iterator {
	return txn.NewIterator(badger.IteratorOptions{Prefix: []byte{letter}})
}

// iterate returns an iterator over the keys of a letter, at the first.
func iterate(txn *badger.Txn, letter byte) *badger.Iterator {
	it := iterator(txn, letter)
	it.Rewind()
	return it
}

// advance moves an iterator over keys that begin with letter and hash to the first key
// whose hash is not below h, and reports whether it is h.
func advance(it *badger.Iterator, h engine.Hash16) bool {
	for ; it.Valid(); it.Next() {
		key := it.Item().Key()
		if len(key) < hashKeyBytes {
			continue
		}
		switch bytes.Compare(key[1:hashKeyBytes], h[:]) {
		case 0:
			return true
		case 1:
			return false
		}
	}
	return false
}
