package training

import (
	"context"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

// likelihood says how well weights foretell the targets of some questions: sums over
// them of log p(target), of its gradient by the weights and of minus its Hessian. p is
// the softmax over a question's items of their blended scores (the conditional logit of
// McFadden 1974; as a loss for rankings, Cao et al. 2007, "Learning to rank: from
// pairwise approach to listwise approach"). Several targets share one question. Only
// targets that some source has among its best are asked for: given that, p does not
// depend on the items left out (McFadden 1978, uniform conditioning).
type likelihood struct {
	log      float64
	gradient []float64
	hessian  []float64 // n x n, row by row, the lower triangle
}

func newLikelihood(sources int) *likelihood {
	return &likelihood{gradient: make([]float64, sources), hessian: make([]float64, sources*sources)}
}

// add adds o.
func (l *likelihood) add(o *likelihood) {
	l.log += o.log
	for i, g := range o.gradient {
		l.gradient[i] += g
	}
	for i, h := range o.hessian {
		l.hessian[i] += h
	}
}

// lent is space that questions use one after another.
type lent struct {
	p, weighted []float32
	means       []float64
}

// question adds one: what it says of the sources that may have a weight. The others have
// none, so that nothing else hangs on theirs.
func (l *likelihood) question(q *question, weights []float64, may []bool, space *lent) {
	share := 1 / float64(len(q.wanted))
	space.p = q.sum(weights, space.p)
	p := space.p
	most := slices.Max(p)
	for _, t := range q.wanted {
		l.log += share * float64(p[t]-most)
	}
	var total float64
	for i, x := range p {
		e := math.Exp(float64(x - most))
		p[i] = float32(e)
		total += e
	}
	l.log -= math.Log(total)
	for i := range p {
		p[i] /= float32(total)
	}
	space.weighted = slices.Grow(space.weighted[:0], len(p))[:len(p)]
	space.means = slices.Grow(space.means[:0], len(weights))[:len(weights)]
	clear(space.means)
	for s, z := range q.scores {
		if z != nil && may[s] {
			l.source(q, s, share, may, space)
		}
	}
	for s, a := range space.means {
		for t, b := range space.means[:s+1] {
			l.hessian[s*len(weights)+t] -= a * b
		}
	}
}

// source adds what one source does to a question: its gradient, and its row of the
// Hessian but for the product of the means.
func (l *likelihood) source(q *question, s int, share float64, may []bool, space *lent) {
	z := q.scores[s]
	for i, x := range z {
		space.weighted[i] = space.p[i] * x
		space.means[s] += float64(space.weighted[i])
	}
	for _, t := range q.wanted {
		l.gradient[s] += share * float64(z[t])
	}
	l.gradient[s] -= space.means[s]
	row := l.hessian[s*len(q.scores):]
	for t, other := range q.scores[:s+1] {
		if other != nil && may[t] {
			row[t] += float64(vector.Dot(space.weighted, other))
		}
	}
}

// block is how many questions are summed up in one go: the sums, and so the weights, do
// not depend on the number of workers.
const block = 64

// likelihoods returns the sums over the questions of each fold, of the sources that may
// have a weight.
func (e *exam) likelihoods(ctx context.Context, weights []float64, may []bool) (*[folds]*likelihood, error) {
	blocks := make([][folds]*likelihood, (len(e.questions)+block-1)/block)
	err := each(ctx, len(blocks), e.workers, func(b int) error {
		var space lent
		for f := range folds {
			blocks[b][f] = newLikelihood(len(weights))
		}
		for _, q := range e.questions[b*block : min((b+1)*block, len(e.questions))] {
			if len(q.wanted) > 0 {
				blocks[b][q.fold].question(q, weights, may, &space)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out [folds]*likelihood
	for f := range out {
		out[f] = newLikelihood(len(weights))
		for b := range blocks {
			out[f].add(blocks[b][f])
		}
	}
	return &out, nil
}

// ridge is the L2 penalty on the weights, half of it times their squares, in units of
// log-likelihood: nothing beside a thousand questions, and what keeps fifty from
// believing in chance.
const ridge = 10

// The rounds of newton at most, and from what gain of log-likelihood on another one is
// not worth its time.
const (
	newtonRounds = 20
	newtonGain   = 1e-3
)

// softmax are weights of greatest likelihood, and those there would be without the
// questions of each fold.
type softmax struct {
	weights []float64
	without [folds][]float64
	log     float64   // likelihood
	value   float64   // likelihood less the penalty
	curve   []float64 // by source, how fast its slope falls
}

// softmax returns the weights >= 0 of greatest penalised likelihood among the sources
// that may speak, by Newton steps damped after Levenberg (1944) from start on. The
// problem is convex, so the start decides only how long it takes. The weights without a
// fold are one Newton step away from those of all (as in Giordano et al. 2019, "A Swiss
// Army Infinitesimal Jackknife").
func (e *exam) softmax(ctx context.Context, may []bool, start []float64) (*softmax, error) {
	fit := &softmax{weights: slices.Clone(start)}
	parts, err := e.likelihoods(ctx, fit.weights, may)
	if err != nil {
		return nil, err
	}
	fit.log, fit.value = penalised(parts, fit.weights)
	var damp float64
	for range newtonRounds {
		next := step(parts, -1, fit.weights, may, damp)
		there, err := e.likelihoods(ctx, next, may)
		if err != nil {
			return nil, err
		}
		log, value := penalised(there, next)
		gain := value - fit.value
		if gain < 0 { // too far
			damp = max(0.01, 10*damp)
			continue
		}
		fit.weights, fit.log, fit.value, parts, damp = next, log, value, there, damp/10
		if gain < newtonGain {
			break
		}
	}
	for f := range folds {
		fit.without[f] = step(parts, f, fit.weights, may, 0)
	}
	fit.curve = make([]float64, len(start))
	for s := range fit.curve {
		fit.curve[s] = ridge
		for _, part := range parts {
			fit.curve[s] += part.hessian[s*len(start)+s]
		}
	}
	return fit, nil
}

// penalised returns the log-likelihood over all folds, and what is left of it after the
// penalty.
func penalised(parts *[folds]*likelihood, weights []float64) (log, value float64) {
	for _, l := range parts {
		log += l.log
	}
	value = log
	for _, w := range weights {
		value -= ridge / 2 * w * w
	}
	return log, value
}

// stepRounds are the rounds of coordinate descent in step at most; a dozen are usual.
const stepRounds = 1000

// step returns the weights >= 0 that maximise the quadratic model of the penalised
// likelihood about the weights there are, without one fold's questions (-1: with all),
// by coordinate descent.
func step(parts *[folds]*likelihood, without int, weights []float64, may []bool, damp float64) []float64 {
	n := len(weights)
	l := newLikelihood(n)
	for f, part := range parts {
		if f != without {
			l.add(part)
		}
	}
	curve := func(s, t int) float64 { return l.hessian[max(s, t)*n+min(s, t)] }
	next := slices.Clone(weights)
	for range stepRounds {
		var moved float64
		for s := range next {
			if !may[s] {
				next[s] = 0
				continue
			}
			slope := ridge*next[s] - l.gradient[s]
			for t := range next {
				slope += curve(s, t) * (next[t] - weights[t])
			}
			slope += damp * (curve(s, s) + ridge) * (next[s] - weights[s])
			to := max(0, next[s]-slope/((1+damp)*(curve(s, s)+ridge)))
			moved = max(moved, math.Abs(to-next[s]))
			next[s] = to
		}
		if moved < 1e-7 {
			break
		}
	}
	return next
}
