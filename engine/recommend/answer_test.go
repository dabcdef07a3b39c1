package recommend_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
)

// An item is given back with the properties that were asked for.
func TestReturnedProperties(t *testing.T) {
	w := village(3, upTo(3))
	it := w.Catalogue.Item(1).Clone()
	it.Attributes["title"], it.Price, it.Language = "the attribute", new(2.5), "en"
	w = withItem(w, 1, &it)
	for _, c := range []struct{ names, want []string }{
		{nil, nil},
		{[]string{"title", "brand", "url", "item_id"}, []string{"brand", "title"}},
		{[]string{"*"}, []string{"brand", "categories", "language", "price", "size", "title"}},
	} {
		answer := ask(t, &recommend.Input{
			World: w, Place: open(t, w, engine.Scenario{}), Someone: &recommend.Someone{},
			Request: &engine.Request{Filter: `item_id == "i001"`, ReturnProperties: c.names},
		})
		got := answer.Items[0].Properties
		if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, c.want) || c.want != nil && got["title"] != it.Title {
			t.Errorf("asked for %v: %v", c.names, got)
		}
	}
}

// Why a list is empty is said.
func TestEmptyReasons(t *testing.T) {
	empty := recommend.NewWorld(catalogue.NewIDs(), engine.DefaultSettings())
	w := trained(10, 9)
	for want, in := range map[string]*recommend.Input{
		engine.EmptyCatalogue: {World: empty, Request: &engine.Request{}},
		engine.EmptyFilter:    {World: w, Request: &engine.Request{Filter: "false"}},
		engine.EmptyRelevance: {World: w, Request: &engine.Request{Arrangement: engine.Arrangement{MinRelevance: new(1e9)}}},
	} {
		in.Someone, in.Place = &recommend.Someone{}, open(t, in.World, engine.Scenario{})
		answer := ask(t, in)
		if answer.EmptyReason != want || answer.Items == nil || len(answer.Items) > 0 || !answer.Exact {
			t.Errorf("got %+v, want the reason %s", answer, want)
		}
	}
}

// What could not be used is said, and what a stranger gets is named.
func TestDegraded(t *testing.T) {
	w := recommend.NewWorld(catalogue.NewIDs(), engine.DefaultSettings())
	answer := ask(t, &recommend.Input{
		World: w, Place: open(t, w, engine.Scenario{}), Someone: &recommend.Someone{}, Request: &engine.Request{Item: "nobody knows it"},
	})
	if !slices.Equal(answer.Degraded, []string{"unknown_item", "no_model"}) {
		t.Errorf("degraded %v", answer.Degraded)
	}
}

// Raw scores are those the answer's sums are made of.
func TestRawScores(t *testing.T) {
	w := trained(20, 5)
	in := &recommend.Input{
		World: w, Place: open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}}), Now: now,
		Someone: &recommend.Someone{Rows: purchases(w.Catalogue.IDs(), theID(5))}, Request: &engine.Request{Count: 20},
	}
	raw, err := recommend.Raw(in, recommend.Look{})
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, in)
	if len(raw.Items) != len(answer.Items) || len(raw.By) != len(w.Models.Sources()) {
		t.Fatalf("%d items of %d, %d sources", len(raw.Items), len(answer.Items), len(raw.By))
	}
	for _, item := range answer.Items {
		at := slices.Index(raw.Items, item.Num)
		sum := 0.0
		for s, source := range w.Models.Sources() {
			if scale := w.Models.Blend["person"][source.Name()]; scale.Weight != 0 && raw.By[s] != nil {
				sum += scale.Apply(float64(raw.By[s][at]))
			}
		}
		if math.Float64bits(sum) != math.Float64bits(item.Score) {
			t.Errorf("%s scores %v, from its raw scores %v", item.Item, item.Score, sum)
		}
	}
	less, err := recommend.Raw(in, recommend.Look{LeftOut: func(source string) bool { return source == "popular" }})
	if err != nil {
		t.Fatal(err)
	}
	for s, source := range w.Models.Sources() {
		if want := raw.By[s]; source.Name() == "popular" && less.By[s] != nil || source.Name() != "popular" && !slices.Equal(less.By[s], want) {
			t.Errorf("without popular %s says %v, with it %v", source.Name(), less.By[s], want)
		}
	}
	in.Request.Filter = "no such attribute"
	if _, err := recommend.Raw(in, recommend.Look{}); err == nil {
		t.Error("a broken filter was accepted")
	}
}

