package policy

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Options say how is estimated; the zero value is useful.
type Options struct {
	Seed      uint64
	Folds     int // of the reward model's cross-fitting, 0 for 5
	Resamples int // of the bootstrap, 0 for 2,000
}

const (
	defaultFolds     = 5
	defaultResamples = 2000
)

// The estimators. With rounds i of n, weights w_i = p(a_i) / propensity_i of the policy p
// that is asked about, rewards r_i and the reward model q:
const (
	// Logged is what the logging policy earned: the mean of r.
	Logged = "logged"
	// IPS is inverse propensity scoring, mean of w r (Horvitz and Thompson 1952).
	// Unbiased where propensities are right and above 0 wherever p is.
	IPS = "ips"
	// SNIPS is its self-normalised form, sum of w r over sum of w (Swaminathan and
	// Joachims 2015): a little biased, of less variance, and within the rewards' range.
	SNIPS = "snips"
	// DM is the direct method, mean of the sum over a of p(a) q(a): as good as the model.
	DM = "dm"
	// DR is doubly robust, DM + mean of w (r - q(a_i)) (Dudik et al. 2014): right where
	// either the propensities or the model are.
	DR = "dr"
)

// Estimate is what a policy earns a round, with the middle 95 % of what resampled logs say.
type Estimate struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	evaluate.Interval
}

// Weights say how far the log speaks of the policy at all.
type Weights struct {
	Mean float64 `json:"mean"` // 1 but for chance, where the propensities are right
	Max  float64 `json:"max"`
	// ESS is the effective sample size, (sum of w)^2 / sum of w^2 (Kish 1965): as many
	// rounds drawn by the policy itself would say about as much.
	ESS float64 `json:"ess"`
	// Top is the share of all weight that the heaviest hundredth of the rounds has.
	Top float64 `json:"top_share"`
	// Unseen is the probability the policy gives, on average, to actions that the log
	// shows nowhere: of these IPS, SNIPS and DR know nothing.
	Unseen float64 `json:"unseen"`
}

// Result is what was found.
type Result struct {
	Rounds    int        `json:"rounds"`
	Answers   int        `json:"answers"` // that the rounds were drawn in; intervals resample these
	Actions   int        `json:"actions"`
	Rewarded  int        `json:"rewarded"` // rounds whose reward is not 0
	Weights   Weights    `json:"weights"`
	Estimates []Estimate `json:"estimates"`
	Warnings  []string   `json:"warnings"`
}

// evaluation is one run.
type evaluation struct {
	log    []record.Round
	o      Options
	answer []int // of each round: the answer it was part of, from 0
	n      int   // answers
	w      []float64
	direct []float64 // sum over a of p(a) q(a)
	model  []float64 // q of the action that was shown
	unseen []float64
	fold   []int // of each answer
}

// Evaluate estimates what a policy would have earned on the rounds of a log. The reward
// model is the empirical Bayes one of fitRewards, cross-fitted: a round is judged by a
// model of the folds it is not in. Errors are *engine.Invalid where the policy or the log
// are at fault.
func Evaluate(ctx context.Context, log []record.Round, p Policy, o Options) (*Result, error) {
	if len(log) == 0 {
		return nil, engine.Invalidf(engine.CodeMissingField, "impressions", "there are no rounds in the log")
	}
	o.Folds, o.Resamples = cmp.Or(o.Folds, defaultFolds), cmp.Or(o.Resamples, defaultResamples)
	e := &evaluation{log: log, o: o}
	e.group()
	if err := e.weigh(p); err != nil {
		return nil, err
	}
	if err := e.cross(ctx, p); err != nil {
		return nil, err
	}
	got := &Result{Rounds: len(log), Answers: e.n, Actions: len(Actions(log)), Weights: e.weights()}
	for i := range log {
		if log[i].Reward != 0 {
			got.Rewarded++
		}
	}
	var err error
	if got.Estimates, err = e.estimates(ctx); err != nil {
		return nil, err
	}
	got.Warnings = got.Weights.warnings(got.Rounds)
	return got, nil
}

// group numbers the answers and puts them into folds.
func (e *evaluation) group() {
	known := make(map[string]int)
	for i := range e.log {
		n, again := known[e.log[i].ID]
		if !again || e.log[i].ID == "" {
			n = e.n
			e.n++
			known[e.log[i].ID] = n
		}
		e.answer = append(e.answer, n)
	}
	rng := rand.New(rand.NewPCG(e.o.Seed, 1))
	e.fold = rng.Perm(e.n)
	for i := range e.fold {
		e.fold[i] %= e.o.Folds
	}
}

// weigh fills the weights.
func (e *evaluation) weigh(p Policy) error {
	shown := make(map[string]bool)
	for _, a := range Actions(e.log) {
		shown[a] = true
	}
	unseen := make(map[*Distribution]float64)
	for i := range e.log {
		r := &e.log[i]
		d, err := p.Of(r)
		if err != nil {
			return err
		}
		if _, known := unseen[d]; !known {
			mass := 1.0
			for j, a := range d.Actions {
				if shown[a] {
					mass -= d.Probabilities[j]
				}
			}
			unseen[d] = max(0, mass)
		}
		e.w = append(e.w, d.Probability(r.Action)/r.Propensity)
		e.unseen = append(e.unseen, unseen[d])
	}
	return nil
}

