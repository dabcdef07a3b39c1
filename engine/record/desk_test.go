package record

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// What nobody can mean is refused by field, by every door that takes it: blanks for words,
// what is still to come, languages that there are not, and more content than content can be.
func TestDeskRefuses(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	suggest := func(in string) error { _, err := SuggestRequest(strings.NewReader(in)); return err }
	triage := func(in string) error { _, err := TriageRequest(strings.NewReader(in), ""); return err }
	o := Options{Now: now, Format: NDJSON}
	ticket := func(in string) error { _, err := One(Tickets(strings.NewReader(in), o)); return err }
	change := func(in string) error {
		patch, err := One(TicketPatches(strings.NewReader(in), o))
		if err == nil {
			_, err = patch.Update(engine.Ticket{}, true)
		}
		return err
	}
	event := func(in string) error { _, err := One(Events(strings.NewReader(in), o)); return err }
	for _, c := range []struct {
		name        string
		door        func(string) error
		in          string
		field, want string // "" for none: it is taken
	}{
		{"suggest", suggest, `{"text": " \n "}`, "text", "not blanks alone"},
		{"suggest", suggest, `{"subject": " ", "text": "it hums"}`, "subject", "not blanks alone"},
		{"suggest", suggest, `{"ticket_id": "t1", "text": "  "}`, "text", "not blanks alone"},
		{"suggest", suggest, `{"ticket_id": "t1", "text": ""}`, "", ""},
		{"suggest", suggest, `{"text": "it hums", "language": "zz"}`, "language", "such as de or en-GB"},
		{"suggest", suggest, `{"text": "it hums", "language": "german"}`, "language", "such as de or en-GB"},
		{"suggest", suggest, `{"text": "it hums", "language": "pt-BR"}`, "", ""},
		{"triage", triage, `{"text": "\t"}`, "text", "not blanks alone"},
		{"a ticket", ticket, `{"ticket_id": "t1", "text": "  "}`, "text", "not blanks alone"},
		{"a ticket", ticket, `{"ticket_id": "t1", "messages": [{"from": "customer", "text": " "}]}`, "messages[0].text", "not blanks alone"},
		{"a ticket", ticket, `{"ticket_id": "t1", "language": "qq"}`, "language", "such as de or en-GB"},
		{"a ticket", ticket, `{"ticket_id": "t1", "language": "sr-Latn-RS"}`, "", ""},
		{"a ticket", ticket, `{"ticket_id": "t1", "csat": 99}`, "csat", "from 1"},
		{"a ticket", ticket, `{"ticket_id": "t1", "csat": 4.5}`, "", ""},
		{"a ticket", ticket, `{"ticket_id": "t1", "opened_at": "2026-05-02T12:00:00Z"}`, "opened_at", "ahead of now"},
		{"a ticket", ticket, `{"ticket_id": "t1", "opened_at": "2026-05-01T12:00:30Z"}`, "", ""},
		{"a ticket", ticket, `{"ticket_id": "t1", "closed_at": "2027-05-02T12:00:00Z"}`, "closed_at", "ahead of now"},
		{"a ticket", ticket, `{"ticket_id": "t1", "messages": [{"from": "agent", "text": "x", "at": "2027-05-02T12:00:00Z"}]}`, "messages[0].at", "ahead of now"},
		{"a ticket", ticket, `{"ticket_id": "t1", "solutions": [{"item_id": "a", "at": "2027-05-02T12:00:00Z"}]}`, "solutions[0].at", "ahead of now"},
		{"a change", change, `{"ticket_id": "t1", "opened_at": "2026-05-02T12:00:00Z"}`, "opened_at", "ahead of now"},
		{"a change", change, `{"ticket_id": "t1", "csat": 0}`, "csat", "from 1"},
		{"a change", change, `{"ticket_id": "t1", "csat": null}`, "", ""},
		{"an event", event, `{"type": "csat", "customer_id": "ann", "ticket_id": "t1", "value": 99}`, "value", "from 1"},
		{"an event", event, `{"type": "csat", "customer_id": "ann", "ticket_id": "t1"}`, "value", "from 1"},
		{"an event", event, `{"type": "csat", "customer_id": "ann", "ticket_id": "t1", "value": 5}`, "", ""},
	} {
		var invalid *engine.Invalid
		err := c.door(c.in)
		switch refused := errors.As(err, &invalid); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %s is refused: %v", c.name, c.in, err)
		case c.want != "" && (!refused || invalid.Field != c.field || !strings.Contains(invalid.Want, c.want)):
			t.Errorf("%s: %s gave %v, want %s: ...%s...", c.name, c.in, err, c.field, c.want)
		}
	}
}

