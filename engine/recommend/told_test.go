package recommend

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
)

// TestWhatWeighsMostIsTold holds what a full explanation counts as told against sorting the causes
// of all sources: those that weigh most, whatever the source, three of one at most, and none that
// adds nothing. With the rest they are all there is.
func TestWhatWeighsMostIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const item = 7
		spoken := &voices{query: &model.Query{}}
		for v := range rapid.IntRange(1, 4).Draw(t, "sources") {
			one := &drawnScorer{bases: map[engine.ItemNum]float64{}, parts: map[engine.ItemNum][]model.Part{}}
			for cause := range rapid.IntRange(0, 2*partsNamed).Draw(t, "causes") {
				adds := rapid.OneOf(rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{0, .5, -.5})).Draw(t, "part")
				one.parts[item] = append(one.parts[item], model.Part{Item: engine.ItemNum(100 + cause), Contribution: adds})
			}
			spoken.voices = append(spoken.voices, voice{
				name: strconv.Itoa(v), Scorer: one, source: v,
				Scale: rank.Scale{Weight: rapid.SampledFrom([]float64{1, .25, -2}).Draw(t, "weight"), SD: 1},
			})
		}
		e := explainerOf(spoken, nil, []engine.ItemNum{item})
		e.weighMost(0)

		type weighs struct {
			voice int
			size  float64
		}
		var all []weighs
		for v := range spoken.voices {
			for _, p := range e.splits[v].named(0) {
				if size := math.Abs(spoken.voices[v].Part(float64(p.adds))); size > 0 {
					all = append(all, weighs{v, size})
				}
			}
		}
		slices.SortStableFunc(all, func(a, b weighs) int { return cmp.Compare(b.size, a.size) })
		want := make([]int, len(spoken.voices))
		for _, w := range all[:min(len(all), causesNamed)] {
			want[w.voice]++
		}
		if !slices.Equal(e.counts, want) {
			t.Fatalf("told are %v of the sources, want %v of %v", e.counts, want, all)
		}
		e.in.World, e.wholes = &World{Catalogue: catalogue.New(catalogue.NewIDs())}, make([]wholeReason, len(spoken.voices))
		for _, r := range e.byCause(0, nil) {
			if r.Contribution == 0 {
				t.Fatalf("%+v adds nothing", r)
			}
		}
		for v := range spoken.voices {
			s, sum, whole := e.split(v, 0), 0.0, 0.0
			for _, p := range e.splits[v].named(0) {
				sum += float64(p.adds)
			}
			parts := spoken.voices[v].Scorer.(*drawnScorer).parts[item]
			for _, p := range parts {
				whole += p.Contribution
			}
			if int(s.named)+int(s.left) != len(parts) || int(s.named) > partsNamed || s.left > 0 && math.Abs(sum+s.rest-whole) > 1e-12 {
				t.Fatalf("source %d: %v named and %v of %d more are %v, want %v", v, sum, s.rest, s.left, sum+s.rest, whole)
			}
		}
	})
}
