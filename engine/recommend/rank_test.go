package recommend_test

import (
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Ordering the caller's list is the story of a request told of these items alone: what
// stands in it has the scores of the whole list, in its order, and everything else is
// named with a reason.
func TestRankIsRecommendOfTheseItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t, 30)
		a := drawAsked(t, s)
		req := a.in.Request
		req.Pins, req.Collapse, req.Count = []engine.Pin{}, new(false), 0
		items := append(drawIDs(t, s, 20), "unheard of")
		got, err := recommend.Rank(a.in, items)
		if err != nil {
			t.Fatalf("Rank(%v): %v", items, err)
		}
		whole := *req
		whole.Count = len(s.items)
		in := *a.in
		in.Request = &whole
		all, err := recommend.Recommend(&in)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(all.Items, func(item engine.Recommended) bool { return !slices.Contains(items, item.Item) })
		same := func(a, b engine.Recommended) bool {
			return a.Item == b.Item && a.Score == b.Score && a.Source == b.Source
		}
		if !slices.EqualFunc(got.Items, want, same) {
			t.Fatalf("ranked %+v\nwant %+v", got.Items, want)
		}
		checkLeftOut(t, items, got, req.MinRelevance != nil)
	})
}

func checkLeftOut(t *rapid.T, items []engine.ItemID, got engine.Answer, relevance bool) {
	t.Helper()
	if len(got.Items)+len(got.LeftOut) != len(items) || got.LeftOut == nil {
		t.Fatalf("%d items, %d ranked and %d left out", len(items), len(got.Items), len(got.LeftOut))
	}
	for i, left := range got.LeftOut {
		ranked := slices.ContainsFunc(got.Items, func(item engine.Recommended) bool { return item.Item == left.Item })
		again := ranked || slices.ContainsFunc(got.LeftOut[:i], func(l engine.LeftOut) bool { return l.Item == left.Item })
		if again != (left.Why == engine.LeftRepeated) || (left.Item == "unheard of" && !again) != (left.Why == engine.LeftUnknown && left.Item == "unheard of") {
			t.Fatalf("%+v of %v", left, items)
		}
		if slices.Contains([]string{engine.LeftGroup, engine.LeftCount, engine.LeftConstraint}, left.Why) || left.Why == engine.LeftRelevance && !relevance {
			t.Fatalf("%+v: nothing of the kind was asked", left)
		}
	}
}

