package training

import (
	"context"

	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Search is what a training chooses from, on held-out time: every source's settings
// are chosen on its own, with the others left out.
type Search struct {
	Factor []factor.Params
	EASE   []neighbour.Params
}

// DefaultSearch is what a shop's own training tries: enough to find the right order of
// magnitude, few enough for a minute of two cores on some thousand items. Starting
// values lie between those of Rendle et al. 2021 for MovieLens 20M (lambda 0.003, alpha0
// 0.1) and 1M (0.007, 0.3), and below those of Steck 2019 for larger data.
func DefaultSearch() Search {
	return Search{
		Factor: []factor.Params{
			factor.Params{Lambda: 0.005, Alpha0: 0.1, Epochs: 10}.WithDefaults(),
			factor.Params{Lambda: 0.02, Alpha0: 0.1, Epochs: 10}.WithDefaults(),
		},
		EASE: []neighbour.Params{
			neighbour.Params{Lambda: 200}.WithDefaults(),
			neighbour.Params{Lambda: 50}.WithDefaults(),
			neighbour.Params{Lambda: 800}.WithDefaults(),
		},
	}
}

// Selector chooses settings and blends by asking held-out cases.
type Selector struct {
	Search Search
	Fitter *Fitter
	Place  *recommend.Place // where the cases are asked
	// Without names sources that no blend may use: trending, where a split does not
	// follow time and counters would show it the future.
	Without []string
}

// Default is the first of everything in the search.
func (s *Selector) Default() Recipe {
	return Recipe{Factor: s.Search.Factor[0], EASE: s.Search.EASE[0], Seed: s.Fitter.Seed}
}

// Sources fits every setting of the search on d and keeps, of each source, the one
// that ranks the cases best when it is alone; the first where there are too few cases
// to tell. w is the world the cases are asked in.
func (s *Selector) Sources(ctx context.Context, w *recommend.World, d *model.Data, cases []Case) ([]model.Saver, Recipe, error) {
	recipe := s.Default()
	var kept []model.Saver
	if s.Fitter.fits(factor.Name) {
		factors, i, err := best(ctx, s, w, cases, len(s.Search.Factor), func(i int) (model.Saver, error) {
			return s.Fitter.Factor(ctx, d, s.Search.Factor[i])
		})
		if err != nil {
			return nil, recipe, err
		}
		recipe.Factor, kept = s.Search.Factor[i], append(kept, factors)
	}
	if s.Fitter.fits(neighbour.Name) {
		ease, i, err := best(ctx, s, w, cases, len(s.Search.EASE), func(i int) (model.Saver, error) {
			return s.Fitter.EASE(ctx, d, s.Search.EASE[i])
		})
		if err != nil {
			return nil, recipe, err
		}
		recipe.EASE, kept = s.Search.EASE[i], append(kept, ease)
	}
	return kept, recipe, nil
}

// Choose fits n settings of a source that is not ours to blend and returns the place of
// the one that ranks the cases best when it is alone, by the rule of Sources.
func (s *Selector) Choose(ctx context.Context, w *recommend.World, cases []Case, n int, fit func(i int) (model.Source, error)) (int, error) {
	_, i, err := best(ctx, s, w, cases, n, fit)
	return i, err
}

// best fits n settings of one source and returns the one that ranks the cases best, the
// earlier one where it is no better than chance.
func best[S model.Source](ctx context.Context, s *Selector, w *recommend.World, cases []Case, n int, fit func(i int) (S, error)) (kept S, index int, err error) {
	if len(cases) < blendLeast {
		n = 1
	}
	var most []float64
	for i := range n {
		source, err := fit(i)
		if err != nil {
			return kept, 0, err
		}
		if n == 1 {
			return source, 0, nil
		}
		alone := recommend.NewModels(0, w.Models.LogTime, nil, w.Models.Encoder, Alone(source.Name())).With(source)
		contest := Contest{Place: s.Place, Cases: cases, Metrics: []evaluate.Metric{blendMetric}, Workers: s.Fitter.Workers, Resampling: evaluate.Resampling{Resamples: 1}}
		got, err := contest.Measure(ctx, Contender{Name: source.Name(), World: w.WithModels(alone, w.Content)})
		if err != nil {
			return kept, 0, err
		}
		if reached := got.Each[blendMetric]; most == nil || better(reached, most) {
			kept, index, most = source, i, reached
		}
	}
	return kept, index, nil
}

// Blend chooses how the sources of w are weighed for a task.
func (s *Selector) Blend(ctx context.Context, w *recommend.World, task rank.Task, cases []Case) (map[string]rank.Scale, Chosen, error) {
	s.Fitter.begins("choosing the blend")
	raws, err := collect(ctx, w, s.Place, cases, s.Fitter.Workers)
	if err != nil {
		return nil, Chosen{}, err
	}
	scales, reach, err := raws.fit(ctx, task, s.Without)
	if err != nil {
		return nil, Chosen{}, err
	}
	return scales, Chosen{Cases: len(raws.cases), NDCG: reach}, nil
}
