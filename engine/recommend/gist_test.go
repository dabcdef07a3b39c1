package recommend_test

import (
	"maps"
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
// words, prices and stock, go and come back, others come, things sell, time passes, and places
// weigh the sources differently.
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
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
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
	rng, at, gists, stayed := rand.New(rand.NewPCG(4, 5)), now, 0, 0
	for n := items; n < items+20; n++ {
		w.Catalogue.IDs().Assign(theID(n))
	}
	title := func() string { return w.Catalogue.Item(engine.ItemNum(rng.IntN(first))).Title }
	for n := range 800 {
		num := engine.ItemNum(rng.IntN(w.Catalogue.Len()))
		item := engine.Item{ID: theID(int(num))}
		there := w.Catalogue.Item(num) != nil
		if there {
			item = *w.Catalogue.Item(num)
		}
		switch rng.IntN(12) {
		case 0: // what was wanted becomes like something else
			in := histories[rng.IntN(len(people))]
			wanted := in[rng.IntN(len(in))].Item
			item = *w.Catalogue.Item(wanted)
			item.Title = title()
			w = withItem(w, wanted, &item)
		case 1:
			item.Title += " " + title()
			w = withItem(w, num, &item)
		case 2:
			w = w.WithRows(purchases(w.Catalogue.IDs(), theID(rng.IntN(items))))
		case 3:
			at = at.Add(time.Duration(rng.IntN(48)) * time.Hour)
		case 4, 5, 6, 7: // what shops send all day
			item.Price, item.Stock, item.Hidden = new(rng.Float64()), new(rng.Int64N(3)), rng.IntN(8) == 0
			content := w.Content
			if w = withItem(w, num, &item); there && w.Content == content {
				stayed++
			}
		case 8: // the last ones most: what comes then lies beyond
			num = engine.ItemNum(max(first, w.Catalogue.Len()-1-rng.IntN(3)))
			w = withItem(w, num, nil)
		case 9: // it comes back, or for the first time, some without a word
			num = engine.ItemNum(first + rng.IntN(items+20-first))
			if item = (engine.Item{ID: theID(int(num)), Published: new(now)}); rng.IntN(2) == 0 {
				item.Title = title()
			}
			w = withItem(w, num, &item)
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
	if stayed < 100 {
		t.Errorf("%d changes of price or stock left the content as it was", stayed)
	}
}

// A change of price or stock leaves a gist as it is; one of words
// ends it, and so does an item beyond those it was made of, though that has no words.
func TestGistsOutliveWhatTheyDoNotHangOn(t *testing.T) {
	const items, first = 600, 500
	whole := village(items, upTo(items))
	histories := modeltest.Histories(3, 400, items, 12)
	blend := everything()
	blend[rank.Person] = map[string]rank.Scale{"factor": {Weight: 1, SD: 0.3}, "ease": {Weight: 1, SD: 0.3}, "content": {Weight: 0.01, SD: 0.3}}
	m := fitModels(whole, histories, blend, 2)
	var last []catalogue.Entry // those whom the models know, and the shop no longer
	for n := first; n < items; n++ {
		last = append(last, catalogue.Entry{Num: engine.ItemNum(n)})
	}
	w := whole.WithItems(last)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	who := &recommend.Someone{}
	for _, in := range histories[0] {
		who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
	}
	who.Keep()
	place := open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}})
	gist := func(w *recommend.World) any {
		t.Helper()
		in := &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Count: 8}, Now: now}
		in.GistItems(60)
		plain := *who
		without := *in
		without.Someone = &plain
		if got, want := told(t, ask(t, in)), told(t, ask(t, &without)); got != want {
			t.Fatalf("with what was kept:\n%s\nwithout:\n%s", got, want)
		}
		return in.NewestGist()
	}
	gist(w) // nothing is kept of the first
	kept := gist(w)
	if kept == nil {
		t.Fatal("there is no gist")
	}
	dearer := *w.Catalogue.Item(7)
	dearer.Price, dearer.Stock, dearer.Attributes = new(12.5), new(int64(3)), maps.Clone(dearer.Attributes)
	dearer.Attributes["size"] = 7.0
	if w = withItem(w, 7, &dearer); gist(w) != kept {
		t.Error("a price, a stock or a number ended it")
	}
	other := dearer
	other.Title += " of brass"
	w = withItem(w, 7, &other)
	worded := gist(w)
	if worded == kept {
		t.Error("other words did not end it")
	}
	content := w.Content
	for i := range last {
		last[i].Item = &engine.Item{ID: theID(first + i)}
	}
	if w = w.WithItems(last); w.Content != content {
		t.Fatal("items without words changed the content vectors")
	}
	if gist(w) == worded {
		t.Error("items beyond those it was made of did not end it")
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
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
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
