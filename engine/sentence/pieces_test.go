package sentence

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// slowIDs is the reference's tokeniser as it stands there: one lattice over the whole text,
// and a look at every piece at every place.
func slowIDs(numbers map[string]int, scores []float64, text string) []int32 {
	text = norm.NFKC.String(text)
	if text == "" {
		return nil
	}
	symbols := []rune("▁" + strings.ReplaceAll(text, " ", "▁"))
	type entry struct{ from, number, length int }
	ends := make([][]entry, len(symbols)+1)
	for from := range symbols {
		found := false
		for to := from + 1; to <= len(symbols); to++ {
			if number, known := numbers[string(symbols[from:to])]; known {
				ends[to] = append(ends[to], entry{from, number, to - from})
				found = true
			}
		}
		if !found {
			ends[from+1] = append(ends[from+1], entry{from, unknown, 1})
		}
	}
	best, words := make([]float64, len(symbols)+1), make([]entry, len(symbols)+1)
	for i := range words {
		words[i] = entry{0, unknown, 1}
	}
	for end := range ends {
		for _, e := range ends[end] { // by where they begin
			score := best[e.from]
			if e.number != unknown {
				score = scores[e.number] + best[e.from]
			}
			if best[end] == 0 || score >= best[end] {
				best[end], words[end] = score, e
			}
		}
	}
	var out []int32
	for at := len(symbols); at > 0; at -= words[at].length {
		if n := int32(words[at].number); n != unknown || len(out) == 0 || out[len(out)-1] != unknown {
			out = append(out, n)
		}
	}
	slices.Reverse(out)
	return out
}

// numbers returns the number of each piece: of two that are the same, the last.
func numbers(texts []string) map[string]int {
	out := map[string]int{}
	for i := reserved; i < len(texts); i++ {
		out[texts[i]] = i
	}
	return out
}

// vocabulary returns the pieces of the model as they were given.
func vocabulary(t testing.TB) (texts []string, scores []float64) {
	r := &reader{rest: file[len(magic):]}
	for range r.uint(4) {
		texts, scores = append(texts, r.take(r.uint(1))), append(scores, math.Float64frombits(uint64(r.uint(8))))
	}
	if r.err != nil {
		t.Fatal(r.err)
	}
	return texts, scores
}

// FuzzTokens holds the tokeniser against its slow twin.
func FuzzTokens(f *testing.F) {
	for _, r := range golden(f) {
		f.Add(r.Text)
	}
	m := loaded(f)
	texts, scores := vocabulary(f)
	known := numbers(texts)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 300 {
			s = s[:300]
		}
		if got, want := m.pieces.ids(s, math.MaxInt), slowIDs(known, scores, s); !slices.Equal(got, want) {
			t.Fatalf("%q: pieces %v, want %v", s, got, want)
		}
	})
}

// TestTokensOfAnyVocabulary does the same for small vocabularies of few characters, in which
// scores tie, are 0, and leave places that no piece ends at.
func TestTokensOfAnyVocabulary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		word := func(most int) string {
			var s []rune
			for range 1 + rng.IntN(most) {
				s = append(s, []rune("abcé:x")[rng.IntN(6)])
			}
			return string(s)
		}
		texts, scores := []string{"?", "", "", "", "", "", "▁"}, []float64{0, 0, 0, 0, 0, 0, -2}
		for range rng.IntN(12) {
			texts = append(texts, []string{"", "▁"}[rng.IntN(2)]+word(4))
			scores = append(scores, -float64(rng.IntN(4)))
		}
		p, err := newPieces(texts, scores)
		if err != nil {
			t.Fatal(err)
		}
		var s string
		for range rng.IntN(8) {
			s += []string{"", " ", "  ", "▁", "z"}[rng.IntN(5)] + word(6)
		}
		got, want := p.ids(s, math.MaxInt), slowIDs(numbers(texts), scores, s)
		if !slices.Equal(got, want) {
			t.Fatalf("%q by %q, %v: pieces %v, want %v", s, texts, scores, got, want)
		}
		most := rng.IntN(8)
		if got := p.ids(s, most); !slices.Equal(got, want[:min(most, len(want))]) {
			t.Fatalf("%q by %q, %v: the first %d pieces %v, want those of %v", s, texts, scores, most, got, want)
		}
	})
}

func TestNewPiecesRefuses(t *testing.T) {
	front := []string{"?", "a", "a", "a", "a", "a"}
	for name, texts := range map[string][]string{
		"no text":          front,
		"no space":         append(slices.Clone(front), "a"),
		"an empty piece":   append(slices.Clone(front), "▁", ""),
		"space inside":     append(slices.Clone(front), "▁", "a▁b"),
		"no valid UTF-8":   append(slices.Clone(front), "▁", "a\xff"),
		"space begins one": append(slices.Clone(front), "▁a"),
	} {
		if _, err := newPieces(texts, make([]float64, len(texts))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
