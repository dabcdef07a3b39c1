package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// RestoreOptions say what Restore may do. The zero value restores one whole backup into
// a directory that holds nothing.
type RestoreOptions struct {
	// Increments are backups that add to the first, in the order they were made.
	Increments []io.Reader
	// Replace lets the directory hold a store, which is kept beside it under another
	// name. Whom it had erased is erased from the restored store, too.
	Replace bool
	// Damaged goes on where the store to be replaced cannot be read: whom it had erased
	// is then not known, unless Erasures say it.
	Damaged bool
	// Erasures are receipts of erasures made after the backup, as Store.Erasures gives
	// them, for where the store that made them is lost.
	Erasures []engine.Erasure
	// Now is the clock; nil means time.Now. Log hears what Badger warns of.
	Now func() time.Time
	Log *slog.Logger
}

// Restored says what Restore did.
type Restored struct {
	Backup engine.Backup `json:"backup"`         // the last one
	Seq    uint64        `json:"seq"`            // newest command
	Erased int           `json:"erased"`         // erasures that were made again
	Kept   string        `json:"kept,omitempty"` // where the replaced store lies now
	Report Report        `json:"report"`         // of the deep check
}

// Restore makes a store in dir of a backup. It writes into a directory beside dir, or
// in it where it is there and empty, verifies every checksum, erases again whom a
// receipt newer than the backup names, checks every row, and only then puts the store
// in its place: on any error dir is as it was. The errors wrap ErrCorrupt for a backup
// that is damaged, cut short or does not follow the one before, ErrNewerFormat,
// ErrLocked, and engine.ErrConflict where dir holds something that may not be replaced.
func Restore(ctx context.Context, dir string, r io.Reader, o RestoreOptions) (Restored, error) {
	out, err := restore(ctx, filepath.Clean(dir), r, o)
	if err != nil {
		return Restored{}, fmt.Errorf("restoring into %s: %w", dir, err)
	}
	return out, nil
}

func restore(ctx context.Context, dir string, r io.Reader, o RestoreOptions) (out Restored, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p, err := findPlace(dir, o)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, p.leave()) }()
	last, err := loadChain(ctx, p.scratch, append([]io.Reader{r}, o.Increments...), o.Log)
	if err != nil {
		return out, err
	}
	out.Backup = last.Backup
	if err := out.finish(ctx, p, last, o); err != nil {
		return out, err
	}
	out.Kept, err = p.swap(o.Now())
	return out, err
}

// loadChain loads a backup and those that add to it, and returns the last.
func loadChain(ctx context.Context, dir string, chain []io.Reader, log *slog.Logger) (last backupRow, err error) {
	for i, r := range chain {
		f, err := newFrameReader(&ctxReader{ctx, r})
		if err != nil {
			return last, fmt.Errorf("backup %d of %d: %w", i+1, len(chain), err)
		}
		h, err := readHeader(f)
		if err == nil {
			err = follows(&h, &last, i == 0)
		}
		if err == nil {
			err = load(dir, f, &h, log)
		}
		if err != nil {
			return last, fmt.Errorf("backup %d of %d: %w", i+1, len(chain), err)
		}
		last = h.backupRow
	}
	return last, nil
}

func readHeader(f *frameReader) (h backupHeader, err error) {
	body, err := f.take(frameHeader)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(body, &h); err != nil {
		return h, fmt.Errorf("header: %w: %w", err, ErrCorrupt)
	}
	if h.Format > formatVersion {
		return h, fmt.Errorf("%w: its format is %d, this one reads up to %d", ErrNewerFormat, h.Format, formatVersion)
	}
	return h, nil
}

// follows refuses a backup that does not add to the one before.
func follows(h *backupHeader, last *backupRow, first bool) error {
	switch {
	case first && h.Since != 0:
		return engine.Invalidf(engine.CodeInvalidField, "from", "a whole backup comes first, this one adds to the one that ends at %d", h.Since)
	case !first && (h.Since != last.Position || h.Store != last.Store):
		return engine.Invalidf(engine.CodeInvalidField, "from", "a backup that adds to %s, which ends at %d; this one, %s, begins at %d", last.ID, last.Position, h.ID, h.Since)
	}
	return nil
}

