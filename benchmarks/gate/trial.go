package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/benchmarks/invent"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// trial is one shop, what serves in it, and what it is asked.
type trial struct {
	shop      invent.Shop
	ids       *catalogue.IDs
	histories map[engine.Subject][]engine.Row
	snap      *training.Snapshot
	blend     rank.Blend
	workers   int
	incumbent *recommend.World
	contest   *training.Contest
	reached   *training.Measured
}

// The last tenth of the year is asked, the tenth before it chooses the blend.
var (
	chooseFrom = invent.Opened.Add(292 * 24 * time.Hour)
	askFrom    = invent.Opened.Add(328 * 24 * time.Hour)
	end        = invent.Opened.Add(366 * 24 * time.Hour)
)

func purchases(t engine.Type) bool { return t == engine.Purchase }

// newTrial invents a shop, chooses its blend and fits what serves.
func newTrial(ctx context.Context, shop invent.Shop, workers int) (*trial, error) {
	t := &trial{shop: shop, ids: catalogue.NewIDs(), workers: workers}
	t.histories = shop.Histories(t.ids)
	t.snap = t.snapshot(func(engine.Row) bool { return true })
	place := t.snap.Place(t.snap.Types())
	early, _, err := t.fit(ctx, t.snap.Before(chooseFrom), 0)
	if err != nil {
		return nil, err
	}
	selector := training.Selector{Fitter: &training.Fitter{Workers: workers}, Place: place}
	scales, _, err := selector.Blend(ctx, early, rank.Person, place, t.snap.NextCases(chooseFrom, askFrom, purchases, 1000))
	if err != nil {
		return nil, err
	}
	t.blend = rank.DefaultBlend()
	t.blend[rank.Person] = scales
	past := t.snap.Before(askFrom)
	if t.incumbent, _, err = t.fit(ctx, past, 0); err != nil {
		return nil, err
	}
	bg := evaluate.Background{}
	for n := range t.snap.Items.Items() {
		bg.Items = append(bg.Items, n)
	}
	t.contest = &training.Contest{
		Place: place, Cases: t.snap.NextCases(askFrom, end, purchases, 0), Metrics: training.GateMetrics(),
		Background: bg, Workers: workers,
	}
	t.reached, err = t.contest.Measure(ctx, training.Contender{Name: "incumbent", World: t.incumbent})
	return t, err
}

// snapshot is the shop's log, of the rows that are kept.
func (t *trial) snapshot(keep func(engine.Row) bool) *training.Snapshot {
	s := training.NewSnapshot(t.ids, engine.DefaultSettings())
	items := make([]catalogue.Entry, t.shop.Items)
	for i := range items {
		items[i] = catalogue.Entry{Num: engine.ItemNum(i), Item: &engine.Item{ID: invent.ID(i)}}
	}
	s.Items = s.Items.With(items)
	for _, who := range t.shop.Subjects() {
		var rows []engine.Row
		for _, r := range t.histories[who] {
			if keep(r) {
				rows = append(rows, r)
			}
		}
		s.Add(who, rows)
	}
	return s
}

// fit fits the cheapest recipe that knows tastes, and returns its world.
func (t *trial) fit(ctx context.Context, s *training.Snapshot, seed uint64) (*recommend.World, []model.Source, error) {
	fitter := &training.Fitter{Workers: t.workers, Seed: seed}
	recipe := training.Recipe{Sources: []training.Setting{{
		Kind: training.Factor(), Params: factor.Params{Dims: 16, Lambda: 0.02, Alpha0: 0.3, Epochs: 8}.WithDefaults(),
	}}}
	sources, err := fitter.All(ctx, s.Material(), recipe)
	if err != nil {
		return nil, nil, err
	}
	models := recommend.NewModels(1, s.Newest, recipe.Serving(sources), text.Untrained(recommend.EncoderDims), t.blend)
	return s.World(models), sources, nil
}

// verdict is what the gate said of one fault.
type verdict struct {
	fault   string
	refused int // 1 or 0
	change  float64
}

func (v verdict) String() string {
	word := "accepted"
	if v.refused == 1 {
		word = "refused"
	}
	return fmt.Sprintf("%s (%+.1f %%)", word, 100*v.change)
}

