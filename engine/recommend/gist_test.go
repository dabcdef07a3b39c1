package recommend_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// What is kept of somebody in brief changes no bit of an answer, while items change their
// words, others come, things sell, time passes, and places weigh the sources differently.
func TestGistsAnswerAsAllOfIt(t *testing.T) {
	const items, first = 600, 500
	blend := everything()
	for _, task := range []rank.Task{rank.Person, rank.Repeat} {
		if blend[task] == nil {
			blend[task] = map[string]rank.Scale{}
		}
		for name, weight := range map[string]float64{
			"factor": 0.5, "ease": 0.4, "itemknn": 0.2, "content": 0.9, "embed": 0.3, "buy_again": 0.8, "tifu": 0.4, "session": 0.004,
			"newcomers": 0.5, "popular": 0.5, "trending": 0.3,
		} {
			blend[task][name] = rank.Scale{Weight: weight, Mean: 0.1, SD: 0.3}
		}
	}
	w := village(items, upTo(items))
	histories := modeltest.Histories(3, 200, first, 12)
	m := fitModels(w, histories, blend, 2)
	w = w.WithModels(m, m.Encode(w.Catalogue))
	places := []*recommend.Place{
		open(t, w, engine.Scenario{}),
		open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}}),
		open(t, w, engine.Scenario{Blend: map[string]float64{"content": 3, "factor": 0}}),
	}
	var people []*recommend.Someone
	for p := range 6 {
		who := &recommend.Someone{}
		for _, in := range histories[p] {
			who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
		}
		who.Keep()
		people = append(people, who)
	}
	rng, at, gists := rand.New(rand.NewPCG(4, 5)), now, 0
	for n := range 400 {
		switch rng.IntN(6) {
		case 0: // what was wanted becomes like something else
			in := histories[rng.IntN(len(people))]
			item := *w.Catalogue.Item(in[rng.IntN(len(in))].Item)
			item.Title = w.Catalogue.Item(engine.ItemNum(rng.IntN(items))).Title
			num, _ := w.Catalogue.IDs().Num(item.ID)
			w = withItem(w, num, &item)
		case 1:
			num := engine.ItemNum(rng.IntN(items))
			item := *w.Catalogue.Item(num)
			item.Title += " " + w.Catalogue.Item(engine.ItemNum(rng.IntN(items))).Title
			w = w.WithItems([]catalogue.Entry{{Num: num, Item: &item}})
		case 2:
			w = w.WithRows(purchases(w.Catalogue.IDs(), theID(rng.IntN(items))))
		case 3:
			at = at.Add(time.Duration(rng.IntN(48)) * time.Hour)
		}
		request := &engine.Request{Count: 3 + rng.IntN(8)}
		if rng.IntN(4) == 0 {
			request.Boosts = []engine.Boost{{Filter: `brand == "bc"`, Add: rng.Float64()*4 - 2}}
		}
		if rng.IntN(4) == 0 {
			request.Filter = `size < 2`
		}
		got := &recommend.Input{World: w, Place: places[rng.IntN(len(places))], Someone: people[rng.IntN(len(people))], Request: request, Now: at}
		plain := *got.Someone // of a copy nothing is kept
		want := *got
		want.Someone = &plain
		want.RoughFrom(-1)
		got.GistItems(60)
		if said, wanted := ask(t, got), ask(t, &want); told(t, said) != told(t, wanted) {
			t.Fatalf("request %d, in brief:\n%s\nall of it:\n%s", n, told(t, said), told(t, wanted))
		}
		gists = max(gists, got.Gists())
	}
	if gists < 2 {
		t.Errorf("at most %d gists of somebody, want one for each way that places weigh", gists)
	}
}

// Of who has nearly all that stands highest, a gist that tells nothing gives way to a larger one,
// which tells as much as all of it; and no other gist grows.
func TestGistsGrowWhereTheyAreShort(t *testing.T) {
	const items = 600
	w := village(items, upTo(items))
	histories := modeltest.Histories(3, 200, items, 12)
	blend := everything()
	blend[rank.Person] = map[string]rank.Scale{"factor": {Weight: 1, SD: 0.3}, "ease": {Weight: 1, SD: 0.3}}
	m := fitModels(w, histories, blend, 2)
	w = w.WithModels(m, m.Encode(w.Catalogue))
	of := func(p int) *recommend.Input {
		who := &recommend.Someone{}
		all := histories[p : p+1]
		if p%2 == 0 { // some have what fifty others bought
			all = histories[p : p+50]
		}
		for _, in := range slices.Concat(all...) {
			who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
		}
		who.Keep()
		return &recommend.Input{World: w, Place: open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}}), Someone: who, Request: &engine.Request{Count: 4}, Now: now}
	}
	grew := 0
	for p := range 40 {
		in := of(p)
		plain := *in.Someone
		without := *in
		without.Someone = &plain
		want := told(t, ask(t, &without))
		var sizes []int
		in.GistItems(64)
		ask(t, in) // nothing is kept of the first
		for range 5 {
			if got := told(t, ask(t, in)); got != want {
				t.Fatalf("customer %d, with gists:\n%s\nwithout:\n%s", p, got, want)
			}
			size, _ := in.Gist()
			sizes = append(sizes, size)
		}
		if _, short := in.Gist(); short && sizes[len(sizes)-1]*4 <= items {
			t.Errorf("customer %d: a gist of %d is short and no larger one is made", p, sizes[len(sizes)-1])
		}
		if !slices.IsSorted(sizes) {
			t.Errorf("customer %d: gists of %d items, one after the other", p, sizes)
		}
		if sizes[4] > sizes[0] {
			grew++
		}
	}
	if grew == 0 || grew == 40 {
		t.Errorf("the gists of %d of 40 customers grew", grew)
	}
}
