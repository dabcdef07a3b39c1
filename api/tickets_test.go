package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// troubled is a house where lamp-0 comes in another colour and on offer, and has a spare
// part; ann bought it, and shoe-1, in the order o-7.
func troubled(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := stocked(t, change...)
	h.call("POST", "/v1/items", []fields{
		{"item_id": "lamp-0", "title": "Brass desk lamp", "group_id": "desk-lamp", "categories": []string{"home/lighting"}},
		{"item_id": "lamp-0-black", "title": "Black desk lamp", "group_id": "desk-lamp", "categories": []string{"home/lighting"}},
		{"item_id": "sale", "kind": "offer", "title": "A second lamp for half", "applies_to": []string{"lamp-0"}},
		{"item_id": "sale-2", "kind": "offer", "title": "Lamps with a gift", "attributes": fields{"product_id": "lamp-0-black"}},
		{"item_id": "bulb", "title": "Bulb", "categories": []string{"home/lighting/Spare parts"}, "applies_to": []string{"lamp-0"}},
		{"item_id": "shade", "title": "Shade", "categories": []string{"home/lighting"}, "applies_to": []string{"lamp-0"}},
	}).want(200)
	h.call("POST", "/v1/events", fields{"type": "purchase", "customer_id": "ann", "order_id": "o-7", "items": []fields{{"item_id": "lamp-0"}, {"item_id": "shoe-1"}}}).want(200)
	return h
}

var everyKind = []string{"product", "content", "solution", "offer"}

// shown asks for everything that may be shown to a customer, what they bought as well.
func (h *house) shown(customer string, more ...fields) engine.Answer {
	h.t.Helper()
	req := fields{"customer_id": customer, "scenario": "related", "kind": everyKind, "collapse": false, "count": 100, "explain": "full"}
	for _, m := range more {
		for k, v := range m {
			req[k] = v
		}
	}
	return h.call("POST", "/v1/recommendations", req).want(200).answer()
}

// blocked holds which of the desk lamp and what belongs to it a list must not have.
func blocked(t testing.TB, when string, a engine.Answer, is bool) {
	t.Helper()
	for _, id := range []engine.ItemID{"lamp-0", "lamp-0-black", "sale", "sale-2"} {
		if slices.Contains(ids(a), id) == is {
			t.Errorf("%s: %s is in the list: %v, want %v", when, id, !is, is)
		}
	}
	first := ids(a)[:min(2, len(a.Items))]
	if helped := slices.Contains(first, "fix") && slices.Contains(first, "bulb"); helped != is {
		t.Errorf("%s: the list begins with %v, the fix and the bulb first: %v, want %v", when, first, helped, is)
	}
	if is != (len(a.OpenTickets) == 1) {
		t.Errorf("%s: open_tickets are %+v", when, a.OpenTickets)
	}
}

