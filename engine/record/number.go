package record

import (
	"math"
	"strconv"

	"github.com/rapportengine/rapport/engine"
)

// num decodes a finite number.
func (v value) num() (float64, problem) {
	switch v.kind {
	case null:
		return 0, nil
	case number:
	case cell:
		if !plainNumber(v.raw) {
			return 0, v.wrong("a number")
		}
	default:
		return 0, v.wrong("a number")
	}
	f, err := strconv.ParseFloat(v.raw, 64)
	switch {
	case err == nil:
		return f, nil
	case math.IsInf(f, 0):
		return 0, refuse("the number %s is too large", shorten(v.raw))
	}
	return 0, v.wrong("a number")
}

// plainNumber reports whether s is made of what decimal numbers are made of: no NaN,
// Inf, hexadecimal or underscores, which strconv would take.
func plainNumber(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false
		}
	}
	return s != ""
}

// atLeast decodes a number that is not below low.
func (v value) atLeast(low float64) (float64, problem) {
	f, p := v.num()
	if p == nil && f < low {
		p = refuse("a number not below %g is wanted, got %g", low, f)
	}
	return f, p
}

// integer decodes a whole number from low to high. 3.0 is whole.
func (v value) integer(low, high int64) (int64, problem) {
	if v.kind == null {
		return 0, nil
	}
	if v.kind != number && v.kind != cell {
		return 0, v.wrong("a whole number")
	}
	n, err := strconv.ParseInt(v.raw, 10, 64)
	if err != nil {
		f, p := v.num()
		if p != nil {
			return 0, v.wrong("a whole number")
		}
		if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return 0, v.wrong("a whole number")
		}
		n = int64(f)
	}
	if n < low || n > high {
		code := engine.CodeInvalidField
		if n > high {
			code = engine.CodeLimitExceeded
		}
		return 0, engine.Invalidf(code, "", "a whole number from %d to %d is wanted, got %d", low, high, n)
	}
	return n, nil
}
