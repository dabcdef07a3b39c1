//go:build linux || darwin

package tune

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lock takes the journal for this opening of it alone; closing the file, or the end of the
// process however it comes, gives it up. Held elsewhere, it is a *LockedError.
func lock(f *os.File) error {
	err := retried(func() error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) })
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return &LockedError{File: f.Name(), PID: holder(f)}
	}
	if err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	// The lock above excludes, and does not say who has it. This one does, to F_GETLK.
	whole := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	_ = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &whole) // without it a name is missing, nothing else
	return nil
}

// holder is the process that has the journal, 0 where the system does not say: it is this
// one, or sees processes under other numbers.
func holder(f *os.File) int {
	asked := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &asked); err != nil || asked.Type == syscall.F_UNLCK {
		return 0
	}
	return max(0, int(asked.Pid))
}

// retried calls again what a signal interrupted.
func retried(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