// A look at some items has the best of every source and evenly taken others, with the scores that
// a look at all has for them; all looks together take every item as one of the others.
func TestRawScoresOfSome(t *testing.T) {
	const items, whole, best = 200, 100, 5
	w := trained(items, 5)
	in := &recommend.Input{
		World: w, Place: open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}}), Now: now,
		Someone: &recommend.Someone{Rows: purchases(w.Catalogue.IDs(), theID(5))}, Request: &engine.Request{},
	}
	all, err := recommend.Raw(in, recommend.Look{Whole: items})
	if err != nil {
		t.Fatal(err)
	}
	if all.Even != nil || len(all.Items) != items-1 {
		t.Fatalf("a look at all sees %d items, evenly %v", len(all.Items), all.Even)
	}
	taken := make(map[engine.ItemNum]int)
	for turn := range 2 * items {
		some, err := recommend.Raw(in, recommend.Look{Whole: whole, Best: best, Turn: turn})
		if err != nil {
			t.Fatal(err)
		}
		if len(some.Even) != whole/4 || len(some.Items) > whole/4+best*len(some.By) || !slices.IsSorted(some.Items) {
			t.Fatalf("turn %d: %d items, %d of them evenly taken", turn, len(some.Items), len(some.Even))
		}
		for _, place := range some.Even {
			taken[some.Items[place]]++
		}
		for s, scores := range some.By {
			if (scores == nil) != (all.By[s] == nil) {
				t.Fatalf("turn %d: source %d speaks: %v", turn, s, scores != nil)
			}
			top := vector.NewTop(best)
			for i, x := range all.By[s] {
				top.Push(all.Items[i], x)
			}
			for _, scored := range top.Best() {
				if place, seen := slices.BinarySearch(some.Items, scored.Item); scored.Score > 0 && (!seen || scores[place] != scored.Score) {
					t.Fatalf("turn %d: source %d's best %v is not seen", turn, s, scored)
				}
			}
			for i, x := range scores {
				if at, _ := slices.BinarySearch(all.Items, some.Items[i]); all.By[s][at] != x {
					t.Fatalf("turn %d: source %d scores item %d %v, %v among all", turn, s, some.Items[i], x, all.By[s][at])
				}
			}
		}
	}
	if len(taken) != items-1 {
		t.Errorf("%d of %d items were taken evenly", len(taken), items-1)
	}
}

// A ticket is answered with the fix whose words and product fit; consent and rules hold
// as for lists.
func TestSuggest(t *testing.T) {
	ids := catalogue.NewIDs()
	var entries []catalogue.Entry
	for _, it := range []*engine.Item{
		{ID: "lamp", Title: "Brass lamp"},
		{ID: "broken", Kind: engine.Solution, Title: "Your lamp arrived broken", Text: "We send a new lamp."},
		{ID: "late", Kind: engine.Solution, Title: "Your parcel is late", Text: "Follow the parcel."},
		{ID: "note", Kind: engine.Solution, Title: "Broken lamp: how we refund", Visibility: engine.AgentOnly},
	} {
		n, _ := ids.Assign(it.ID)
		entries = append(entries, catalogue.Entry{Num: n, Item: it})
	}
	w := recommend.NewWorld(ids, engine.DefaultSettings()).WithItems(entries)
	suggest := func(s engine.Scenario, req engine.SuggestRequest) engine.SuggestAnswer {
		answer, err := recommend.Suggest(&recommend.SuggestInput{World: w, Place: open(t, w, s), Someone: &recommend.Someone{}, Request: &req, Now: now})
		if err != nil {
			t.Fatalf("Suggest(%+v): %v", req, err)
		}
		return answer
	}
	help := engine.Scenario{Name: "help", Kinds: []engine.Kind{engine.Solution}}
	got := suggest(help, engine.SuggestRequest{Text: "my lamp arrived broken", Product: "lamp"})
	if len(got.Items) == 0 || got.Items[0].Item != "broken" || len(got.Items[0].Reasons) == 0 || got.Calibrated || got.Confidence != nil {
		t.Errorf("got %+v", got)
	}
	for _, item := range got.Items {
		if item.Item == "note" {
			t.Error("a customer is shown an agents' note")
		}
	}
	if got.Action != engine.ActionAsk || len(got.Because) == 0 || len(got.Snippets) == 0 || got.Snippets[0] != (engine.Snippet{Item: "broken", Text: "We send a new lamp.", To: 19}) {
		t.Errorf("says %s because of %q, and cites %+v", got.Action, got.Because, got.Snippets)
	}
	again, err := recommend.Suggest(&recommend.SuggestInput{
		World: w, Place: open(t, w, help), Someone: &recommend.Someone{}, Now: now, Tried: []engine.ItemID{"broken", "nowhere"},
		Request: &engine.SuggestRequest{Text: "my lamp arrived broken", Product: "lamp"},
	})
	if err != nil || slices.ContainsFunc(again.Items, func(r engine.Recommended) bool { return r.Item == "broken" }) {
		t.Errorf("a fix that failed came back: %+v (%v)", again.Items, err)
	}
	desk := help
	desk.Audience = engine.AgentOnly
	if got := suggest(desk, engine.SuggestRequest{Text: "refund a broken lamp", Explain: engine.ExplainNone}); got.Items[0].Item != "note" || got.Items[0].Reasons != nil {
		t.Errorf("an agent got %+v", got)
	}
	if got := suggest(help, engine.SuggestRequest{Text: "zzz", Product: "no such", OrderID: "9"}); len(got.Items) > 0 || got.EmptyReason != engine.EmptyRelevance || got.Action != engine.ActionEscalate || !slices.Equal(got.Degraded, []string{"unknown_item", "unknown_order"}) {
		t.Errorf("nonsense got %+v", got)
	}
	misspelt := &engine.SuggestRequest{Text: "lamp", ReturnProperties: []string{"titel"}}
	if _, err := recommend.Suggest(&recommend.SuggestInput{World: w, Place: open(t, w, help), Someone: &recommend.Someone{}, Request: misspelt, Now: now}); err == nil {
		t.Error("a property that no item has was accepted")
	}
	if got := suggest(help, engine.SuggestRequest{Text: "lamp", Filter: "false"}); got.EmptyReason != engine.EmptyFilter || got.Action != engine.ActionEscalate || !slices.Equal(got.Because, []string{"no fix passes the filter and the rules of the place"}) {
		t.Errorf("nothing eligible got %+v", got)
	}
}

