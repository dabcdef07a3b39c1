package vector

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// near reports whether got is want up to rounding at the given scale.
func near(got, want, scale, tolerance float64) bool {
	return math.Abs(got-want) <= tolerance*scale
}

func TestDotAxpyAddTo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "n")
		rng := rand.New(rand.NewPCG(uint64(n), rapid.Uint64().Draw(t, "seed")))
		x, y := randomRow(rng, n), randomRow(rng, n+3)
		var want, scale float64
		for i := range x {
			want += float64(x[i]) * float64(y[i])
			scale += math.Abs(float64(x[i]) * float64(y[i]))
		}
		if got := Dot(x, y); !near(float64(got), want, scale, 1e-6) {
			t.Fatalf("Dot of %d = %v, want %v", n, got, want)
		}
		sum := make([]float64, n+3)
		AddTo(sum, x)
		AddTo(sum, x)
		AddScaled(sum, 2, x)
		AddScaled(sum, -2, x)
		moved := slices.Clone(y)
		Axpy(2, x, moved)
		for i := range y {
			add := float32(0)
			if i < n {
				add = 2 * x[i]
			}
			if sum[i] != float64(add) {
				t.Fatalf("AddTo twice: element %d is %v, want %v", i, sum[i], add)
			}
			if moved[i] != y[i]+add {
				t.Fatalf("Axpy: element %d is %v, want %v", i, moved[i], y[i]+add)
			}
		}
		shares, parts := slices.Clone(y), slices.Clone(y)
		AddPositive(2, x, parts)
		for i := range n {
			if want := y[i] + 2*max(0, x[i]); parts[i] != want {
				t.Fatalf("AddPositive: element %d is %v, want %v", i, parts[i], want)
			}
			parts[i] = max(parts[i], -parts[i])
		}
		AddSaturated(2, 4, parts[:n], shares)
		for i := range n {
			if want := float64(y[i]) + 2*float64(parts[i])/(float64(parts[i])+4); !near(float64(shares[i]), want, math.Abs(float64(y[i]))+math.Abs(want), 1e-6) {
				t.Fatalf("AddSaturated: element %d is %v, want %v", i, shares[i], want)
			}
		}
		pull, both := randomRow(rng, n+1), slices.Clone(y)
		wantPull := slices.Clone(pull)
		Axpy(2, y[:n], wantPull)
		if AxpyBoth(2, x, both, pull); !slices.Equal(both, moved) || !slices.Equal(pull, wantPull) {
			t.Fatalf("AxpyBoth of %d gives %v and %v, want what Axpy does twice: %v and %v", n, both, pull, moved, wantPull)
		}
	})
}

// bestByHand is the plain twin of Top.
func bestByHand(found []Scored, k int) []Scored {
	kept := slices.DeleteFunc(slices.Clone(found), func(s Scored) bool { return s.Score != s.Score })
	slices.SortFunc(kept, Better)
	return kept[:min(k, len(kept))]
}

func FuzzTop(f *testing.F) {
	f.Add([]byte("some scores full of ties"), 3)
	f.Add([]byte{}, 0)
	f.Add([]byte{255, 0, 255, 0, 7}, -1)
	f.Fuzz(func(t *testing.T, data []byte, k int) {
		k = min(k, 1000)
		top := NewTop(k)
		var found []Scored
		for i, b := range data {
			s := Scored{engine.ItemNum(i * 31 % 257), float32(b % 7)}
			if b == 255 {
				s.Score = float32(math.NaN())
			}
			found = append(found, s)
			top.Push(s.Item, s.Score)
		}
		want := bestByHand(found, max(k, 0))
		if got := top.Best(); !slices.Equal(got, want) {
			t.Errorf("best %d of %v = %v, want %v", k, found, got, want)
		}
	})
}

// positive returns a random positive definite matrix.
func positive(rng *rand.Rand, n int) [][]float64 {
	x := make([][]float64, n)
	for i := range x {
		x[i] = make([]float64, n)
		for j := range x[i] {
			x[i][j] = rng.NormFloat64()
		}
	}
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
		for j := range a[i] {
			a[i][j] = dot64(x[i], x[j])
		}
		a[i][i] += 1
	}
	return a
}

