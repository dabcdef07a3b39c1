package text

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestGrams(t *testing.T) {
	words, pieces := Grams("Why was I")
	want := []uint64{hash("why"), hash("was"), pair(hash("why"), hash("was")), hash("i"), pair(hash("was"), hash("i"))}
	if !slices.Equal(words, want) {
		t.Errorf("words %v, want %v", words, want)
	}
	want = nil
	for _, p := range []string{"<wh", "<why", "<why>", "why", "why>", "hy>", "<wa", "<was", "<was>", "was", "was>", "as>", "<i>"} {
		want = append(want, hash(p))
	}
	if !slices.Equal(pieces, want) {
		t.Errorf("pieces %v, want %v", pieces, want)
	}
	a, b := Grams("Café E-404, GRÜN!")
	c, d := Grams("  cafe e-404 grun")
	if !slices.Equal(a, c) || !slices.Equal(b, d) {
		t.Error("case, accents and signs make other grams")
	}
	rapid.Check(t, func(t *rapid.T) { // of any bytes; by the whole text as by its start where that ends a word
		s := rapid.String().Draw(t, "text")
		all, _ := Grams(s + " end")
		first, _ := Grams(s)
		if len(all) < len(first) || !slices.Equal(all[:len(first)], first) {
			t.Fatalf("%q has words %v, with one more %v", s, first, all)
		}
	})
}
