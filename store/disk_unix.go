//go:build linux || darwin

package store

import "syscall"

// freeBytes returns how much room the volume of dir has for us; ok is false where the
// system does not say.
func freeBytes(dir string) (free int64, ok bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
