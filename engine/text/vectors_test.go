package text

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/vector"
)

// drawEntries draws changes of up to 600 items, which lie in three chunks.
func drawEntries(t *rapid.T, most int) []catalogue.Entry {
	words := rapid.SampledFrom([]string{"red", "lamp", "mug", "broken", "return", "clock", "", "E-404", "the"})
	kinds := rapid.SampledFrom([]engine.Kind{"", engine.Content, engine.Solution, engine.Solution})
	out := make([]catalogue.Entry, rapid.IntRange(0, most).Draw(t, "entries"))
	for i := range out {
		out[i].Num = engine.ItemNum(rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(0, 600)).Draw(t, "num"))
		if rapid.IntRange(0, 3).Draw(t, "deleted") == 0 {
			continue
		}
		out[i].Item = &engine.Item{
			ID: engine.ItemID(fmt.Sprint(out[i].Num)), Kind: kinds.Draw(t, "kind"),
			Title:      words.Draw(t, "title") + " " + words.Draw(t, "title"),
			Text:       words.Draw(t, "text") + " " + words.Draw(t, "text") + " " + words.Draw(t, "text"),
			Categories: []string{"help/" + words.Draw(t, "category")},
		}
	}
	return out
}

func TestVectorsByStepsAreThoseAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, later := Untrained(8), Untrained(5)
		v, w := NewVectors(e), NewVectors(e)
		now := make(map[engine.ItemNum]*engine.Item)
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			changed := drawEntries(t, 20)
			before := v.Row(3)
			next := v.With(changed)
			if !slices.Equal(v.Row(3), before) {
				t.Fatal("With changed the table it was called on")
			}
			same := true
			for n := range engine.ItemNum(700) {
				same = same && slices.Equal(v.Row(n), next.Row(n))
			}
			if (next == v) != same {
				t.Fatalf("the rows are those before: %t; the value is that before: %t", same, next == v)
			}
			v = next
			for _, entry := range changed {
				now[entry.Num] = entry.Item
			}
		}
		var all, dearer []catalogue.Entry
		for n, it := range now {
			all = append(all, catalogue.Entry{Num: n, Item: it})
			if it != nil {
				priced := *it
				priced.Price = new(9.5)
				it = &priced
			}
			dearer = append(dearer, catalogue.Entry{Num: n, Item: it})
		}
		if v.With(dearer) != v {
			t.Fatal("prices changed the table")
		}
		w = w.With(all)
		again := Encoded(later, catalogue.New(catalogue.NewIDs()).With(all), 2)
		for n := range engine.ItemNum(700) {
			var want, wantLater []float32
			if it := now[n]; it != nil {
				want, wantLater = e.Encode(ItemTerms(it)), later.Encode(ItemTerms(it))
			}
			switch {
			case !slices.Equal(v.Row(n), want), !slices.Equal(w.Row(n), want):
				t.Fatalf("item %d: %v by steps, %v at once, want %v", n, v.Row(n), w.Row(n), want)
			case !slices.Equal(again.Row(n), wantLater):
				t.Fatalf("item %d encoded anew: %v, want %v", n, again.Row(n), wantLater)
			}
		}
	})
}

// Dots gives each item the bits that its row alone gives, in any order and company.
func TestDotsAreThoseOfTheRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := NewVectors(Untrained(24))
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			v = v.With(drawEntries(t, 40))
		}
		q := v.Encoder().Encode([]string{"red", "lamp", "return"})
		items := make([]engine.ItemNum, rapid.IntRange(0, 60).Draw(t, "items"))
		step := rapid.IntRange(0, 3).Draw(t, "step") // 0: in no order
		for i := range items {
			items[i] = engine.ItemNum(i * step)
			if step == 0 {
				items[i] = engine.ItemNum(rapid.IntRange(0, 800).Draw(t, "item"))
			}
		}
		out := make([]float32, len(items))
		v.Dots(out, items, q)
		for i, n := range items {
			want := float32(0)
			if row := v.Row(n); row != nil {
				want = vector.Dot(q, row)
			}
			if out[i] != want {
				t.Fatalf("item %d: %v, want %v", n, out[i], want)
			}
		}
	})
}