// An open ticket keeps what it is about out of that customer's lists and puts what helps
// first; solved, by the ticket's state or by an event, it does not; opened again, it does.
func TestOpenTicketsSteerLists(t *testing.T) {
	h := troubled(t)
	h.shown("ann") // their state is in memory
	h.call("PUT", "/v1/tickets/t-1", fields{"customer_id": "ann", "product_id": "lamp-0", "subject": "it flickers", "state": "open"}).want(200)
	open := h.shown("ann")
	blocked(t, "open", open, true)
	if o := open.OpenTickets; o[0].Ticket != "t-1" || o[0].Item != "lamp-0" || !slices.Equal(o[0].First, ids(open)[:2]) {
		t.Errorf("open_tickets are %+v, want t-1 about lamp-0, and what stands first", o)
	}
	for _, it := range open.Items[:2] {
		last := it.Reasons[len(it.Reasons)-1]
		if last.Type != engine.ReasonOpenTicket || last.Item != "lamp-0" || last.Contribution != 0 || last.Text != "Helps with your open ticket t-1 about Brass desk lamp" || !slices.Equal(it.Moved, []string{"open_ticket"}) {
			t.Errorf("%s has the reason %+v, moved %v", it.Item, last, it.Moved)
		}
	}
	if kept := h.written(open.RecommendationID); !equalJSON(t, kept.Answer.Items, open.Items) {
		t.Errorf("the impression has %+v, want %+v", kept.Answer.Items, open.Items)
	}
	next := h.call("POST", "/v1/recommendations", fields{"customer_id": "ann", "scenario": "related", "kind": everyKind, "count": 1}).want(200).answer()
	if o := next.OpenTickets; !slices.Equal(o[0].First, ids(next)) {
		t.Errorf("a list of one, %v, has %v first", ids(next), o[0].First)
	}
	second := h.call("POST", "/v1/recommendations/"+next.RecommendationID+"/next?count=3").want(200).answer()
	if got := append(ids(next), ids(second)[0]); !slices.Contains(got, "fix") || !slices.Contains(got, "bulb") || slices.Equal(second.Items[1].Moved, []string{"open_ticket"}) {
		t.Errorf("two pages of a list: %v, then %+v", ids(next), second.Items)
	}
	blocked(t, "of somebody else", h.shown("ben"), false)
	if left := h.call("POST", "/v1/rank", fields{"customer_id": "ann", "items": []string{"sale", "shoe-1", "fix"}}).want(200).answer(); !slices.Equal(left.LeftOut, []engine.LeftOut{{Item: "sale", Why: "open_ticket"}}) || left.Items[0].Item != "fix" {
		t.Errorf("rank: %v, left out %v", ids(left), left.LeftOut)
	}
	if empty := h.shown("ann", fields{"filter": `item_id == "lamp-0"`}); empty.EmptyReason != engine.EmptyTicket {
		t.Errorf("a list of the lamp alone is empty because %q, want open_ticket", empty.EmptyReason)
	}
	if empty := h.shown("ann", fields{"filter": `price > 1000`}); empty.EmptyReason != engine.EmptyFilter {
		t.Errorf("a list of nothing is empty because %q", empty.EmptyReason)
	}

	h.call("PATCH", "/v1/tickets/t-1", fields{"state": "solved"}).want(200)
	blocked(t, "solved", h.shown("ann"), false)
	h.call("POST", "/v1/events", fields{"type": "reopened", "customer_id": "ann", "ticket_id": "t-1"}).want(200)
	blocked(t, "opened again", h.shown("ann"), true)
	h.call("POST", "/v1/events", fields{"type": "solved", "customer_id": "ann", "ticket_id": "t-1", "item_id": "fix"}).want(200)
	blocked(t, "solved by an event", h.shown("ann"), false)
	h.call("PATCH", "/v1/tickets/t-1", fields{"state": "escalated"}).want(200)
	blocked(t, "escalated", h.shown("ann"), true)
	h.call("PATCH", "/v1/tickets/t-1", fields{"state": "closed"}).want(200)
	blocked(t, "closed", h.shown("ann"), false)
	h.call("PATCH", "/v1/tickets/t-1", fields{"state": "pending"}).want(200)
	if again := ids(h.shown("ann")); slices.Contains(again, "lamp-0") || again[0] != "bulb" || slices.Contains(again, "fix") {
		t.Errorf("open again after the fix had ended it: the list is %v, want the bulb first, without lamp and fix", again)
	}
	h.call("DELETE", "/v1/tickets/t-1").want(204)
	blocked(t, "deleted", h.shown("ann"), false)
}

// A ticket follows its customer: to another, through a merge, and out with an erasure. A
// session that belongs to them has it too.
func TestOpenTicketsFollowTheirCustomer(t *testing.T) {
	h := troubled(t)
	for _, who := range []string{"ann", "ben", "cleo"} {
		h.saw(who, "lamp-3")
		h.shown(who)
	}
	h.call("PUT", "/v1/tickets/t-1", fields{"customer_id": "ann", "product_id": "lamp-0", "state": "open"}).want(200)
	blocked(t, "ann's", h.shown("ann"), true)
	h.call("PATCH", "/v1/tickets/t-1", fields{"customer_id": "ben"}).want(200)
	blocked(t, "it is ben's now", h.shown("ann"), false)
	blocked(t, "ben's", h.shown("ben"), true)
	h.call("POST", "/v1/customers/cleo/merge", fields{"customer_id": "ben"}).want(200)
	blocked(t, "ben is cleo", h.shown("cleo"), true)
	h.call("POST", "/v1/events", fields{"type": "view", "customer_id": "cleo", "session_id": "visit-1", "item_id": "lamp-3"}).want(200)
	visit := h.call("POST", "/v1/recommendations", fields{"session_id": "visit-1", "scenario": "related", "kind": everyKind, "collapse": false, "count": 100}).want(200).answer()
	blocked(t, "a visit of cleo's", visit, true)
	// The ticket still names ben: its next word comes to cleo all the same.
	h.call("POST", "/v1/events", fields{"type": "solved", "customer_id": "ben", "ticket_id": "t-1"}).want(200)
	blocked(t, "solved", h.shown("cleo"), false)
	h.call("PATCH", "/v1/tickets/t-1", fields{"state": "reopened"}).want(200)
	blocked(t, "opened again", h.shown("cleo"), true)
	lines := h.call("POST", "/v1/recommendations/bulk", fields{"customers": []string{"cleo"}, "scenario": "related", "kind": everyKind, "collapse": false, "count": 100}).want(200)
	everybody := h.call("POST", "/v1/recommendations/bulk", fields{"scenario": "related", "kind": everyKind, "collapse": false, "count": 100}).want(200)
	for _, body := range [][]byte{lines.body, everybody.body} {
		for line := range strings.Lines(string(body)) {
			if strings.Contains(line, `"customer_id":"cleo"`) == (strings.Contains(line, `"item_id":"sale"`) || !strings.Contains(line, `"ticket_id":"t-1"`)) {
				t.Errorf("a line of a mail run: %s", line)
			}
		}
	}
	h.call("DELETE", "/v1/customers/cleo").want(200)
	blocked(t, "erased", h.shown("cleo"), false)
}