func TestSymSolves(t *testing.T) {
	for n := 1; n <= 40; n++ {
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		a, s := positive(rng, n), NewSym(n)
		b, want := make([]float64, n), make([]float64, n)
		for i := range a {
			want[i] = rng.NormFloat64()
			for j := range i + 1 {
				s.Set(i, j, a[i][j])
			}
		}
		for i := range a {
			b[i] = dot64(a[i], want)
		}
		if err := s.Factorise(); err != nil {
			t.Fatalf("Factorise, n = %d: %v", n, err)
		}
		right := slices.Clone(b)
		s.Solve(b)
		inverse := s.AppendInverse([]float32{7})[1:]
		for i := range b {
			if !near(b[i], want[i], 1, 1e-6) {
				t.Fatalf("Solve, n = %d: element %d is %v, want %v", n, i, b[i], want[i])
			}
			sum, size := 0.0, 0.0
			for j, x := range right {
				row, column := max(i, j), min(i, j)
				at := float64(inverse[row*(row+1)/2+column])
				sum += at * x
				size += math.Abs(at * x)
			}
			if !near(sum, want[i], size, 1e-6) || len(inverse) != n*(n+1)/2 {
				t.Fatalf("AppendInverse, n = %d: row %d times the right side is %v, want %v", n, i, sum, want[i])
			}
		}
	}
}

func TestSymAddOuter(t *testing.T) {
	var c Columns // reused, as the solvers do
	for _, size := range []struct{ n, count int }{{64, 50}, {5, 3}, {7, 0}, {12, 100}, {1, 1}} {
		rng := rand.New(rand.NewPCG(2, uint64(size.n)))
		s, want := NewSym(size.n), make([][]float64, size.n)
		for i := range want {
			want[i] = make([]float64, size.n)
		}
		c.Reset(size.n, size.count+2) // room for more than come
		for range size.count {
			x, w := randomRow(rng, size.n), rng.Float64()
			c.Push(x, w)
			for i := range want {
				for j := range want[i] {
					want[i][j] += w * float64(x[i]) * float64(x[j])
				}
			}
		}
		s.AddOuter(&c)
		for i := range want {
			for j := range want[i] {
				if !near(s.At(i, j), want[i][j], 100, 1e-12) {
					t.Fatalf("%d of length %d: element %d,%d is %v, want %v", size.count, size.n, i, j, s.At(i, j), want[i][j])
				}
			}
		}
	}
}

func TestSymRefusesWhatIsNotPositive(t *testing.T) {
	for name, v := range map[string]float64{"zero": 0, "negative": -1, "NaN": math.NaN(), "infinite": math.Inf(1)} {
		s := NewSym(8)
		s.AddDiagonal(1)
		s.Set(7, 7, v)
		if err := s.Factorise(); !errors.Is(err, ErrNotPositive) {
			t.Errorf("Factorise with a %s pivot: %v, want ErrNotPositive", name, err)
		}
	}
}

func TestInvert(t *testing.T) {
	for _, n := range []int{1, 5, 95, 96, 97, 200, 300} {
		rng := rand.New(rand.NewPCG(3, uint64(n)))
		a := positive(rng, n)
		inverse := func(workers int) *Square {
			s := NewSquare(n)
			for i := range a {
				copy(s.Lower(i), a[i])
			}
			if err := s.Invert(t.Context(), workers); err != nil {
				t.Fatalf("Invert, n = %d: %v", n, err)
			}
			return s
		}
		one, three := inverse(1), inverse(3)
		full := make([][]float64, n)
		for i := range full {
			full[i] = make([]float64, n)
		}
		for i := range full {
			if !slices.Equal(one.Lower(i), three.Lower(i)) {
				t.Fatalf("n = %d: row %d differs between 1 and 3 workers", n, i)
			}
			for j, v := range one.Lower(i) {
				full[i][j], full[j][i] = v, v
			}
		}
		for i := range a {
			for j := range a {
				want := 0.0
				if i == j {
					want = 1
				}
				if got := dot64(a[i], full[j]); !near(got, want, 1, 1e-7) { // the inverse is symmetric
					t.Fatalf("n = %d: (A * inverse)[%d,%d] = %v, want %v", n, i, j, got, want)
				}
			}
		}
	}
}

func TestInvertRefuses(t *testing.T) {
	s := NewSquare(100)
	if err := s.Invert(t.Context(), 2); !errors.Is(err, ErrNotPositive) {
		t.Errorf("Invert of zeros: %v, want ErrNotPositive", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := s.Invert(stopped, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("Invert when stopped: %v, want context.Canceled", err)
	}
}
