package api

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/solution"
)

// ticket files one.
func (h *house) ticket(id string, of fields) {
	h.t.Helper()
	h.call("PUT", "/v1/tickets/"+id, of).want(200)
}

func (h *house) health() map[engine.ItemID]solution.Health {
	h.t.Helper()
	var page struct{ Items []solution.Health }
	h.call("GET", "/v1/solutions/health").want(200).into(&page)
	out := make(map[engine.ItemID]solution.Health)
	for _, one := range page.Items {
		out[one.Item] = one
	}
	return out
}

// Each ticket counts once for a fix, whoever says what became of it, through merges and
// changes; after an erasure it counts no more.
func TestSolutionHealth(t *testing.T) {
	h := stocked(t)
	tried := func(fix, outcome string) fields {
		return fields{"customer_id": "ann", "state": "pending", "solutions": []fields{{"item_id": fix, "outcome": outcome}}}
	}
	h.ticket("t-1", tried("fix", "solved"))
	h.call("POST", "/v1/events", fields{"type": "solved", "customer_id": "ann", "ticket_id": "t-1", "item_id": "fix"}).want(200) // said again
	h.ticket("t-2", tried("fix", "not_solved"))
	h.ticket("t-3", tried("fix", "solved"))
	h.call("PATCH", "/v1/tickets/t-3", fields{"state": "reopened"}).want(200)
	h.call("POST", "/v1/events", []fields{
		{"type": "solution_shown", "customer_id": "ben", "ticket_id": "t-9", "item_id": "fix-2"},
		{"type": "solution_used", "customer_id": "ben", "ticket_id": "t-9", "item_id": "fix-2"},
		{"type": "solved", "customer_id": "cleo", "ticket_id": "t-10", "item_id": "fix"},
	}).want(200)
	answer := h.call("POST", "/v1/solutions/suggest", fields{"text": "the lamp flickers"}).want(200).answer()
	h.written(answer.RecommendationID)
	got := h.health()
	fix, other := got["fix"], got["fix-2"]
	if fix.Used != 4 || fix.Solved != 2 || fix.Failed != 1 || fix.Reopened != 1 || fix.Shown != 1 || fix.First != 1 || fix.Ends != engine.Wilson(2, 4) {
		t.Errorf("fix: %+v, want 2 of 4 solved, one failed, one opened again, shown once and first", fix)
	}
	if fix.Recent.Tickets != 4 || fix.Before.Tickets != 0 || fix.Change != nil {
		t.Errorf("fix: recent %+v, before %+v, change %+v", fix.Recent, fix.Before, fix.Change)
	}
	if other.Used != 1 || other.Ends != engine.Wilson(0, 0) || other.Shown != 1 || len(other.Needs) != 0 {
		t.Errorf("fix-2: %+v, want used once without a verdict, shown by an event", other)
	}
	h.call("POST", "/v1/customers/dora/merge", fields{"customer_id": "ann"}).want(200)
	if merged := h.health()["fix"]; merged.Used != 4 || merged.Solved != 2 {
		t.Errorf("after a merge: %+v", merged)
	}
	h.call("DELETE", "/v1/customers/dora").want(200)
	if left := h.health()["fix"]; left.Used != 1 || left.Solved != 1 {
		t.Errorf("after the erasure: %+v, want cleo's alone", left)
	}
	if one := h.call("GET", "/v1/solutions/fix/health").want(200).object(); one["solved"] != 1.0 || one["as_of"] == nil {
		t.Errorf("alone: %v", one)
	}
	h.call("GET", "/v1/solutions/lamp-0/health").refused(404, "not_found")
	first := h.call("GET", "/v1/solutions/health?limit=1").want(200).object()
	second := h.call("GET", "/v1/solutions/health?limit=1&cursor="+first["cursor"].(string)).want(200).object()
	if len(first["items"].([]any)) != 1 || len(second["items"].([]any)) != 1 || second["cursor"] != nil {
		t.Errorf("two pages: %v, %v", first, second)
	}
	h.call("GET", "/v1/solutions/health?cursor=-1").refused(422, "invalid_field")
}

