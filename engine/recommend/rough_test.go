package recommend_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/recommend"
)

// What is left out because it is roughly told to be worth less changes no bit of an answer,
// whatever is asked in whatever shop.
func TestRoughlyToldIsAsScored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t, 60)
		someone := drawSomeone(t, s)
		someone.Keep()
		gistItems := rapid.IntRange(-1, 8).Filter(func(n int) bool { return n != 0 }).Draw(t, "gist")
		for range 4 {
			a := drawAsked(t, s)
			a.in.World, a.in.Someone, a.in.Now = s.world, someone, now
			if rapid.Bool().Draw(t, "few") {
				a.in.Request.Count = rapid.IntRange(1, 3).Draw(t, "count")
			}
			plain, stranger := *a.in, *someone // of a copy nothing is kept
			plain.Someone = &stranger
			plain.RoughFrom(-1)
			a.in.RoughFrom(1)
			a.in.GistItems(gistItems)
			checkTold(t, a.in, rapid.IntRange(1, 8).Draw(t, "looks"))
			got, err := recommend.Recommend(a.in)
			want, errWanted := recommend.Recommend(&plain)
			if err != nil || errWanted != nil {
				t.Fatal(err, errWanted)
			}
			if said, wanted := told(t, got), told(t, want); said != wanted {
				t.Fatalf("told roughly:\n%s\nscored:\n%s", said, wanted)
			}
		}
	})
}

// checkTold holds what is told to be worth scoring against the scores of all: what is left out
// scores no more than unseen, and less than n of those that are not.
func checkTold(t rapid.TB, in *recommend.Input, n int) (left int) {
	t.Helper()
	told, all, unseen, ok, err := in.TellRoughly(n)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return 0
	}
	above, scores := 0, map[engine.ItemNum]float64{}
	for _, s := range told {
		if scores[s.Item] = s.Score; s.Score > unseen {
			above++
		}
	}
	if above < n || len(scores) != len(told) {
		t.Fatalf("of %d that are told, %d different ones, %d score above %v; want %d", len(told), len(scores), above, unseen, n)
	}
	for _, s := range all {
		score, is := scores[s.Item]
		switch {
		case is && score != s.Score:
			t.Fatalf("item %d scores %v among few, %v among all", s.Item, score, s.Score)
		case !is && s.Score > unseen:
			t.Fatalf("item %d scores %v and is left out, as if nothing scored above %v", s.Item, s.Score, unseen)
		case !is:
			left++
		}
		delete(scores, s.Item)
	}
	if len(scores) > 0 {
		t.Fatalf("told and not eligible: %v", scores)
	}
	return left
}

// The same in a shop of some thousand items with every source there is, where most is left out.
func TestRoughlyToldOfManyIsAsScored(t *testing.T) {
	const items, people = 3000, 40
	w := village(items, upTo(items))
	histories := modeltest.Histories(8, 400, items, 15)
	m := fitModels(w, histories, everything(), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	rng := rand.New(rand.NewPCG(2, 3))
	for n := range 60 { // sold out, hidden and new ones, so that numbers have gaps
		w = w.WithRows(purchases(w.Catalogue.IDs(), theID(n*7%items), theID(rng.IntN(items))))
	}
	places := []*recommend.Place{
		open(t, w, engine.Scenario{}), open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}}),
		open(t, w, engine.Scenario{Filter: `brand != "ba"`}),
	}
	requests := []engine.Request{
		{},
		{Count: 3, Filter: `size < 3`},
		{Boosts: []engine.Boost{{Filter: `brand == "bc"`, Add: 9}, {Filter: `size == 0`, Add: -9}}},
		{Arrangement: engine.Arrangement{Pins: []engine.Pin{{Item: theID(1999), Rank: 2}, {Item: theID(4), Rank: 3}}}},
		{Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "brand", Max: 1, Window: 3}}}},
		{Count: 20, Arrangement: engine.Arrangement{Diversity: new(0.4)}},
		{Arrangement: engine.Arrangement{MinRelevance: new(0.5)}},
		{Item: theID(12)},
		{Basket: []engine.ItemID{theID(30), theID(31)}},
		{Query: "lamp red"},
	}
	left, asked, gists := 0, 0, 0
	for p := range people {
		who := &recommend.Someone{}
		if p > 0 { // else a stranger
			for _, in := range histories[p] {
				who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
			}
		}
		who.Keep()
		for i := range requests {
			for _, place := range places {
				got := &recommend.Input{World: w, Place: place, Someone: who, Request: &requests[i], Now: now}
				left, asked = left+checkTold(t, got, 1+p), asked+1
				plain := *who // of a copy nothing is kept
				want := *got
				want.Someone = &plain
				want.RoughFrom(-1)
				if said, wanted := ask(t, got), ask(t, &want); told(t, said) != told(t, wanted) {
					t.Fatalf("request %d of customer %d, told roughly:\n%s\nscored:\n%s", i, p, told(t, said), told(t, wanted))
				}
			}
		}
		gists += (&recommend.Input{World: w, Someone: who}).Gists()
	}
	if gists < people-1 {
		t.Errorf("%d gists of %d customers with a history", gists, people-1)
	}
	if left < asked*items/2 {
		t.Errorf("%d of %d requests for one of %d items are left out, want half or more", left, asked, items)
	}
}
