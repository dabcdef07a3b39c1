package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store/journal"
)

// backupsKept is how many backups a store remembers, for the receipts of erasures and
// for those that add to them. Under U | id lies one as a record of JSON.
const backupsKept = 200

// backupRow is what row U holds. store is which store made it: one that was restored is
// another, which can go another way, so that nothing is added to its backups from before.
type backupRow struct {
	engine.Backup
	Store string `json:"store"`
	// Up to where it holds the journals of impressions.
	Shown   journal.Position `json:"shown"`
	Reasons journal.Position `json:"reasons"`
}

// backupHeader is the first frame of a backup file.
type backupHeader struct {
	backupRow
	Format uint64 `json:"format"` // of the store
	// Erased are the erasures since the backup this one adds to: what they dropped is
	// in that one, and cannot be seen to be missing here.
	Erased []engine.Erasure `json:"erased,omitempty"`
}

// Backup writes a backup of everything to w while the store goes on: since is 0 for a
// whole one, or the position of an earlier backup for what came after it. Every
// command acknowledged before the call is in it. The file ends with a checksum: one
// that was cut short is seen to be. The store remembers that it was made (not where),
// and tells it in the receipts of later erasures.
func (s *Store) Backup(ctx context.Context, w io.Writer, since uint64) (engine.Backup, error) {
	b, err := s.backup(ctx, w, since)
	if err != nil {
		return engine.Backup{}, fmt.Errorf("backing up: %w", err)
	}
	return b, nil
}

func (s *Store) backup(ctx context.Context, w io.Writer, since uint64) (engine.Backup, error) {
	leave, err := s.enter()
	if err != nil {
		return engine.Backup{}, err
	}
	defer leave()
	h := backupHeader{Format: formatVersion}
	if h.Store, err = s.identity(ctx); err != nil {
		return engine.Backup{}, err
	}
	base, err := s.backupAt(ctx, since, h.Store)
	if err != nil {
		return engine.Backup{}, err
	}
	h.Backup = engine.Backup{ID: rand.Text(), At: s.now().UTC().Truncate(time.Second), Since: since}
	// It is remembered first: an erasure while it is being written finds it.
	if err := s.rememberBackup(ctx, h.backupRow); err != nil {
		return engine.Backup{}, err
	}
	if err = s.writeBackup(ctx, w, &h, base); err == nil {
		err = s.rememberBackup(ctx, h.backupRow)
	}
	if err != nil {
		forget := s.deleteAll(context.WithoutCancel(ctx), [][]byte{textKey(backupLetter, h.ID)})
		return engine.Backup{}, errors.Join(err, forget)
	}
	return h.Backup, s.forgetOldBackups(ctx)
}

// writeBackup writes the file, and into h what it turned out to hold.
func (s *Store) writeBackup(ctx context.Context, w io.Writer, h *backupHeader, base backupRow) error {
	s.view.RLock()
	txn := s.db.NewTransaction(false)
	h.Seq = s.Seq()
	h.Shown, h.Reasons = s.shown.Position(), s.reasons.Position()
	s.view.RUnlock()
	defer txn.Discard()
	// The stream reads this moment or later, and one that adds to this backup reads what
	// is newer than it: nothing falls between, what falls into both is the same in both.
	h.Position = txn.ReadTs()
	var err error
	if h.Since > 0 {
		if h.Erased, err = erasures(txn, base.Seq); err != nil {
			return err
		}
	}
	out, err := newFrameWriter(&ctxWriter{ctx, w})
	if err != nil {
		return err
	}
	header, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := out.frame(frameHeader, header); err != nil {
		return err
	}
	data := &section{f: out, kind: frameData}
	stream := s.db.NewStream()
	stream.NumGo, stream.SinceTs = 1, h.Since
	if _, err := stream.Backup(data, h.Since); err != nil {
		return err
	}
	if err := data.flush(); err != nil {
		return err
	}
	if h.Since > 0 {
		if err := writeKeys(txn, &section{f: out, kind: frameKeys}); err != nil {
			return err
		}
	}
	if err := writeRows(s.shown, base.Shown, h.Shown, &section{f: out, kind: frameShown}); err != nil {
		return err
	}
	if err := writeRows(s.reasons, base.Reasons, h.Reasons, &section{f: out, kind: frameReasons}); err != nil {
		return err
	}
	return out.end()
}

// writeRows writes what a journal has from one position to another: of each row subject16,
// id16, how long its value is, and that.
func writeRows(j *journal.Journal, from, to journal.Position, out *section) error {
	var buf []byte
	err := j.Between(from, to, func(row journal.Row) error {
		buf = append(append(buf[:0], row.Subject[:]...), row.ID[:]...)
		buf = binary.AppendUvarint(buf, uint64(len(row.Value)))
		_, err := out.Write(append(buf, row.Value...))
		return err
	})
	if err != nil {
		return journalError(err)
	}
	return out.flush()
}