// What a customer owns lifts the fixes for it. It is not named to who asked not to see
// it, alone or with its category, nor where it is sensitive.
func TestSuggestNamesNoMutedProduct(t *testing.T) {
	for name, c := range map[string]struct {
		likes     engine.Preferences
		sensitive bool
		named     bool
	}{
		"nothing":  {named: true},
		"another":  {likes: engine.Preferences{MutedItems: []engine.ItemID{"mug"}, MutedCategories: []string{"kitchen"}}, named: true},
		"item":     {likes: engine.Preferences{MutedItems: []engine.ItemID{"lamp"}}},
		"category": {likes: engine.Preferences{MutedCategories: []string{"home"}}},
		"secret":   {sensitive: true},
	} {
		ids := catalogue.NewIDs()
		lamp, _ := ids.Assign("lamp")
		fix, _ := ids.Assign("fix")
		w := recommend.NewWorld(ids, engine.DefaultSettings()).WithItems([]catalogue.Entry{
			{Num: lamp, Item: &engine.Item{ID: "lamp", Title: "Brass lamp", Categories: []string{"home/light"}, Sensitive: c.sensitive}},
			{Num: fix, Item: &engine.Item{ID: "fix", Kind: engine.Solution, Title: "It flickers", Text: "Turn it tight.", AppliesTo: []engine.ItemID{"lamp"}}},
		})
		answer, err := recommend.Suggest(&recommend.SuggestInput{
			World: w, Place: open(t, w, engine.Scenario{Kinds: []engine.Kind{engine.Solution}}), Now: now,
			Someone: &recommend.Someone{
				Customer: &engine.Customer{ID: "ann", Preferences: c.likes},
				Rows:     purchases(ids, "lamp"), Bought: roaring.BitmapOf(uint32(lamp)),
			},
			Request: &engine.SuggestRequest{Text: "it flickers"},
		})
		if err != nil || len(answer.Items) != 1 {
			t.Fatalf("%s muted: %+v, %v", name, answer, err)
		}
		owned := 0
		for _, r := range answer.Items[0].Reasons {
			if r.Type != engine.ReasonOwned {
				continue
			}
			owned++
			if named := r.Item == "lamp" && strings.Contains(r.Text, "Brass lamp"); named != c.named || (r.Item != "") != c.named {
				t.Errorf("%s muted: reason %+v", name, r)
			}
		}
		if owned != 1 {
			t.Errorf("%s muted: %d reasons of what is owned", name, owned)
		}
	}
}
