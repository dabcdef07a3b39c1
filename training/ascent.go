package training

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
)

// blendMetric is what blends are compared by, shown its length of list.
var blendMetric = evaluate.Metric{Name: "ndcg", K: shown}

const shown = 10

// worth[held-1][place] is what a target at a place of the list adds to a question's
// blendMetric where so many were held out; more than K count as K, which is all that a
// list can show.
var worth = func() (out [][]float64) {
	list := make([]engine.ItemNum, shown)
	for held := 1; held <= shown; held++ {
		relevant := make([]engine.ItemNum, held)
		for i := range relevant {
			relevant[i] = engine.ItemNum(1 + i)
		}
		row := make([]float64, shown)
		for place := range row {
			clear(list)
			list[place] = 1
			row[place] = blendMetric.Of(evaluate.Judge(list, relevant, nil))
		}
		out = append(out, row)
	}
	return out
}()

// reached returns the metric of one question under the sum of some scores and a weight
// times another source's (nil: nothing). Ties go to the lower item number, as in every
// list. Of few wanted items it is enough to count who stands before each: most are not
// shown, and as soon as the list is full the rest need not be looked at.
func (q *question) reached(others, source []float32, weight float32) float64 {
	if len(q.wanted) > countedWanted {
		return q.listed(others, source, weight)
	}
	var total float64
	row := worth[min(q.held, shown)-1]
	for _, target := range q.wanted {
		if place := ahead(others, source, weight, target); place < shown {
			total += row[place]
		}
	}
	return total
}

// countedWanted is up to how many wanted items are counted for; each takes up to a pass.
const countedWanted = 3

// ahead returns how many items stand before the one at target, up to shown.
func ahead(others, source []float32, weight float32, target int) (place int) {
	if source == nil {
		mine := others[target]
		for i, x := range others {
			if x > mine || x == mine && i < target {
				if place++; place == shown {
					break
				}
			}
		}
		return place
	}
	source = source[:len(others)]
	mine := others[target] + float32(weight*source[target])
	for i, x := range others {
		if x += float32(weight * source[i]); x > mine || x == mine && i < target {
			if place++; place == shown {
				break
			}
		}
	}
	return place
}

// listed is reached by the list itself, which is found in one pass, since most items are
// below its last.
func (q *question) listed(others, source []float32, weight float32) float64 {
	var (
		score [shown]float32
		item  [shown]int
		n     int
	)
	for i, x := range others {
		if source != nil {
			x += float32(weight * source[i])
		}
		if n == shown && !(x > score[shown-1]) {
			continue
		}
		if n < shown {
			n++
		}
		at := n - 1
		for ; at > 0 && x > score[at-1]; at-- {
			score[at], item[at] = score[at-1], item[at-1]
		}
		score[at], item[at] = x, i
	}
	var total float64
	for place, i := range item[:n] {
		if slices.Contains(q.wanted, i) {
			total += worth[min(q.held, shown)-1][place]
		}
	}
	return total
}

// reach returns the metric of every question under weights, in a fold alone or, where
// only is negative, in all.
func (e *exam) reach(ctx context.Context, weights []float64, only int) ([]float64, error) {
	out := make([]float64, len(e.questions))
	err := e.blocks(ctx, func(i int, q *question, space *lent) {
		if only < 0 || q.fold == only {
			space.p = q.sum(weights, space.p)
			out[i] = q.reached(space.p, nil, 0)
		}
	})
	return out, err
}

// blocks calls do for every question that has something to find.
func (e *exam) blocks(ctx context.Context, do func(i int, q *question, space *lent)) error {
	return each(ctx, (len(e.questions)+block-1)/block, e.workers, func(b int) error {
		var space lent
		for i := b * block; i < min((b+1)*block, len(e.questions)); i++ {
			if q := e.questions[i]; len(q.wanted) > 0 {
				do(i, q, &space)
			}
		}
		return nil
	})
}

// line returns the metric of every question outside a fold (-1: of all) for several
// weights of one source while the others have theirs: their sum is made once.
func (e *exam) line(ctx context.Context, weights []float64, source int, tries []float64, without int) ([][]float64, error) {
	out := make([][]float64, len(tries))
	for t := range out {
		out[t] = make([]float64, len(e.questions))
	}
	others := slices.Clone(weights)
	others[source] = 0
	err := e.blocks(ctx, func(i int, q *question, space *lent) {
		if q.fold == without {
			return
		}
		space.p = q.sum(others, space.p)
		for t, w := range tries {
			if out[t][i] = q.reached(space.p, q.scores[source], float32(w)); q.scores[source] == nil {
				for rest := range tries[t:] {
					out[t+rest][i] = out[t][i]
				}
				break
			}
		}
	})
	return out, err
}

// ascend goes uphill in the metric from some weights, on all questions but one fold's
// (-1: on all): source by source it takes the weight that is better by more than chance
// moves it, or none where that is no worse, until a round changes nothing.
func (e *exam) ascend(ctx context.Context, start []float64, may []bool, tries func(weights []float64, source int) []float64, without int) ([]float64, error) {
	weights := slices.Clone(start)
	var best []float64
	for range ascentRounds {
		changed := false
		for s := range weights {
			if !may[s] {
				continue
			}
			at := append([]float64{weights[s]}, tries(weights, s)...)
			got, err := e.line(ctx, weights, s, at, without)
			if err != nil {
				return nil, err
			}
			if best == nil {
				best = got[0]
			}
			others := slices.Max(slices.Concat([]float64{0}, weights[:s], weights[s+1:]))
			for t, w := range at[1:] {
				spared := w == 0 && weights[s] > 0 && noWorse(got[t+1], best)
				if max(w, others) > 0 && (spared || better(got[t+1], best)) {
					best, weights[s], changed = got[t+1], w, true
				}
			}
		}
		if !changed {
			break
		}
	}
	return weights, nil
}

// ascentRounds bounds the rounds of ascend; three or four are usual.
const ascentRounds = 10

// fromGrid tries the same few weights for every source.
func fromGrid([]float64, int) []float64 { return []float64{0, 0.05, 0.1, 0.25, 0.5, 1, 2} }

// nearby tries less and more of the weight a source has, and a little of one that has
// none.
func nearby(weights []float64, source int) []float64 {
	if w := weights[source]; w > 0 {
		return []float64{0, w / 4, w / 2, w / math.Sqrt2, w * math.Sqrt2, 2 * w, 4 * w}
	}
	most := slices.Max(weights)
	return []float64{most / 20, most / 7, most / 2.5}
}

// noWorse reports whether the mean of a is not below that of b.
func noWorse(a, b []float64) bool { return stat.Mean(a, nil) >= stat.Mean(b, nil) }

// better reports whether a is better than b, on the same cases, by more than one
// standard error of the difference: what chance alone exceeds one time in six. On a few
// hundred cases every choice looks good for some setting; this keeps the simpler one
// that stood first.
func better(a, b []float64) bool {
	diff := make([]float64, len(a))
	for i := range a {
		diff[i] = a[i] - b[i]
	}
	mean, sd := stat.MeanStdDev(diff, nil)
	return mean > 0 && mean > sd/math.Sqrt(float64(len(diff)))
}
