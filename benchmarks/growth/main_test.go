package main

import (
	"math"
	"slices"
	"testing"
)

func TestSlope(t *testing.T) {
	for _, want := range []float64{0, 1, 1.5} {
		got := slope([]float64{1, 3, 10, 200}, func(x float64) (float64, float64) { return x, 7 * math.Pow(x, want) })
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("the slope of x^%v is %v", want, got)
		}
	}
}

func TestSteps(t *testing.T) {
	for _, c := range []struct{ least, most, by int }{{1, 20, 2}, {1000, 1_000_000, 10}, {5, 5, 2}} {
		got := steps(c.least, c.most, c.by)
		if got[0] != c.least || got[len(got)-1] != c.most || !slices.IsSorted(got) || len(slices.Compact(got)) != len(got) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
