// Package tune looks for the settings of a source that rank held-out cases best. What it
// finds is chosen on the validation part alone; the test part is for others to look at,
// once, when it is over.
//
// A study is a list of trials; a Sampler proposes the next one from those before. Trials
// are written to a Journal as they end, and depend on the seed and their number alone, so
// that a study that was cut off goes on as if nothing had happened.
package tune

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

// Objective says what settings reach.
type Objective interface {
	// Value returns one value a case, the higher the better. Budget is the share of the
	// cases asked, above 0 and up to 1; those of a budget are the same for every call. An
	// error that is *engine.Invalid is about the settings, any other ends the study.
	Value(ctx context.Context, kind string, settings map[string]string, budget float64) ([]float64, error)
}

// Trial is one try of some settings.
type Trial struct {
	Number   int               `json:"trial"` // from 0, which is the settings the study starts from
	Kind     string            `json:"kind"`
	Settings map[string]string `json:"settings"`
	Value    float64           `json:"value"` // mean over the cases
	Cases    int               `json:"cases"`
	Pruned   bool              `json:"pruned,omitempty"` // hopeless on the first cases, and not asked the others
	Failed   string            `json:"failed,omitempty"` // why the settings are none
	Seconds  float64           `json:"seconds"`
}

// Options say how is looked; the zero value is useful but for Trials.
type Options struct {
	Trials   int // at most, the first one included
	Patience int // ends the study after so many trials in a row that brought nothing; 0 for never
	Seed     uint64
	Sampler  Sampler // nil for TPE
	// Past are the trials of the same study that ended before, in their order.
	Past []Trial
	// Ended, if not nil, is told each trial as it ends, and the best so far. An error
	// ends the study.
	Ended func(t, best Trial) error
	// Begins, if not nil, is told which trial begins.
	Begins func(number int, best Trial)
	Now    func() time.Time // nil for the clock
}

// Pruning: after this share of the cases a trial is given up where it is worse than the
// best so far by more than hopeless standard errors of the difference, case by case.
const (
	firstBudget = 0.25
	hopeless    = 2
	leastCases  = 50 // fewer say nothing
)

// study is one run.
type study struct {
	Options
	objective Objective
	kind      string
	space     []training.Range
	start     map[string]string
	trials    []Trial
	first     []float64 // of the best so far, under the first budget; nil where not asked yet
}

// Run tunes one kind from some settings on and returns all trials, in their order; Best
// finds the winner. With the same seed and objective the trials are the same, whether
// they were made in one go or not.
func Run(ctx context.Context, objective Objective, kind string, space []training.Range, start map[string]string, o Options) ([]Trial, error) {
	if len(space) == 0 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "model", "%s has nothing to tune", kind)
	}
	if o.Sampler == nil {
		o.Sampler = TPE{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &study{Options: o, objective: objective, kind: kind, space: space, start: start, trials: slices.Clone(o.Past)}
	for len(s.trials) < s.Trials && !s.tired() {
		settings, found := s.propose()
		if !found {
			break // a small space of words and whole numbers has been looked through
		}
		if s.Begins != nil {
			s.Begins(len(s.trials), s.best())
		}
		t, err := s.try(ctx, settings)
		if err != nil {
			return s.trials, err
		}
		s.trials = append(s.trials, t)
		if s.Ended != nil {
			if err := s.Ended(t, s.best()); err != nil {
				return s.trials, err
			}
		}
	}
	return s.trials, nil
}

// Best returns the best of the trials that were asked all cases; the earlier of equals,
// and no kind where there is none.
func Best(trials []Trial) Trial {
	var best Trial
	for _, t := range trials {
		if t.Failed == "" && !t.Pruned && (best.Kind == "" || t.Value > best.Value) {
			best = t
		}
	}
	return best
}

func (s *study) best() Trial { return Best(s.trials) }

// tired reports whether the last trials brought nothing for so long that no more will
// come.
func (s *study) tired() bool {
	best := s.best()
	return s.Patience > 0 && best.Kind != "" && len(s.trials)-1-best.Number >= s.Patience
}

// again is how often a proposal may be one that was tried before.
const again = 50

// propose returns the settings of the next trial.
func (s *study) propose() (settings map[string]string, found bool) {
	n := len(s.trials)
	if n == 0 {
		return s.start, true
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.kind)) // a hash never fails
	rng := rand.New(rand.NewPCG(s.Seed^h.Sum64(), uint64(n)))
	seen := s.seen()
	for range again {
		at := s.Sampler.Sample(rng, s.space, seen)
		settings = make(map[string]string, len(s.space))
		for i := range s.space {
			settings[s.space[i].Name] = s.space[i].At(at[i])
		}
		if !slices.ContainsFunc(s.trials, func(t Trial) bool { return maps.Equal(t.Settings, settings) }) {
			return settings, true
		}
	}
	return nil, false
}

// seen places the trials so far in the space. Those that failed are the worst.
func (s *study) seen() []Seen {
	var out []Seen
	for _, t := range s.trials {
		one := Seen{Value: t.Value, Pruned: t.Pruned || t.Failed != ""}
		if t.Failed != "" {
			one.Value = math.Inf(-1)
		}
		for i := range s.space {
			at, _ := s.space[i].Place(t.Settings[s.space[i].Name])
			one.At = append(one.At, at)
		}
		out = append(out, one)
	}
	return out
}

// try runs one trial.
func (s *study) try(ctx context.Context, settings map[string]string) (Trial, error) {
	began := s.Now()
	t := Trial{Number: len(s.trials), Kind: s.kind, Settings: settings}
	// The best is asked again where a study goes on: before the trial, so that what the
	// objective keeps of its last fit is the trial's.
	best := s.best()
	if best.Kind != "" && s.first == nil {
		var err error
		if s.first, err = s.objective.Value(ctx, s.kind, best.Settings, firstBudget); err != nil {
			return t, err
		}
	}
	values, err := s.objective.Value(ctx, s.kind, settings, firstBudget)
	if _, invalid := errors.AsType[*engine.Invalid](err); invalid && t.Number > 0 {
		t.Failed, t.Seconds = err.Error(), s.Now().Sub(began).Seconds()
		return t, nil
	}
	if err != nil {
		return t, err
	}
	first := values
	if t.Pruned = isHopeless(values, s.first); !t.Pruned {
		if values, err = s.objective.Value(ctx, s.kind, settings, 1); err != nil {
			return t, err
		}
	}
	t.Value, t.Cases, t.Seconds = mean(values), len(values), s.Now().Sub(began).Seconds()
	if !t.Pruned && (best.Kind == "" || t.Value > best.Value) {
		s.first = first
	}
	return t, nil
}

// isHopeless reports whether values are so far below those of the best, case by case,
// that the other cases will not turn it.
func isHopeless(values, best []float64) bool {
	if len(values) < leastCases || len(values) != len(best) {
		return false
	}
	var sum, squares float64
	for i := range values {
		d := values[i] - best[i]
		sum, squares = sum+d, squares+d*d
	}
	n := float64(len(values))
	away := sum / n
	return away < -hopeless*math.Sqrt(max(0, squares/n-away*away)/n)
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}

// Ranked returns the trials with the best first: those that were asked all cases, those
// that were given up, those that failed.
func Ranked(trials []Trial) []Trial {
	class := func(t Trial) int {
		switch {
		case t.Failed != "":
			return 2
		case t.Pruned:
			return 1
		}
		return 0
	}
	out := slices.Clone(trials)
	slices.SortStableFunc(out, func(a, b Trial) int {
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(b.Value, a.Value))
	})
	return out
}