// Refusals name fields as the input does: by the name of its column or key.
func TestRefusalsInTheInputsWords(t *testing.T) {
	mapped, err := ParseMapping("nr=ticket_id,smile=csat,came=opened_at,went=closed_at")
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"nr,smile,came,went\n,3,,\n":                     "nr",
		"nr,smile,came,went\n1,99,,\n":                   "smile",
		`{"smile": 3}`:                                   "nr",
		`{"nr": "1", "smile": 99}`:                       "smile",
		"nr,smile,came,went\n1,,2026-05-02,2026-05-01\n": "went",
		"nr,smile,came,went\n1,,2027-05-02,\n":           "came",
	} {
		var invalid *engine.Invalid
		_, err := One(Tickets(strings.NewReader(in), Options{Mapping: mapped, Zone: time.UTC, Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}))
		if !errors.As(err, &invalid) || invalid.Field != want {
			t.Errorf("%q: %v, want it to be of %s", in, err, want)
		}
	}
}

// An article without words is a draft, whatever it says itself.
func TestGuideDrafts(t *testing.T) {
	for in, draft := range map[string]bool{
		`{"id": 1, "title": "Descale", "body": "<p>Fill it with vinegar.</p>"}`: false,
		`{"id": 1, "title": "Descale", "body": "<p> <br></p>"}`:                 true,
		`{"id": 1, "title": "Descale"}`:                                         true,
	} {
		item, err := One(Items(strings.NewReader(in), Options{Preset: guidePreset}))
		if err != nil || item.Hidden != draft {
			t.Errorf("%s: %+v, %v; want a draft: %v", in, item, err, draft)
		}
	}
}

// Of two verdicts on one fix in one record the later stands; what does not say which is later is
// refused, by every door.
func TestVerdictsOnOneFix(t *testing.T) {
	hour := func(h int) string { return time.Date(2026, 5, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339) }
	tried := func(outcome string, h int) string {
		out := `{"item_id": "swap"`
		if outcome != "" {
			out += `, "outcome": "` + outcome + `"`
		}
		if h > 0 {
			out += `, "at": "` + hour(h) + `"`
		}
		return out + `}`
	}
	for _, c := range []struct {
		one, two string
		outcome  string // "refused"
		hour     int
	}{
		{tried("solved", 0), tried("not_solved", 0), "refused", 0},
		{tried("solved", 9), tried("not_solved", 0), "refused", 0},
		{tried("solved", 9), tried("reopened", 9), "refused", 0},
		{tried("solved", 9), tried("reopened", 10), "reopened", 10},
		{tried("solved", 10), tried("not_solved", 9), "solved", 10},
		{tried("solved", 0), tried("solved", 9), "solved", 9},
		{tried("solved", 9), tried("solved", 10), "solved", 10},
		{tried("", 9), tried("solved", 0), "solved", 0},
		{tried("solved", 0), tried("", 9), "solved", 0},
		{tried("", 9), tried("", 10), "", 9},
	} {
		list := `[` + c.one + `, {"item_id": "glue"}, ` + c.two + `]`
		body := `{"ticket_id": "t1", "text": "it hums", "solutions": ` + list + `}`
		patch, failed := One(TicketPatches(strings.NewReader(body), Options{}))
		changed := engine.Ticket{}
		if failed == nil {
			changed, failed = patch.Update(engine.Ticket{ID: "t1"}, true)
		}
		ticket, err := One(Tickets(strings.NewReader(body), Options{}))
		_, unread := One(Tickets(strings.NewReader("ticket_id,solutions\n1,\""+strings.ReplaceAll(list, `"`, `""`)+"\"\n"), Options{}))
		question, unasked := One(Questions(strings.NewReader(strings.Replace(body, `"ticket_id"`, `"relevant": ["swap"], "ticket_id"`, 1)), Options{}))
		if c.outcome == "refused" {
			for i, err := range []error{err, failed, unread, unasked} {
				var invalid *engine.Invalid
				if !errors.As(err, &invalid) || invalid.Field != "solutions[2].outcome" || !strings.Contains(invalid.Want, `"swap"`) {
					t.Errorf("door %d takes %s: %v, want it refused", i, list, err)
				}
			}
			continue
		}
		for i, got := range [][]engine.Tried{ticket.Solutions, changed.Solutions, question.Tried} {
			at := time.Time{}
			if c.hour > 0 {
				at = time.Date(2026, 5, 1, c.hour, 0, 0, 0, time.UTC)
			}
			if len(got) != 2 || got[0] != (engine.Tried{Item: "swap", Outcome: c.outcome, At: at}) {
				t.Errorf("door %d reads %s as %+v (%v, %v, %v, %v), want %s at %d", i, list, got, err, failed, unread, unasked, c.outcome, c.hour)
			}
		}
	}
}
