package engine_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// Values of Wilson's interval as Brown, Cai and DasGupta (2001) and Newcombe (1998, table II
// and his example of 56/70 and 48/80) print them.
func TestWilsonAndNewcombe(t *testing.T) {
	near := func(a, b float64) bool { return math.Abs(a-b) < 6e-5 }
	for _, c := range []struct {
		well, trials int
		low, high    float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {29, 29, 0.8830, 1}, {0, 0, 0, 1}} {
		if got := engine.Wilson(c.well, c.trials); !near(got.Low, c.low) || !near(got.High, c.high) {
			t.Errorf("Wilson(%d, %d) = %+v, want [%v, %v]", c.well, c.trials, got, c.low, c.high)
		}
	}
	if d := engine.Wilson(56, 70).Less(engine.Wilson(48, 80)); !near(d.Value, 0.2) || !near(d.Low, 0.0524) || !near(d.High, 0.3339) {
		t.Errorf("56/70 - 48/80 = %+v, want 0.2 [0.0524, 0.3339]", d)
	}
}

func TestWilsonHoldsItsValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1_000_000).Draw(t, "trials")
		k := rapid.IntRange(0, n).Draw(t, "well")
		s := engine.Wilson(k, n)
		if !(0 <= s.Low && s.Low <= s.Value && s.Value <= s.High && s.High <= 1) {
			t.Fatalf("Wilson(%d, %d) = %+v", k, n, s)
		}
		if other := engine.Wilson(n-k, n); math.Abs(other.Low-(1-s.High)) > 1e-12 {
			t.Fatalf("Wilson(%d, %d) = %+v, and of the others %+v", k, n, s, other)
		}
	})
}
