package training

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// wideShop sells so many items, each to the customers of one of ten tastes.
func wideShop(items int) *Snapshot {
	ids := catalogue.NewIDs()
	s := NewSnapshot(ids, engine.DefaultSettings())
	for n := range items {
		item := &engine.Item{ID: engine.ItemID(fmt.Sprint("item", n))}
		num, _ := ids.Assign(item.ID)
		s.Items = s.Items.With([]catalogue.Entry{{Num: num, Item: item}})
	}
	rng := rand.New(rand.NewPCG(4, 4))
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for c := range 150 {
		var rows []engine.Row
		for k := range 30 {
			r := engine.Row{Num: engine.ItemNum(rng.IntN(items/10)*10 + c%10)}
			r.Item, r.Type, r.At = ids.ID(r.Num), engine.Purchase, day.AddDate(0, 0, 3*k).Add(time.Duration(c)*time.Minute)
			rows = append(rows, r)
		}
		s.Add(engine.OfCustomer(engine.CustomerID(fmt.Sprint("c", c))), rows)
	}
	return s
}

// TestTriesAreComparedOnASketch holds that the try that serves is fitted on everything,
// though tries are told apart on the most wanted items.
func TestTriesAreComparedOnASketch(t *testing.T) {
	s := wideShop(sketchItems + 200)
	cut := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	past := s.Before(cut)
	place := s.Place([]engine.Type{engine.Purchase})
	var fits int
	selector := &Selector{Place: place, Fitter: &Fitter{Workers: 2, Watch: func(string) func() { fits++; return func() {} }}}
	world := selector.Fitter.World(past, recommend.NewModels(0, past.Newest, nil, selector.Fitter.Encoder(past), rank.DefaultBlend()))
	cases := s.NextCases(cut, s.Newest, func(engine.Type) bool { return true }, 0)
	material := past.Material()
	fits = 0
	tries := []neighbour.Params{{Lambda: 1e-3}, {Lambda: 20}, {Lambda: 20, Recent: 0.9}}
	source, params, err := selector.best(t.Context(), world, material, cases, EASE(tries...))
	if err != nil {
		t.Fatal(err)
	}
	if got := source.(*neighbour.EASE).Rows().Len(); got != material.Data().Rows.Len() || got <= sketchItems {
		t.Errorf("it serves %d items of %d", got, material.Data().Rows.Len())
	}
	chosen, ok := params.(neighbour.Params)
	served := source.(*neighbour.EASE).Params()
	want := chosen.WithDefaults()
	if want.Workers = served.Workers; !ok || !slices.Contains(tries, chosen) || served != want {
		t.Errorf("chosen is %+v of %+v, and %+v serves", chosen, tries, served)
	}
	if want := 3; fits != want { // two sketches, as one is asked in two ways, and the whole
		t.Errorf("%d fits, want %d", fits, want)
	}
}

