package training

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Method is a way to find weights.
type Method string

// The methods a blend is chosen from.
const (
	BySoftmax Method = "softmax" // of greatest likelihood of what was wanted
	ByAscent  Method = "ascent"  // uphill in NDCG@10 from the softmax's
	ByGrid    Method = "grid"    // uphill in NDCG@10 from equal weights, over a few values
	ByMean    Method = "mean"    // half way between the ascent's and the grid's
	BySingle  Method = "single"  // the best source alone
	ByTask    Method = "task"    // those of the task, in a place
)

// proposal is what a method came to.
type proposal struct {
	method  Method
	weights []float64
	// held is the metric of every question under the weights the method finds without
	// the questions of its fold.
	held []float64
}

// blend is weights that were chosen, and why.
type blend struct {
	proposal
	tried map[Method]float64 // means of held
}

// choose returns the weights of the preferred method in cross-validation over persons:
// the softmax's vary least with the questions, those of the grid shift least where a
// source gains more than another from the data it is refitted on. Where task is
// not nil, those are the weights that the task has without regard to the place, and they
// stay unless the place's own are better by more than chance. may says which sources may
// have a weight.
func (e *exam) choose(ctx context.Context, may []bool, task []float64) (*blend, error) {
	soft, kept, err := e.pruned(ctx, may)
	if err != nil {
		return nil, err
	}
	up := once(func(without int) ([]float64, error) {
		return e.ascend(ctx, soft.but(without), kept, nearby, without)
	})
	grid := once(func(without int) ([]float64, error) {
		return e.ascend(ctx, e.equal(may), may, fromGrid, without)
	})
	ways := []struct {
		method Method
		find   func(without int) ([]float64, error)
	}{
		{BySoftmax, func(without int) ([]float64, error) {
			return e.ascend(ctx, soft.but(without), kept, none, without) // of two that say the same, one
		}},
		{ByAscent, up},
		{ByMean, func(without int) ([]float64, error) {
			start, err := between(up, grid, without)
			if err != nil {
				return nil, err
			}
			return e.ascend(ctx, start, may, none, without)
		}},
		{ByGrid, grid},
		{BySingle, func(without int) ([]float64, error) { return e.single(ctx, may, without) }},
	}
	switch {
	case slices.Max(soft.weights) == 0: // no source foretells anything
		ways = ways[3:]
	case task != nil: // a place has to be better than the task's by more than chance: the quick ways tell
		ways = append(ways[:1:1], ways[4])
	}
	tried := make(map[Method]float64)
	var all []*proposal
	for _, way := range ways {
		p, err := e.propose(ctx, way.method, way.find)
		if err != nil {
			return nil, err
		}
		tried[way.method] = stat.Mean(p.held, nil)
		all = append(all, p)
	}
	best := preferred(all)
	if task != nil {
		held, err := e.reach(ctx, task, -1)
		if err != nil {
			return nil, err
		}
		tried[ByTask] = stat.Mean(held, nil)
		if !better(best.held, held) {
			best = &proposal{ByTask, task, held}
		}
	}
	return &blend{*best, tried}, nil
}

// preferred returns the mean of two methods unless another method is better by more than
// chance: what one of them alone finds on the data before the cut holds less well for
// sources that are fitted again on more. Without a mean, it is the best.
func preferred(all []*proposal) *proposal {
	best := slices.MaxFunc(all, func(a, b *proposal) int { return cmp.Compare(stat.Mean(a.held, nil), stat.Mean(b.held, nil)) })
	for _, p := range all {
		if p.method == ByMean && !better(best.held, p.held) {
			return p
		}
	}
	return best
}

// equal weighs the sources that may speak alike: the fitted ones, or all where nothing
// was fitted.
func (e *exam) equal(may []bool) []float64 {
	out := make([]float64, len(e.names))
	fitted := slices.Contains(may[:e.fitted], true)
	for s := range out {
		if may[s] && (s < e.fitted || !fitted) {
			out[s] = 1
		}
	}
	return out
}

