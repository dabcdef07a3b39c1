package neighbour

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

// A few items, each looked up in what the history adds, score the same bits as all items do
// when that is summed; and a scorer that has summed says what a new one does.
func TestFewScoreAsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(20, 400).Draw(t, "items")
		histories := modeltest.Histories(rapid.Uint64().Draw(t, "seed"), 60, n, 10)
		var b model.Builder
		for _, h := range histories {
			b.Add(h)
		}
		p := ItemParams{K: rapid.IntRange(1, 40).Draw(t, "k"), Recent: rapid.SampledFrom([]float64{1, 0.8}).Draw(t, "recent")}
		src, err := FitItems(t.Context(), b.Data(modeltest.Items(n), 1), p)
		if err != nil {
			t.Fatal(err)
		}
		q := &model.Query{History: histories[rapid.IntRange(0, len(histories)-1).Draw(t, "who")]}
		all, want := make([]engine.ItemNum, n), make([]float32, n)
		for i := range all {
			all[i] = engine.ItemNum(i)
		}
		summed := src.Open(q)
		summed.Score(all, want)
		few, turned := src.Open(q), src.Open(q)
		turned.(model.Linked).Turn(src.adds.Turned())
		size := rapid.IntRange(1, summedFrom-1).Draw(t, "at a time")
		for from := 0; from < n; from += size {
			part := all[from:min(from+size, n)]
			for name, s := range map[string]model.Scorer{"not summed": few, "turned": turned, "summed": summed} {
				got := make([]float32, len(part))
				s.Score(part, got)
				for i := range got {
					if math.Float32bits(got[i]) != math.Float32bits(want[from+i]) {
						t.Fatalf("%s: item %d scores %v, among all %v", name, part[i], got[i], want[from+i])
					}
				}
			}
		}
	})
}

// What a scorer leaves behind when it is released is used by the next, which scores what it would
// without. It is nobody's who did not sum, or was released before.
func TestReleasedMemoryIsUsedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(64, 200).Draw(t, "items")
		histories := modeltest.Histories(rapid.Uint64().Draw(t, "seed"), 60, n, 10)
		var b model.Builder
		for _, h := range histories {
			b.Add(h)
		}
		src, err := FitItems(t.Context(), b.Data(modeltest.Items(n), 1), ItemParams{K: rapid.IntRange(1, 20).Draw(t, "k")})
		if err != nil {
			t.Fatal(err)
		}
		all := make([]engine.ItemNum, n)
		for i := range all {
			all[i] = engine.ItemNum(i)
		}
		turned := src.adds.Turned()
		var open []model.Lent
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			q := &model.Query{History: histories[rapid.IntRange(0, len(histories)-1).Draw(t, "who")]}
			s, fresh := src.Open(q).(model.Lent), newLinks(src.params, src.rows, src.adds).Open(q)
			got, want := make([]float32, n), make([]float32, n)
			if rapid.Bool().Draw(t, "looks up") {
				s.(model.Linked).Turn(turned)
				for i, item := range all { // few at a time are looked up
					s.Score(all[i:i+1], got)
					if fresh.Score(all[i:i+1], want); got[0] != want[0] {
						t.Fatalf("item %d is looked up to score %v, want %v", item, got[0], want[0])
					}
				}
			}
			if rapid.Bool().Draw(t, "sums") {
				s.Score(all, got)
				fresh.Score(all, want)
				if !slices.Equal(got, want) {
					t.Fatalf("scores %v, without what was left %v", got, want)
				}
			}
			if open = append(open, s); rapid.Bool().Draw(t, "releases") {
				one := open[rapid.IntRange(0, len(open)-1).Draw(t, "one")] // maybe again
				if one.Release(); !one.Empty() {
					t.Fatal("a released scorer has something to say")
				}
			}
		}
	})
}
