package offline

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// studyCases is on how many validation cases a setting is valued at most: they are
// picked evenly, and are the same for every setting.
const studyCases = 4000

// Study values settings on the validation part of an evaluation, fitted on its train
// part: what a tuner climbs. The test part is never looked at. It belongs to one
// goroutine.
type Study struct {
	e        *evaluation
	material *training.Material
	world    *recommend.World
	cases    []training.Case
	metric   evaluate.Metric

	// What was fitted last: a larger budget for the same settings fits nothing again.
	last struct {
		kind     string
		settings map[string]string
		source   model.Source
	}
}

// NewStudy splits the data as Run would. Its errors are *engine.Invalid where the
// options or the data are at fault, as where there is nothing to choose on.
func NewStudy(o Options) (*Study, error) {
	e, err := prepare(o)
	if err != nil {
		return nil, err
	}
	s := &Study{e: e, metric: evaluate.Metric{Name: "ndcg", K: 10}}
	if e.Sessions {
		s.metric = evaluate.Metric{Name: "mrr", K: 20} // as the literature on sessions does
	}
	if s.cases = training.Pick(e.choosing, studyCases); len(s.cases) == 0 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "events", "there is no validation part to choose settings on")
	}
	s.material = e.past.Material()
	s.world = e.selector.Fitter.World(e.past, recommend.NewModels(0, e.past.Newest, nil, e.selector.Fitter.Encoder(e.past), rank.DefaultBlend()))
	return s, nil
}

// Metric is what Value returns.
func (s *Study) Metric() evaluate.Metric { return s.metric }

// Kind returns a kind of source by its name, with the settings evaluations try.
func (s *Study) Kind(name string) (training.Kind, error) {
	i := slices.IndexFunc(s.e.selector.Search, func(k training.Kind) bool { return k.Name == name })
	if i < 0 {
		var names []string
		for _, k := range s.e.selector.Search {
			names = append(names, k.Name)
		}
		return training.Kind{}, engine.Invalidf(engine.CodeInvalidField, "model", "%q has no settings to choose; %s have", name, strings.Join(names, ", "))
	}
	return s.e.selector.Search[i], nil
}

// Value fits a kind under some settings (what is not named keeps the kind's first) and
// returns what it reaches in each validation case: NDCG@10, of session prefixes MRR@20.
// Budget is the share of the cases asked, above 0 and up to 1; the cases of a budget are
// the same for every call, so that values can be compared in pairs.
func (s *Study) Value(ctx context.Context, kind string, settings map[string]string, budget float64) ([]float64, error) {
	if !(budget > 0 && budget <= 1) {
		return nil, engine.Invalidf(engine.CodeInvalidField, "budget", "a share above 0 and up to 1 is wanted, not %v", budget)
	}
	source, err := s.fit(ctx, kind, settings)
	if err != nil {
		return nil, err
	}
	contest := training.Contest{
		Place: s.e.selector.Place, Cases: training.Pick(s.cases, int(math.Ceil(budget*float64(len(s.cases))))),
		Metrics: []evaluate.Metric{s.metric}, Workers: s.e.Workers, Resampling: evaluate.Resampling{Resamples: 1, Flips: 1},
	}
	got, err := contest.Measure(ctx, training.Contender{Name: kind, World: alone(s.world, kind, []model.Source{source})})
	if err != nil {
		return nil, err
	}
	return got.Each[s.metric], nil
}

func (s *Study) fit(ctx context.Context, kind string, settings map[string]string) (model.Source, error) {
	if s.last.source != nil && s.last.kind == kind && maps.Equal(s.last.settings, settings) {
		return s.last.source, nil
	}
	setting, err := s.setting(kind, settings)
	if err != nil {
		return nil, err
	}
	source, err := s.e.selector.Fitter.Fit(ctx, s.material, setting)
	if err != nil {
		return nil, err
	}
	s.last.kind, s.last.settings, s.last.source = kind, maps.Clone(settings), source
	return source, nil
}

// setting returns a kind with some settings; what is not named keeps the kind's first.
func (s *Study) setting(kind string, settings map[string]string) (training.Setting, error) {
	k, err := s.Kind(kind)
	if err != nil {
		return training.Setting{}, err
	}
	k.Tries = k.Tries[:1]
	one := training.Search{k}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if err := one.Fix(kind+"."+name, settings[name]); err != nil {
			return training.Setting{}, err
		}
	}
	return training.Setting{Kind: one[0], Params: one[0].Tries[0]}, nil
}
