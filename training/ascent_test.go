package training

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
)

// What a question reaches is what its sorted list is judged to be, ties and all.
func TestReachedIsTheMetricOfTheList(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n := rng.IntN(40)
		others, source := make([]float32, n), make([]float32, n)
		items := make([]engine.ItemNum, n)
		for i := range items {
			items[i] = engine.ItemNum(3 * i)
			others[i], source[i] = float32(rng.IntN(4)), float32(rng.IntN(3)) // full of ties
		}
		q := &question{items: items}
		var targets []engine.ItemNum
		for i := range items {
			if rng.IntN(4) == 0 {
				q.wanted, targets = append(q.wanted, i), append(targets, items[i])
			}
		}
		for range rng.IntN(3) {
			targets = append(targets, engine.ItemNum(1000+len(targets))) // among nobody's best
		}
		if q.held = len(targets); q.held == 0 {
			continue
		}
		const weight = 0.5
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		sum := func(i int) float32 { return others[i] + weight*source[i] }
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sum(b), sum(a)) })
		var list []engine.ItemNum
		for _, i := range order {
			list = append(list, items[i])
		}
		want := blendMetric.Of(evaluate.Judge(list, targets, nil))
		if got := q.reached(others, source, weight); got-want > 1e-12 || want-got > 1e-12 {
			t.Fatalf("reached %v, the list %v of targets %v is worth %v", got, list, targets, want)
		}
	}
}

// TestReachedCountsWhatTheListShows holds the counting to the list, with ties.
func TestReachedCountsWhatTheListShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.Custom(func(t *rapid.T) float32 { return float32(rapid.IntRange(-3, 9).Draw(t, "score")) / 3 })
		items := rapid.IntRange(1, 60).Draw(t, "items")
		q := &question{held: rapid.IntRange(1, 20).Draw(t, "held")}
		q.wanted = rapid.SliceOfNDistinct(rapid.IntRange(0, items-1), 1, min(items, countedWanted), rapid.ID[int]).Draw(t, "wanted")
		others := rapid.SliceOfN(few, items, items).Draw(t, "others")
		source := rapid.SliceOfN(few, items, items).Draw(t, "source")
		weight := few.Draw(t, "weight")
		q.held = max(q.held, len(q.wanted))
		for _, source := range [][]float32{nil, source} {
			if got, want := q.reached(others, source, weight), q.listed(others, source, weight); math.Abs(got-want) > 1e-15 {
				t.Fatalf("counted %v, listed %v", got, want)
			}
		}
	})
}
