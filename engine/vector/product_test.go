package vector

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzTile holds every set of kernels against a sum in float64.
func FuzzTile(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(2), 7)
	f.Add(uint64(2), uint8(0), uint8(2), 300)
	f.Add(uint64(3), uint8(1), uint8(4), 1)
	f.Fuzz(func(t *testing.T, seed uint64, down, across uint8, k int) {
		if k < 0 || k > 300 {
			t.Skip()
		}
		m, n := 8*(1+int(down%6)), 16*(1+int(across%6))
		rng := rand.New(rand.NewPCG(seed, 3))
		lda, ldb, ldc := m+rng.IntN(3), n+rng.IntN(3), n+rng.IntN(3)
		a, b, c := randomRow(rng, k*lda+m), randomRow(rng, k*ldb+n), randomRow(rng, m*ldc)
		sign := float32(1 - 2*rng.IntN(2))
		want, scale := make([]float64, len(c)), 1.0
		for i := range c {
			want[i] = float64(c[i])
		}
		for i := range m {
			for j := range n {
				for l := range k {
					want[i*ldc+j] += float64(sign) * float64(a[l*lda+i]) * float64(b[l*ldb+j])
				}
				scale = max(scale, math.Abs(want[i*ldc+j]))
			}
		}
		var wide []float32 // AVX-512 and AVX2 give the same bits
		was := kernels
		defer func() { kernels = was }()
		for kernels = best(); ; kernels-- {
			got := slices.Clone(c)
			tile(got, ldc, a, lda, b, ldb, m, n, k, sign, nil)
			for i := range got {
				if !near(float64(got[i]), want[i], scale, 1e-5) {
					t.Fatalf("%v: element %d of %d x %d, %d products: %v, want %v", kernels, i, m, n, k, got[i], want[i])
				}
			}
			if kernels == plain {
				break
			}
			if wide == nil {
				wide = got
			}
			if !sameBits(got, wide) {
				t.Fatalf("%v gives other bits than %v, %d x %d, %d products", kernels, best(), m, n, k)
			}
		}
	})
}

func TestMulNT(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 11))
		for _, size := range [][3]int{{1, 1, 1}, {48, 48, 48}, {49, 95, 300}, {7, 200, 13}, {5, 5, 0}} {
			m, n, k := size[0], size[1], size[2]
			a, b := randomRow(rng, m*k), randomRow(rng, n*k)
			got, again := make([]float32, m*n), make([]float32, m*n)
			MulNT(got, a, b, m, n, k, 1)
			MulNT(again, a, b, m, n, k, 3)
			if !slices.Equal(got, again) {
				t.Errorf("%v: 1 and 3 workers differ", size)
			}
			for i := range m {
				for j := range n {
					var want, scale float64
					for l := range k {
						p := float64(a[i*k+l]) * float64(b[j*k+l])
						want += p
						scale += math.Abs(p)
					}
					if !near(float64(got[i*n+j]), want, scale, 1e-6) {
						t.Fatalf("%v: element %d,%d is %v, want %v", size, i, j, got[i*n+j], want)
					}
				}
			}
		}
	})
}

func TestGram(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(12, 12))
		for _, size := range [][2]int{{1, 1}, {10, 16}, {1000, 50}, {9000, 64}, {0, 5}, {40, 100}} {
			n, d := size[0], size[1]
			rows := randomRow(rng, n*d)
			got, again := Gram(rows, d, 1), Gram(rows, d, 3)
			if !slices.Equal(got.a, again.a) {
				t.Errorf("%v: 1 and 3 workers differ", size)
			}
			for i := range d {
				for j := range i + 1 {
					var want float64
					for r := range n {
						want += float64(rows[r*d+i]) * float64(rows[r*d+j])
					}
					if !near(got.At(i, j), want, float64(n), 1e-6) {
						t.Fatalf("%v: element %d,%d is %v, want %v", size, i, j, got.At(i, j), want)
					}
				}
			}
		}
	})
}

