package training

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Time is cut in three: [start, t1) fits, [t1, t2) chooses settings and blend, [t2, end]
// compares. t1 and t2 are where these shares of the wished-for events lie.
const (
	chooseFrom  = 0.8
	compareFrom = 0.9
)

// testCases is how many held-out questions the table of all sources is made of at most,
// gateCases how many candidate and incumbent are compared on, and gateLeast how many it
// needs to refuse anything. On 2,000 questions NDCG@10 moves by some 5 % of itself by
// chance, and only what costs a tenth of it is seen; on 10,000 what costs a twentieth is.
const (
	testCases = 2000
	gateCases = 10_000
	gateLeast = 300
)

// run is one training on one snapshot.
type run struct {
	Selector
	snap    *Snapshot
	target  func(engine.Type) bool
	places  []engine.Scenario // that the shop has
	report  *Report
	sensing sensing
	warm    *factor.Model // to begin the last fit with, nil for none
}

// chosen is what the search came to.
type chosen struct {
	recipe Recipe
	blend  rank.Blend
}

// wished reports whether a type is something to predict: what people want, as far as
// the settings give it at least half a purchase's weight; any positive one in a log
// without such.
func (s *Snapshot) wished() func(engine.Type) bool { return wished(&s.Settings, s.types.names) }

func wished(settings *engine.Settings, types []engine.Type) func(engine.Type) bool {
	strong := func(t engine.Type) bool {
		w := settings.Types[t].Weight
		return w > 0 && w >= 0.5*settings.Types[engine.Purchase].Weight
	}
	if slices.ContainsFunc(types, strong) {
		return strong
	}
	return func(t engine.Type) bool { return settings.Types[t].Weight > 0 }
}

// cuts returns t1 and t2; uncut, where it is not "", says why the log cannot be cut there.
func (s *Snapshot) cuts(target func(engine.Type) bool) (t1, t2 time.Time, uncut string) {
	at := make([]int64, 0, s.Events)
	for _, p := range s.People {
		for _, e := range p.events {
			if target(s.types.of(&e)) {
				at = append(at, e.at)
			}
		}
	}
	slices.Sort(at)
	from, to := int(chooseFrom*float64(len(at))), int(compareFrom*float64(len(at)))
	if from == to {
		return t1, t2, fmt.Sprintf("%d events of what is wished for are too few to hold some out", len(at))
	}
	t1, t2 = time.Unix(0, at[from]).UTC(), time.Unix(0, at[to]).UTC()
	if at[0] < at[from] && at[from] < at[to] {
		return t1, t2, ""
	}
	first, _ := slices.BinarySearch(at, at[from])
	past, _ := slices.BinarySearch(at, at[from]+1)
	return t1, t2, fmt.Sprintf("%.0f %% of the events of what is wished for are of one instant, %s, and cannot be told into earlier and later ones",
		100*float64(past-first)/float64(len(at)), t1.Format(time.RFC3339))
}

// choose fits on what lies before t1 and chooses settings and blends on [t1, t2).
func (r *run) choose(ctx context.Context, t1, t2 time.Time) (chosen, error) {
	past := r.snap.Before(t1)
	material := past.Material()
	got := chosen{recipe: r.Default(material), blend: rank.DefaultBlend()}
	if material.Rows().Len() == 0 {
		return got, nil
	}
	tasks := r.tasks(t1, t2)
	world := r.Fitter.World(past, recommend.NewModels(0, past.Newest, nil, r.Fitter.Encoder(past), rank.DefaultBlend()))
	base, recipe, err := r.Sources(ctx, world, material, Pick(tasks[0].cases, settingCases))
	if err != nil {
		return got, err
	}
	got.recipe = recipe
	got.blend[rank.Cold] = r.ColdBlend()
	models := recommend.NewModels(0, past.Newest, recipe.Serving(base), world.Models.Encoder, rank.DefaultBlend())
	world = world.WithModels(models, world.Content)
	return got, r.blends(ctx, world, tasks, r.stages(t1, t2), got.blend)
}