// ctxWriter writes until its context ends.
type ctxWriter struct {
	ctx context.Context // of the one backup this writer is for
	w   io.Writer
}

func (c *ctxWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// writeKeys writes all keys there are, each as what it shares with the one before and
// the rest. Badger forgets deletions in time: only so can a backup that adds to another
// tell what has gone since.
func writeKeys(txn *badger.Txn, out *section) error {
	var before, buf []byte
	err := eachKey(txn, nil, func(key []byte) error {
		shared := 0
		for shared < min(len(key), len(before)) && key[shared] == before[shared] {
			shared++
		}
		buf = binary.AppendUvarint(buf[:0], uint64(shared))
		buf = binary.AppendUvarint(buf, uint64(len(key)-shared))
		before = append(before[:0], key...)
		_, err := out.Write(append(buf, key[shared:]...))
		return err
	})
	if err != nil {
		return err
	}
	return out.flush()
}

// Backups returns the backups the store remembers, oldest first: the newest 200.
func (s *Store) Backups(ctx context.Context) ([]engine.Backup, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return backups(txn)
}

func backups(txn *badger.Txn) (list []engine.Backup, err error) {
	rows, err := backupRows(txn)
	for _, row := range rows {
		list = append(list, row.Backup)
	}
	return list, err
}

func backupRows(txn *badger.Txn) (list []backupRow, err error) {
	err = each(txn, []byte{backupLetter}, func(_, value []byte) error {
		b, _, err := decodeRecord[backupRow]("backup", value)
		list = append(list, b)
		return err
	})
	slices.SortFunc(list, func(a, b backupRow) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Position, b.Position))
	})
	return list, err
}

// backupAt returns the backup of this store that ends at a position; nothing for 0.
func (s *Store) backupAt(ctx context.Context, position uint64, store string) (backupRow, error) {
	if position == 0 {
		return backupRow{}, nil
	}
	txn, done, err := s.read(ctx)
	if err != nil {
		return backupRow{}, err
	}
	defer done()
	list, err := backupRows(txn)
	if err != nil {
		return backupRow{}, err
	}
	i := slices.IndexFunc(list, func(b backupRow) bool { return b.Position == position && b.Store == store })
	if i < 0 {
		return backupRow{}, engine.Invalidf(engine.CodeInvalidField, "since",
			"the position of one of the last %d backups this store made since it was restored, if ever; %d is none: make a whole one", backupsKept, position)
	}
	return list[i], nil
}

func (s *Store) rememberBackup(ctx context.Context, b backupRow) error {
	value, err := encodeRecord("backup", 0, b)
	if err != nil {
		return err
	}
	return s.write(ctx, func(txn *badger.Txn) error { return txn.Set(textKey(backupLetter, b.ID), value) })
}

func (s *Store) forgetOldBackups(ctx context.Context) error {
	list, err := s.Backups(ctx)
	if err != nil {
		return err
	}
	var keys [][]byte
	for _, b := range list[:max(0, len(list)-backupsKept)] {
		keys = append(keys, textKey(backupLetter, b.ID))
	}
	return s.deleteAll(ctx, keys)
}

var identityKey = textKey(metaLetter, "store")

// identity returns the name a store has for life, giving it one if it has none.
func (s *Store) identity(ctx context.Context) (name string, err error) {
	err = s.write(ctx, func(txn *badger.Txn) error {
		value, err := get(txn, identityKey)
		if err == nil {
			name = string(bytes.TrimPrefix(value, []byte{recordVersion}))
			return nil
		}
		if !errors.Is(err, engine.ErrNotFound) {
			return err
		}
		name = rand.Text()
		return txn.Set(identityKey, append([]byte{recordVersion}, name...))
	})
	return name, err
}

// erasures returns the receipts of erasures after a sequence number.
func erasures(txn *badger.Txn, after uint64) (list []engine.Erasure, err error) {
	err = each(txn, []byte{receiptLetter}, func(_, value []byte) error {
		receipt, seq, err := decodeRecord[engine.Erasure]("receipt", value)
		if seq > after {
			list = append(list, receipt)
		}
		return err
	})
	return list, err
}

// ErasedSince reports whether anybody was erased by a command after seq.
func (s *Store) ErasedSince(ctx context.Context, seq uint64) (bool, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	list, err := erasures(txn, seq)
	return len(list) > 0, err
}

// Erasures returns the receipts of all erasures, in a fixed order that says nothing:
// what Restore needs where the store that made them is lost.
func (s *Store) Erasures(ctx context.Context) ([]engine.Erasure, error) {
	txn, done, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return erasures(txn, 0)
}
