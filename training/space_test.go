package training

import (
	"testing"
)

// TestSpaces: every setting that is tuned is one of its kind's, takes every value of its
// range, and starts somewhere within.
func TestSpaces(t *testing.T) {
	for _, k := range DefaultSearch() {
		start := k.Values(k.Tries[0])
		for i := range k.Space {
			r := &k.Space[i]
			if _, known := k.Settings(k.Tries[0])[r.Name]; !known {
				t.Errorf("%s has no setting %s", k.Name, r.Name)
				continue
			}
			if _, ok := r.Place(start[r.Name]); !ok {
				t.Errorf("%s.%s begins with %q, which is no value of it", k.Name, r.Name, start[r.Name])
			}
			for place := 0.0; place <= 1; place += 1.0 / 64 {
				value := r.At(place)
				if _, err := k.set(k.Tries[0], r.Name, value); err != nil {
					t.Errorf("%s.%s cannot be %q: %v", k.Name, r.Name, value, err)
				}
				at, ok := r.Place(value)
				if again := r.At(at); !ok || again != value {
					t.Errorf("%s.%s: %q lies at %v, where %q is", k.Name, r.Name, value, at, again)
				}
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	log := Range{Low: 0.01, High: 100, Log: true}
	off := Range{Low: 1, High: 9, Whole: true, Off: true}
	words := Range{Words: []string{"a", "b"}}
	for _, c := range []struct {
		r     Range
		place float64
		want  string
	}{
		{log, 0, "0.01"},
		{log, 0.5, "1"},
		{log, 1, "100"},
		{off, 0.1, "0"},
		{off, 0.2, "1"},
		{off, 0.6, "5"},
		{off, 1, "9"},
		{words, 0, "a"},
		{words, 0.7, "b"},
		{words, 1, "b"},
	} {
		if got := c.r.At(c.place); got != c.want {
			t.Errorf("at %v of %+v is %q, want %q", c.place, c.r, got, c.want)
		}
	}
	for _, c := range []struct {
		r     Range
		value string
		place float64
		ok    bool
	}{{log, "1e9", 1, true}, {log, "0", 0, true}, {log, "x", 0, false}, {words, "c", -0, false}} {
		if got, ok := c.r.Place(c.value); ok != c.ok || ok && got != c.place {
			t.Errorf("%q of %+v lies at %v, %v", c.value, c.r, got, ok)
		}
	}
}
