package text

import (
	"math"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// plainSearch is BM25 as the book says it, over all items, for every query anew.
func plainSearch(items map[engine.ItemNum]*engine.Item, answered map[engine.ItemNum][]Question, terms []string, eligible *roaring.Bitmap) map[engine.ItemNum]float64 {
	counts, lengths := make(map[engine.ItemNum]map[string]float64), make(map[engine.ItemNum]float64)
	var total float64
	for n, it := range items {
		if it == nil || it.Kind != engine.Solution && it.Kind != engine.Content {
			continue
		}
		counts[n] = make(map[string]float64)
		for text, weight := range map[string]float64{it.Title: 3, it.Text: 1, it.Categories[0]: 1.5} {
			for _, term := range Tokens(text, "") {
				counts[n][term] += weight
				lengths[n] += weight
			}
		}
		total += lengths[n]
	}
	share := func(n engine.ItemNum, term string) float64 {
		holding := 0.0
		for _, q := range answered[n] {
			if slices.Contains(Tokens(q.Text, q.Language), term) {
				holding++
			}
		}
		return 8 * holding / float64(len(answered[n])+2)
	}
	mean := total / float64(len(counts))
	out := make(map[engine.ItemNum]float64)
	for _, term := range distinct(terms) {
		var holding float64
		for n, of := range counts {
			if of[term] > 0 || share(n, term) > 0 {
				holding++
			}
		}
		idf := math.Log(1 + (float64(len(counts))-holding+0.5)/(holding+0.5))
		for n, of := range counts {
			tf := share(n, term)
			if of[term] > 0 {
				tf += of[term] / (0.25 + 0.75*lengths[n]/mean)
			}
			if tf > 0 && eligible.Contains(uint32(n)) {
				out[n] += idf * tf * 2.2 / (tf + 1.2)
			}
		}
	}
	return out
}

// found is a match of an item.
type found struct {
	Num engine.ItemNum
	Match
}

// search returns what is found among the eligible items, by number. Matches are used again.
func search(matches *Matches, x *Index, terms []string, eligible *roaring.Bitmap) (out []found) {
	var items []engine.ItemNum
	for all := eligible.Iterator(); all.HasNext(); {
		items = append(items, engine.ItemNum(all.Next()))
	}
	x.Matches(matches, terms, items)
	holding := x.Holding(nil, matches, terms)
	for i, n := range items {
		m := matches.Of(i)
		if matches.Scores[i] != float32(m.Score) || matches.Terms[i] != float32(m.Terms) || int32(holding[i]) != m.Terms {
			panic("what is rounded is of another item")
		}
		if m.Terms > 0 {
			out = append(out, found{n, m})
		}
	}
	return out
}

func TestIndexIsBM25(t *testing.T) {
	var matches Matches
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex()
		now := make(map[engine.ItemNum]*engine.Item)
		var answered map[engine.ItemNum][]Question
		vectors, apart := NewVectors(Untrained(8)), NewVectors(Untrained(8))
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "asked") {
				answered = make(map[engine.ItemNum][]Question)
				for range rapid.IntRange(0, 20).Draw(t, "questions") {
					n := engine.ItemNum(rapid.IntRange(0, 150).Draw(t, "answered by"))
					answered[n] = append(answered[n], Question{Text: rapid.SampledFrom([]string{"red lamp", "E-404 lamps broken", "the", "nowhere"}).Draw(t, "question")})
				}
				x = x.WithAsked(CountAsked(answered))
			}
			changed := drawEntries(t, 200) // more than smallLevel in all, so that there are several levels
			apart = apart.With(changed)
			if rapid.Bool().Draw(t, "both at once") {
				vectors, x = With(vectors, x, changed)
			} else {
				vectors, x = vectors.With(changed), x.With(changed)
			}
			for _, entry := range changed {
				now[entry.Num] = entry.Item
			}
		}
		var all []catalogue.Entry
		for n, it := range now {
			if !slices.Equal(vectors.Row(n), apart.Row(n)) {
				t.Fatalf("item %d has the vector %v, made without the index %v", n, vectors.Row(n), apart.Row(n))
			}
			all = append(all, catalogue.Entry{Num: n, Item: it})
		}
		atOnce := NewIndex().WithAsked(CountAsked(answered)).With(all)
		eligible := roaring.New()
		eligible.AddRange(uint64(rapid.IntRange(0, 5).Draw(t, "from")), uint64(rapid.IntRange(5, 700).Draw(t, "to")))
		terms := rapid.SliceOf(rapid.SampledFrom([]string{"red", "lamp", "broken", "e404", "nowhere", "help"})).Draw(t, "terms")

		got := search(&matches, x, terms, eligible)
		if other := search(&matches, atOnce, terms, eligible); !slices.Equal(got, other) || x.Len() != atOnce.Len() {
			t.Fatalf("by steps %v of %d, at once %v of %d", got, x.Len(), other, atOnce.Len())
		}
		want := plainSearch(now, answered, terms, eligible)
		if len(got) != len(want) {
			t.Fatalf("search found %v, want %v", got, want)
		}
		for _, m := range got {
			if math.Abs(m.Score-want[m.Num]) > 1e-9 {
				t.Fatalf("item %d scores %v, want %v", m.Num, m.Score, want[m.Num])
			}
			var sum float64
			parts := x.Explain(terms, m.Num)
			for _, p := range parts {
				sum += p.Value
			}
			if sum != m.Score || len(parts) != int(m.Terms) {
				t.Fatalf("item %d scores %v by %d terms, its terms %v", m.Num, m.Score, m.Terms, parts)
			}
		}
	})
}

