package serving_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func idsOf(a engine.Answer) []engine.ItemID {
	ids := make([]engine.ItemID, len(a.Items))
	for i := range a.Items {
		ids[i] = a.Items[i].Item
	}
	return ids
}

func (h *house) next(id string, count int) engine.Answer {
	h.t.Helper()
	a, err := h.Next(h.t.Context(), id, count)
	if err != nil {
		h.t.Fatalf("Next(%s, %d): %v", id, count, err)
	}
	return a
}

// Page by page everything comes once, whether or not the pages before are on the disk.
func TestNextGoesThroughTheWholeList(t *testing.T) {
	for _, written := range []bool{false, true} {
		t.Run(fmt.Sprint("written=", written), func(t *testing.T) {
			h := open(t, nil)
			shelf(h)
			h.write(event("1", engine.View, "ann", "", "mug"))
			flush := func() {
				if written {
					ctx, stop := context.WithCancel(t.Context())
					stop()
					if err := h.Run(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			long, _ := h.ask(engine.Request{Customer: "ann", Count: 6})
			got, a := h.ask(engine.Request{Customer: "ann", Count: 2})
			first := a.RecommendationID
			for range 2 {
				flush()
				before := a.RecommendationID
				a = h.next(before, 0)
				if a.Continues != before || a.RecommendationID == "" || a.RecommendationID == before {
					t.Errorf("%s continues %q, want %q", a.RecommendationID, a.Continues, before)
				}
				got = append(got, idsOf(a)...)
			}
			if !slices.Equal(got, long) {
				t.Errorf("by pages %v, at once %v", got, long)
			}
			flush()
			if end := h.next(a.RecommendationID, 5); len(end.Items) != 0 || end.EmptyReason != engine.EmptyEnd {
				t.Errorf("after the last page: %v, %q", idsOf(end), end.EmptyReason)
			}
			if again := h.next(first, 3); !slices.Equal(idsOf(again), long[2:5]) {
				t.Errorf("the second page of 3 is %v, want %v", idsOf(again), long[2:5])
			}
		})
	}
}

func TestNextIsForWhoTheyAreNow(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	_, a := h.ask(engine.Request{Session: "s", Count: 1, Filter: `item_id != "mug"`})
	h.write(
		engine.RecordEvent{Lines: []engine.Interaction{{EventID: "1", Type: engine.Purchase, Customer: "ann", Session: "s", Item: "pot", At: noon}}},
	)
	b := h.next(a.RecommendationID, 10)
	if got := idsOf(b); slices.Contains(got, "pot") || slices.Contains(got, "mug") || len(got) < 3 || b.Basis != engine.BasisPersonal {
		t.Errorf("after logging in and buying a pot: %v by %s", got, b.Basis)
	}
	kept, err := h.Replay(t.Context(), b.RecommendationID)
	if err != nil || kept.Answer.Continues != a.RecommendationID || !slices.Equal(kept.Request.After, idsOf(a)) || kept.Subject != engine.OfCustomer("ann") {
		t.Errorf("kept %+v (%v)", kept, err)
	}
	h.write(engine.Erase{Subject: engine.OfCustomer("ann")})
	if _, err := h.Next(t.Context(), b.RecommendationID, 0); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("after the erase: %v", err)
	}
}

func TestNextRefuses(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(engine.PutItem{Item: engine.Item{ID: "fix", Kind: engine.Solution, Title: "Descale the coffee pot"}})
	fix, err := h.Suggest(t.Context(), &engine.SuggestRequest{Text: "descale my coffee pot"})
	if err != nil || len(fix.Items) == 0 || fix.Basis != engine.BasisTicket {
		t.Fatalf("%+v, %v", fix, err)
	}
	if _, err := h.Next(t.Context(), fix.RecommendationID, 0); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("the next page of a ticket: %v", err)
	}
	if _, err := h.Next(t.Context(), engine.NewRecommendationID(engine.HashOf("nobody"), noon, 1), 0); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("of an answer never given: %v", err)
	}
	_, a := h.ask(engine.Request{Count: 1})
	var invalid *engine.Invalid
	for _, count := range []int{-1, engine.MaxCount + 1} {
		if _, err := h.Next(t.Context(), a.RecommendationID, count); !errors.As(err, &invalid) || invalid.Field != "count" {
			t.Errorf("count %d: %v", count, err)
		}
	}
}

func TestRank(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.View, "ann", "", "red-lamp"), engine.PutItem{Item: engine.Item{ID: "tale", Kind: engine.Content, Title: "A tale of lamps"}})
	rank := func(req engine.RankRequest) engine.Answer {
		t.Helper()
		a, err := h.Rank(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	mine := []engine.ItemID{"mug", "tale", "nothing", "blue-lamp", "grinder"}
	a := rank(engine.RankRequest{Request: engine.Request{Customer: "ann"}, Items: mine})
	if got := idsOf(a); len(got) != 4 || got[0] != "blue-lamp" && got[0] != "tale" || a.Scenario != "rank" || a.Basis != engine.BasisPersonal {
		t.Errorf("ranked %v in %s by %s", got, a.Scenario, a.Basis)
	}
	if want := []engine.LeftOut{{Item: "nothing", Why: engine.LeftUnknown}}; !slices.Equal(a.LeftOut, want) {
		t.Errorf("left out %v", a.LeftOut)
	}
	if end := h.next(a.RecommendationID, 0); len(end.Items) != 0 || end.EmptyReason != engine.EmptyEnd {
		t.Errorf("after all of it: %v, %q", idsOf(end), end.EmptyReason)
	}
	two := rank(engine.RankRequest{Request: engine.Request{Customer: "ann", Count: 3}, Items: mine})
	if rest := h.next(two.RecommendationID, 3); !slices.Equal(append(idsOf(two), idsOf(rest)...), idsOf(a)) {
		t.Errorf("by pages %v and %v, at once %v", idsOf(two), idsOf(rest), idsOf(a))
	}
	var invalid *engine.Invalid
	for _, n := range []int{0, engine.MaxRanked + 1} {
		if _, err := h.Rank(t.Context(), engine.RankRequest{Items: make([]engine.ItemID, n)}); !errors.As(err, &invalid) || invalid.Field != "items" {
			t.Errorf("%d items: %v", n, err)
		}
	}
}

func TestPreview(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	draft := engine.Scenario{Name: "home", Filter: `item_id != "mug"`, Count: 6}
	a, err := h.Preview(t.Context(), draft, &engine.Request{})
	if err != nil || len(a.Items) != 5 || a.RecommendationID != "" {
		t.Errorf("%d items, %q, %v", len(a.Items), a.RecommendationID, err)
	}
	if got, _ := h.ask(engine.Request{Count: 6}); len(got) != 6 {
		t.Errorf("after the preview home shows %v", got)
	}
	var invalid *engine.Invalid
	if _, err := h.Preview(t.Context(), engine.Scenario{Name: "x", Filter: "colr == 'red'"}, &engine.Request{}); !errors.As(err, &invalid) || invalid.Code != engine.CodeUnknownAttr {
		t.Errorf("an unknown attribute: %v", err)
	}
	if _, err := h.Preview(t.Context(), draft, &engine.Request{Scenario: "related"}); !errors.As(err, &invalid) || invalid.Field != "scenario" {
		t.Errorf("another scenario: %v", err)
	}
}