// An article that was sent on a ticket that was closed counts as what ended it, as it does in a
// training; drafts are no fixes before they are tried.
func TestSolutionHealthOfClosedTickets(t *testing.T) {
	h := stocked(t)
	h.call("POST", "/v1/items", []fields{{"item_id": "draft", "kind": "solution", "title": "Later", "hidden": true}, {"item_id": "empty", "kind": "solution"}}).want(200)
	h.ticket("t-1", fields{"customer_id": "ann", "state": "closed", "solutions": []fields{{"item_id": "fix"}}})
	h.ticket("t-2", fields{"customer_id": "ann", "state": "open", "solutions": []fields{{"item_id": "fix"}}})
	got := h.health()
	if fix := got["fix"]; fix.Used != 2 || fix.Solved != 1 {
		t.Errorf("fix: %+v, want it used on two and one ended", fix)
	}
	for _, id := range []engine.ItemID{"draft", "empty"} {
		if one, listed := got[id]; listed {
			t.Errorf("nobody tried %s, and it is listed: %+v", id, one)
		}
	}
	h.ticket("t-3", fields{"customer_id": "ann", "state": "open", "solutions": []fields{{"item_id": "draft", "outcome": "not_solved"}}})
	if one := h.health()["draft"]; one.Failed != 1 {
		t.Errorf("a draft that was tried: %+v", one)
	}
}

type gapPage struct {
	Items   []engine.KnowledgeGap
	Tickets int
}

func (h *house) gaps() gapPage {
	h.t.Helper()
	var page gapPage
	h.call("GET", "/v1/solutions/gaps").want(200).into(&page)
	return page
}

// Tickets that say the same and that no fix ended are a gap, with what was said, as it is
// kept, and the fix that comes nearest; those that fixes end are none. Who is erased, or
// refuses that their data teaches, is not in it.
func TestKnowledgeGaps(t *testing.T) {
	h := stocked(t)
	for i := range 6 {
		who := fmt.Sprint("c", i)
		h.ticket(fmt.Sprint("gap-", i), fields{
			"customer_id": who, "product_id": "shoe-1", "state": "closed", "language": "en", "channel": "email",
			"subject": "Wrong colour", "text": fmt.Sprintf("The laces came in the wrong colour, I wanted green ones. Call +49 30 %07d", 1234567+i),
		})
		h.ticket(fmt.Sprint("ended-", i), fields{
			"customer_id": who, "product_id": "lamp-0", "state": "closed", "language": "en",
			"text": "The lamp flickers all evening", "solutions": []fields{{"item_id": "fix", "outcome": "solved"}},
		})
		h.ticket(fmt.Sprint("waits-", i), fields{"customer_id": who, "state": "open", "text": "My parcel has not come yet"})
	}
	h.call("PATCH", "/v1/tickets/gap-3", fields{"state": "escalated"}).want(200)
	page := h.gaps()
	if len(page.Items) != 1 || page.Tickets != 18 {
		t.Fatalf("%d gaps in %d tickets: %+v", len(page.Items), page.Tickets, page.Items)
	}
	g := page.Items[0]
	if g.Tickets != 6 || g.Escalated != 1 || g.Without != 5 || g.Ended != 0 || g.Recent != 0 && g.Recent != 6 || g.Languages["en"] != 6 {
		t.Errorf("the gap is %+v, want six tickets, one escalated", g)
	}
	if !slices.Contains(g.Terms, "laces") || len(g.Products) != 1 || g.Products[0].Item != "shoe-1" || g.Products[0].Tickets != 6 {
		t.Errorf("the gap is called %v, about %+v", g.Terms, g.Products)
	}
	for _, e := range g.Examples {
		if !strings.Contains(e.Text, "laces") || strings.Contains(e.Text, "12345") || !strings.HasPrefix(e.Ticket, "gap-") {
			t.Errorf("an example: %+v", e)
		}
	}
	if again := h.gaps(); !equalJSON(t, again, page) {
		t.Errorf("asked twice: %+v, then %+v", page, again)
	}
	h.call("DELETE", "/v1/customers/c0").want(200)
	h.call("PUT", "/v1/customers/c1", fields{"consent": fields{"train": false}}).want(200)
	h.call("DELETE", "/v1/tickets/gap-2").want(204)
	h.call("POST", "/v1/customers/c4/merge", fields{"customer_id": "c5"}).want(200)
	page = h.gaps()
	if len(page.Items) != 1 || page.Items[0].Tickets != 3 {
		t.Fatalf("after an erasure, a refusal and a deletion: %+v", page.Items)
	}
	for _, e := range page.Items[0].Examples {
		if slices.Contains([]string{"gap-0", "gap-1", "gap-2"}, e.Ticket) {
			t.Errorf("an example of somebody who is not to be shown: %+v", e)
		}
	}
	if near := page.Items[0].NearMiss; near != nil && near.Item != "fix-2" {
		t.Errorf("the nearest fix is %+v", near)
	}
	// What ends them from now on closes the gap.
	for _, i := range []int{3, 4, 5} {
		h.call("PATCH", fmt.Sprint("/v1/tickets/gap-", i), fields{"state": "solved", "solutions": []fields{{"item_id": "fix-2", "outcome": "solved"}}}).want(200)
	}
	if page = h.gaps(); len(page.Items) != 0 {
		t.Errorf("the gap is closed: %+v", page.Items)
	}
}

