package offline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// blends are how the sources weigh in every best of the table, by its name, and in Best
// where that is not asked for.
type blends map[string]rank.Blend

// choose fits on the training part and chooses settings and blends on the validation
// part.
func (e *evaluation) choose(ctx context.Context) (training.Recipe, blends, error) {
	past, cases := e.past, e.choosing
	blend, material := rank.DefaultBlend(), past.Material()
	if len(cases) == 0 {
		e.warn("there is no validation part: settings are the first of the search, the blend is the default one")
		return e.selector.Default(material), blends{Best: blend}, nil
	}
	world := e.selector.Fitter.World(past, recommend.NewModels(0, past.Newest, nil, e.selector.Fitter.Encoder(past), blend))
	sources, recipe, err := e.selector.Sources(ctx, world, material, cases)
	blend[rank.Cold] = e.selector.ColdBlend()
	if err != nil || !slices.ContainsFunc(e.Models, isBest) {
		return recipe, blends{Best: blend}, err
	}
	world = world.WithModels(recommend.NewModels(0, past.Newest, recipe.Serving(sources), world.Models.Encoder, blend), world.Content)
	chosen, err := e.blend(ctx, world, cases)
	return recipe, chosen, err
}

// again chooses the blends for the cut after f: what was asked at f lies behind the next
// cut, and counts there beside all that was asked before.
func (e *evaluation) again(ctx context.Context, w *recommend.World, f fold, chosen blends) (blends, error) {
	cases := training.Pick(f.cases, choosingCases)
	if len(cases) == 0 || !slices.ContainsFunc(e.Models, isBest) {
		return chosen, nil
	}
	return e.blend(ctx, w, cases)
}

// blend chooses how the sources of a world weigh in every best, by these cases and those of
// earlier choices. Strangers' lists are chosen for each, too: customers nobody knows are no
// reason for a difference.
func (e *evaluation) blend(ctx context.Context, w *recommend.World, cases []training.Case) (blends, error) {
	out := make(blends)
	for _, name := range append([]string{Best}, e.Models...) {
		if !isBest(name) || out[name] != nil {
			continue
		}
		if e.asked[name] == nil {
			e.asked[name] = make(training.Asked)
		}
		selector := e.selector
		selector.Without, selector.Asked = slices.Concat(selector.Without, missing(name)), e.asked[name]
		blend := rank.DefaultBlend()
		blend[rank.Cold] = selector.ColdBlend()
		if err := chooseBlend(ctx, &selector, w, cases, blend); err != nil {
			return nil, err
		}
		out[name] = blend
	}
	return out, nil
}

// chooseBlend chooses how the sources weigh for whom something is known of, and for whom
// nothing is.
func chooseBlend(ctx context.Context, s *training.Selector, w *recommend.World, cases []training.Case, into rank.Blend) (err error) {
	task := s.Place.Task()
	if into[task], _, err = s.Blend(ctx, w, task, s.Place, cases); err != nil {
		return err
	}
	into[rank.Cold], _, err = s.Strangers(ctx, w, s.Place, cases, into[rank.Cold])
	return err
}

// fold is one cut: what is known there, and what is asked.
type fold struct {
	known []int // rows
	cases []training.Case
}

// folds are the cuts of the split with their questions. Who is asked at no cut, though
// something of them is held out, is counted and warned of.
func (e *evaluation) folds() []fold {
	only := e.numbers(e.split.Only)
	out := make([]fold, e.split.Folds())
	asked, silent := make(map[engine.Subject]bool), make(map[engine.Subject]bool)
	for i := range out {
		known, held := e.split.Fold(i)
		cases, repeated := e.cases(known, held, only)
		out[i] = fold{known, cases}
		for _, who := range repeated {
			silent[who] = true
		}
		for i := range cases {
			asked[cases[i].Who.Subject] = true
		}
	}
	maps.DeleteFunc(silent, func(who engine.Subject, _ bool) bool { return asked[who] })
	if e.repeated = len(silent); e.repeated > 0 {
		e.warn("%d of %d %ss with something held out are not asked, and are in no figure: all of it they had before, and repeats are excluded; where repeats are allowed they are asked, too", e.repeated, e.repeated+len(asked), e.unit())
	}
	return out
}

// numbers are those of some items, nil for nil.
func (e *evaluation) numbers(items map[engine.ItemID]bool) *roaring.Bitmap {
	if items == nil {
		return nil
	}
	out := roaring.New()
	for id := range items {
		if n, ok := e.Data.IDs().Num(id); ok {
			out.Add(uint32(n))
		}
	}
	return out
}

