package engine

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"brand", "brnd", 1}, {"kitten", "sitting", 3}, {"price", "prcie", 2}} {
		if got, back := Distance(c.a, c.b), Distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("Distance(%q, %q) = %d, turned round %d, want %d", c.a, c.b, got, back, c.want)
		}
	}
}