// cross fills what the reward model says.
func (e *evaluation) cross(ctx context.Context, p Policy) error {
	e.direct, e.model = make([]float64, len(e.log)), make([]float64, len(e.log))
	type asked struct {
		d        *Distribution
		position int
		context  string
	}
	for fold := range e.o.Folds {
		if err := ctx.Err(); err != nil {
			return err
		}
		q := fitRewards(e.log, func(i int) bool { return e.fold[e.answer[i]] != fold })
		known := make(map[asked]float64)
		for i := range e.log {
			if e.fold[e.answer[i]] != fold {
				continue
			}
			r := &e.log[i]
			d, err := p.Of(r)
			if err != nil {
				return err
			}
			at := asked{d, r.Position, r.Context}
			if _, done := known[at]; !done {
				known[at] = q.expected(d, r)
			}
			e.direct[i], e.model[i] = known[at], q.of(cellOf(r), levels)
		}
	}
	return nil
}

// expected is what a distribution earns in a round. What it leaves of 1 goes to actions
// without a name, which earn what all do.
func (m *rewards) expected(d *Distribution, r *record.Round) float64 {
	sum, left := 0.0, 1.0
	for j, a := range d.Actions {
		sum += d.Probabilities[j] * m.of(cell{a, r.Position, r.Context}, levels)
		left -= d.Probabilities[j]
	}
	return sum + max(0, left)*m.overall
}

func (e *evaluation) weights() Weights {
	var sum, squares, unseen float64
	sorted := slices.Clone(e.w)
	slices.SortFunc(sorted, func(a, b float64) int { return cmp.Compare(b, a) })
	for i, w := range e.w {
		sum += w
		squares += w * w
		unseen += e.unseen[i]
	}
	n := float64(len(e.w))
	out := Weights{Mean: sum / n, Max: sorted[0], Unseen: unseen / n}
	if sum == 0 {
		return out
	}
	out.ESS = sum * sum / squares
	for _, w := range sorted[:max(1, len(sorted)/100)] {
		out.Top += w / sum
	}
	return out
}

// Below these the weights are useless: what estimates say then hangs on a few rounds.
const (
	leastESS      = 100
	leastESSShare = 0.01
	meanAway      = 1.25 // as a factor
	mostUnseen    = 0.01
)

// warnings say where the estimates are not to be believed, and what to do.
func (w *Weights) warnings(rounds int) []string {
	out := []string{}
	const instead = "log with a policy that shows what this one prefers more often (each propensity at least a tenth of this policy's probability), or ask about a policy nearer to the one that was logged; dm rests on its reward model alone"
	switch {
	case w.ESS == 0:
		out = append(out, "USELESS WEIGHTS: the policy shows nothing of what was logged; are its items those of the log, by the same ids? Else "+instead)
		return out
	case w.ESS < leastESS || w.ESS < leastESSShare*float64(rounds):
		out = append(out, fmt.Sprintf("USELESS WEIGHTS: %d rounds say as much as %.0f would (%.0f %% of the weight lies on a hundredth of them), so that ips, snips and dr hang on a handful: %s", rounds, w.ESS, 100*w.Top, instead))
	}
	if w.Mean > meanAway || w.Mean < 1/meanAway {
		out = append(out, fmt.Sprintf("WRONG OR USELESS PROPENSITIES: the weights' mean is %.4g and would be 1 but for chance: check that each propensity is that of the item in its position at that moment, among the same actions; until then believe neither ips nor dr", w.Mean))
	}
	if w.Unseen > mostUnseen {
		out = append(out, fmt.Sprintf("the policy spends %.0f %% of its probability on items that the log shows nowhere: ips and dr count them as worth what the model or nothing says; log them, too", 100*w.Unseen))
	}
	return out
}

// sums are what all estimators are made of.
type sums struct{ n, r, w, wr, direct, residual float64 }

func (s *sums) add(o *sums) {
	s.n, s.r, s.w, s.wr = s.n+o.n, s.r+o.r, s.w+o.w, s.wr+o.wr
	s.direct, s.residual = s.direct+o.direct, s.residual+o.residual
}

// names are the estimators, in the order of values.
var names = []string{Logged, IPS, SNIPS, DM, DR}

func (s *sums) values() [5]float64 {
	snips := 0.0
	if s.w > 0 {
		snips = s.wr / s.w
	}
	return [5]float64{s.r / s.n, s.wr / s.n, snips, s.direct / s.n, (s.direct + s.residual) / s.n}
}

// estimates are the values on the log, and the percentile bootstrap's intervals (Efron
// 1979): answers are drawn with replacement, as many as there are.
func (e *evaluation) estimates(ctx context.Context) ([]Estimate, error) {
	each := make([]sums, e.n)
	for i := range e.log {
		r, w := e.log[i].Reward, e.w[i]
		each[e.answer[i]].add(&sums{1, r, w, w * r, e.direct[i], w * (r - e.model[i])})
	}
	var all sums
	for i := range each {
		all.add(&each[i])
	}
	resampled := make([][5]float64, e.o.Resamples)
	for b := range resampled {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rng := rand.New(rand.NewPCG(e.o.Seed, uint64(b)+2))
		var drawn sums
		for range e.n {
			drawn.add(&each[rng.IntN(e.n)])
		}
		resampled[b] = drawn.values()
	}
	var out []Estimate
	for k, name := range names {
		values := make([]float64, len(resampled))
		for b := range resampled {
			values[b] = resampled[b][k]
		}
		slices.Sort(values)
		out = append(out, Estimate{name, all.values()[k], evaluate.Interval{Low: quantile(values, 0.025), High: quantile(values, 0.975)}})
	}
	return out, nil
}

// quantile of ascending values, the nearest.
func quantile(sorted []float64, q float64) float64 {
	return sorted[int(math.Round(q*float64(len(sorted)-1)))]
}