// all plants every fault and asks the gate.
func (t *trial) all(ctx context.Context, share float64) ([]verdict, error) {
	past := t.snap.Before(askFrom)
	again, _, err := t.fit(ctx, past, t.shop.Seed+1)
	if err != nil {
		return nil, err
	}
	fewer, err := t.thinned(ctx, share)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(t.shop.Seed, 77))
	faults := []struct {
		name  string
		world *recommend.World
	}{
		{"missing", fewer},
		{"identical", again},
		{"shuffled", t.twisted(shuffled(rng, t.shop.Items))},
		{"nan", t.twisted(func(_ []engine.ItemNum, out []float32) { out[0] = float32(math.NaN()) })},
		{"narrow", t.narrow()},
	}
	var out []verdict
	for _, f := range faults {
		v, err := t.ask(ctx, f.name, f.world)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// ask asks the gate of a candidate.
func (t *trial) ask(ctx context.Context, fault string, candidate *recommend.World) (verdict, error) {
	got, err := t.contest.Measure(ctx, training.Contender{Name: fault, World: candidate})
	if err != nil {
		return verdict{}, err
	}
	metric := training.GateMetrics()[0].String()
	base := t.reached.Report.Metrics[metric].Value
	v := verdict{fault: fault, change: (got.Report.Metrics[metric].Value - base) / base}
	err = errors.Join(training.Judge(got, t.reached), training.Sound(ctx, candidate, t.contest.Place, training.Pick(t.contest.Cases, 100), t.workers))
	switch {
	case errors.Is(err, training.ErrRefused):
		v.refused = 1
	case err != nil:
		return v, err
	}
	return v, nil
}

// thinned is fitted without a share of the events, but serves with all that happened.
func (t *trial) thinned(ctx context.Context, share float64) (*recommend.World, error) {
	rng := rand.New(rand.NewPCG(t.shop.Seed, 99))
	rest := t.snapshot(func(engine.Row) bool { return rng.Float64() >= share })
	world, _, err := t.fit(ctx, rest.Before(askFrom), 0)
	if err != nil {
		return nil, err
	}
	return t.incumbent.WithModels(world.Models, t.incumbent.Content), nil
}

// twisted is what serves, with the scores of its factors changed.
func (t *trial) twisted(twist func(items []engine.ItemNum, out []float32)) *recommend.World {
	m := t.incumbent.Models
	fitted := slices.Clone(m.Fitted)
	for i, f := range fitted {
		fitted[i] = twister{f, twist}
	}
	return t.incumbent.WithModels(recommend.NewModels(m.Version, m.LogTime, fitted, m.Encoder, m.Blend), t.incumbent.Content)
}

// narrow shows fewer than half of the items that what serves shows: the popular ones.
func (t *trial) narrow() *recommend.World {
	now := askFrom
	order := make([]engine.ItemNum, t.shop.Items)
	for i := range order {
		order[i] = engine.ItemNum(i)
	}
	counters := t.incumbent.Counters
	slices.SortFunc(order, func(a, b engine.ItemNum) int {
		return cmp.Compare(counters.Value(b, 0, now), counters.Value(a, 0, now))
	})
	lost := roaring.New()
	shown := t.reached.Report.Metrics[training.GateMetrics()[1].String()].Value * float64(len(order))
	for _, n := range order[int(0.45*shown):] {
		lost.Add(uint32(n))
	}
	return t.twisted(func(items []engine.ItemNum, out []float32) {
		for i, n := range items {
			if lost.Contains(uint32(n)) {
				out[i] -= 1000
			}
		}
	})
}

// shuffled gives every item the factors of another.
func shuffled(rng *rand.Rand, items int) func([]engine.ItemNum, []float32) {
	other := rng.Perm(items)
	return func(nums []engine.ItemNum, out []float32) {
		scores := make(map[engine.ItemNum]float32, len(nums))
		for i, n := range nums {
			scores[n] = out[i]
		}
		for i, n := range nums {
			out[i] = scores[engine.ItemNum(other[n])] // 0 of what is not asked for
		}
	}
}

// twister is a source whose scores are changed on their way out.
type twister struct {
	model.Saver
	twist func(items []engine.ItemNum, out []float32)
}

func (t twister) Open(q *model.Query) model.Scorer { return twisted{t.Saver.Open(q), t.twist} }

type twisted struct {
	model.Scorer
	twist func(items []engine.ItemNum, out []float32)
}

func (t twisted) Score(items []engine.ItemNum, out []float32) {
	t.Scorer.Score(items, out)
	t.twist(items, out)
}
