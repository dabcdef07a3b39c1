package neighbour

import (
	"context"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/vector"
)

// plainNearest is nearest as one would first write it: all items in their order, all sums
// in float64, all values held against all.
func plainNearest(data *model.Data, s *similarity, k int) [][]model.Edge {
	byItem := data.ByItem()
	out := make([][]model.Edge, len(byItem))
	for i, customers := range byItem {
		dots := make([]float64, len(byItem))
		for _, customer := range customers {
			for _, c := range data.Customers[customer.Row] {
				dots[c.Row] += float64(customer.Weight) * float64(c.Weight)
			}
		}
		top := vector.NewTop(k)
		for j, dot := range dots {
			if j != i && dot > 0 {
				top.Push(engine.ItemNum(j), float32(dot/(s.norms[i]*s.norms[j]+s.shrink)))
			}
		}
		out[i] = []model.Edge{}
		for _, best := range top.Best() {
			out[i] = append(out[i], model.Edge{Row: uint32(best.Item), Weight: best.Score})
		}
	}
	return out
}

// TestNearestIsThePlainSearch has items on several spans, and weights whose products are
// the same in float32 as in float64.
func TestNearestIsThePlainSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.IntRange(1, 3*span).Draw(t, "items")
		data := histories(t, items)
		wanted := &wanting{data: data}
		s := newSimilarity(wanted, rapid.SampledFrom([]float64{-1, 0.5, 20}).Draw(t, "shrink"))
		k, workers := rapid.IntRange(1, 40).Draw(t, "k"), rapid.IntRange(1, 3).Draw(t, "workers")
		want := plainNearest(data, s, k)
		for name, of := range map[string]func(context.Context, *wanting, *similarity, int, int) ([][]model.Edge, error){
			"of two bytes": nearestOf[uint16], "of four bytes": nearestOf[uint32],
		} {
			got, err := of(context.Background(), wanted, s, k, workers)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				for i := range want {
					if !reflect.DeepEqual(got[i], want[i]) {
						t.Fatalf("places %s, item %d of %d: nearest are %v, want %v", name, i, items, got[i], want[i])
					}
				}
			}
		}
	})
}

// histories draws wanted cells, all of one weight or each of its own.
func histories(t *rapid.T, items int) *model.Data {
	uniform := rapid.Bool().Draw(t, "uniform")
	var b model.Builder
	for _, h := range modeltest.Histories(rapid.Uint64().Draw(t, "seed"), 60, items, 12) {
		for i := range h {
			h[i].Weight = 0.5
			if !uniform {
				h[i].Weight = math.Ldexp(float64(1+i%7), -2)
			}
		}
		b.Add(h)
	}
	return b.Data(modeltest.Items(items), 1)
}
