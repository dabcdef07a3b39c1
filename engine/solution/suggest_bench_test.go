package solution

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/text"
)

// BenchmarkSuggest is a ticket of sixteen words to 100,000 fixes, by words, content vectors
// and products, without an encoder of sentences.
func BenchmarkSuggest(b *testing.B) {
	const fixes = 100_000
	rng := rand.New(rand.NewPCG(1, 1))
	words := make([]string, 20_000)
	for i := range words {
		for range 4 + rng.IntN(6) {
			words[i] += string(rune('a' + rng.IntN(26)))
		}
	}
	say := func(n int) string {
		out := make([]string, n)
		for i := range out {
			u := rng.Float64()
			out[i] = words[int(float64(len(words))*u*u*u)]
		}
		return strings.Join(out, " ")
	}
	ids := catalogue.NewIDs()
	entries := make([]catalogue.Entry, fixes)
	eligible := roaring.New()
	for i := range entries {
		it := engine.Item{ID: engine.ItemID("fix-" + strconv.Itoa(i)), Kind: engine.Solution, Title: say(6), Text: say(60), AppliesTo: []engine.ItemID{engine.ItemID("p" + strconv.Itoa(i%500))}}
		n, _ := ids.Assign(it.ID)
		entries[i] = catalogue.Entry{Num: n, Item: &it}
		eligible.Add(uint32(n))
	}
	product, _ := ids.Assign("p7")
	in := &Input{
		Catalogue: catalogue.New(ids).With(entries), Content: text.NewVectors(text.Untrained(0)).With(entries), Lexicon: text.NewIndex().With(entries),
		Eligible: eligible, Products: []engine.ItemNum{product},
	}
	texts := make([]string, 64)
	for i := range texts {
		texts[i] = say(16)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		in.Text = texts[i%len(texts)]
		Suggest(in)
	}
}