// once remembers what a method found.
func once(find func(without int) ([]float64, error)) func(without int) ([]float64, error) {
	found := make(map[int][]float64)
	return func(without int) ([]float64, error) {
		if w, known := found[without]; known {
			return w, nil
		}
		w, err := find(without)
		if err != nil {
			return nil, err
		}
		found[without] = w
		return w, nil
	}
}

// none tries nothing but to leave a source out.
func none([]float64, int) []float64 { return []float64{0} }

// between returns the mean of what two methods find, both scaled to the sum 1; the other's
// where one finds no weights.
func between(a, b func(without int) ([]float64, error), without int) ([]float64, error) {
	x, err := a(without)
	if err != nil {
		return nil, err
	}
	y, err := b(without)
	if err != nil {
		return nil, err
	}
	ofX, ofY := floats.Sum(x), floats.Sum(y)
	switch {
	case ofX == 0:
		return y, nil
	case ofY == 0:
		return x, nil
	}
	out := make([]float64, len(x))
	for s := range out {
		out[s] = (x[s]/ofX + y[s]/ofY) / 2
	}
	return out, nil
}

// but returns the weights of all questions but a fold's, -1 for all.
func (s *softmax) but(fold int) []float64 {
	if fold < 0 {
		return s.weights
	}
	return s.without[fold]
}

// propose lets a method find weights on everything and without each fold.
func (e *exam) propose(ctx context.Context, method Method, find func(without int) ([]float64, error)) (*proposal, error) {
	weights, err := find(-1)
	if err != nil {
		return nil, err
	}
	p := &proposal{method, weights, make([]float64, len(e.questions))}
	for f := range folds {
		if weights, err = find(f); err != nil {
			return nil, err
		}
		got, err := e.reach(ctx, weights, f)
		if err != nil {
			return nil, err
		}
		for i, x := range got {
			p.held[i] += x // 0 outside the fold
		}
	}
	return p, nil
}

// single gives all weight to the source that is best alone, but for a fold.
func (e *exam) single(ctx context.Context, may []bool, without int) ([]float64, error) {
	best, most := -1, -1.0
	for s := range e.names {
		if !may[s] {
			continue
		}
		got, err := e.line(ctx, make([]float64, len(e.names)), s, []float64{1}, without)
		if err != nil {
			return nil, err
		}
		if mean := stat.Mean(got[0], nil); mean > most {
			best, most = s, mean
		}
	}
	weights := make([]float64, len(e.names))
	if best >= 0 {
		weights[best] = 1
	}
	return weights, nil
}

// What a source must add to the log-likelihood of the targets to be asked: 1 whatever
// there is to learn from (as by Akaike 1974), and so much more a question, for each that
// speaks costs every answer time.
const (
	pruneLeast       = 1
	pruneEachWanting = 0.0005
)

// pruned is the softmax of those sources that earn their place, and which those are: the
// one that adds least is left out and the others' weights are found again, as long as it
// adds too little.
func (e *exam) pruned(ctx context.Context, may []bool) (*softmax, []bool, error) {
	kept := slices.Clone(may)
	fit, err := e.softmax(ctx, kept, make([]float64, len(kept)))
	if err != nil {
		return nil, nil, err
	}
	for s, w := range fit.weights {
		kept[s] = w > 0
	}
	for {
		s := e.least(fit, kept)
		if s < 0 {
			return fit, kept, nil
		}
		kept[s] = false
		start := slices.Clone(fit.weights)
		start[s] = 0
		fewer, err := e.softmax(ctx, kept, start)
		if err != nil {
			return nil, nil, err
		}
		if fit.log-fewer.log > e.leastGain() {
			kept[s] = true
			return fit, kept, nil
		}
		fit = fewer
	}
}

func (e *exam) leastGain() float64 {
	return pruneLeast + pruneEachWanting*float64(len(e.questions))
}

// least returns the source without which the quadratic model of the likelihood loses
// least, -1 where only one is left.
func (e *exam) least(fit *softmax, kept []bool) int {
	weakest, loss := -1, math.Inf(1)
	var left int
	for s, is := range kept {
		if !is {
			continue
		}
		left++
		if l := fit.curve[s] * fit.weights[s] * fit.weights[s]; l < loss {
			weakest, loss = s, l
		}
	}
	if left < 2 {
		return -1
	}
	return weakest
}
