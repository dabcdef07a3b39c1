package vector

import (
	"math/rand/v2"
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

// guardedWide returns a copy of x that ends as what guarded returns does.
func guardedWide(t *testing.T, x []float64) []float64 {
	t.Helper()
	if len(x) == 0 {
		return nil
	}
	to := unsafe.Slice((*float64)(unsafe.Pointer(&guarded(t, 2*len(x))[0])), len(x))
	copy(to, x)
	return to
}

// TestTilesStayWithinTheirSlices does for products what the test below does for the rest.
func TestTilesStayWithinTheirSlices(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		for _, size := range [][3]int{{8, 16, 3}, {16, 48, 1}, {48, 48, 9}, {16, 64, 2}} {
			m, n, k := size[0], size[1], size[2]
			tile(guarded(t, m*n), n, guarded(t, k*m), m, guarded(t, k*n), n, m, n, k, 1, nil)
			tileWide(guardedWide(t, make([]float64, m*n)), n, guardedWide(t, make([]float64, k*m)), m,
				guardedWide(t, make([]float64, k*n)), n, m, n, k, 1)
		}
		var c square
		a, b := guarded(t, 5*panel), guarded(t, 5*panel)
		addPanels(&c, a, b, 5, 1, nil, nil)
	})
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
			for _, v := range []*[]float64{&x.sum, &x.wide} {
				*v = guardedWide(t, *v)
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
			axpyWide(2, x.sum, x.wide)
			scaleWide(2, x.sum, x.wide)
		}
	})
}

// TestBitsInBothAreCounted: by every kernel as bit by bit, of slices that end where no memory is.
func TestBitsInBothAreCounted(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		for words := range 70 {
			rng := rand.New(rand.NewPCG(uint64(words), 3))
			a, b := make([]uint64, words), make([]uint64, words+words%3)
			if words > 0 { // what guarded gives ends at the end of a page
				a = unsafe.Slice((*uint64)(unsafe.Pointer(&guarded(t, 2*words)[0])), words)
			}
			want := 0
			for i := range b {
				if b[i] = rng.Uint64(); i >= words {
					continue
				}
				a[i] = rng.Uint64() | -(rng.Uint64() & 1)
				for bit := range 64 {
					want += int((a[i] >> bit) & (b[i] >> bit) & 1)
				}
			}
			if got := CountBoth(a, b); got != want {
				t.Errorf("of %d words %d bits are in both, want %d", words, got, want)
			}
		}
	})
}

// TestAddedLinesStayWithin: all that is read and written ends where no memory is.
func TestAddedLinesStayWithin(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		for _, rounds := range []int{1, 2, 3, 40} {
			lines := unsafe.Slice((*uint64)(unsafe.Pointer(&guarded(t, 2*5*LineWords)[0])), 5*LineWords)
			at := unsafe.Slice((*uint32)(unsafe.Pointer(&guarded(t, rounds*LinesAtOnce)[0])), rounds*LinesAtOnce)
			for i := range lines {
				lines[i] = ^uint64(0)
			}
			for i := range at {
				at[i] = uint32(i % 5 * LineWords)
			}
			for _, n := range []int{1, 16, 100, LineBits} {
				counts := guarded(t, n)
				AddLines(counts, lines, at)
				if want := float32(len(at)); counts[0] != want || counts[n-1] != want {
					t.Errorf("%d lines of ones come to %v and %v", len(at), counts[0], counts[n-1])
				}
			}
		}
	})
}
