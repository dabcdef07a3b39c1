package text

import (
	"hash/maphash"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestStems holds that what is kept is what stemming says, by several at once, of words that
// share a place and of one word in several languages.
func TestStems(t *testing.T) {
	said := []string{"lamps", "lampen", "running", "café", "cafés", "broken", "gifts", "gift", "mejores", "straße", "schön", "möbel", "flickering", "the", "die", "has", "una"}
	rapid.Check(t, func(t *rapid.T) {
		kept := &stems{seed: maphash.MakeSeed()}
		words := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(said), rapid.StringMatching(`[a-zäéß]{2,12}`)), 1, 60).Draw(t, "words")
		var all sync.WaitGroup
		for _, language := range []string{"en", "de", "es", "en"} {
			r := rulesFor(language)
			all.Go(func() {
				for range 2 {
					for _, w := range words {
						if got, want := kept.of(r, w), r.stemmedAnew(w); got.term != want || got.stop != r.stop[w] {
							t.Errorf("%s in %s becomes %+v, want %q", w, language, got, want)
						}
					}
				}
			})
		}
		all.Wait()
	})
	// Words beyond number leave no more than there are places.
	kept := &stems{seed: maphash.MakeSeed()}
	r := rulesFor("en")
	for i := range 3 * len(kept.places) {
		w := strings.Repeat("ab", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576))
		if got, want := kept.of(r, w).term, r.stemmedAnew(w); got != want {
			t.Fatalf("%s becomes %q, want %q", w, got, want)
		}
	}
}

func BenchmarkTokens(b *testing.B) {
	s := strings.Repeat("The lamp we bought flickers whenever somebody is running the washing machine; replacing bulbs did not help. ", 10)
	b.ReportAllocs()
	for b.Loop() {
		Tokens(s, "en")
	}
}
