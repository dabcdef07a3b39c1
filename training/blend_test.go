package training

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// invented are cases in which the source "good" lifts the target, "again" says the same
// as good, and "noise" knows nothing.
func invented(cases int) *raws {
	r := &raws{names: []string{"good", "again", "noise", content.Name, content.NewcomersName}, fitted: 3, workers: 2}
	rng := rand.New(rand.NewPCG(7, 8))
	for range cases {
		c := &recommend.RawScores{By: make([][]float32, len(r.names))}
		target := rng.IntN(50)
		for s := range 4 {
			c.By[s] = make([]float32, 50)
		}
		for i := range 50 {
			c.Items = append(c.Items, engine.ItemNum(i))
			for s := range 4 {
				c.By[s][i] = rng.Float32()
			}
			c.By[1][i] = c.By[0][i]
		}
		c.By[0][target]++
		c.By[1][target]++
		r.cases, r.targets = append(r.cases, c), append(r.targets, []engine.ItemNum{engine.ItemNum(target)})
	}
	return r
}

func TestBlendKeepsWhatHelps(t *testing.T) {
	scales, reached, err := invented(200).fit(t.Context(), rank.Person, nil)
	if err != nil {
		t.Fatal(err)
	}
	if scales["good"].Weight+scales["again"].Weight == 0 || scales["noise"].Weight != 0 || reached < 0.9 {
		t.Errorf("blend %v reaches %.3f", scales, reached)
	}
	if scales["good"].Weight != 0 && scales["again"].Weight != 0 {
		t.Errorf("two sources that say the same both speak: %v", scales)
	}
}

// TestReachOfManyWeightsIsThatOfEach compares with sums made one by one.
func TestReachOfManyWeightsIsThatOfEach(t *testing.T) {
	r := invented(20)
	measured := r.scales()
	weights := []float64{0.5, 0, 2, 1, 0}
	for source := range r.names {
		got, err := r.reach(t.Context(), measured, weights, source, weightGrid)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range weightGrid {
			trial := slices.Clone(weights)
			trial[source] = w
			for c, one := range r.cases {
				top := vector.NewTop(blendMetric.K)
				for item := range one.Items {
					var sum float32
					for s, raw := range one.By {
						if raw != nil && measured[s].SD > 0 {
							sum += float32(trial[s]/measured[s].SD) * raw[item]
						}
					}
					top.Push(one.Items[item], sum)
				}
				if want := blendMetric.Of(evaluate.Judge(top.AppendItems(nil), r.targets[c], nil)); got[i][c] != want {
					t.Errorf("source %d at weight %v, case %d: %v, want %v", source, w, c, got[i][c], want)
				}
			}
		}
	}
}
