package training

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/repeat"
)

// blendLeast is how many questions are needed to choose weights at all: with fewer the
// default ones stay, on measured scales.
const blendLeast = 50

// fit chooses the weights of a task, or of a place in it, and says how. task is the
// task's blend where a place is asked for; scales are nil where the place has no use for
// its own.
func (e *exam) fit(ctx context.Context, task rank.Task, of map[string]rank.Scale) (map[string]rank.Scale, Chosen, error) {
	how := Chosen{Cases: len(e.questions)}
	if len(e.questions) < blendLeast {
		if of != nil {
			return nil, how, nil
		}
		return e.guess(task), how, nil
	}
	may := make([]bool, len(e.names))
	for s, name := range e.names {
		may[s] = e.scales[s].SD > 0 && !ofNewcomers(name) // those are weighed by themselves, below
	}
	if !slices.Contains(may, true) {
		return e.guess(task), how, nil
	}
	got, err := e.choose(ctx, may, e.here(of))
	if err != nil {
		return nil, how, err
	}
	if got, err = e.spare(ctx, may, got, e.here(of), &how); err != nil {
		return nil, how, err
	}
	how.Method, how.Tried = got.method, got.tried
	if got.method == ByTask {
		how.NDCG = got.tried[ByTask]
		return nil, how, nil
	}
	weights, err := e.heard(ctx, task, may, readable(got.weights))
	if err != nil {
		return nil, how, err
	}
	reached, err := e.reach(ctx, weights, -1)
	if err != nil {
		return nil, how, err
	}
	how.NDCG = stat.Mean(reached, nil)
	if how.Single, err = e.strongest(ctx, may); err != nil {
		return nil, how, err
	}
	return e.blend(weights), how, nil
}

// Work beyond freeWork has its price: a source that takes pricedWork steps more to open has
// to add priceOfWork of the blend's NDCG@10. A step takes two to five nanoseconds, so
// that one percent pays for some 100 to 250 microseconds of every answer; most of what small
// shops ask is free.
const (
	freeWork    = 16_000
	pricedWork  = 50_000
	priceOfWork = 0.01
)

// price returns what part of the blend's metric a source has to add for its work.
func price(work int) float64 {
	return priceOfWork * float64(max(0, work-freeWork)) / pricedWork
}

// spare chooses again without each source that has a weight and a price, the most laborious
// first, and leaves out those that add less than theirs in cross-validation. A place that has
// the task's weights has its sources, too, whose price was asked for there.
func (e *exam) spare(ctx context.Context, may []bool, got *blend, task []float64, how *Chosen) (*blend, error) {
	var dear []int
	if got.method == ByTask {
		return got, nil
	}
	for s := range e.work { // none are known in some tests
		if got.weights[s] > 0 && price(e.work[s]) > 0 {
			dear = append(dear, s)
		}
	}
	slices.SortStableFunc(dear, func(a, b int) int { return cmp.Compare(e.work[b], e.work[a]) })
	may = slices.Clone(may)
	for _, s := range dear {
		if may[s] = false; !slices.Contains(may, true) {
			break
		}
		without, err := e.choose(ctx, may, task)
		if err != nil {
			return nil, err
		}
		reached, lost := stat.Mean(got.held, nil), stat.Mean(got.held, nil)-stat.Mean(without.held, nil)
		if may[s] = lost > reached*price(e.work[s]); may[s] {
			continue
		}
		if got = without; got.method == ByTask {
			break
		}
		if how.Spared == nil {
			how.Spared = make(map[string]float64)
		}
		how.Spared[e.names[s]] = lost
	}
	return got, nil
}

// leastHeard is what the best personal source weighs in a blend that found use for none.
const leastHeard = 0.1

// heard returns weights under which a list for somebody hears what they did: where only
// what everybody likes has a weight, the source that is best alone of those that look at
// the person, or at what the list is about, gets a little. In a small shop popularity often
// wins by chance; a list that never answers to its customer loses for good.
func (e *exam) heard(ctx context.Context, task rank.Task, may []bool, weights []float64) ([]float64, error) {
	everybody := rank.DefaultBlend()[rank.Cold]
	personal := slices.Clone(may)
	for s, name := range e.names {
		if _, needsNothing := everybody[name]; needsNothing {
			personal[s] = false
		}
		if personal[s] && weights[s] > 0 {
			return weights, nil
		}
	}
	if task.Of() == rank.Cold || !slices.Contains(personal, true) {
		return weights, nil
	}
	alone, err := e.single(ctx, personal, -1)
	if err != nil {
		return nil, err
	}
	weights[slices.Index(alone, 1)] = leastHeard
	return weights, nil
}

// strongest names the source that is best alone.
func (e *exam) strongest(ctx context.Context, may []bool) (string, error) {
	weights, err := e.single(ctx, may, -1)
	if err != nil {
		return "", err
	}
	return e.names[slices.Index(weights, 1)], nil
}

// here returns a blend's weights on the scales of this exam, nil for none.
func (e *exam) here(of map[string]rank.Scale) []float64 {
	if of == nil {
		return nil
	}
	out := make([]float64, len(e.names))
	for s, name := range e.names {
		if scale := of[name]; scale.SD > 0 {
			out[s] = scale.Gain() * e.scales[s].SD
		}
	}
	return out
}

// readable gives the heaviest source the weight 1 and the others theirs to three
// places: no list tells more of them apart.
func readable(weights []float64) []float64 {
	out := make([]float64, len(weights))
	most := slices.Max(weights)
	for s, w := range weights {
		out[s] = math.Round(1000*w/most) / 1000
	}
	return out
}

// faint is what likeness in content is worth beside the heaviest source, below which new
// items are ranked by the cheapest way: what is nearest takes a look at every thing of a
// history for each of them, for a difference that nobody sees.
const faint = 0.05

// blend names the sources that were measured. Those of weight 0 are not asked, but a
// scenario that raises one finds its scale.
func (e *exam) blend(weights []float64) map[string]rank.Scale {
	out := make(map[string]rank.Scale)
	for s, name := range e.names {
		if e.scales[s].SD > 0 && !ofNewcomers(name) {
			out[name] = rank.Scale{Weight: weights[s], Mean: e.scales[s].Mean, SD: e.scales[s].SD}
		}
	}
	if w := e.newcomers(weights); w > 0 {
		mix := e.mix()
		if w < faint {
			mix = e.plainMix()
		}
		for name, scale := range mix {
			scale.Weight *= w
			out[name] = scale
		}
	}
	return out
}

// guess is the blend where there is too little to choose on: the fitted sources weigh
// 1, the others what they weigh by default, on measured scales where there are any.
func (e *exam) guess(task rank.Task) map[string]rank.Scale {
	out := make(map[string]rank.Scale)
	for s, name := range e.names {
		scale := rank.Guess(task, name)
		if (s < e.fitted && speaks(name, task) && !ofNewcomers(name)) || name == content.NewcomersName {
			scale.Weight = 1
		}
		if e.scales[s].SD > 0 && !ofNewcomers(name) {
			scale.Mean, scale.SD = e.scales[s].Mean, e.scales[s].SD
		}
		if scale.Weight != 0 {
			out[name] = scale
		}
	}
	return out
}

// speaks reports whether a source has anything to say in a task: of what was bought only
// where it may be shown again, by what customers said of themselves only where nothing
// else is known of them.
func speaks(source string, task rank.Task) bool {
	return (source != repeat.Name || task.Of() == rank.Repeat) && (source != bridge.ProfileName || task == rank.Cold)
}
