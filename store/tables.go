package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// checkTables finds what Badger would not refuse, but delete, or panic at: tables without the list of
// tables, as a copy that was cut short has them, and listed ones that are cut short. What is not
// listed a kill may have left half written, and Badger deletes it. A thousand tables take some ten
// milliseconds. It says nothing of a store in use, whose user writes tables and empties them meanwhile.
func checkTables(dir string, opt badger.Options) (err error) {
	unlock, err := lockDir(dir)
	if locked := new(LockedError); errors.As(err, &locked) {
		return nil // Badger will say so
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	f, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if errors.Is(err, fs.ErrNotExist) {
		return noTables(dir)
	}
	if err != nil {
		return err
	}
	listed, _, err := badger.ReplayManifestFile(f, opt.ExternalMagicVersion, opt)
	if err := f.Close(); err != nil {
		return err
	}
	if err != nil {
		return nil // Badger will say what is wrong with the list
	}
	for id := range listed.Tables {
		if err := checkTable(table.NewFilename(id, dir)); err != nil && !errors.Is(err, fs.ErrNotExist) { // of that, too
			return err
		}
	}
	return nil
}

// noTables refuses a directory with tables, for one without their list.
func noTables(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) == ".sst" {
			return fmt.Errorf("%s is there, but the list of such files, %s, is missing: %w", f.Name(), badger.ManifestFilename, ErrCorrupt)
		}
	}
	return nil
}

// mostChecksum is more than the checksum of a table's index takes: its kind, and eight bytes.
const mostChecksum = 64

// checkTable finds a table that does not end as tables do: with an index and its length, and its
// checksum and the length of that.
func checkTable(name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	short := fmt.Errorf("%s has no index at its end, as if cut short: %w", name, ErrCorrupt)
	end := info.Size()
	for _, most := range []int64{mostChecksum, end} {
		var length [4]byte
		if end -= int64(len(length)); end < 0 {
			return short
		}
		if _, err := f.ReadAt(length[:], end); err != nil {
			return err
		}
		n := int64(binary.BigEndian.Uint32(length[:]))
		if end -= n; n == 0 || n > most || end < 0 {
			return short
		}
	}
	return nil
}
