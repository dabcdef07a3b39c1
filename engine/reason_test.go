package engine

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestTold: what is told is nine decimals of what is meant, or it itself.
func TestTold(t *testing.T) {
	for meant, want := range map[float64]float64{0: 0, .12345678949: .123456789, -1.0000000016: -1.000000002, 1e-4 / 3: 1e-4 / 3, 1e9 / 7: 1e9 / 7, 2: 2} {
		if got := Told(meant); got != want {
			t.Errorf("Told(%v) = %v, want %v", meant, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		meant := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-20, 20)).Draw(t, "meant")
		told := Told(meant)
		if math.Abs(told-meant) > 1e-6*math.Abs(meant) || Told(told) != told {
			t.Fatalf("%v is told as %v, that as %v", meant, told, Told(told))
		}
		if size := math.Abs(meant); size >= 1e-3 && size <= 1e5 {
			if _, is := Billionths(told); !is {
				t.Fatalf("%v is told as %v, which is not of nine decimals", meant, told)
			}
		}
	})
}

// TestBillionths: the integer says the number exactly, and in its fewest digits.
func TestBillionths(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e15, math.MaxFloat64, 1e-10, 1.0 / 3} {
		if n, is := Billionths(x); is {
			t.Errorf("%v is said to be %d billionths", x, n)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64Range(-1e15, 1e15), func(n int64) float64 { return float64(n) / 1e9 })).Draw(t, "x")
		n, is := Billionths(x)
		if !is {
			return
		}
		if float64(n)/1e9 != x {
			t.Fatalf("%v is said to be %d billionths", x, n)
		}
		var back float64
		if digits := strconv.FormatInt(n, 10) + "e-9"; json.Unmarshal([]byte(digits), &back) != nil || back != x {
			t.Fatalf("%s is %v, want %v", digits, back, x)
		}
	})
}
