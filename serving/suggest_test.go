package serving_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// What failed on a stored ticket is not shown for it again; after the second failure a
// person should take over.
func TestSuggestDropsWhatFailed(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(
		engine.PutItem{Item: engine.Item{ID: "descale", Kind: engine.Solution, Title: "Descale the coffee pot"}},
		engine.PutItem{Item: engine.Item{ID: "rinse", Kind: engine.Solution, Title: "Rinse the coffee pot"}},
		engine.PutItem{Item: engine.Item{ID: "exchange", Kind: engine.Solution, Title: "Exchange the coffee pot"}},
	)
	ticket := engine.Ticket{ID: "t1", Customer: "ann", Subject: "my coffee pot is bitter"}
	ask := func() engine.SuggestAnswer {
		h.write(engine.PutTicket{Ticket: ticket})
		got, err := h.Suggest(t.Context(), &engine.SuggestRequest{TicketID: "t1"})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := ask(); len(got.Items) != 3 || got.Action != engine.ActionAsk {
		t.Fatalf("a new ticket gets %v, %s", idsOf(got.Answer), got.Action)
	}
	ticket.Solutions = []engine.Tried{{Item: "rinse", Outcome: "not_solved"}, {Item: "exchange"}}
	if got := ask(); len(got.Items) != 2 || slices.Contains(idsOf(got.Answer), "rinse") || got.Action != engine.ActionAsk {
		t.Errorf("after one failure it gets %v, %s", idsOf(got.Answer), got.Action)
	}
	ticket.Solutions[1].Outcome = "reopened"
	if got := ask(); !slices.Equal(idsOf(got.Answer), []engine.ItemID{"descale"}) || got.Action != engine.ActionEscalate {
		t.Errorf("after two failures it gets %v, %s because %q", idsOf(got.Answer), got.Action, got.Because)
	}
}

// A fix that failed on an open ticket is not the answer to another text of the same customer,
// unless that is known to be about another product; nor is it in their lists.
func TestWhatFailedOnAnOpenTicketIsNotSuggestedAgain(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(
		engine.PutItem{Item: engine.Item{ID: "pot-xl", Title: "Large coffee pot", GroupID: "pot"}},
		engine.PutItem{Item: engine.Item{ID: "pot-s", Title: "Small coffee pot", GroupID: "pot"}},
		engine.PutItem{Item: engine.Item{ID: "descale", Kind: engine.Solution, Title: "Descale the coffee pot", AppliesTo: []engine.ItemID{"pot-xl"}}},
		engine.PutItem{Item: engine.Item{ID: "rinse", Kind: engine.Solution, Title: "Rinse the bitter coffee pot", GroupID: "rinse", AppliesTo: []engine.ItemID{"pot-xl"}}},
		engine.PutItem{Item: engine.Item{ID: "rinse-de", Kind: engine.Solution, Title: "Rinse the bitter coffee pot", GroupID: "rinse", AppliesTo: []engine.ItemID{"pot-xl"}}},
	)
	failed := []engine.Tried{{Item: "rinse", Outcome: "not_solved"}}
	suggested := func(req engine.SuggestRequest) []engine.ItemID {
		t.Helper()
		req.Customer, req.Text = "ann", "my coffee pot is bitter"
		got, err := h.Suggest(t.Context(), &req)
		if err != nil {
			t.Fatal(err)
		}
		if got.Action == engine.ActionEscalate && len(got.Items) > 0 {
			t.Errorf("%+v is escalated because %q: nothing failed on this ticket itself", req, got.Because)
		}
		return idsOf(got.Answer)
	}
	listed := func() []engine.ItemID {
		t.Helper()
		got, err := h.Recommend(t.Context(), &engine.Request{Customer: "ann", Scenario: "help", Kinds: []engine.Kind{engine.Solution}})
		if err != nil {
			t.Fatal(err)
		}
		return idsOf(got)
	}
	again := func(list []engine.ItemID) bool {
		return slices.Contains(list, "rinse") || slices.Contains(list, "rinse-de")
	}
	if got := listed(); !again(got) || !again(suggested(engine.SuggestRequest{})) {
		t.Fatalf("before any ticket there is %v", got)
	}
	for i, c := range []struct {
		ticket       engine.Ticket
		req          engine.SuggestRequest
		asked, shown bool // whether what failed is suggested, and listed
	}{
		{ticket: engine.Ticket{State: "open", Solutions: failed}},
		{ticket: engine.Ticket{State: "open", Product: "pot-xl", Solutions: failed}},
		{ticket: engine.Ticket{State: "reopened", Solutions: []engine.Tried{{Item: "rinse", Outcome: "solved"}}}},
		{ticket: engine.Ticket{State: "open", Product: "pot-xl", Solutions: failed}, req: engine.SuggestRequest{Product: "pot-s"}},
		{ticket: engine.Ticket{State: "open", Product: "pot-xl", Solutions: failed}, req: engine.SuggestRequest{Product: "red-lamp"}, asked: true},
		{ticket: engine.Ticket{State: "open", Solutions: failed}, req: engine.SuggestRequest{Product: "pot-xl"}},
		{ticket: engine.Ticket{State: "closed", Solutions: failed}, asked: true, shown: true},
	} {
		c.ticket.ID, c.ticket.Customer = fmt.Sprint("t", i), "ann"
		h.write(engine.PutTicket{Ticket: c.ticket})
		if got := suggested(c.req); again(got) != c.asked || !slices.Contains(got, "descale") {
			t.Errorf("beside %+v, asked %+v: %v are suggested", c.ticket, c.req, got)
		}
		if got := listed(); again(got) != c.shown || !slices.Contains(got, "descale") {
			t.Errorf("beside %+v: %v are listed", c.ticket, got)
		}
		h.write(engine.DeleteTicket{ID: c.ticket.ID})
	}
}
