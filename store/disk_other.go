//go:build !linux && !darwin

package store

// freeBytes is not known on this system: Badger's own errors have to do.
func freeBytes(string) (free int64, ok bool) { return 0, false }

// dropEmptyFiles deletes logs of no length, where the lock that makes this safe is
// known.
func dropEmptyFiles(string) error { return nil }

// emptyFiles empties none here, where a file that is mapped cannot be replaced.
func emptyFiles(string, []string) error { return nil }

// lockDir takes no lock here.
func lockDir(string) (unlock func() error, err error) { return func() error { return nil }, nil }