// counted returns how often pairs of n things were wanted by the same of some people, as
// a matrix, with lambda on its diagonal. Things are wanted by Zipf's law, those near one
// another together: the matrices that EASE inverts.
func counted(seed uint64, n, people int, lambda float32) []float32 {
	rng := rand.New(rand.NewPCG(seed, seed))
	zipf := rand.NewZipf(rng, 1.05, 8, uint64(n-1))
	a := make([]float32, n*n)
	for range people {
		home, seen := rng.IntN(n), map[int]bool{}
		for range 3 + rng.IntN(30) {
			item := int(zipf.Uint64()) * 7919 % n
			if rng.IntN(2) == 0 {
				item = (home + rng.IntN(20)) % n
			}
			seen[item] = true
		}
		for i := range seen {
			for j := range seen {
				a[i*n+j]++
			}
		}
	}
	for i := range n {
		a[i*n+i] += lambda
	}
	return a
}

// inDouble inverts by Square.
func inDouble(t testing.TB, a []float32, n, workers int) *Square {
	s := NewSquare(n)
	for i := range n {
		for j, v := range a[i*n:][:i+1] {
			s.Lower(i)[j] = float64(v)
		}
	}
	if err := s.Invert(context.Background(), workers); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestInvertIsThatOfDoubles holds float32 against float64 where it matters to EASE: in
// the weights, the quotients of an inverse by its diagonal.
func TestInvertIsThatOfDoubles(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 47, 48, 49, 150, 400} {
			a := counted(uint64(n), n, 10*n, 50)
			want := inDouble(t, a, n, 2)
			got, again := slices.Clone(a), slices.Clone(a)
			if err := errors.Join(Invert(t.Context(), got, n, 1), Invert(t.Context(), again, n, 3)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, again) {
				t.Errorf("n = %d: 1 and 3 workers differ", n)
			}
			for i := range n {
				for j, v := range want.Lower(i) {
					diagonal := want.Lower(j)[j]
					if weight := float64(got[i*n+j]) / diagonal; !near(weight, v/diagonal, 1, 1e-5) {
						t.Fatalf("n = %d: weight %d,%d is %v, want %v", n, i, j, weight, v/diagonal)
					}
					if got[i*n+j] != got[j*n+i] {
						t.Fatalf("n = %d: element %d,%d is %v and mirrored %v", n, i, j, got[i*n+j], got[j*n+i])
					}
				}
			}
		}
	})
}

func TestInvertRefusesAndStops(t *testing.T) {
	for name, v := range map[string]float32{"zero": 0, "negative": -1, "NaN": float32(math.NaN()), "infinite": float32(math.Inf(1))} {
		a := counted(1, 100, 300, 10)
		a[70*100+70] = v
		was := slices.Clone(a)
		if err := Invert(t.Context(), a, 100, 2); !errors.Is(err, ErrNotPositive) {
			t.Errorf("Invert with a %s element on the diagonal: %v, want ErrNotPositive", name, err)
		}
		if !sameBits(a, was) {
			t.Errorf("Invert with a %s element on the diagonal changed the matrix", name)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := Invert(stopped, counted(1, 100, 300, 10), 100, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("Invert when stopped: %v, want context.Canceled", err)
	}
}

func BenchmarkInvertFloats(b *testing.B) {
	for _, n := range []int{500, 2000} {
		a := counted(1, n, 5*n, 100)
		work := make([]float32, len(a))
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				copy(work, a)
				if err := Invert(b.Context(), work, n, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTile(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y := randomRow(rng, depth*panel), randomRow(rng, depth*panel)
	onEveryPathB(b, func(b *testing.B) {
		var c square
		for b.Loop() {
			addPanels(&c, x, y, depth, 1, nil, nil)
		}
		b.ReportMetric(2*float64(depth*panel*panel)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
	})
}