// TestLooksAtSome holds that questions that look at some items come to the scales of those that
// look at all, and to the same scores of the same best items.
func TestLooksAtSome(t *testing.T) {
	const items, whole = 2000, 400
	s := wideShop(items)
	cut := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	past := s.Before(cut)
	fitter := &Fitter{Workers: 2}
	recipe := (&Selector{Fitter: fitter, Search: Search{Factor(factor.Params{Dims: 8}), ItemKNN(neighbour.ItemParams{})}}).Default(past.Material())
	sources, err := fitter.All(t.Context(), past.Material(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	world := fitter.World(past, recommend.NewModels(0, past.Newest, recipe.Serving(sources), fitter.Encoder(past), rank.DefaultBlend()))
	cases := s.NextCases(cut, s.Newest, func(engine.Type) bool { return true }, 0)
	exams := make([]*exam, 2)
	for i, whole := range []int{0, whole} {
		if exams[i], err = ask(t.Context(), world, s.Place([]engine.Type{engine.Purchase}), cases, func(string) bool { return false }, whole, 2); err != nil {
			t.Fatal(err)
		}
	}
	all, some := exams[0], exams[1]
	for i, scale := range all.scales {
		got := some.scales[i]
		if math.Abs(got.SD-scale.SD) > 0.03*scale.SD || math.Abs(got.Mean-scale.Mean) > 0.03*scale.SD {
			t.Errorf("%s: mean %v and SD %v, of all %v and %v", all.names[i], got.Mean, got.SD, scale.Mean, scale.SD)
		}
	}
	for c, q := range some.questions {
		full := all.questions[c]
		for k, item := range full.items {
			at, seen := slices.BinarySearch(q.items, item)
			for i, scale := range all.scales {
				if full.scores[i] == nil || q.scores[i] == nil {
					continue
				}
				raw := float64(full.scores[i][k])*scale.SD + scale.Mean
				if speaks := raw > 1e-3; !seen && speaks && isAmongBest(full, i, k) {
					t.Fatalf("question %d does not see item %d, which %s scores %v", c, item, all.names[i], raw)
				}
				if seen {
					if got := float64(q.scores[i][at])*some.scales[i].SD + some.scales[i].Mean; math.Abs(got-raw) > 1e-4*(1+math.Abs(raw)) {
						t.Fatalf("question %d: %s scores item %d %v, in a look at all %v", c, all.names[i], item, got, raw)
					}
				}
			}
		}
	}
}

// isAmongBest reports whether a question has the item at a place for one of the best 50 of a source.
func isAmongBest(q *question, source, place int) bool {
	above := 0
	for _, x := range q.scores[source] {
		if x > q.scores[source][place] {
			above++
		}
	}
	return above < 50
}

func TestSketches(t *testing.T) {
	k := EASE(neighbour.Params{Lambda: 5}.WithDefaults(), neighbour.Params{Lambda: 7, MaxItems: 300, Recent: 0.5})
	if got := k.sketches(k.Tries, sketchItems); !slices.Equal(got, k.Tries) {
		t.Errorf("of few items %+v are tried, want %+v", got, k.Tries)
	}
	want := []any{neighbour.Params{Lambda: 5, MaxItems: sketchItems}.WithDefaults(), neighbour.Params{Lambda: 7, MaxItems: 300, Recent: 0.5}}
	if got := k.sketches(k.Tries, sketchItems+1); !slices.Equal(got, want) {
		t.Errorf("of many items %+v are tried, want %+v", got, want)
	}
	r := Ridge(neighbour.RidgeParams{}, neighbour.RidgeParams{Lambda: 200}, neighbour.RidgeParams{Recent: 0.7})
	if got := r.sketches(r.Tries, 1e6); !slices.Equal(got, r.Tries) {
		t.Errorf("ridge tries %+v, want %+v", got, r.Tries)
	}
	source, err := (&Fitter{Workers: 1}).Fit(t.Context(), wideShop(100).Material(), Setting{Kind: r, Params: r.Tries[0]})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{true, false, true} {
		if got := r.among([]model.Source{source}, r.Tries[i]); (got != nil) != want {
			t.Errorf("try %d is had of the first's fit: %v, want %v", i, got != nil, want)
		}
	}
}

// TestTurns holds that every source has its turn once, that how new items are ranked follows what
// it builds on at once, and that it stays where it stands in a recipe without that.
func TestTurns(t *testing.T) {
	recipe := func(kinds ...Kind) (r Recipe) {
		for _, k := range kinds {
			r.Sources = append(r.Sources, Setting{Kind: k, Params: k.Tries[0]})
		}
		return r
	}
	for _, c := range []struct {
		recipe Recipe
		want   []int
	}{
		{recipe(EASE(), Factor(), Session(), Mapped(), Profile()), []int{0, 1, 3, 2, 4}},
		{recipe(Factor(), Mapped()), []int{0, 1}},
		{recipe(Session(), Mapped(), Markov()), []int{0, 1, 2}},
		{recipe(), []int{}},
	} {
		if got := c.recipe.turns(); !slices.Equal(got, c.want) {
			t.Errorf("the turns of %v are %v, want %v", c.recipe.Sources, got, c.want)
		}
	}
}

// TestDrop holds that a material keeps the sources that a recipe fits with the same settings, and
// no others.
func TestDrop(t *testing.T) {
	factors, rules := Factor(factor.Params{Epochs: 3}, factor.Params{Epochs: 4}), Rules()
	m := &Material{earlier: make(map[fitted]model.Source)}
	for _, s := range []Setting{{Kind: factors, Params: factors.Tries[0]}, {Kind: factors, Params: factors.Tries[1]}, {Kind: rules, Params: rules.Tries[0]}} {
		m.earlier[fitted{kind: s.Kind.Name, params: s.Params}] = nil
	}
	m.drop(Recipe{Sources: []Setting{{Kind: factors, Params: factors.Tries[1]}}})
	if _, kept := m.earlier[fitted{kind: factor.Name, params: factors.Tries[1]}]; !kept || len(m.earlier) != 1 {
		t.Errorf("left are %v", m.earlier)
	}
}
