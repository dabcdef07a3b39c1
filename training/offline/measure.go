package offline

import (
	"context"
	"slices"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// choose fits on the training part and chooses settings and blend on the validation
// part.
func (e *evaluation) choose(ctx context.Context, past *training.Snapshot, cases []training.Case) (training.Recipe, rank.Blend, error) {
	blend, material := rank.DefaultBlend(), past.Material()
	if len(cases) == 0 {
		e.report.Warnings = append(e.report.Warnings, "there is no validation part: settings are the first of the search, the blend is the default one")
		return e.selector.Default(material), blend, nil
	}
	world := past.World(recommend.NewModels(0, past.Newest, nil, e.selector.Fitter.Encoder(past), blend))
	sources, recipe, err := e.selector.Sources(ctx, world, material, cases)
	if err != nil || !slices.Contains(e.Models, Best) {
		return recipe, blend, err
	}
	world = world.WithModels(recommend.NewModels(0, past.Newest, recipe.Serving(sources), world.Models.Encoder, blend), world.Content)
	task := e.selector.Place.Task()
	blend[task], _, err = e.selector.Blend(ctx, world, task, e.selector.Place, cases)
	return recipe, blend, err
}

// measure fits on all but the test part and measures every model on that.
func (e *evaluation) measure(ctx context.Context, recipe training.Recipe, blend rank.Blend, cases []training.Case) error {
	fitter := e.selector.Fitter
	fitter.Took = nil
	all := e.Data.snapshot(e.split.Rows(evaluate.Train, evaluate.Valid), e.Settings)
	sources, err := fitter.All(ctx, all.Material(), recipe)
	if err != nil {
		return err
	}
	world := all.World(recommend.NewModels(0, all.Newest, recipe.Serving(sources), fitter.Encoder(all), blend))
	contest := &training.Contest{
		Place: e.selector.Place, Cases: cases, Metrics: e.metrics(), Workers: e.Workers, Step: e.Step,
		Background: e.background(), Resampling: evaluate.Resampling{Seed: e.Seed},
	}
	e.report.Dataset = e.dataset(world, cases)
	measured := make(map[string]*training.Measured)
	for _, name := range e.Models {
		who := training.Contender{Name: name, World: world, Settings: recipe.Of(name), Fit: fitter.Took[name]}
		if name == Best {
			who.Settings, who.Fit = weights(blend[e.selector.Place.Task()]), 0
			for _, s := range world.Models.Sources() {
				who.Fit += fitter.Took[s.Name()]
			}
		} else {
			who.World = alone(world, name, sources)
		}
		if measured[name], err = contest.Measure(ctx, who); err != nil {
			return err
		}
		e.report.Models = append(e.report.Models, measured[name].Report)
	}
	e.pair(contest, measured)
	return nil
}

// alone is the world in which one source speaks, also one that does not serve.
func alone(w *recommend.World, name string, sources []model.Source) *recommend.World {
	models := w.Models.WithBlend(training.Alone(name))
	serves := slices.ContainsFunc(models.Sources(), func(s model.Source) bool { return s.Name() == name })
	if i := slices.IndexFunc(sources, func(s model.Source) bool { return s.Name() == name }); i >= 0 && !serves {
		models = models.With(sources[i])
	}
	return w.WithModels(models, w.Content)
}

// weights are the settings of the best.
func weights(scales map[string]rank.Scale) map[string]any {
	out := make(map[string]any)
	for source, scale := range scales {
		out[source] = scale.Weight
	}
	return out
}