// A ticket that names no product is about its order; one about a sensitive product steers
// and names nothing; who refused that their history shapes lists has it kept out only.
func TestWhatOpenTicketsTell(t *testing.T) {
	h := troubled(t)
	h.call("PUT", "/v1/tickets/t-1", fields{"customer_id": "ann", "order_id": "o-7", "state": "open"}).want(200)
	a := h.shown("ann")
	if blocked(t, "by its order", a, true); slices.Contains(ids(a), "shoe-1") || a.OpenTickets[0].Item != "" {
		t.Errorf("by its order: %v, %+v", ids(a), a.OpenTickets)
	}
	h.call("PATCH", "/v1/tickets/t-1", fields{"order_id": "o-8"}).want(200)
	if a = h.shown("ann"); len(a.OpenTickets) > 0 {
		t.Errorf("of an order nobody knows: %+v", a.OpenTickets)
	}
	h.call("PATCH", "/v1/tickets/t-1", fields{"product_id": "lamp-0"}).want(200)
	h.call("PATCH", "/v1/items/lamp-0", fields{"sensitive": true}).want(200)
	a = h.shown("ann")
	blocked(t, "sensitive", a, true)
	for _, it := range a.Items[:2] {
		last := it.Reasons[len(it.Reasons)-1]
		if last.Type != engine.ReasonOpenTicket || last.Item != "" || strings.Contains(last.Text, "lamp") {
			t.Errorf("a sensitive product is named: %+v", last)
		}
	}
	if a.OpenTickets[0].Item != "" {
		t.Errorf("a sensitive product is named: %+v", a.OpenTickets)
	}
	h.call("PUT", "/v1/customers/ann", fields{"consent": fields{"personalise": false}}).want(200)
	if a = h.shown("ann"); slices.Contains(ids(a), "lamp-0") || slices.ContainsFunc(a.Items, func(r engine.Recommended) bool { return len(r.Moved) > 0 }) {
		t.Errorf("of who refused: %+v", a.Items)
	}
}

// A scenario says whether tickets count, and a preview shows it.
func TestScenariosHeedTickets(t *testing.T) {
	h := troubled(t)
	h.call("PUT", "/v1/tickets/t-1", fields{"customer_id": "ann", "product_id": "lamp-0", "state": "open"}).want(200)
	h.call("PUT", "/v1/scenarios/all", fields{"kinds": everyKind, "collapse": false, "count": 100}).want(200)
	preview := func(rule string) engine.Answer {
		var p struct{ Preview, Current engine.Answer }
		h.call("POST", "/v1/scenarios/all/preview", fields{"scenario": fields{"kinds": everyKind, "collapse": false, "count": 100, "open_tickets": rule}, "request": fields{"customer_id": "ann"}}).want(200).into(&p)
		if blocked(t, "the stored one", p.Current, true); p.Preview.Scenario != "all" {
			t.Errorf("a preview of %q", p.Preview.Scenario)
		}
		return p.Preview
	}
	blocked(t, "ignored", preview("ignore"), false)
	blocked(t, "steered", preview("steer"), true)
	if a := preview("exclude"); slices.Contains(ids(a), "lamp-0") || len(a.Items[0].Moved) > 0 || len(a.OpenTickets) != 1 {
		t.Errorf("excluded: %v", ids(a))
	}
	h.call("PUT", "/v1/scenarios/all", fields{"kinds": everyKind, "open_tickets": "ignore"}).want(200)
	if got := h.call("GET", "/v1/scenarios/all").want(200).object()["open_tickets"]; got != "ignore" {
		t.Errorf("stored: %v", got)
	}
	h.call("PUT", "/v1/scenarios/all", fields{"open_tickets": "never"}).refused(422, "invalid_field")
}