// answers are what one model said to the cases of all folds, and what that took.
type answers struct {
	training.Contender
	outcomes []training.Outcome
}

// measure fits at every cut on all that is known there, asks every model what was held
// out, and judges the answers of all cuts together.
func (e *evaluation) measure(ctx context.Context, recipe training.Recipe, chosen blends, folds []fold) error {
	contest := &training.Contest{
		Place: e.selector.Place, Metrics: e.Metrics(), Workers: e.Workers, Step: e.step,
		Background: e.background(), Resampling: evaluate.Resampling{Seed: e.Seed},
	}
	contest.Background.Similarity = e.likeness()
	for _, f := range folds {
		contest.Cases = append(contest.Cases, f.cases...)
	}
	contest.Slices = e.parts
	all, at := make([]answers, len(e.Models)), make([]blends, len(folds))
	for i, f := range folds {
		last := i == len(folds)-1
		at[i] = chosen
		world, err := e.ask(ctx, contest, f, last, recipe, chosen, all)
		if err != nil {
			return err
		}
		if last {
			break
		}
		if chosen, err = e.again(ctx, world, f, chosen); err != nil {
			return err
		}
	}
	e.report.Dataset = e.dataset(contest)
	var measured []*training.Measured
	for _, a := range all {
		a.Fit /= time.Duration(len(folds))
		measured = append(measured, contest.Judge(a.Contender, a.outcomes))
		if err := e.hand(a.Name, contest.Cases, a.outcomes); err != nil {
			return err
		}
	}
	for _, f := range e.Foreign {
		e.step("measuring " + f.Name)
		outcomes := e.foreign(f, contest)
		measured = append(measured, contest.Judge(training.Contender{Name: f.Name}, outcomes))
		if err := e.hand(f.Name, contest.Cases, outcomes); err != nil {
			return err
		}
	}
	for _, m := range measured {
		e.report.Models = append(e.report.Models, m.Report)
	}
	e.pair(contest, measured)
	return e.curve(ctx, contest, recipe, at, folds)
}

// ask fits at one cut and adds what every model answers there. It returns the world of all
// sources at that cut.
func (e *evaluation) ask(ctx context.Context, contest *training.Contest, f fold, last bool, recipe training.Recipe, chosen blends, all []answers) (*recommend.World, error) {
	fitter := e.selector.Fitter
	peaks := make(peaks)
	fitter.Took, fitter.Watch = nil, peaks.watch
	past := e.Data.snapshot(f.known, e.Settings)
	material := past.Material()
	material.Sequences() // so that no source pays for what all share
	sources, err := fitter.All(ctx, material, recipe)
	fitter.Watch = nil
	if err != nil {
		return nil, err
	}
	if last && e.Taker != nil {
		for _, s := range sources {
			if err := e.Taker.Source(s); err != nil {
				return nil, err
			}
		}
	}
	world := fitter.World(past, recommend.NewModels(0, past.Newest, recipe.Serving(sources), fitter.Encoder(past), chosen[Best]))
	for i, name := range e.Models {
		a := &all[i]
		a.Name, a.World, a.Settings = name, world, recipe.Of(name)
		if isBest(name) {
			a.World = world.WithModels(world.Models.WithBlend(chosen[name]), world.Content)
			a.Settings = weights(chosen[name][e.selector.Place.Task()])
			for _, s := range world.Models.Sources() {
				a.Fit += fitter.Took[s.Name()]
				a.Peak = max(a.Peak, peaks[s.Name()])
			}
		} else {
			a.World = alone(world, name, sources)
			a.Fit += fitter.Took[name]
			a.Peak = max(a.Peak, peaks[name])
		}
		outcomes, err := contest.Ask(ctx, a.Contender, f.cases)
		if err != nil {
			return nil, err
		}
		a.World = nil // the models of one cut at a time are held
		a.outcomes = append(a.outcomes, outcomes...)
	}
	return world, nil
}

// hand gives a model's lists to whoever takes them.
func (e *evaluation) hand(name string, cases []training.Case, outcomes []training.Outcome) error {
	if e.Taker == nil {
		return nil
	}
	for i, o := range outcomes {
		if err := e.Taker.List(name, &cases[i], o.Items, o.Scores); err != nil {
			return fmt.Errorf("keep the lists of %s: %w", name, err)
		}
	}
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
