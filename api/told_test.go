package api

import (
	"strings"
	"testing"

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
