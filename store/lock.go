package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// holderFile is a note of who has the directory open, for the message of a process
// that finds it locked. It is not the lock (Badger's flock on the directory is), so a
// stale one does no harm: it is read only while the lock is held.
const holderFile = "rapport.lock.json"

// SetHolder notes where this process serves, so that another one that finds the
// directory locked can say so. An in-memory store has nobody to tell.
func (s *Store) SetHolder(addr string) error {
	if s.dir == "" {
		return nil
	}
	note, err := json.Marshal(Holder{PID: os.Getpid(), Addr: addr, Since: s.now().UTC().Truncate(time.Second)})
	if err != nil {
		return fmt.Errorf("encoding the holder's note: %w", err)
	}
	path := filepath.Join(s.dir, holderFile)
	if err := os.WriteFile(path+".new", append(note, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the holder's note: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing the holder's note: %w", err)
	}
	return nil
}

// lockedError returns the typed error if err is Badger's word for a held lock, else nil.
func lockedError(dir string, err error) error {
	// Badger wraps the system's error in a text of its own, and the system's differs.
	if !strings.Contains(err.Error(), "Another process is using this Badger database") {
		return nil
	}
	locked := &LockedError{Dir: dir}
	if note, err := os.ReadFile(filepath.Join(dir, holderFile)); err == nil {
		_ = json.Unmarshal(note, &locked.Holder) // a half-written note only costs the name
	}
	return locked
}
