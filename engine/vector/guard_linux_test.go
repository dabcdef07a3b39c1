package vector

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns room for n floats that ends where memory may not be touched: reading or
// writing one element more ends the program.
func guarded(t *testing.T, n int) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(memory[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&memory[size-4*n])), n)
}

// TestKernelsStayWithinTheirSlices runs all kernels on slices that end at the end of a
// page, after which there is none.
func TestKernelsStayWithinTheirSlices(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		for d := range 70 {
			x := newTrial(nil, d, 1+d%7, 0, uint64(d))
			x.place = func(n int) []float32 { return guarded(t, n) }
			for _, v := range []*[]float32{&x.a, &x.b, &x.c, &x.rows, &x.qs, &x.weights, &x.scores, &x.scales} {
				*v = x.copied(*v)
			}
			sum := guarded(t, 2*d)
			if d > 0 {
				x.sum = unsafe.Slice((*float64)(unsafe.Pointer(&sum[0])), d)
			}
			picks := guarded(t, len(x.picks))
			at := unsafe.Slice((*uint32)(unsafe.Pointer(&picks[0])), len(picks))
			copy(at, x.picks)
			x.picks = at
			if d > 0 {
				bytes, signed := guarded(t, len(x.bytes)/4), guarded(t, len(x.signed)/4)
				b, s := unsafe.Slice((*uint8)(unsafe.Pointer(&bytes[0])), len(x.bytes)), unsafe.Slice((*int8)(unsafe.Pointer(&signed[0])), len(x.signed))
				copy(b, x.bytes)
				copy(s, x.signed)
				x.bytes, x.signed = b, s
			}
			x.run()
			AddTo(x.sum, x.a)
			AddScaled(x.sum, 2, x.a)
		}
	})
}