// settingCases is on how many held-out questions the settings of a source are chosen at
// most: each try is asked all of them.
const settingCases = 1000

// compare refits candidate and incumbent on what lies before t2, measures both on what
// came after, beside every source alone, and writes the table.
func (r *run) compare(ctx context.Context, t2 time.Time, candidate chosen, incumbent *chosen) (new, old *Measured, err error) {
	past := r.snap.Before(t2)
	all := r.snap.NextCases(t2, r.snap.Newest.Add(1), r.target, gateCases)
	cases := Pick(all, testCases)
	contest := &Contest{
		Place: r.Place, Cases: cases, Workers: r.Fitter.Workers, Step: r.Fitter.Step,
		Metrics:    tableMetrics,
		Background: r.background(past),
		Resampling: evaluate.Resampling{Seed: r.Fitter.Seed},
	}
	material := past.Material()
	world, err := r.fitted(ctx, material, candidate)
	if err != nil {
		return nil, nil, err
	}
	table := &evaluate.Report{Dataset: r.dataset(past, cases), Protocol: evaluate.Protocol{
		Split: fmt.Sprintf("what each customer wanted first from %s on", t2.Format(time.DateOnly)), Repeats: "exclude", Seed: r.Fitter.Seed,
	}}
	r.report.Table = table
	if n := table.Dataset.Unreachable; n > 0 {
		table.Warnings = append(table.Warnings, fmt.Sprintf("%d of %d held-out targets are items that only events name: import the items, or they are never shown", n, table.Dataset.Targets))
	}
	var alone []*Measured
	for _, s := range world.Models.Sources() {
		name := s.Name()
		if slices.Contains([]string{"trending", "newest", repeat.Name}, name) || ofNewcomers(name) {
			continue // they make a list fresh, or speak of what is not new
		}
		got, err := contest.Measure(ctx, Contender{Name: name, World: world.WithModels(world.Models.WithBlend(Alone(name)), world.Content), Fit: r.Fitter.Took[name]})
		if err != nil {
			return nil, nil, err
		}
		alone = append(alone, got)
		table.Models = append(table.Models, got.Report)
	}
	if incumbent == nil {
		all = cases // nobody asks for more
	}
	duel := Contest{Place: r.Place, Cases: all, Workers: r.Fitter.Workers, Step: r.Fitter.Step, Metrics: gateMetrics, Background: contest.Background, Resampling: contest.Resampling}
	// asked asks on all cases, and judges on some of them for the table.
	asked := func(who Contender) (inTable, inDuel *Measured, err error) {
		outcomes, err := duel.Ask(ctx, who, all)
		if err != nil {
			return nil, nil, err
		}
		inTable = contest.Judge(who, Pick(outcomes, testCases))
		table.Models = append(table.Models, inTable.Report)
		return inTable, duel.Judge(who, outcomes), nil
	}
	best, new, err := asked(Contender{Name: "best", World: world})
	if err != nil {
		return nil, nil, err
	}
	for _, a := range alone {
		table.Paired = append(table.Paired, contest.Compare(best, a, blendMetric))
	}
	if incumbent != nil {
		material.drop(incumbent.recipe) // two sets of sources take the most memory of all
		if world, err = r.fitted(ctx, material, *incumbent); err != nil {
			return nil, nil, err
		}
		serves, was, err := asked(Contender{Name: "incumbent", World: world})
		if err != nil {
			return nil, nil, err
		}
		table.Paired = append(table.Paired, contest.Compare(best, serves, blendMetric))
		old = was
	}
	table.AdjustPaired()
	return new, old, nil
}

// tableMetrics are what a training's table shows.
var tableMetrics = []evaluate.Metric{{Name: "ndcg", K: 10}, {Name: "recall", K: 10}, {Name: "hr", K: 10}, {Name: "coverage", K: 10}}

