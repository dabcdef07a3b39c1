package store

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// What can go wrong when opening a store.
var (
	// ErrLocked is what a *LockedError is: another process has the directory open.
	ErrLocked = errors.New("the store is in use by another process")
	// ErrNewerFormat says that a newer version of the program wrote the store.
	ErrNewerFormat = errors.New("the store was written by a newer version")
)

// What can go wrong when writing.
var (
	// ErrDiskFull says that the volume has less free space than Options.MinFree, or
	// none: the write did not happen, and the store goes on once there is room.
	ErrDiskFull = errors.New("too little free space on the store's volume")
	// ErrBroken says that a commit failed with its outcome unknown. Nothing is written
	// any more until the store is opened again, which finds out; reading goes on.
	ErrBroken = errors.New("the store has to be opened again after a failed write")
	// ErrClosed says that the store is closed, or that Start's context has ended.
	ErrClosed = errors.New("the store is closed")
	// ErrNotStarted says that Append was called before Start.
	ErrNotStarted = errors.New("the store takes no commands before Start")
	// ErrRolledBack is the error of a good command in an atomic batch with a bad one.
	ErrRolledBack = errors.New("not done: another command of the atomic batch was refused")
)

// What can go wrong when reading.
var (
	// ErrCorrupt says that bytes are not what the store wrote there.
	ErrCorrupt = errors.New("the store's data is damaged")
	// ErrTailTrimmed says that the tail no longer reaches back as far as asked.
	ErrTailTrimmed = errors.New("the tail was trimmed above this point")
)

// LockedError says who has the directory open. errors.Is(err, ErrLocked) holds.
type LockedError struct {
	Dir    string
	Holder Holder // zero where it left no note
}

// Holder is the process that has a store open.
type Holder struct {
	PID   int       `json:"pid"`
	Addr  string    `json:"addr,omitempty"` // where it serves, as given to SetHolder
	Since time.Time `json:"since"`
}

// Error names the directory, the process and where it serves.
func (e *LockedError) Error() string {
	switch {
	case e.Holder.Addr != "":
		return fmt.Sprintf("%s is in use by process %d, which serves at %s", e.Dir, e.Holder.PID, e.Holder.Addr)
	case e.Holder.PID != 0:
		return fmt.Sprintf("%s is in use by process %d", e.Dir, e.Holder.PID)
	}
	return fmt.Sprintf("%s is in use by another process", e.Dir)
}

// Is reports whether target is ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// writeError turns what Badger and the system say about a failed write into our words.
func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case errors.Is(err, badger.ErrDBClosed):
		return ErrClosed
	}
	return err
}
