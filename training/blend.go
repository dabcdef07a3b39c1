package training

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/repeat"
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
	cases = Pick(cases, max(blendLeast, min(blendCases, blendFloats/perCase)))
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

// fit chooses weights by coordinate ascent over the grid, from equal weights of the
// fitted sources on (of all, where nothing was fitted), until a round changes nothing.
// A change must be better by more than chance moves it: see better. reach is the mean
// of the metric under the result, on these cases.
func (r *raws) fit(ctx context.Context, task rank.Task, without []string) (scales map[string]rank.Scale, reach float64, err error) {
	measured := r.scales()
	for s, name := range r.names {
		if slices.Contains(without, name) || !speaks(name, task) {
			measured[s] = rank.Scale{}
		}
	}
	if len(r.cases) < blendLeast {
		return r.guess(task, measured), 0, nil
	}
	newcomers := slices.Index(r.names, content.NewcomersName)
	measured[newcomers] = rank.Scale{} // chosen by itself, below
	weights := make([]float64, len(r.names))
	for s, name := range r.names {
		if s < r.fitted && measured[s].SD > 0 {
			weights[s] = 1
		} else if r.fitted == 0 {
			weights[s] = rank.Guess(task, name).Weight
		}
	}
	first, err := r.reach(ctx, measured, weights, 0, weights[:1])
	if err != nil {
		return nil, 0, err
	}
	best := first[0]
	for changed := true; changed; {
		changed = false
		for s := range r.names {
			if measured[s].SD == 0 {
				continue
			}
			tried, err := r.reach(ctx, measured, weights, s, weightGrid)
			if err != nil {
				return nil, 0, err
			}
			for i, w := range weightGrid {
				trial := slices.Clone(weights)
				trial[s] = w
				if w != weights[s] && slices.Max(trial) > 0 && better(tried[i], best) {
					best, weights, changed = tried[i], trial, true
				}
			}
		}
	}
	if weights, best, err = r.prune(ctx, measured, weights, best); err != nil {
		return nil, 0, err
	}
	scales = r.blend(measured, weights)
	if w := r.newcomers(measured, weights); w > 0 {
		scales[content.NewcomersName] = rank.Scale{Weight: w, SD: measured[slices.Index(r.names, content.Name)].SD}
	}
	return scales, stat.Mean(best, nil), nil
}

// prune leaves out, from the weakest on, every source without which the blend is worse
// than the whole by no more than half of what chance moves it: each that speaks costs
// every answer time.
func (r *raws) prune(ctx context.Context, measured []rank.Scale, weights, whole []float64) (pruned, reached []float64, err error) {
	reached = whole
	weakest := make([]int, len(weights))
	for s := range weakest {
		weakest[s] = s
	}
	slices.SortStableFunc(weakest, func(a, b int) int { return cmp.Compare(weights[a], weights[b]) })
	for _, s := range weakest {
		trial := slices.Clone(weights)
		trial[s] = 0
		if weights[s] == 0 || slices.Max(trial) == 0 {
			continue
		}
		got, err := r.reach(ctx, measured, trial, s, trial[s:s+1])
		if err != nil {
			return nil, nil, err
		}
		if !betterBy(pruneErrors, whole, got[0]) {
			weights, reached = trial, got[0]
		}
	}
	return weights, reached, nil
}

// speaks reports whether a source has anything to say in a task: of what was bought only
// where it may be shown again.
func speaks(source string, task rank.Task) bool { return source != repeat.Name || task == rank.Repeat }

// newcomers is what likeness in content is worth for an item that no fitted source has
// seen: the slope of what the fitted sources say together of an item, on their scales
// and under their weights, against its likeness in content, over all known items of all
// cases (least squares through the means). Held-out wishes cannot choose it: they are
// for known items, nearly all.
func (r *raws) newcomers(measured []rank.Scale, weights []float64) float64 {
	likeness := slices.Index(r.names, content.Name)
	if measured[likeness].SD == 0 {
		return 0
	}
	var both, squares float64
	for _, c := range r.cases {
		for i := range c.By[likeness] {
			z := (float64(c.By[likeness][i]) - measured[likeness].Mean) / measured[likeness].SD
			for s := range r.fitted {
				if raw := c.By[s]; raw != nil && measured[s].SD > 0 {
					both += z * weights[s] * (float64(raw[i]) - measured[s].Mean) / measured[s].SD
				}
			}
			squares += z * z
		}
	}
	if squares == 0 {
		return 0
	}
	return max(0, both/squares)
}

// guess is the blend where there is too little to choose on: the fitted sources weigh
// 1, the others what they weigh by default, on measured scales where there are any.
func (r *raws) guess(task rank.Task, measured []rank.Scale) map[string]rank.Scale {
	out := make(map[string]rank.Scale)
	for s, name := range r.names {
		scale := rank.Guess(task, name)
		if (s < r.fitted && speaks(name, task)) || name == content.NewcomersName {
			scale.Weight = 1
		}
		if measured[s].SD > 0 && name != content.NewcomersName {
			scale.Mean, scale.SD = measured[s].Mean, measured[s].SD
		}
		if scale.Weight != 0 {
			out[name] = scale
		}
	}
	return out
}

// better reports whether a is better than b, on the same cases, by more than one
// standard error of the difference: what chance alone exceeds one time in six. On a few
// hundred cases every choice looks good for some setting; this keeps the simpler one
// that stood first.
func better(a, b []float64) bool { return betterBy(1, a, b) }

// pruneErrors is by how many standard errors the whole may be better than a blend with
// fewer sources.
const pruneErrors = 0.5

// betterBy reports whether a is better than b by more than some standard errors.
func betterBy(errors float64, a, b []float64) bool {
	diff := make([]float64, len(a))
	for i := range a {
		diff[i] = a[i] - b[i]
	}
	mean, sd := stat.MeanStdDev(diff, nil)
	return mean > 0 && mean > errors*sd/math.Sqrt(float64(len(diff)))
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

// reach is the metric of every case, for each of some weights of one source while the
// others have theirs: their sum is made once.
func (r *raws) reach(ctx context.Context, measured []rank.Scale, weights []float64, source int, tries []float64) ([][]float64, error) {
	got := make([][]float64, len(tries))
	for i := range got {
		got[i] = make([]float64, len(r.cases))
	}
	err := each(ctx, len(r.cases), r.workers, func(i int) error {
		c := r.cases[i]
		others := make([]float32, len(c.Items))
		for s := range r.names {
			if s != source {
				r.add(c, s, weights[s], measured, others)
			}
		}
		sums := make([]float32, len(c.Items))
		for t, w := range tries {
			top := vector.NewTop(blendMetric.K)
			copy(sums, others)
			r.add(c, source, w, measured, sums)
			for j, n := range c.Items {
				top.Push(n, sums[j])
			}
			got[t][i] = blendMetric.Of(evaluate.Judge(top.AppendItems(nil), r.targets[i], nil))
		}
		return nil
	})
	return got, err
}

// add adds what a source says in a case, on its scale and weighed, to sums.
func (r *raws) add(c *recommend.RawScores, source int, weight float64, measured []rank.Scale, sums []float32) {
	if raw := c.By[source]; raw != nil && weight != 0 && measured[source].SD != 0 {
		vector.Axpy(float32(weight/measured[source].SD), raw, sums)
	}
}
