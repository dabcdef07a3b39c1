package triage

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// redistributed is the slow twin of a curve: the mass of each that is open goes in equal parts
// to all that lie further (Efron 1967).
func redistributed(values []lasted, at float64) (share float64) {
	sorted := slices.Clone(values)
	slices.SortStableFunc(sorted, func(a, b lasted) int {
		switch {
		case a.log < b.log, a.log == b.log && !a.open && b.open:
			return -1
		case a.log > b.log, a.log == b.log && a.open && !b.open:
			return 1
		}
		return 0
	})
	mass := make([]float64, len(sorted))
	for i := range mass {
		mass[i] = 1 / float64(len(sorted))
	}
	for i, v := range sorted {
		if v.open {
			for j := i + 1; j < len(sorted); j++ {
				mass[j] += mass[i] / float64(len(sorted)-i-1)
			}
			mass[i] = 0
		}
		if v.log <= at {
			share += mass[i]
		}
	}
	return share
}

func TestCurveIsOfMassThatMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var values []lasted
		for range rapid.IntRange(1, 30).Draw(t, "values") {
			values = append(values, lasted{float64(rapid.IntRange(-8, 8).Draw(t, "log")), rapid.IntRange(0, 2).Draw(t, "open") == 0})
		}
		curve := survival(values)
		at := float64(rapid.IntRange(-9, 9).Draw(t, "at"))
		if got, want := curve.share(at), redistributed(values, at); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%v: %v lie up to %v, want %v", values, got, at, want)
		}
		share := rapid.Float64Range(0.01, 1).Draw(t, "share")
		got := curve.reaching(share)
		if greatest := curve[len(curve)-1].value; got < greatest && curve.share(got) < share-1e-6 || curve.share(math.Nextafter(got, -100)) > share+1e-6 {
			t.Fatalf("%v: %v is reached at %v", values, share, got)
		}
	})
}

// The ends are moved to where they miss one in ten each, whatever they were before, and open
// tickets do not draw them in.
func TestMovedEndsMissOneInTen(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, open := range []bool{false, true} {
		said, truth := make([]quantiled, 4_000), make([]lasted, 4_000)
		for i := range said {
			said[i] = quantiled{-0.2, 0, 3} // low is too high, high too high, too
			truth[i] = lasted{log: rng.NormFloat64()}
			if looked := rng.NormFloat64() + 0.5; open && looked < truth[i].log {
				truth[i] = lasted{looked, true}
			}
		}
		low, high := misses(said, truth)
		moved := move(low, high)
		const z = 1.2816 // of one in ten
		if math.Abs(-0.2+moved[0]+z) > 0.1 || math.Abs(3+moved[1]-z) > 0.1 {
			t.Errorf("open %v: the ends come to %v and %v, want -%v and %v", open, -0.2+moved[0], 3+moved[1], z, z)
		}
		if w := within(low, high); math.Abs(w-0.8) > 0.03 {
			t.Errorf("open %v: %v lie within, want 0.8", open, w)
		}
	}
}

func TestFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(leastTimes, 3_000).Draw(t, "tickets")
		tenths := rapid.IntRange(1, 2).Draw(t, "tenths")
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		next := -1
		for _, f := range folds(n, tenths) {
			if f.from >= f.to || next >= 0 && f.from != next {
				t.Fatalf("folds %+v", folds(n, tenths))
			}
			next = f.to
			for _, i := range rest(f, all) {
				if i >= f.from && (i < f.to || n >= 500) {
					t.Fatalf("of %d tickets, %+v is asked of %d", n, f, i)
				}
			}
		}
		if next != n {
			t.Fatalf("of %d tickets the last is not held: %+v", n, folds(n, tenths))
		}
	})
}