// Why each is left out, one of a kind.
func TestLeftOut(t *testing.T) {
	w := trained(20, 5)
	soon, ago := now.Add(time.Hour), now.Add(-time.Hour)
	change := func(n int, with func(*engine.Item)) {
		it := w.Catalogue.Item(engine.ItemNum(n)).Clone()
		with(&it)
		w = withItem(w, engine.ItemNum(n), &it)
	}
	change(0, func(it *engine.Item) { it.Hidden = true })
	change(1, func(it *engine.Item) { it.Stock = new(int64) })
	change(2, func(it *engine.Item) { it.Visibility = engine.AgentOnly })
	change(3, func(it *engine.Item) { it.Published = &soon })
	change(4, func(it *engine.Item) { it.Expires = &ago })
	change(5, func(it *engine.Item) { it.Kind = engine.Content })
	change(10, func(it *engine.Item) { it.GroupID = "g" })
	change(11, func(it *engine.Item) { it.GroupID = "g" })
	who := &recommend.Someone{
		Rows: purchases(w.Catalogue.IDs(), theID(8)), Bought: roaring.BitmapOf(8),
		Customer: &engine.Customer{ID: "ann", Preferences: engine.Preferences{MutedItems: []engine.ItemID{theID(7)}}},
		Tickets:  []recommend.OpenTicket{{ID: "t1", Product: theID(17)}},
	}
	place := open(t, w, engine.Scenario{Kinds: []engine.Kind{engine.Product}, Exclude: []engine.Type{engine.Purchase}})
	items := []engine.ItemID{"nobody knows it"}
	for n := range 18 {
		items = append(items, theID(n))
	}
	items = append(items, theID(12))
	want := map[engine.ItemID]string{
		"nobody knows it": engine.LeftUnknown,
		theID(0):          engine.LeftHidden, theID(1): engine.LeftOutOfStock, theID(2): engine.LeftAgentsOnly, theID(3): engine.LeftNotPublished,
		theID(4): engine.LeftExpired, theID(5): engine.LeftKind, theID(6): engine.LeftExcluded, theID(7): engine.LeftMuted,
		theID(8): engine.LeftHistory, theID(9): engine.LeftFilter, theID(17): engine.LeftTicket,
	}
	req := engine.Request{Exclude: []engine.ItemID{theID(6)}, Filter: `item_id != "i009"`}
	got := func(req engine.Request) (ranked []engine.ItemID, left map[engine.ItemID]string) {
		answer, err := recommend.Rank(&recommend.Input{World: w, Place: place, Someone: who, Request: &req, Now: now}, items)
		if err != nil {
			t.Fatal(err)
		}
		left = map[engine.ItemID]string{}
		for _, l := range answer.LeftOut {
			if left[l.Item] == "" && l.Why != engine.LeftRepeated {
				left[l.Item] = l.Why
			}
		}
		for _, item := range answer.Items {
			ranked = append(ranked, item.Item)
		}
		return ranked, left
	}
	ranked, left := got(req)
	for id, why := range want {
		if left[id] != why {
			t.Errorf("%s is left out for %q, want %q", id, left[id], why)
		}
	}
	if len(ranked) != 7 || len(left) != len(want) {
		t.Errorf("ranked %v, left out %v", ranked, left)
	}
	// What arranging drops.
	req.Count = 2
	if _, left := got(req); left[ranked[0]] != "" || left[ranked[2]] != engine.LeftCount {
		t.Errorf("of two: %v", left)
	}
	req.Count, req.Collapse = 0, new(true)
	if _, left := got(req); (left[theID(10)] == engine.LeftGroup) == (left[theID(11)] == engine.LeftGroup) {
		t.Errorf("of one group: %v", left)
	}
	req.Collapse, req.MinRelevance = nil, new(1e9)
	if ranked, left := got(req); len(ranked) != 0 || left[theID(12)] != engine.LeftRelevance {
		t.Errorf("with nothing relevant: %v, %v", ranked, left)
	}
	req.MinRelevance, req.Constraints = nil, []engine.Constraint{{Attribute: "kind", Max: 1}}
	if ranked, left := got(req); len(ranked) != 1 || left[theID(12)] != engine.LeftConstraint && ranked[0] != theID(12) {
		t.Errorf("one of a kind: %v, %v", ranked, left)
	}
}

// The next page goes on where the list stopped: page by page it is the long list.
func TestPagesAreTheLongList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t, 30)
		a := drawAsked(t, s)
		req := a.in.Request
		req.Pins, req.Explain = []engine.Pin{}, engine.ExplainNone
		if sometimes(t, 2) {
			req.Constraints = []engine.Constraint{{Attribute: "colour", Max: 1, Window: pick(t, 0, 2, 3)}}
		}
		page := req.Count
		req.Count = 3 * page
		long, err := recommend.Recommend(a.in)
		if err != nil {
			t.Fatal(err)
		}
		req.Count = page
		var got []engine.Recommended
		for range 3 {
			answer, err := recommend.Recommend(a.in)
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.Items) == 0 && len(got) > 0 && answer.EmptyReason != engine.EmptyEnd {
				t.Fatalf("after %d items: empty for %q", len(got), answer.EmptyReason)
			}
			for _, item := range answer.Items {
				got, req.After = append(got, item), append(req.After, item.Item)
			}
		}
		same := func(a, b engine.Recommended) bool { return a.Item == b.Item && a.Score == b.Score }
		if !slices.EqualFunc(got, long.Items, same) {
			t.Fatalf("by pages of %d %+v\nat once %+v", page, got, long.Items)
		}
	})
}
