package modeltest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Histories returns invented histories with what real ones have: popular items, groups
// of taste, weights from faint to strong, and a known dislike now and then.
func Histories(seed uint64, customers, items, length int) [][]engine.Interest {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([][]engine.Interest, customers)
	for u := range out {
		taste := rng.IntN(5)
		wanted := map[engine.ItemNum]float64{}
		for range 1 + rng.IntN(2*length) {
			n := int(float64(items) * math.Pow(rng.Float64(), 2)) // the first are popular
			if rng.Float64() < 0.7 {
				n = n/5*5 + taste
			}
			w := 0.2 + rng.Float64()
			if rng.Float64() < 0.05 {
				w = 0
			}
			wanted[engine.ItemNum(min(n, items-1))] = w
		}
		for n, w := range wanted {
			out[u] = append(out[u], engine.Interest{Item: n, Weight: w})
		}
		slices.SortFunc(out[u], func(a, b engine.Interest) int { return cmp.Compare(a.Item, b.Item) })
	}
	return out
}
