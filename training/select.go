package training

import (
	"context"
	"fmt"
	"slices"

	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Selector chooses settings and blends by asking held-out cases.
type Selector struct {
	Search Search
	Fitter *Fitter
	Place  *recommend.Place // where the cases are asked
	// Without names sources that no blend may use: trending, where a split does not
	// follow time and counters would show it the future.
	Without []string
	// Beside names kinds that are fitted even where they do not serve.
	Beside []string
	// Asked, if not nil, keeps what was asked for each task, so that the next choice of its
	// blend goes by that, too, and not by the newest questions alone.
	Asked Asked

	fresh   *Newcomers // how new items are ranked, nil where that was not chosen
	profile rank.Scale // of what customers said of themselves, of weight 0 where it earns nothing
}

// Asked are the questions by which blends of the same sources were chosen so far.
type Asked map[rank.Task]*exam

// Default is the first setting of every kind that is wanted.
func (s *Selector) Default(m *Material) Recipe {
	r := Recipe{Seed: s.Fitter.Seed}
	items := m.Rows().Len()
	for _, k := range s.Search {
		if k.Has != nil && !k.Has(m.snap.Items.Items()) {
			continue
		}
		if k.On != nil && !k.On(k.Tries[0]) {
			continue
		}
		serves := k.Serves == nil || k.Serves(items)
		if serves || slices.Contains(s.Beside, k.Name) {
			r.Sources = append(r.Sources, Setting{Kind: k, Params: k.Tries[0], Beside: !serves})
		}
	}
	return r
}

// Sources fits every setting of the search on m and keeps, of each source, the one
// that ranks the cases best when it is alone; the first where there are too few cases
// to tell. w is the world the cases are asked in.
func (s *Selector) Sources(ctx context.Context, w *recommend.World, m *Material, cases []Case) ([]model.Source, Recipe, error) {
	recipe := s.Default(m)
	kept := make([]model.Source, len(recipe.Sources))
	for _, i := range recipe.turns() {
		var err error
		if recipe.Sources[i].Kind.Name == bridge.Name {
			if kept[i], recipe.Sources[i].Params, err = s.bestMapped(ctx, m, &recipe, recipe.Sources[i].Kind); err != nil {
				return nil, recipe, err
			}
			m.keep(kept[i])
			continue
		}
		if kept[i], recipe.Sources[i].Params, err = s.best(ctx, w, m, cases, recipe.Sources[i].Kind); err != nil {
			return nil, recipe, err
		}
		m.keep(kept[i])
	}
	return kept, recipe, s.chooseProfile(ctx, m, &recipe)
}

// turns is the order in which the sources are chosen: theirs, but for how new items are ranked,
// which stands right after what it builds on. Its choice takes much memory for a while, and as
// long as the others are not there, it is not on top of theirs.
func (r *Recipe) turns() []int {
	out := make([]int, 0, len(r.Sources))
	for i, s := range r.Sources {
		after := len(out)
		if base := slices.IndexFunc(out, func(at int) bool { return r.Sources[at].Kind.Name == s.Kind.Over }); s.Kind.Name == bridge.Name && base >= 0 {
			after = base + 1
		}
		out = slices.Insert(out, after, i)
	}
	return out
}

// best fits the tries of one kind and returns the one that ranks the cases best, the
// earlier one where it is no better than chance.
func (s *Selector) best(ctx context.Context, w *recommend.World, m *Material, cases []Case, k Kind) (kept model.Source, params any, err error) {
	tries := k.Tries
	if len(cases) < blendLeast {
		tries = tries[:1]
	}
	if len(tries) == 1 {
		kept, err = s.Fitter.Fit(ctx, m, Setting{Kind: k, Params: tries[0]})
		return kept, tries[0], err
	}
	sketches := k.sketches(tries, m.Rows().Len())
	var most []float64
	var fitted []model.Source // that a later try needs
	for i, p := range sketches {
		source := k.among(fitted, p)
		if source == nil {
			if source, err = s.Fitter.Fit(ctx, m, Setting{Kind: k, Params: p}); err != nil {
				return nil, nil, err
			}
			if slices.ContainsFunc(sketches[i+1:], func(later any) bool { return k.among([]model.Source{source}, later) != nil }) {
				fitted = append(fitted, source)
			}
		}
		reached, err := s.alone(ctx, w, source, cases)
		if err != nil {
			return nil, nil, err
		}
		if most == nil || better(reached, most) {
			kept, params, most = source, tries[i], reached
		}
	}
	if !slices.Equal(sketches, tries) {
		kept, err = s.Fitter.Fit(ctx, m, Setting{Kind: k, Params: params})
	}
	return kept, params, err
}

// ColdBlend is the blend for those nothing else is known of: popularity, and what they said
// of themselves as far as it earned a weight.
func (s *Selector) ColdBlend() map[string]rank.Scale {
	cold := rank.DefaultBlend()[rank.Cold]
	if s.profile.Weight > 0 {
		cold[bridge.ProfileName] = s.profile
	}
	return cold
}

// bestMapped chooses how new items are ranked, by items that are hidden from a fit, and
// fits the chosen kind of map on all of them.
func (s *Selector) bestMapped(ctx context.Context, m *Material, r *Recipe, k Kind) (model.Source, any, error) {
	at := slices.IndexFunc(r.Sources, func(s Setting) bool { return s.Kind.Name == k.Over })
	base, ok := any(nil), at >= 0
	if ok {
		base = r.Sources[at].Params
	}
	p, ok := base.(factor.Params)
	if !ok {
		return nil, nil, fmt.Errorf("%s builds on %s, which is not searched for", k.Name, k.Over)
	}
	params, how, err := s.newcomers(ctx, m, p, k)
	if err != nil {
		return nil, nil, err
	}
	s.fresh = how
	source, err := s.Fitter.Fit(ctx, m, Setting{Kind: k, Params: params})
	return source, params, err
}

// alone is what a source reaches in every case by itself.
func (s *Selector) alone(ctx context.Context, w *recommend.World, source model.Source, cases []Case) ([]float64, error) {
	models := recommend.NewModels(0, w.Models.LogTime, nil, w.Models.Encoder, Alone(source.Name())).With(source)
	contest := Contest{Place: s.Place, Cases: cases, Metrics: []evaluate.Metric{blendMetric}, Workers: s.Fitter.Workers, Resampling: evaluate.Resampling{Resamples: 1}}
	got, err := contest.Measure(ctx, Contender{Name: source.Name(), World: w.WithModels(models, w.Content)})
	if err != nil {
		return nil, err
	}
	return got.Each[blendMetric], nil
}

// Blend chooses how the sources of w are weighed for a task, by cases of it asked in a
// place.
func (s *Selector) Blend(ctx context.Context, w *recommend.World, task rank.Task, place *recommend.Place, cases []Case) (map[string]rank.Scale, Chosen, error) {
	return s.blend(ctx, w, task, place, cases, nil)
}

// blend chooses the weights for a task or, where the blend of the task is given, those
// of a place in it: nil where it is served by the task's. It goes by those of whom
// something is known, where there are enough of them: Strangers chooses for the others.
func (s *Selector) blend(ctx context.Context, w *recommend.World, task rank.Task, place *recommend.Place, cases []Case, of map[string]rank.Scale) (map[string]rank.Scale, Chosen, error) {
	s.Fitter.begins("choosing the blend for " + string(task))
	known, earlier := slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.unknown() }), s.Asked[task].len()
	if task.Of() != rank.Anchor && len(known) > 0 && len(known)+earlier >= blendLeast {
		cases = known // an item's neighbours are asked for by anybody
	}
	cases = Pick(cases, questionsIn(w))
	leftOut := func(source string) bool { // what can have no weight by held-out wishes
		return slices.Contains(s.Without, source) || !speaks(source, task) || ofNewcomers(source)
	}
	e, err := ask(ctx, w, place, cases, leftOut, lookedAt, s.Fitter.Workers)
	if err != nil {
		return nil, Chosen{}, err
	}
	e.fresh = s.fresh
	if s.Asked != nil && of == nil {
		e.join(s.Asked[task])
		s.Asked[task] = e
	}
	return e.fit(ctx, task, of)
}