// fitted is the shop of a material's snapshot under one choice, fitted on it.
func (r *run) fitted(ctx context.Context, m *Material, c chosen) (*recommend.World, error) {
	sources, err := r.Fitter.All(ctx, m, c.recipe)
	if err != nil {
		return nil, err
	}
	s := m.snap
	return r.Fitter.World(s, recommend.NewModels(0, s.Newest, c.recipe.Serving(sources), r.Fitter.Encoder(s), c.blend)), nil
}

func (r *run) background(s *Snapshot) evaluate.Background {
	var bg evaluate.Background
	for known := s.Items.Known().Iterator(); known.HasNext(); {
		bg.Items = append(bg.Items, engine.ItemNum(known.Next()))
	}
	return bg
}

func (r *run) dataset(past *Snapshot, cases []Case) evaluate.Dataset {
	d := evaluate.Dataset{
		Interactions: r.snap.Events, Customers: len(r.snap.People), Items: r.snap.items(),
		Train: past.Events, Test: r.snap.Events - past.Events, TestCustomers: len(cases),
	}
	known := r.snap.Items.Known()
	for _, c := range cases {
		d.Targets += len(c.Targets)
		for _, n := range c.Targets {
			if !known.Contains(uint32(n)) {
				d.Unreachable++
			}
		}
	}
	return d
}

// train runs the whole of it and returns models that are ready to be saved.
func (r *run) train(ctx context.Context, incumbent *chosen) (*recommend.Models, error) {
	candidate := chosen{blend: rank.DefaultBlend()}
	t1, t2, uncut := r.snap.cuts(r.target)
	if uncut == "" {
		r.report.ChooseFrom, r.report.CompareFrom = t1, t2
		var err error
		if candidate, err = r.choose(ctx, t1, t2); err != nil {
			return nil, err
		}
		now, before, err := r.compare(ctx, t2, candidate, incumbent)
		if err != nil {
			return nil, err
		}
		switch n := len(now.Each[blendMetric]); {
		case before == nil:
			r.report.Comparison = "there was no model to compare with"
		case n < gateLeast:
			r.report.Comparison = fmt.Sprintf("skipped: %d held-out customers, %d are needed", n, gateLeast)
		default:
			r.report.Comparison = fmt.Sprintf("compared on %d held-out customers", n)
			if err := Judge(now, before); err != nil {
				return nil, err
			}
		}
	} else {
		r.report.Comparison = "skipped: " + uncut
	}
	all := r.snap.Material()
	if uncut != "" {
		candidate.recipe = r.Default(all)
	}
	r.report.Recipe, r.report.Blend = candidate.recipe, candidate.blend
	r.Fitter.begins("fitting on everything")
	r.Fitter.warm = r.warm
	sources, err := r.Fitter.All(ctx, all, candidate.recipe)
	if err != nil {
		return nil, err
	}
	if err := candidate.blend.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	r.report.Warm = r.Fitter.warmed
	r.report.Seconds = make(map[string]float64)
	for what, took := range maps.All(r.Fitter.Took) {
		r.report.Seconds[what] = took.Seconds()
	}
	models := recommend.NewModels(r.report.Version, r.snap.Newest, candidate.recipe.Serving(sources), r.Fitter.Encoder(r.snap), candidate.blend)
	world := r.Fitter.World(r.snap, models)
	if err := Sound(ctx, world, r.Place, r.snap.somebody(soundIn(r.snap.items())), r.Fitter.Workers); err != nil {
		return nil, err
	}
	return r.taught(ctx, world)
}

// taught returns a world's models with what tickets teach.
func (r *run) taught(ctx context.Context, w *recommend.World) (*recommend.Models, error) {
	knowledge, err := r.teach(ctx, w)
	if err != nil {
		return nil, err
	}
	sorter, err := r.triage(ctx, w)
	return w.Models.WithDesk(knowledge).WithTriage(sorter), err
}
