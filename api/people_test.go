package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// awkward are ids that a path must not mistake for something else.
var awkward = []string{"a/b", "%", "ü", "batch", "two words", "a+b"}

// lived is a house in which ann looked, bought, asked for help and was helped.
func lived(t *testing.T) (h *house, list string) {
	h = stocked(t)
	h.call("PUT", "/v1/customers/ann", fields{"attributes": fields{"city": "Ulm"}}).want(200)
	h.call("POST", "/v1/events", []fields{
		{"event_id": "e1", "type": "view", "session_id": "visit", "item_id": "lamp-0", "at": "2024-05-01T10:00:00Z"},
		{"event_id": "e2", "type": "purchase", "customer_id": "ann", "items": []fields{{"item_id": "lamp-0"}, {"item_id": "lamp-1"}}, "at": "2024-05-02T10:00:00Z"},
	}).want(200)
	h.call("POST", "/v1/customers/ann/merge", fields{"session_id": "visit"}).want(200)
	h.call("PUT", "/v1/tickets/t1", fields{
		"customer_id": "ann", "subject": "it flickers", "opened_at": "2024-05-03T10:00:00Z", "product_id": "lamp-0",
		"messages":  []fields{{"from": "customer", "text": "help", "at": "2024-05-03T10:00:01Z"}},
		"solutions": []fields{{"item_id": "fix", "outcome": "solved", "at": "2024-05-04T10:00:00Z"}},
	}).want(200)
	list = h.call("GET", "/v1/customers/ann/recommendations?count=3").want(200).answer().RecommendationID
	h.written(list)
	return h, list
}

// The timeline of a person is everything across channels, newest first.
func TestTimeline(t *testing.T) {
	h, list := lived(t)
	all := timelineOf(t, h, "/v1/customers/ann/timeline?limit=100")
	want := []string{"list", "outcome", "message", "ticket", "event", "event", "event"}
	if got := typesOf(all); !slices.Equal(got, want) {
		t.Fatalf("timeline: got %v, want %v", got, want)
	}
	if l := all[0]["list"].(fields); l["recommendation_id"] != list || len(l["items"].([]any)) != 3 {
		t.Errorf("the list: got %v, want %s with its items", l, list)
	}
	if e := all[6]["event"].(fields); e["event_id"] != "e1" || all[1]["ticket_id"] != "t1" || all[1]["event"].(fields)["type"] != "solved" {
		t.Errorf("got %v and %v, want what the session did, and the outcome's ticket", all[6], all[1])
	}
	if ticket := all[3]["ticket"].(fields); ticket["messages"] != nil || ticket["subject"] != "it flickers" {
		t.Errorf("the ticket: got %v, want it without what has moments of its own", ticket)
	}
	var paged []fields
	cursor := ""
	for range 10 {
		page := h.call("GET", "/v1/customers/ann/timeline?limit=2&cursor="+url.QueryEscape(cursor)).want(200).object()
		for _, m := range page["items"].([]any) {
			paged = append(paged, m.(fields))
		}
		next, more := page["cursor"].(string)
		if !more {
			break
		}
		cursor = next
	}
	if !equalJSON(t, paged, all) {
		t.Errorf("two at a time: got %v, want %v", typesOf(paged), typesOf(all))
	}
	if got := typesOf(timelineOf(t, h, "/v1/customers/ann/timeline?type=message,outcome")); !slices.Equal(got, []string{"outcome", "message"}) {
		t.Errorf("type=message,outcome: got %v", got)
	}
	if got := timelineOf(t, h, "/v1/customers/nobody/timeline"); len(got) != 0 {
		t.Errorf("of a stranger: got %v, want nothing", got)
	}
	for query, field := range map[string]string{"type=noise": "type", "limit=0": "limit", "cursor=x": "cursor"} {
		if p := h.call("GET", "/v1/customers/ann/timeline?"+query).refused(422, "invalid_field"); p.Field != field {
			t.Errorf("%s: field %q", query, p.Field)
		}
	}
	h.call("GET", "/v1/customers/ann/timeline?colour=red").refused(422, "unknown_parameter")
}

func timelineOf(t *testing.T, h *house, path string) []fields {
	t.Helper()
	var out []fields
	for _, m := range h.call("GET", path).want(200).object()["items"].([]any) {
		out = append(out, m.(fields))
	}
	return out
}

func typesOf(moments []fields) []string {
	var out []string
	for _, m := range moments {
		out = append(out, m["type"].(string))
	}
	return out
}

