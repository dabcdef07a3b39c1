package vector

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// largePage is the size of a large page of the processors we know.
const largePage = 2 << 20

// inLargePages has the whole large pages among so many bytes made what they are. A system that
// cannot, or will not, leaves them as they were.
func inLargePages(from unsafe.Pointer, bytes int) {
	before := int(-uintptr(from) % largePage)
	if whole := (bytes - before) / largePage * largePage; whole > 0 {
		_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Add(from, before)), whole), unix.MADV_COLLAPSE)
	}
}