// An agent sees who asks: what they own, what they did, their open tickets. Who refused that
// their history is used shows what their tickets name alone; a page in a browser sees nothing.
func TestCustomerView(t *testing.T) {
	h := troubled(t, func(o *Options) { o.PublishableKey, o.TokenSecret = "pk-test", "secret-of-tokens" })
	h.call("POST", "/v1/events", []fields{
		{"type": "purchase", "customer_id": "ann", "item_id": "shoe-2", "order_id": "o-9"},
		{"type": "return", "customer_id": "ann", "item_id": "shoe-2"},
		{"type": "view", "customer_id": "ann", "item_id": "lamp-3"},
	}).want(200)
	h.ticket("t-1", fields{"customer_id": "ann", "product_id": "lamp-0", "state": "open", "text": "it flickers"})
	h.ticket("t-2", fields{"customer_id": "ann", "state": "solved", "text": "done"})
	view := func(g got) (v engine.CustomerView) {
		var a struct{ Customer *engine.CustomerView }
		if g.want(200).into(&a); a.Customer == nil {
			t.Fatalf("%s: no customer in %s", g.what, g.body)
		}
		return *a.Customer
	}
	bySuggest := view(h.call("POST", "/v1/solutions/suggest", fields{"ticket_id": "t-1", "include": []string{"customer"}}))
	byTicket := view(h.call("GET", "/v1/tickets/t-1?include=customer"))
	if !equalJSON(t, bySuggest, byTicket) {
		t.Errorf("by a suggestion %+v, by the ticket %+v", bySuggest, byTicket)
	}
	var owned []engine.ItemID
	for _, o := range byTicket.Owned {
		owned = append(owned, o.Item)
	}
	slices.Sort(owned)
	if !slices.Equal(owned, []engine.ItemID{"lamp-0", "shoe-1"}) || byTicket.Owned[0].At.IsZero() || byTicket.Owned[0].Title == "" || byTicket.Owned[0].Order != "o-7" {
		t.Errorf("owned: %+v, want the lamp and a shoe of order o-7, not what was given back", byTicket.Owned)
	}
	if len(byTicket.Tickets) != 1 || byTicket.Tickets[0].ID != "t-1" || len(byTicket.Tickets[0].Messages) > 0 || len(byTicket.Events) != 3 || byTicket.Customer != "ann" {
		t.Errorf("the view is %+v", byTicket)
	}
	h.call("PUT", "/v1/customers/ann", fields{"consent": fields{"personalise": false, "outreach": false}}).want(200)
	refused := view(h.call("GET", "/v1/tickets/t-1?include=customer"))
	if len(refused.Owned) != 1 || refused.Owned[0].Item != "lamp-0" || len(refused.Events) != 0 || len(refused.Tickets) != 1 || !slices.Equal(refused.Refused, []engine.Purpose{engine.Personalise, engine.Outreach}) {
		t.Errorf("of who refused: %+v", refused)
	}
	h.call("POST", "/v1/customers/ben/merge", fields{"customer_id": "ann"}).want(200)
	if merged := view(h.call("GET", "/v1/tickets/t-1?include=customer")); merged.Customer != "ben" || len(merged.Tickets) != 1 {
		t.Errorf("after a merge: %+v", merged)
	}
	plain := h.call("POST", "/v1/solutions/suggest", fields{"ticket_id": "t-1"}).want(200)
	nobody := h.call("POST", "/v1/solutions/suggest", fields{"text": "the lamp flickers", "include": []string{"customer"}}).want(200)
	for _, g := range []got{plain, nobody, h.call("GET", "/v1/tickets/t-1").want(200)} {
		if bytes.Contains(g.body, []byte(`"owned"`)) {
			t.Errorf("%s shows a customer: %s", g.what, g.body)
		}
	}
	h.call("GET", "/v1/tickets/t-1?include=orders").refused(422, "invalid_field")
	h.call("POST", "/v1/solutions/suggest", fields{"text": "x", "include": []string{"all"}}).refused(422, "invalid_field")
	page := http.Header{"Authorization": {"Bearer pk-test"}, "Origin": {"https://shop.example"}}
	for _, g := range []got{
		h.call("POST", "/v1/solutions/suggest", fields{"ticket_id": "t-1", "include": []string{"customer"}}, page),
		h.call("GET", "/v1/tickets/t-1?include=customer", page),
		h.call("GET", "/v1/solutions/gaps", page), h.call("GET", "/v1/solutions/health", page),
	} {
		if g.status != 401 && g.status != 403 {
			t.Errorf("%s with the publishable key: %d %s", g.what, g.status, g.body)
		}
	}
	h.call("DELETE", "/v1/customers/ben").want(200)
	h.call("GET", "/v1/tickets/t-1?include=customer").refused(404, "not_found")
}
