package serving_test

import (
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
