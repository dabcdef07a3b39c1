//go:build linux || darwin

package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// freeBytes returns how much room the volume of dir has for us; ok is false where the
// system does not say.
func freeBytes(dir string) (free int64, ok bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}

// dropEmptyFiles deletes logs of no length: a kill in the instant in which Badger makes
// one leaves it so, and Badger does not open a store that has one. It does nothing where
// the store is in use, since to its user such a file is one that is being made: the lock
// it takes for the while is Badger's own.
func dropEmptyFiles(dir string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }() // gives up the lock
	if syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // Badger will say why
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if ext := filepath.Ext(f.Name()); ext != ".mem" && ext != ".vlog" && ext != emptyExt {
			continue
		}
		if info, err := f.Info(); err != nil || info.Size() > 0 {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// emptyExt is of a file that is to take another's place, and has not yet.
const emptyExt = ".empty"

// emptyFiles puts an empty file in the place of each. Who has one mapped reads on, and may delete it.
func emptyFiles(dir string, names []string) error {
	for _, name := range names {
		name = filepath.Join(dir, name)
		empty := name + emptyExt
		if err := os.WriteFile(empty, nil, 0o600); err != nil {
			return err
		}
		if err := os.Rename(empty, name); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockDir takes the lock that Badger takes on a directory it opens.
func lockDir(dir string) (unlock func() error, err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(&LockedError{Dir: dir}, d.Close())
	}
	return d.Close, nil // gives up the lock
}