// ctxReader reads until its context ends.
type ctxReader struct {
	ctx context.Context // of the one restore this reader is for
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// finish makes the store one of its own, erases again, checks it and fills in the report.
func (out *Restored) finish(ctx context.Context, p *place, last backupRow, o RestoreOptions) (err error) {
	s, err := Open(p.scratch, Options{MinFree: -1, Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := errors.Join(s.rememberBackup(ctx, last), s.deleteAll(ctx, [][]byte{identityKey})); err != nil {
		return err
	}
	for _, receipt := range append(p.erased, o.Erasures...) {
		again, err := s.eraseAgain(ctx, receipt)
		if err != nil {
			return err
		}
		if again {
			out.Erased++
		}
	}
	if out.Report, err = s.Check(ctx, true); err != nil {
		return err
	}
	if n := len(out.Report.Problems); n > 0 {
		return fmt.Errorf("the restored store has %d problems, the first: %s: %w", n, out.Report.Problems[0], ErrCorrupt)
	}
	if out.Seq = s.Seq(); out.Seq < out.Backup.Seq {
		return fmt.Errorf("the backup says it goes up to command %d, it holds %d: %w", out.Backup.Seq, out.Seq, ErrCorrupt)
	}
	return nil
}

// eraseAgain makes an erasure again that a store has not seen. It reports whether there
// was one to be made. The store was not started.
func (s *Store) eraseAgain(ctx context.Context, receipt engine.Erasure) (bool, error) {
	switch _, err := s.Erasure(ctx, receipt.Receipt); {
	case err == nil:
		return false, nil
	case !errors.Is(err, engine.ErrNotFound):
		return false, err
	}
	u, err := receiptSubjects(&receipt)
	if err != nil {
		return false, err
	}
	s.dropping.Lock()
	defer s.dropping.Unlock()
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	for _, h := range u.Subjects {
		if err := u.addFormer(txn, h); err != nil {
			return false, err
		}
	}
	seq := s.Seq() + 1
	if err := s.commitErasure(txn, seq, &receipt, u); err != nil {
		return false, err
	}
	s.seq.Store(seq)
	return true, s.finishErasure(receipt.Receipt, u)
}

// receiptSubjects returns whom a receipt says were erased.
func receiptSubjects(receipt *engine.Erasure) (*erasure, error) {
	u := &erasure{}
	for _, text := range receipt.Subjects {
		h, err := hex.DecodeString(text)
		if err != nil || len(h) != hashBytes {
			return nil, fmt.Errorf("receipt %s: subject %q: %w", receipt.Receipt, text, ErrCorrupt)
		}
		u.Subjects = append(u.Subjects, engine.Hash16(h))
	}
	return u, nil
}

// place is where a store is restored to, and what is there.
type place struct {
	dir     string
	scratch string // where it is put together
	within  bool   // scratch lies in dir, which was empty
	stands  bool   // dir holds a store, to be replaced
	erased  []engine.Erasure
	unlock  func() error
}

// findPlace looks what dir holds and makes the scratch directory.
func findPlace(dir string, o RestoreOptions) (*place, error) {
	p := &place{dir: dir, unlock: func() error { return nil }}
	files, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		err = os.MkdirAll(filepath.Dir(dir), 0o700)
	case err != nil:
	case len(files) == 0:
		p.within = true // it may be a mount point, which cannot be renamed
	case !isStore(dir):
		err = fmt.Errorf("the directory is not empty and holds no store: give an empty one: %w", engine.ErrConflict)
	case !o.Replace:
		err = fmt.Errorf("the directory holds a store: give an empty one, or say that it is to be replaced (it is kept aside): %w", engine.ErrConflict)
	default:
		p.stands = true
		err = p.takeOver(o)
	}
	if err != nil {
		return nil, err
	}
	beside, name := filepath.Dir(dir), filepath.Base(dir)+".restoring-*"
	if p.within {
		beside, name = dir, ".restoring-*"
	}
	if p.scratch, err = os.MkdirTemp(beside, name); err != nil {
		return nil, errors.Join(err, p.unlock())
	}
	return p, nil
}

// takeOver reads whom the store in place has erased, and keeps others from opening it.
func (p *place) takeOver(o RestoreOptions) error {
	old, err := Open(p.dir, Options{MinFree: -1, Now: o.Now, Log: o.Log})
	if err == nil {
		p.erased, err = old.Erasures(context.Background())
		err = errors.Join(err, old.Close())
	}
	if errors.Is(err, ErrLocked) || err != nil && !o.Damaged {
		return fmt.Errorf("reading the store that is to be replaced: %w", err)
	}
	p.unlock, err = lockDir(p.dir)
	return err
}

// swap puts the restored store in its place and returns where the old one is kept.
func (p *place) swap(now time.Time) (kept string, err error) {
	switch {
	case p.within:
		return "", moveUp(p.scratch, p.dir)
	case p.stands:
		kept = p.dir + ".before-" + now.UTC().Format("20060102T150405Z")
		if err := os.Rename(p.dir, kept); err != nil {
			return "", fmt.Errorf("keeping the old store aside: %w", err)
		}
	}
	if err := os.Rename(p.scratch, p.dir); err != nil {
		if p.stands {
			err = errors.Join(err, os.Rename(kept, p.dir))
		}
		return "", err
	}
	return kept, nil
}

// moveUp moves the files of a store into the directory above, the one that makes it a
// store last.
func moveUp(from, into string) error {
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var last string
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "MANIFEST") {
			last = f.Name()
			continue
		}
		if err := os.Rename(filepath.Join(from, f.Name()), filepath.Join(into, f.Name())); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(from, last), filepath.Join(into, last))
}

// leave clears away what is left of the scratch directory.
func (p *place) leave() error { return errors.Join(os.RemoveAll(p.scratch), p.unlock()) }
