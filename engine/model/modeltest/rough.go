package modeltest

import (
	"math"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// checkRough holds what a model.Rough says about what it scores against the bounds it gives:
// of all items, of some, and of few at a time.
func checkRough(t *testing.T, query int, s model.Scorer, items []engine.ItemNum) {
	t.Helper()
	rough, is := s.(model.Rough)
	if !is {
		return
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(items)))
	room := new(model.RoughRoom)
	for name, some := range map[string][]engine.ItemNum{"everything": sorted, "every third": third(sorted), "one": sorted[:1], "the last": sorted[len(sorted)-1:]} {
		for _, gain := range []float64{1, -0.3, 1e4} {
			room.Open()
			for part := range slices.Chunk(some, min(7, model.RoughItems)) {
				checkRoughPart(t, query, name, rough, room, part, gain)
			}
			room.Open()
			for part := range slices.Chunk(some, model.RoughItems) {
				checkRoughPart(t, query, name, rough, room, part, gain)
			}
		}
	}
}

func checkRoughPart(t *testing.T, query int, name string, s model.Rough, room *model.RoughRoom, items []engine.ItemNum, gain float64) {
	t.Helper()
	const before = 0.5
	sums, scores := slices.Repeat([]float32{before}, len(items)), make([]float32, len(items))
	off, most, ok := s.AddRough(room, sums, items, gain)
	if !ok {
		if slices.ContainsFunc(sums, func(sum float32) bool { return sum != before }) {
			t.Errorf("query %d, %s: AddRough cannot say, and added", query, name)
		}
		return
	}
	s.Score(items, scores)
	rounding := (before + most) * 4 / (1 << 24)
	for i, item := range items {
		said, want := float64(sums[i])-before, gain*float64(scores[i])
		if !(math.Abs(said-want) <= off+rounding) || !(math.Abs(want) <= most*(1+1e-6)) {
			t.Errorf("query %d, %s: about item %d it says %v where it scores %v; it should be within %v, and at most %v", query, name, item, said, want, off+rounding, most)
		}
	}
}
