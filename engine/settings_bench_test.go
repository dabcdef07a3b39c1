package engine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// BenchmarkInterests reads histories of some length, newest last, as a cached history has
// them: views of which each tenth becomes a purchase.
func BenchmarkInterests(b *testing.B) {
	s := engine.DefaultSettings()
	for _, length := range []int{10, 100, 1000} {
		rng := rand.New(rand.NewPCG(1, 2))
		rows := make([]engine.Row, length)
		for i := range rows {
			n := rng.IntN(length)
			rows[i] = engine.Row{Num: engine.ItemNum(n * 7), Interaction: engine.Interaction{
				Item: engine.ItemID(fmt.Sprint(n)), Type: engine.View, At: noon.Add(time.Duration(i-length) * 47 * time.Minute),
			}}
			switch {
			case i%10 == 9:
				rows[i].Type, rows[i].Quantity = engine.Purchase, float64(1+rng.IntN(3))
			case i%10 == 8:
				rows[i].Type = engine.AddToCart
			}
		}
		b.Run(fmt.Sprint("rows=", length), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Interests(rows, noon, engine.MaxHistory)
			}
		})
	}
}
