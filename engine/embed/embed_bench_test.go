package embed

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

// shop returns invented sessions of about 8 steps in a catalogue with popular items and
// neighbourhoods.
func shop(steps, items int) *model.Sequences {
	rng := rand.New(rand.NewPCG(6, 6))
	var histories [][]engine.Interest
	for range steps / 8 {
		center := float64(items) * math.Pow(rng.Float64(), 2)
		var walk []engine.Interest
		for range 1 + rng.IntN(15) {
			n := min(items-1, max(0, int(center+rng.NormFloat64()*30)))
			walk = append(walk, engine.Interest{Item: engine.ItemNum(n), Weight: 1})
		}
		histories = append(histories, walk)
	}
	return sequencesOf(modeltest.Items(items), histories)
}

// BenchmarkFit is what autoPairs was chosen by.
func BenchmarkFit(b *testing.B) {
	for _, size := range []struct{ steps, items int }{{100_000, 5_000}, {1_000_000, 20_000}} {
		data := shop(size.steps, size.items)
		for _, method := range []string{PPMI, SGNS} {
			b.Run(fmt.Sprintf("%s,steps=%d,items=%d", method, size.steps, size.items), func(b *testing.B) {
				for b.Loop() {
					mustFit(b, data, Params{Method: method, Workers: 2})
				}
				b.ReportMetric(float64(size.steps)*float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			})
		}
	}
}

func BenchmarkPropose(b *testing.B) {
	data := shop(200_000, 20_000)
	m := mustFit(b, data, Params{Method: PPMI})
	all := m.bitmap()
	q := &model.Query{History: modeltest.Histories(1, 1, 20_000, 30)[0]}
	for b.Loop() {
		m.Open(q).Propose(all, 100, nil)
	}
}
