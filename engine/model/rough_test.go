package model

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOf(rapid.Float32()).Draw(t, "x")
		want := 0.0
		for _, v := range x {
			want = max(want, math.Abs(float64(v)))
		}
		if got := Largest(x); float64(got) != want {
			t.Fatalf("of %v the largest is %v, want %v", x, got, want)
		}
	})
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, x := range [][]float32{{1, nan}, {-nan, 2}, {inf}} {
		if got := Largest(x); !math.IsInf(float64(got), 1) {
			t.Errorf("of %v the largest is %v, want +Inf", x, got)
		}
	}
}
