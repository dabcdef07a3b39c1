package api

import (
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// A desk's export that is read again from its start ends as it did the first time, also where the
// ticket was open in it before it was solved; and what was told twice says so.
func TestTicketsReadAgain(t *testing.T) {
	h := stocked(t)
	export := `{"id": 1, "requester_id": 7, "status": "open", "created_at": "2026-01-01T09:00:00Z", "updated_at": "2026-01-01T09:00:00Z", "subject": " ", "description": "it flickers"}
{"id": 1, "requester_id": 7, "status": "solved", "created_at": "2026-01-01T09:00:00Z", "updated_at": "2026-01-02T09:00:00Z", "subject": "Lamp", "description": "it flickers", "comments": [{"author_id": 8, "body": "see /hc/en-us/articles/101-x", "created_at": "2026-01-01T10:00:00Z"}]}
`
	read := func() Outcome {
		var out Outcome
		h.call("POST", "/v1/import/tickets?preset=zendesk&format=ndjson", export).want(200).into(&out)
		return out
	}
	read()
	first := h.call("GET", "/v1/tickets/1").want(200).object()
	if out := read(); out.Duplicates != 2 || out.Accepted != 0 {
		t.Errorf("read again: %+v, want two duplicates", out)
	}
	if again := h.call("GET", "/v1/tickets/1").want(200).object(); !equalJSON(t, again, first) || again["state"] != "solved" {
		t.Errorf("after it was read again %v, before %v", again, first)
	}
}

// An outcome that is told again, later and otherwise, counts; the same once more does not.
func TestOutcomesToldAgain(t *testing.T) {
	h := stocked(t)
	h.ticket("t-1", fields{"customer_id": "ann", "state": "open", "text": "it flickers", "opened_at": "2026-01-01T09:00:00Z"})
	tell := func(e fields) (out Outcome) {
		t.Helper()
		e["ticket_id"] = "t-1"
		if e["customer_id"] == nil {
			e["customer_id"] = "ann"
		}
		h.call("POST", "/v1/events", e).want(200).into(&out)
		return out
	}
	ticket := func() engine.Ticket {
		var got engine.Ticket
		h.call("GET", "/v1/tickets/t-1").want(200).into(&got)
		return got
	}
	for i, c := range []struct {
		event      fields
		duplicates int
	}{
		{fields{"type": "csat", "value": 2, "at": "2026-01-02T09:00:00Z"}, 0},
		{fields{"type": "csat", "value": 2, "at": "2026-01-03T09:00:00Z"}, 1},
		{fields{"type": "csat", "value": 5, "at": "2026-01-04T09:00:00Z"}, 0},
		{fields{"type": "csat", "value": 1, "at": "2026-01-01T09:00:00Z"}, 1}, // late
		{fields{"type": "solved", "item_id": "fix", "at": "2026-01-05T09:00:00Z", "event_id": "e-1"}, 0},
		{fields{"type": "reopened", "item_id": "fix", "at": "2026-01-06T09:00:00Z"}, 0},
		{fields{"type": "solved", "item_id": "fix", "at": "2026-01-07T09:00:00Z", "event_id": "e-1"}, 1}, // the same event
		{fields{"type": "solved", "item_id": "fix", "at": "2026-01-07T09:00:00Z"}, 0},
		{fields{"type": "solved", "item_id": "fix"}, 1},
	} {
		if out := tell(c.event); out.Duplicates != c.duplicates || out.Accepted != 1-c.duplicates {
			t.Errorf("%d, %v: %+v, want %d duplicates", i, c.event, out, c.duplicates)
		}
	}
	if got := ticket(); *got.CSAT != 5 || got.State != "solved" || len(got.Solutions) != 1 || got.Solutions[0].Outcome != "solved" {
		t.Errorf("the ticket is %+v", got)
	}
	var history struct{ Items []engine.Interaction }
	h.call("GET", "/v1/customers/ann/events").want(200).into(&history)
	rated, ended := 0, 0
	for _, e := range history.Items {
		switch {
		case e.Type == engine.CSAT && e.Value == 5:
			rated++
		case e.Type == engine.Solved && e.At.Day() == 7:
			ended++
		case e.Type == engine.CSAT || e.Type == engine.Solved:
			t.Errorf("the history still has %+v", e)
		}
	}
	if rated != 1 || ended != 1 {
		t.Errorf("the history has csat %d times and solved %d times, want each once as it was told last", rated, ended)
	}
	h.call("PATCH", "/v1/tickets/t-1", fields{"solutions": []fields{{"item_id": "fix-2", "outcome": "not_solved"}}}).want(200)
	if got := ticket(); !got.Solutions[1].At.After(*got.OpenedAt) {
		t.Errorf("a change without a time is dated %s, when the ticket was opened", got.Solutions[1].At)
	}
}

// What another customer said before the ticket came takes nothing from its owner.
func TestOutcomesOfStrangers(t *testing.T) {
	h := stocked(t)
	event := fields{"type": "solved", "customer_id": "ben", "ticket_id": "t-1", "item_id": "fix"}
	h.call("POST", "/v1/events", event).want(200)
	h.ticket("t-1", fields{"customer_id": "ann", "state": "open", "text": "it flickers"})
	event["customer_id"] = "ann"
	if out := h.call("POST", "/v1/events", event).want(200).object(); out["accepted"] != 1.0 {
		t.Errorf("the owner's own outcome: %v, want it accepted", out)
	}
	for _, who := range []string{"ann", "ben"} {
		if !strings.Contains(string(h.call("GET", "/v1/customers/"+who+"/events").want(200).body), `"ticket_id":"t-1"`) {
			t.Errorf("%s has no outcome in the history", who)
		}
	}
	a := h.call("POST", "/v1/solutions/suggest", fields{"ticket_id": "t-1"}).want(200).object()
	if why := a["because"].([]any)[0].(string); !strings.Contains(why, "solved or closed") || a["action"] == "answer" {
		t.Errorf("suggested for a ticket that is solved: %v, %v", a["action"], why)
	}
}

// Slips are refused with what would be right.
func TestSlipsOfATool(t *testing.T) {
	h := stocked(t)
	for _, c := range []struct {
		path string
		body fields
		want string
	}{
		{"events", fields{"type": "solvd", "customer_id": "ann", "ticket_id": "t-1", "item_id": "fix"}, `did you mean \"solved\"?`},
		{"events", fields{"type": "csat", "customer_id": "ann", "ticket_id": "t-1"}, "a number from 1"},
		{"tickets", fields{"ticket_id": "t-1", "subject": "  "}, "a text with words"},
	} {
		if got := h.call("POST", "/v1/"+c.path, c.body).want(422); !strings.Contains(string(got.body), c.want) {
			t.Errorf("%v: %s, want %s", c.body, got.body, c.want)
		}
	}
	h.call("POST", "/v1/events", fields{"type": "chat", "customer_id": "ann", "ticket_id": "t-1", "item_id": "fix"}).want(200)
	h.call("POST", "/v1/events", fields{"type": "solvd", "customer_id": "ann", "item_id": "fix"}).want(200)

	// A tool's own events of a ticket are kept, and change nothing on it.
	h.ticket("t-1", fields{"customer_id": "ann", "state": "open", "text": "it flickers"})
	before := h.call("GET", "/v1/tickets/t-1").want(200).object()
	h.call("PUT", "/v1/settings/interaction-types", fields{"ticket_owned": fields{"weight": 1, "half_life": "24h"}}).want(202)
	h.call("POST", "/v1/events", fields{"type": "ticket_owned", "customer_id": "ann", "ticket_id": "t-1", "event_id": "own-1"}).want(200)
	if got := h.call("GET", "/v1/tickets/t-1").want(200).object(); !equalJSON(t, got, before) {
		t.Errorf("an event of a type of its own made the ticket %v of %v", got, before)
	}
	if got := h.call("GET", "/v1/customers/ann/events").want(200); !strings.Contains(string(got.body), `"ticket_owned"`) {
		t.Errorf("the history lacks it: %s", got.body)
	}
	h.shown("ann")
}

// A ticket is opened now where it does not say when, and one of a file at its place in that; at the
// first time that stands in it where it has one. What is to come is refused in files, too.
func TestTicketsAreDated(t *testing.T) {
	h := stocked(t)
	opened := func(id string) time.Time {
		t.Helper()
		var got engine.Ticket
		if h.call("GET", "/v1/tickets/"+id).want(200).into(&got); got.OpenedAt == nil {
			t.Fatalf("nothing says when %s was opened: %+v", id, got)
		}
		return *got.OpenedAt
	}
	from := time.Now().Add(-time.Second)
	h.ticket("put", fields{"customer_id": "ann", "text": "it flickers"})
	h.call("POST", "/v1/tickets", []fields{{"ticket_id": "posted", "customer_id": "ann"}}).want(200)
	h.call("PATCH", "/v1/tickets/patched?create=true", fields{"customer_id": "ann", "state": "open"}).want(200)
	for _, id := range []string{"put", "posted", "patched"} {
		if at := opened(id); at.Before(from) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("%s was opened at %s, want now", id, at)
		}
	}
	file := `{"ticket_id": "f1", "customer_id": "ben", "text": "it hums", "csat": 2}
{"ticket_id": "f2", "customer_id": "ben", "messages": [{"from": "customer", "text": "it hums", "at": "2026-01-03T09:00:00Z"}], "updated_at": "2026-01-04T09:00:00Z"}
{"ticket_id": "f3", "customer_id": "ben", "updated_at": "2026-01-05T09:00:00Z"}
{"ticket_id": "f4", "customer_id": "ben", "opened_at": "2099-01-05T09:00:00Z"}
`
	for _, dated := range []string{"2026-02-02T09:00:00Z", "2026-02-05T09:00:00Z"} {
		var out Outcome
		h.call("POST", "/v1/import/tickets?format=ndjson&dated="+dated, file).want(200).into(&out)
		if out.Refused != 1 || out.Rejected[0].Field != "opened_at" {
			t.Errorf("of the file %+v, want the line refused that is to come", out)
		}
		for id, want := range map[string]string{"f1": "2026-02-01T09:00:00Z", "f2": "2026-01-03T09:00:00Z", "f3": "2026-01-05T09:00:00Z"} {
			if at := opened(id).Format(time.RFC3339); at != want {
				t.Errorf("%s was opened at %s, want %s", id, at, want)
			}
		}
	}
	for _, who := range []string{"ann", "ben"} {
		for _, m := range h.call("GET", "/v1/customers/"+who+"/timeline").want(200).object()["items"].([]any) {
			if at := m.(map[string]any)["at"].(string); at < "2026" {
				t.Errorf("the timeline of %s has %v", who, m)
			}
		}
	}
}