func TestIndexOfOneAndNone(t *testing.T) {
	var matches Matches
	everything := roaring.BitmapOf(0, 1, 2)
	x := NewIndex()
	if got := search(&matches, x, []string{"lamp"}, everything); len(got) != 0 || x.Explain([]string{"lamp"}, 0) != nil {
		t.Errorf("an empty index found %v", got)
	}
	x = x.With([]catalogue.Entry{
		{Num: 0, Item: &engine.Item{Kind: engine.Solution, Title: "Lamp"}},
		{Num: 1, Item: &engine.Item{Kind: engine.Product, Title: "Lamp"}},
		{Num: 2, Item: &engine.Item{Kind: engine.Content, Title: "Of the"}},
	})
	if got := search(&matches, x, []string{"lamp"}, everything); len(got) != 1 || got[0].Num != 0 || !(got[0].Score > 0) {
		t.Errorf("search found %v, want item 0 alone: products are not indexed", got)
	}
}

// TestKnown holds that a term is known while any document has it, in its own words or in a
// question it answered, and that rare terms weigh more.
func TestKnown(t *testing.T) {
	item := func(title string) *engine.Item { return &engine.Item{Kind: engine.Solution, Title: title} }
	x := NewIndex().With([]catalogue.Entry{{Num: 1, Item: item("lamp dark")}, {Num: 2, Item: item("lamp loud")}, {Num: 3, Item: item("mug")}})
	if got := x.Known(Tokens("lamp dark", "en")); got != 1 {
		t.Errorf("of known words %v are known", got)
	}
	if got := x.Known(Tokens("pizza 1234567", "en")); got != 0 {
		t.Errorf("of strange words %v are known", got)
	}
	if got := x.Known(nil); got != 0 {
		t.Errorf("of no word %v are known", got)
	}
	common, rare := x.Known(Tokens("lamp pizza", "en")), x.Known(Tokens("dark pizza dark", "en"))
	if !(0 < common && common < rare && rare < 1) {
		t.Errorf("of a common and a strange word %v is known, of a rare and a strange one %v", common, rare)
	}
	asked := x.WithAsked(CountAsked(map[engine.ItemNum][]Question{3: {{Text: "the handle is off"}}}))
	if got := asked.Known(Tokens("handle", "en")); got != 1 {
		t.Errorf("of a word that was asked %v is known", got)
	}
	if got := asked.With([]catalogue.Entry{{Num: 3}}).Known(Tokens("handle mug", "en")); got != 0 {
		t.Errorf("of words of what is gone %v are known", got)
	}
}
