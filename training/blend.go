package training

import (
	"context"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// blendCases is how many held-out questions weights are chosen on at most, and
// blendFloats how many raw scores may be held for it (160 MB).
const (
	blendCases  = 1000
	blendFloats = 40 << 20
	// blendLeast is how many are needed to choose at all: with fewer the default
	// weights stay, on measured scales.
	blendLeast = 50
)

// leastGain is the relative improvement a change of weights must bring: about what
// chance brings on a thousand cases.
const leastGain = 0.002

// weightGrid are the weights tried for each source while the others rest.
var weightGrid = []float64{0, 0.05, 0.1, 0.25, 0.5, 1, 2}

// blendMetric is what weights are chosen by.
var blendMetric = evaluate.Metric{Name: "ndcg", K: 10}

// raws are the raw scores of every source on every case: what a blend is fitted on.
type raws struct {
	names   []string
	fitted  int // the first so many sources were fitted
	cases   []*recommend.RawScores
	targets [][]engine.ItemNum
	workers int
}

// collect scores the cases. Where eligible items are many, fewer cases are used.
func collect(ctx context.Context, w *recommend.World, place *recommend.Place, cases []Case, workers int) (*raws, error) {
	r := &raws{names: names(w.Models.Sources()), fitted: len(w.Models.Fitted), workers: workers}
	perCase := len(r.names) * max(1, w.Catalogue.Len())
	cases = pick(cases, max(blendLeast, min(blendCases, blendFloats/perCase)))
	r.cases = make([]*recommend.RawScores, len(cases))
	err := each(ctx, len(cases), workers, func(i int) error {
		got, err := recommend.Raw(cases[i].input(w, place))
		r.cases[i] = got
		return err
	})
	for _, c := range cases {
		r.targets = append(r.targets, c.Targets)
	}
	return r, err
}

func names(sources []model.Source) []string {
	out := make([]string, len(sources))
	for i, s := range sources {
		out[i] = s.Name()
	}
	return out
}

// scales returns mean and standard deviation of every source's raw scores over all
// eligible items of all cases; a source that says the same of everything gets none.
func (r *raws) scales() []rank.Scale {
	out := make([]rank.Scale, len(r.names))
	for s := range r.names {
		var n, sum, squares float64
		for _, c := range r.cases {
			for _, x := range c.By[s] {
				n++
				sum += float64(x)
				squares += float64(x) * float64(x)
			}
		}
		if n == 0 {
			continue
		}
		mean := sum / n
		if sd := math.Sqrt(max(0, squares/n-mean*mean)); sd > 1e-9*math.Abs(mean) && sd > 0 {
			out[s] = rank.Scale{Mean: mean, SD: sd}
		}
	}
	return out
}

// fit chooses weights by coordinate ascent over the grid, from the best single source
// on, until a round changes nothing. reach is the metric of the result on these cases.
func (r *raws) fit(ctx context.Context, fallback map[string]rank.Scale, without []string) (scales map[string]rank.Scale, reach float64, err error) {
	measured := r.scales()
	for s, name := range r.names {
		if slices.Contains(without, name) {
			measured[s] = rank.Scale{}
		}
	}
	weights := make([]float64, len(r.names))
	if len(r.cases) < blendLeast {
		for s, name := range r.names {
			weights[s] = fallback[name].Weight
			if s < r.fitted {
				weights[s] = 1
			}
		}
		return r.blend(measured, weights), 0, nil
	}
	try := func(w []float64) float64 {
		if err != nil {
			return 0
		}
		var got float64
		got, err = r.reach(ctx, measured, w)
		return got
	}
	best := -1.0
	for s := range r.names {
		if measured[s].SD == 0 {
			continue
		}
		alone := make([]float64, len(r.names))
		alone[s] = 1
		if got := try(alone); got > best {
			best, weights = got, alone
		}
	}
	for changed := true; changed && err == nil; {
		changed = false
		for s := range r.names {
			if measured[s].SD == 0 {
				continue
			}
			rest := slices.Clone(weights)
			for _, w := range weightGrid {
				trial := slices.Clone(rest)
				trial[s] = w
				if slices.Max(trial) == 0 {
					continue
				}
				if got := try(trial); got > best*(1+leastGain) {
					best, weights, changed = got, trial, true
				}
			}
		}
	}
	return r.blend(measured, weights), best, err
}

// blend names the sources that were measured. Those of weight 0 are not asked, but a
// scenario that raises one finds its scale.
func (r *raws) blend(measured []rank.Scale, weights []float64) map[string]rank.Scale {
	out := make(map[string]rank.Scale)
	for s, name := range r.names {
		if measured[s].SD > 0 {
			out[name] = rank.Scale{Weight: weights[s], Mean: measured[s].Mean, SD: measured[s].SD}
		}
	}
	return out
}

// reach is the mean of the metric over the cases under some weights.
func (r *raws) reach(ctx context.Context, measured []rank.Scale, weights []float64) (float64, error) {
	got := make([]float64, len(r.cases))
	err := each(ctx, len(r.cases), r.workers, func(i int) error {
		c := r.cases[i]
		sums := make([]float32, len(c.Items))
		for s, raw := range c.By {
			if raw == nil || weights[s] == 0 || measured[s].SD == 0 {
				continue
			}
			vector.Axpy(float32(weights[s]/measured[s].SD), raw, sums)
		}
		top := vector.NewTop(blendMetric.K)
		for j, n := range c.Items {
			top.Push(n, sums[j])
		}
		list := top.AppendItems(nil)
		got[i] = blendMetric.Of(evaluate.Judge(list, r.targets[i], nil))
		return nil
	})
	var sum float64
	for _, g := range got {
		sum += g
	}
	return sum / float64(max(1, len(got))), err
}
