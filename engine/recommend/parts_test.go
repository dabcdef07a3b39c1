package recommend

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
)

// TestHeaviest holds it against sorting all, and strongest against looking at all.
func TestHeaviest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{0, .5, -.5})), 0, 3*partsNamed).Draw(t, "contributions")
		parts := make([]model.Part, len(values))
		for i, v := range values {
			parts[i] = model.Part{Item: engine.ItemNum(i), Contribution: v}
		}
		by := rank.Scale{Weight: rapid.SampledFrom([]float64{1, -2}).Draw(t, "weight"), SD: 1}
		best := strongest(parts, by.Gain() > 0)
		for i, p := range parts {
			if best >= 0 && (by.Part(p.Contribution) > by.Part(parts[best].Contribution) || i < best && p.Contribution == parts[best].Contribution) ||
				best < 0 && by.Part(p.Contribution) > 0 {
				t.Fatalf("strongest of %v by %v is %d", values, by.Weight, best)
			}
		}
		want := slices.Clone(parts)
		slices.SortStableFunc(want, func(a, b model.Part) int {
			return cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution))
		})
		left := 0.0
		for _, p := range want[min(len(want), partsNamed):] {
			left += p.Contribution
		}
		named, rest := heaviest(parts)
		if !slices.Equal(named, want[:min(len(want), partsNamed)]) || math.Abs(rest-left) > 1e-12 {
			t.Fatalf("of %v are named %v and %v, want %v and %v", values, named, rest, want[:len(named)], left)
		}
	})
}
