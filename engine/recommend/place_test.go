package recommend_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
)

func withItem(w *recommend.World, n engine.ItemNum, it *engine.Item) *recommend.World {
	return w.WithItems([]catalogue.Entry{{Num: n, Item: it}})
}

// What is wrong with a request or a scenario is said by field, and what was meant by
// the names near it.
func TestInvalidRequests(t *testing.T) {
	w := trained(20, 5)
	constraint := []engine.Constraint{{Attribute: "bramd", Max: 1}}
	for name, c := range map[string]struct {
		req                      engine.Request
		scenario                 engine.Scenario
		code, field, wants, near string
	}{
		"filter":              {req: engine.Request{Filter: `bramd == "ba"`}, code: engine.CodeUnknownAttr, field: "filter", near: "brand"},
		"syntax":              {req: engine.Request{Filter: "brand =="}, code: engine.CodeInvalidFilter, field: "filter"},
		"type":                {req: engine.Request{Filter: "size == true"}, code: engine.CodeInvalidFilter, field: "filter"},
		"boost":               {req: engine.Request{Boosts: []engine.Boost{{Filter: "true", Add: 1}, {Filter: "sise > 1"}}}, code: engine.CodeUnknownAttr, field: "boost[1].filter", near: "size"},
		"boost of nothing":    {req: engine.Request{Boosts: []engine.Boost{{Add: 1}}}, code: engine.CodeMissingField, field: "boost[0].filter"},
		"constraint":          {req: engine.Request{Arrangement: engine.Arrangement{Constraints: constraint}}, code: engine.CodeUnknownAttr, field: "constraints[0].attribute", near: "brand"},
		"quoted constraint":   {req: engine.Request{Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "a`b"}}}}, code: engine.CodeInvalidField, field: "constraints[0].attribute"},
		"boost by nothing":    {req: engine.Request{Boosts: []engine.Boost{{Filter: "true", Add: 1}, {Filter: "size > 1"}}}, code: engine.CodeMissingField, field: "boost[1].add"},
		"property":            {req: engine.Request{ReturnProperties: []string{"*", "titel"}}, code: engine.CodeUnknownAttr, field: "return_properties[1]", near: "title"},
		"pinned twice":        {req: pinned("i001", 1, "i002", 2, "i001", 3), code: engine.CodeInvalidField, field: "pins[2].item_id", near: "rank 1"},
		"two on a rank":       {req: pinned("i001", 1, "i002", 1), code: engine.CodeInvalidField, field: "pins[1].rank", near: "i001"},
		"deep brand":          {req: engine.Request{Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "brand", Max: 1, Depth: 1}}}}, code: engine.CodeInvalidField, field: "constraints[0].depth", near: "categories"},
		"scenario pinned":     {scenario: engine.Scenario{Arrangement: pinned("i001", 1, "i002", 1).Arrangement}, code: engine.CodeInvalidField, field: "pins[1].rank"},
		"scenario adds 0":     {scenario: engine.Scenario{Boosts: []engine.Boost{{Filter: "true"}}}, code: engine.CodeMissingField, field: "boosts[0].add"},
		"scenario filter":     {scenario: engine.Scenario{Filter: "bramd"}, code: engine.CodeUnknownAttr, field: "filter", near: "brand"},
		"scenario boost":      {scenario: engine.Scenario{Boosts: []engine.Boost{{Filter: "bramd"}}}, code: engine.CodeUnknownAttr, field: "boosts[0].filter", near: "brand"},
		"scenario constraint": {scenario: engine.Scenario{Arrangement: engine.Arrangement{Constraints: constraint}}, code: engine.CodeUnknownAttr, field: "constraints[0].attribute", near: "brand"},
		"scenario blend":      {scenario: engine.Scenario{Blend: map[string]float64{"factors": 1}}, code: engine.CodeUnknownField, field: "blend.factors", near: "factor"},
		"scenario weight":     {scenario: engine.Scenario{Blend: map[string]float64{"factor": -1}}, code: engine.CodeInvalidField, field: "blend.factor"},
	} {
		place, err := recommend.NewPlace(c.scenario, w.Catalogue)
		if err == nil {
			_, err = recommend.Recommend(&recommend.Input{World: w, Place: place, Someone: &recommend.Someone{}, Request: &c.req, Now: now})
		}
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) || invalid.Code != c.code || invalid.Field != c.field || !strings.Contains(invalid.Want, c.near) {
			t.Errorf("%s: error %#v, want code %s, field %s, near %q", name, err, c.code, c.field, c.near)
		}
	}
}

// pinned reads "item, rank" pairs.
func pinned(pairs ...any) (req engine.Request) {
	for i := 0; i < len(pairs); i += 2 {
		req.Pins = append(req.Pins, engine.Pin{Item: engine.ItemID(pairs[i].(string)), Rank: pairs[i+1].(int)})
	}
	return req
}

// A scenario that was accepted before a rule came serves on.
func TestOldScenariosServe(t *testing.T) {
	if _, err := recommend.NewPlace(engine.Scenario{Boosts: []engine.Boost{{Filter: "true"}}, Arrangement: pinned("a", 1, "b", 1).Arrangement}, nil); err != nil {
		t.Error(err)
	}
}