// A person can have everything that is kept about them, and after an erasure that is
// nothing.
func TestExportOfAPerson(t *testing.T) {
	h, list := lived(t)
	g := h.call("GET", "/v1/customers/ann/export").want(200)
	if d := g.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") {
		t.Errorf("Content-Disposition is %q, want an attachment", d)
	}
	var got struct {
		Customer        engine.Customer
		Subjects        []map[string]string
		Events          []engine.Interaction
		Tickets         []engine.Ticket
		Recommendations []engine.Impression
	}
	g.into(&got)
	if got.Customer.Attributes["city"] != "Ulm" || len(got.Subjects) != 2 || got.Subjects[1]["session_id"] != "visit" {
		t.Errorf("got %+v as %v, want ann, also met as visit", got.Customer, got.Subjects)
	}
	if len(got.Events) != 4 || len(got.Tickets) != 1 || len(got.Tickets[0].Messages) != 1 || len(got.Recommendations) != 1 || got.Recommendations[0].RecommendationID != list {
		t.Errorf("got %d events, %d tickets, %d lists, want 4 (the outcome is one), 1 and 1", len(got.Events), len(got.Tickets), len(got.Recommendations))
	}
	h.call("DELETE", "/v1/customers/ann").want(200)
	after := h.call("GET", "/v1/customers/ann/export").want(200).object()
	if after["customer"] != nil || len(after["events"].([]any))+len(after["tickets"].([]any))+len(after["recommendations"].([]any)) != 0 {
		t.Errorf("after the erasure: got %v, want nothing", after)
	}
	h.call("GET", "/v1/customers/ann/export?format=csv").refused(422, "unknown_parameter")
}

// An event can be put right or taken back, and everything behaves as if it had always
// been so.
func TestEventsCanBeChanged(t *testing.T) {
	h := stocked(t)
	bought := func() int {
		list := ids(h.call("GET", "/v1/customers/ann/recommendations?count=20").want(200).answer())
		n := 0
		for _, i := range []engine.ItemID{"lamp-0", "lamp-1", "shoe-0"} {
			if !slices.Contains(list, i) {
				n++
			}
		}
		return n
	}
	order := fields{"event_id": "o1", "type": "purchase", "customer_id": "ann", "items": []fields{{"item_id": "lamp-0", "quantity": 2}, {"item_id": "lamp-1"}}}
	view := fields{"event_id": "v1", "type": "view", "customer_id": "ann", "item_id": "shoe-0", "price": 3}
	h.call("POST", "/v1/events", []fields{order, view}).want(200)
	if bought() != 2 {
		t.Fatalf("of three items %d are bought, want 2", bought())
	}
	lines := h.call("PATCH", "/v1/events/v1?customer_id=ann", fields{"type": "purchase", "quantity": 4, "price": nil}).want(200).object()["items"].([]any)
	if l := lines[0].(fields); len(lines) != 1 || l["type"] != "purchase" || l["quantity"] != 4.0 || l["price"] != nil || l["item_id"] != "shoe-0" {
		t.Errorf("PATCH: got %v, want a purchase of four without a price", lines)
	}
	if bought() != 3 {
		t.Errorf("after the view became a purchase %d are bought, want 3", bought())
	}
	h.call("DELETE", "/v1/events/o1?customer_id=ann").want(204)
	if bought() != 1 {
		t.Errorf("after the order was taken back %d are bought, want 1", bought())
	}
	if n := len(h.call("GET", "/v1/customers/ann/events").object()["items"].([]any)); n != 1 {
		t.Errorf("the history has %d lines, want the one", n)
	}
	h.call("DELETE", "/v1/events/o1?customer_id=ann").refused(404, "not_found")
	h.call("PATCH", "/v1/events/v1?customer_id=bob", fields{"quantity": 1}).refused(404, "not_found")
	h.call("PATCH", "/v1/events/v1?session_id=ann", fields{"quantity": 1}).refused(404, "not_found")
	for _, query := range []string{"", "?customer_id=ann&session_id=s"} {
		if p := h.call("DELETE", "/v1/events/v1"+query).refused(422, "missing_field"); !strings.Contains(p.Detail, "by person") {
			t.Errorf("%q: detail %q does not say why", query, p.Detail)
		}
	}
	for _, c := range []struct {
		body        any
		code, field string
	}{
		{fields{"quantity": "many"}, "invalid_field", "quantity"},
		{fields{"colour": "red"}, "unknown_field", "colour"},
		{fields{"event_id": "v2"}, "invalid_field", ""},
		{fields{"at": "2999-01-01T00:00:00Z"}, "time_in_future", "at"},
	} {
		if p := h.call("PATCH", "/v1/events/v1?customer_id=ann", c.body).refused(422, c.code); p.Field != c.field {
			t.Errorf("%v: field %q (%s), want %q", c.body, p.Field, p.Detail, c.field)
		}
	}
	h.call("PATCH", "/v1/events/v1?customer_id=ann", ndjson, "{}").refused(415, "unsupported_media_type")
}

