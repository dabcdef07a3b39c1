package offline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Tried is a kind under some settings; what is not named keeps the kind's first.
type Tried struct {
	Name     string // in the report
	Kind     string
	Settings map[string]string
}

// Protocol says how the study's data is split and asked.
func (s *Study) Protocol() evaluate.Protocol { return s.e.report.Protocol }

// Final fits what was tried on all that is known at each cut and measures it on the test
// part. Those of one kind are compared with the first of them, by the study's metric. It
// is for the end of a study: who goes on to choose after it chooses on the test part.
func (s *Study) Final(ctx context.Context, tried []Tried) (*evaluate.Report, error) {
	e, folds := s.e, s.e.folds()
	contest := &training.Contest{
		Place: e.selector.Place, Metrics: s.shown(), Workers: e.Workers,
		Background: e.background(), Resampling: evaluate.Resampling{Seed: e.Seed},
	}
	for _, f := range folds {
		contest.Cases = append(contest.Cases, f.cases...)
	}
	if len(contest.Cases) == 0 {
		return nil, e.nothingAsked()
	}
	all := make([]answers, len(tried))
	for _, f := range folds {
		if err := s.finish(ctx, contest, f, tried, all); err != nil {
			return nil, err
		}
	}
	report := *e.report
	report.Dataset = e.dataset(contest)
	first := make(map[string]*training.Measured)
	for i, t := range tried {
		got := contest.Judge(all[i].Contender, all[i].outcomes)
		report.Models = append(report.Models, got.Report)
		if first[t.Kind] == nil {
			first[t.Kind] = got
			continue
		}
		report.Paired = append(report.Paired, contest.Compare(first[t.Kind], got, s.metric))
	}
	report.AdjustPaired()
	return &report, nil
}

// shown are the metrics of a study's end.
func (s *Study) shown() []evaluate.Metric {
	out := []evaluate.Metric{s.metric}
	for _, name := range []string{"recall", "hr", "coverage"} {
		out = append(out, evaluate.Metric{Name: name, K: s.metric.K})
	}
	return out
}

// finish fits at one cut and adds what everything tried answers there.
func (s *Study) finish(ctx context.Context, contest *training.Contest, f fold, tried []Tried, all []answers) error {
	e := s.e
	past := e.Data.snapshot(f.known, e.Settings)
	material := past.Material()
	world := e.selector.Fitter.World(past, recommend.NewModels(0, past.Newest, nil, e.selector.Fitter.Encoder(past), rank.DefaultBlend()))
	for i, t := range tried {
		setting, err := s.setting(t.Kind, t.Settings)
		if err != nil {
			return err
		}
		e.selector.Fitter.Took = nil
		source, err := e.selector.Fitter.Fit(ctx, material, setting)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
		all[i].Contender = training.Contender{
			Name: t.Name, Settings: setting.Kind.Settings(setting.Params), World: alone(world, t.Kind, []model.Source{source}),
			Fit: all[i].Fit + e.selector.Fitter.Took[t.Kind]/time.Duration(e.split.Folds()),
		}
		outcomes, err := contest.Ask(ctx, all[i].Contender, f.cases)
		if err != nil {
			return err
		}
		all[i].World = nil // the models of one cut at a time are held
		all[i].outcomes = append(all[i].outcomes, outcomes...)
	}
	return nil
}

// Tunable are the kinds that were asked for and have something to tune.
func (s *Study) Tunable() []training.Kind {
	return slices.DeleteFunc(slices.Clone(s.e.selector.Search), func(k training.Kind) bool { return len(k.Space) == 0 })
}

// Settings returns all settings of a kind under those given.
func (s *Study) Settings(kind string, settings map[string]string) (map[string]any, error) {
	full, err := s.setting(kind, settings)
	if err != nil {
		return nil, err
	}
	return full.Kind.Settings(full.Params), nil
}