// Categories are counted whole, or by their first parts.
func TestConstraintsOnCategories(t *testing.T) {
	w := cornerShop()
	for depth, want := range []int{6, 4, 6} { // home/lighting, kitchen/tea, kitchen, garden/tools, garden, health
		answer := ask(t, &recommend.Input{
			World: w, Place: open(t, w, engine.Scenario{}), Someone: &recommend.Someone{},
			Request: &engine.Request{
				Count: 20, Exclude: []engine.ItemID{"lantern"}, // it is in two
				Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "categories", Max: 1, Depth: depth}}},
			},
		})
		if len(answer.Items) != want {
			t.Errorf("at most one a category, depth %d: %d items, want %d", depth, len(answer.Items), want)
		}
	}
}

// A constraint counts fields and attributes of every type, as filters know them.
func TestConstraintsCountEveryType(t *testing.T) {
	w := trained(20, 5)
	for _, attribute := range []string{"brand", "size", "kind", "categories", "hidden"} {
		answer := ask(t, &recommend.Input{
			World: w, Place: open(t, w, engine.Scenario{}), Someone: &recommend.Someone{},
			Request: &engine.Request{Count: 20, Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: attribute, Max: 1}}}},
		})
		if want := map[string]int{"brand": 5, "size": 4, "kind": 1, "categories": 7, "hidden": 1}[attribute]; len(answer.Items) != want {
			t.Errorf("at most one %s: %d items, want %d", attribute, len(answer.Items), want)
		}
	}
}

// Who refuses to be personalised gets the list of a stranger, less what they asked not
// to see.
func TestConsent(t *testing.T) {
	w := trained(20, 5)
	rows := purchases(w.Catalogue.IDs(), theID(5), theID(10))
	ann := &recommend.Someone{
		Subject: engine.OfCustomer("ann"), Rows: rows, Bought: roaring.BitmapOf(5, 10), Dismissed: roaring.BitmapOf(3),
		Customer: &engine.Customer{
			ID: "ann", Attributes: engine.Attributes{"size": 1.0},
			Consent:     map[engine.Purpose]bool{engine.Personalise: false},
			Preferences: engine.Preferences{MutedItems: []engine.ItemID{theID(4)}, MutedCategories: []string{"cc"}},
		},
	}
	place := open(t, w, engine.Scenario{
		Exclude: []engine.Type{engine.Purchase, engine.Dismiss},
		Boosts:  []engine.Boost{{Filter: "bought()", Add: 5}, {Filter: "size == customer.size", Add: 5}},
	})
	list := func(who *recommend.Someone) engine.Answer {
		return ask(t, &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Count: 20, Explain: engine.ExplainFull}})
	}
	got, stranger := list(ann), list(&recommend.Someone{})
	if got.Basis != stranger.Basis || got.Basis == engine.BasisPersonal {
		t.Errorf("basis %s, a stranger's is %s", got.Basis, stranger.Basis)
	}
	left := slices.DeleteFunc(stranger.Items, func(r engine.Recommended) bool {
		return slices.Contains([]engine.ItemNum{3, 4, 5, 10}, r.Num) || r.Num%7 == 2
	})
	if len(got.Items) != len(left) {
		t.Fatalf("%d items, want %d", len(got.Items), len(left))
	}
	for i, item := range got.Items {
		if item.Num != left[i].Num || item.Score != left[i].Score {
			t.Errorf("rank %d: %s with %v, a stranger's is %s with %v", i+1, item.Item, item.Score, left[i].Item, left[i].Score)
		}
		for _, r := range item.Reasons {
			if r.Type == engine.ReasonHistory || r.Item != "" {
				t.Errorf("reason %+v tells of a history", r)
			}
		}
	}
	ann.Customer.Consent = nil
	if got := list(ann); got.Basis != engine.BasisPersonal {
		t.Errorf("with consent the basis is %s", got.Basis)
	}
}

// A scenario's blend replaces what was learned, also where nothing was.
func TestScenarioBlend(t *testing.T) {
	w := trained(20, 5)
	who := &recommend.Someone{Rows: purchases(w.Catalogue.IDs(), theID(5))}
	for source, weight := range map[string]float64{"ease": 0, "newest": 2} {
		answer := ask(t, &recommend.Input{
			World: w, Place: open(t, w, engine.Scenario{Blend: map[string]float64{source: weight}}),
			Someone: who, Request: &engine.Request{Count: 3},
		})
		for _, item := range answer.Items {
			if asked := slices.ContainsFunc(item.Reasons, func(r engine.Reason) bool { return r.Source == source }); asked != (weight > 0) {
				t.Errorf("%s at weight %v: reasons %+v", source, weight, item.Reasons)
			}
		}
	}
}

// A query in words is answered by them even where the learned blend has no use for
// content.
func TestQueryIsHeardUnderEveryBlend(t *testing.T) {
	w := trained(20, 5)
	blend := everything()
	for _, scales := range blend {
		delete(scales, "content")
	}
	w = w.WithModels(w.Models.WithBlend(blend), w.Content)
	answer := ask(t, &recommend.Input{
		World: w, Place: open(t, w, engine.Scenario{}), Someone: &recommend.Someone{}, Request: &engine.Request{Count: 1, Query: "kettle"},
	})
	item := w.Catalogue.Item(answer.Items[0].Num)
	if answer.Basis != engine.BasisContext || !strings.Contains(item.Title, "kettle") || answer.Items[0].Reasons[0].Text == "" && answer.Items[0].Source != "content" {
		t.Errorf("asked for a kettle: basis %s, %q, %+v", answer.Basis, item.Title, answer.Items[0])
	}
}