func TestEventIDsInPaths(t *testing.T) {
	h := stocked(t)
	for _, id := range awkward {
		h.call("POST", "/v1/events", fields{"event_id": id, "type": "view", "customer_id": id, "item_id": "lamp-0"}).want(200)
		path := "/v1/events/" + url.PathEscape(id) + "?customer_id=" + url.QueryEscape(id)
		h.call("PATCH", path, fields{"position": 3}).want(200)
		h.call("DELETE", path).want(204)
		h.call("DELETE", path).refused(404, "not_found")
		customer := "/v1/customers/" + url.PathEscape(id)
		if got := timelineOf(t, h, customer+"/timeline"); len(got) != 0 {
			t.Errorf("%s: the timeline has %v, want nothing", id, got)
		}
		if got := h.call("GET", customer+"/export").want(200).object()["customer_id"]; got != id {
			t.Errorf("export of %q: got %q", id, got)
		}
	}
}

func TestMessages(t *testing.T) {
	h := newHouse(t)
	for _, id := range awkward {
		path := "/v1/tickets/" + url.PathEscape(id)
		h.call("POST", path+"/messages", fields{"from": "customer", "text": "hello"}).refused(404, "not_found")
		h.call("GET", path).refused(404, "not_found")
		h.call("PUT", path, fields{"subject": "x", "text": "first"}).want(200)
		stamped := fields{"from": "agent", "text": "call +49 731 1234567", "at": "2024-05-01T10:00:00Z"}
		var got added
		h.call("POST", path+"/messages", []fields{stamped, {"from": "customer", "text": "thanks"}}).want(200).into(&got)
		if got != (added{id, 2, 0, 3}) {
			t.Errorf("two messages: got %+v", got)
		}
		h.call("POST", path+"/messages", stamped).want(200).into(&got)
		if got != (added{id, 0, 1, 3}) {
			t.Errorf("one sent again: got %+v, want a duplicate", got)
		}
		messages := h.call("GET", path).object()["messages"].([]any)
		if m := messages[1].(fields); m["text"] != "call [phone]" || messages[2].(fields)["at"] == nil {
			t.Errorf("kept: %v, want the number redacted and a time for each", messages)
		}
	}
	const path = "/v1/tickets/batch/messages"
	many := make([]fields, engine.MaxMessages+1)
	for i := range many {
		many[i] = fields{"from": "agent", "text": "x"}
	}
	for _, c := range []struct {
		body        any
		status      int
		code, field string
	}{
		{fields{"from": "agent"}, 422, "missing_field", "text"},
		{fields{"from": "nobody", "text": "x"}, 422, "invalid_field", "from"},
		{[]fields{{"from": "agent", "text": "x"}, {"text": "y"}}, 422, "missing_field", "[1].from"},
		{fields{"from": "agent", "text": "x", "colour": 1}, 422, "unknown_field", "colour"},
		{[]fields{}, 422, "missing_field", ""},
		{many, 422, "limit_exceeded", ""},
		{many[:engine.MaxMessages], 422, "limit_exceeded", ""},
		{"[{]", 400, "invalid_syntax", ""},
		{"", 400, "invalid_syntax", ""},
	} {
		if p := h.call("POST", path, c.body).refused(c.status, c.code); p.Field != c.field {
			t.Errorf("%.60v: field %q (%s), want %q", c.body, p.Field, p.Detail, c.field)
		}
	}
	h.call("POST", path, http.Header{"Content-Type": {"text/csv"}}, "from,text\n").refused(415, "unsupported_media_type")
	h.call("POST", path+"?atomic=true", fields{"from": "agent", "text": "x"}).refused(422, "unknown_parameter")
}

// Who only has a history has no record to change: the refusal says how to make one.
func TestPatchOfHistoryWithoutRecord(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0")
	no := fields{"consent": fields{"outreach": false}}
	if p := h.call("PATCH", "/v1/customers/ann", no).refused(404, "not_found"); !strings.Contains(p.Detail, "no record") || !strings.Contains(p.Detail, "create=true") {
		t.Errorf("got %q, want that there is no record, and how one is made", p.Detail)
	}
	h.call("PATCH", "/v1/customers/ann?create=true", no).want(200)
}
