package embed

import (
	"math"
	"testing"
)

func FuzzLogistic(f *testing.F) {
	for _, x := range []float32{0, 1, -1, 15.999999, -15.999999, 16, -16, 0.015625, 1e-20, 88, -1e30} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float32) {
		got, want := float64(logistic(x)), 1/(1+math.Exp(-float64(x)))
		if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 4e-6 {
			t.Errorf("logistic(%v) = %v, want %v", x, got, want)
		}
	})
}
