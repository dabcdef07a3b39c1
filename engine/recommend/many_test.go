package recommend_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/recommend"
)

// whoHas is somebody who bought what a history says.
func whoHas(w *recommend.World, history []engine.Interest) *recommend.Someone {
	who := &recommend.Someone{}
	for _, in := range history {
		who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
	}
	return who
}

// What the answers of a run for many share changes no bit of them, in places that weigh sources
// differently, and while models change.
func TestManyAnswersAreThoseOfEach(t *testing.T) {
	const items, people = 1500, 60
	w := village(items, upTo(items))
	histories := modeltest.Histories(9, 300, items, 15)
	fit := func(histories [][]engine.Interest) *recommend.Models {
		var b model.Builder
		for _, h := range histories {
			b.Add(h)
		}
		ridge, err := neighbour.FitRidge(t.Context(), b.Data(w.Catalogue.IDs(), 1), neighbour.RidgeParams{K: 30})
		if err != nil {
			t.Fatal(err)
		}
		return fitModels(w, histories, everything(), 2).With(ridge)
	}
	older, newer := fit(histories[:200]), fit(histories)
	w = w.WithModels(older, older.Encode(w.Catalogue, 2))
	places := []*recommend.Place{
		open(t, w, engine.Scenario{Blend: map[string]float64{"itemknn": 1, "ease": 0.5, "ridge": 0.4, "factor": 0.7}}),
		open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}, Blend: map[string]float64{"itemknn": 0.2, "ridge": 0.7}}),
		open(t, w, engine.Scenario{Filter: `brand != "ba"`, Blend: map[string]float64{"itemknn": 0.3, "ridge": 0.1}}),
	}
	requests := []engine.Request{
		{Explain: engine.ExplainFull},
		{Count: 3, Filter: `size < 3`},
		{Boosts: []engine.Boost{{Filter: `brand == "bc"`, Add: 9}}},
		{Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "brand", Max: 1, Window: 3}}}},
		{Item: theID(12)},
		{Basket: []engine.ItemID{theID(30), theID(31)}},
	}
	many, most := recommend.ManyAfter(3), 0
	for p := range people {
		if p == people/2 {
			w = w.WithModels(newer, newer.Encode(w.Catalogue, 2))
		}
		who := whoHas(w, histories[p])
		var wanted []string
		var begun []*recommend.Begun
		for i := range requests {
			for _, place := range places {
				want := recommend.Input{World: w, Place: place, Someone: who, Request: &requests[i], Now: now}
				got := want
				want.RoughFrom(-1)
				got.Many = many
				wanted, begun = append(wanted, told(t, ask(t, &want))), append(begun, recommend.Begin(&got))
			}
		}
		if p%3 > 0 { // else each looks for itself
			many.Sweep(begun)
		}
		for i, b := range begun {
			most = max(most, b.Together())
			said, err := b.End()
			if err != nil {
				t.Fatal(err)
			}
			if told(t, said) != wanted[i] {
				t.Fatalf("answer %d of customer %d, among many:\n%s\nby itself:\n%s", i, p, told(t, said), wanted[i])
			}
		}
		if p == people/2-1 || p == people-1 {
			if joined := many.Joined(); !slices.Equal(joined, []int{2, 2}) {
				t.Errorf("after %d customers as many sources are joined as %v says, want two in each of two ways", p+1, joined)
			}
		}
	}
	if most != 3 {
		t.Errorf("up to %d sources say together what they do of all items, want two of links and the factors", most)
	}
}

// Links that would take too much room are not joined.
func TestManyLinksAreNotJoined(t *testing.T) {
	const items, people = 600, 20
	w := village(items, upTo(items))
	histories := modeltest.Histories(10, people, items, 15)
	m := fitModels(w, histories, everything(), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	place := open(t, w, engine.Scenario{Blend: map[string]float64{"itemknn": 1}})
	for most, want := range map[int]int{1: 0, 1 << 20: 1} {
		many := recommend.ManyAfter(2).Most(most)
		for p := range people {
			who := whoHas(w, histories[p])
			if _, err := recommend.Recommend(&recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Count: 4}, Now: now, Many: many}); err != nil {
				t.Fatal(err)
			}
		}
		if joined := many.Joined(); len(joined) != want {
			t.Errorf("of %d links at most, those of %v sources are joined, want %d", most, joined, want)
		}
	}
}

// Several goroutines answer side by side while links are joined.
func TestManyAnswersSideBySide(t *testing.T) {
	const items, people = 600, 80
	w := village(items, upTo(items))
	histories := modeltest.Histories(10, people, items, 15)
	m := fitModels(w, histories, everything(), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	place := open(t, w, engine.Scenario{Blend: map[string]float64{"itemknn": 1}})
	many := recommend.ManyAfter(10)
	input := func(p int) *recommend.Input {
		who := whoHas(w, histories[p])
		return &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Count: 4}, Now: now}
	}
	var working sync.WaitGroup
	for worker := range 4 {
		working.Go(func() {
			for p := worker; p < people; p += 4 {
				got, want := input(p), input(p)
				got.Many = many
				want.RoughFrom(-1)
				said, err := recommend.Recommend(got)
				wanted, errWanted := recommend.Recommend(want)
				if err != nil || errWanted != nil || told(t, said) != told(t, wanted) {
					t.Errorf("customer %d, among many: %v, %v; by itself: %v, %v", p, said.Items, err, wanted.Items, errWanted)
				}
			}
		})
	}
	working.Wait()
	if joined := many.Joined(); len(joined) != 1 {
		t.Errorf("links are joined for %d ways of weighing them, want 1", len(joined))
	}
}
