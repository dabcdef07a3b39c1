package api

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// What a type of interaction means can be changed while the server runs, and lists
// follow.
func TestInteractionTypes(t *testing.T) {
	h := stocked(t)
	const path = "/v1/settings/interaction-types"
	h.call("POST", "/v1/events", fields{"type": "squint", "customer_id": "ann", "item_id": "shoe-0"}).want(200)
	list := func() engine.Basis {
		return h.call("GET", "/v1/customers/ann/recommendations").want(200).answer().Basis
	}
	if b := list(); b != engine.BasisPopular {
		t.Errorf("a type without a weight: basis %q, want popular", b)
	}
	got := h.call("GET", path).want(200).object()
	if view := got["view"].(fields); view["weight"] != 0.2 || view["half_life"] != "60d" || len(got) != len(engine.DefaultSettings().Types) {
		t.Errorf("GET: got %v, want the defaults", got)
	}
	got = h.call("PATCH", path, fields{"squint": fields{"weight": 0.8, "half_life": "36h"}}).want(202).object()
	if squint := got["squint"].(fields); squint["weight"] != 0.8 || squint["half_life"] != "36h0m0s" || got["view"] == nil {
		t.Errorf("PATCH: got %v, want the type beside the others", got)
	}
	if b := list(); b != engine.BasisPersonal {
		t.Errorf("a type with a weight: basis %q, want personal", b)
	}
	put := h.call("PUT", path, got).want(202)
	if again := h.call("GET", path).want(200); string(again.body) != string(put.body) || !equalJSON(t, again.object(), got) {
		t.Errorf("PUT of what GET gives: got %s, want %v", again.body, got)
	}
	if got = h.call("PUT", path, fields{"purchase": fields{"weight": 1}}).want(202).object(); len(got) != 1 {
		t.Errorf("PUT replaces: got %v, want purchase alone", got)
	}
	if b := list(); b != engine.BasisPopular {
		t.Errorf("a type that is no longer set: basis %q, want popular", b)
	}
	for _, c := range []struct {
		body        any
		status      int
		code, field string
	}{
		{fields{"view": fields{"half_life": "60d"}}, 422, "missing_field", "view.weight"},
		{fields{"view": fields{"weight": "much"}}, 422, "invalid_field", "view.weight"},
		{fields{"view": fields{"weight": 1e9}}, 422, "limit_exceeded", "view.weight"},
		{fields{"view": fields{"weight": 1, "half_life": "soon"}}, 422, "invalid_field", "view.half_life"},
		{fields{"view": fields{"weight": 1, "colour": 1}}, 422, "unknown_field", "view.colour"},
		{fields{}, 422, "missing_field", ""},
		{`{"view":`, 400, "invalid_syntax", ""},
	} {
		if p := h.call("PUT", path, c.body).refused(c.status, c.code); p.Field != c.field {
			t.Errorf("%v: field %q, want %q", c.body, p.Field, c.field)
		}
	}
	if n := len(h.call("GET", path).object()); n != 1 {
		t.Errorf("after refusals there are %d types, want the one", n)
	}
}

// What is private in tickets is taken out, unless the shop says otherwise.
func TestPrivacy(t *testing.T) {
	h := newHouse(t)
	const path = "/v1/settings/privacy"
	subject := func() any {
		h.call("PUT", "/v1/tickets/t1", fields{"subject": "write to ann@example.com"}).want(200)
		return h.call("GET", "/v1/tickets/t1").object()["subject"]
	}
	if got := h.call("GET", path).want(200).object()["redact"]; got != true || subject() != "write to [mail]" {
		t.Errorf("by default: redact %v, a subject %q; want it redacted", got, subject())
	}
	if got := h.call("PUT", path, fields{"redact": false}).want(200).object()["redact"]; got != false || subject() != "write to ann@example.com" {
		t.Errorf("switched off: redact %v, a subject %q; want it as it came", got, subject())
	}
	h.call("PUT", path, fields{}).refused(422, "missing_field")
	h.call("PUT", path, fields{"redact": "no"}).refused(422, "invalid_field")
	h.call("PUT", path, fields{"keep": true}).refused(422, "unknown_field")
}

// When a person takes a ticket over is the shop's choice, and the next answer obeys it.
func TestSupportSettings(t *testing.T) {
	h := stocked(t)
	const path = "/v1/settings/support"
	action := func(text string) any {
		return h.call("POST", "/v1/solutions/suggest", fields{"text": text}).want(200).object()["action"]
	}
	flickers, court := "my lamp flickers", "my lamp flickers, we meet in court"
	if got := h.call("GET", path).want(200).object(); got["answer_from"] != 0.6 || got["escalate_below"] != 0.3 || got["escalate_after"] != 2.0 || got["mood_below"] != -0.6 {
		t.Errorf("GET: got %v, want the defaults", got)
	}
	if a, b := action(flickers), action(court); a != "ask" || b != "escalate" {
		t.Errorf("by default: %v, and of a court %v; want ask and escalate", a, b)
	}
	put := h.call("PUT", path, fields{"answer_from": 0.8, "sensitive_topics": fields{"en": []string{"flicker"}, "de": []string{"Anwalt"}}}).want(200).object()
	if put["answer_from"] != 0.8 || put["escalate_below"] != 0.3 || len(put["sensitive_topics"].(fields)) != 2 {
		t.Errorf("PUT: got %v, want what was given over the defaults", put)
	}
	if again := h.call("PUT", path, put).want(200).object(); !equalJSON(t, again, put) || !equalJSON(t, h.call("GET", path).object(), put) {
		t.Errorf("PUT of what GET gives: got %v, want %v", again, put)
	}
	if a, b := action(flickers), action("we meet in court because of the lamp"); a != "escalate" || b != "ask" {
		t.Errorf("by the shop's list: %v, and of a court %v; want escalate and ask", a, b)
	}
	got := h.call("PATCH", path, fields{"escalate_after": 1}).want(200).object()
	if got["escalate_after"] != 1.0 || got["answer_from"] != 0.8 {
		t.Errorf("PATCH: got %v, want the other limits as they were", got)
	}
	h.call("PUT", "/v1/tickets/t1", fields{"subject": "the bulb is loose", "solutions": []fields{{"item_id": "fix-2", "outcome": "not_solved"}}}).want(200)
	if a := h.call("POST", "/v1/solutions/suggest", fields{"ticket_id": "t1"}).want(200).object()["action"]; a != "escalate" {
		t.Errorf("after the first failure: %v, want escalate", a)
	}
	if got = h.call("PATCH", path, fields{"escalate_after": nil, "sensitive_topics": fields{"fr": []string{"avocat"}}}).want(200).object(); got["escalate_after"] != 2.0 || len(got["sensitive_topics"].(fields)) != 3 {
		t.Errorf("PATCH of one language, and of null: got %v, want the lists of the others as they were, and the default", got)
	}
	if p := h.call("PATCH", path, fields{"answer_from": 0.2}).refused(422, "invalid_field"); p.Field != "escalate_below" {
		t.Errorf("limits that cross: field %q", p.Field)
	}
	h.call("PUT", path, fields{"answer": 0.2}).refused(422, "unknown_field")
	h.call("PUT", path, "{").refused(400, "invalid_syntax")
	if h.call("PUT", path, fields{}).want(200); !equalJSON(t, h.call("GET", path).object()["sensitive_topics"].(fields)["en"], engine.DefaultSupport().Sensitive["en"]) {
		t.Error("PUT of nothing does not return to the default list")
	}
	if a, b := action(flickers), action(court); a != "ask" || b != "escalate" {
		t.Errorf("by default again: %v, and of a court %v; want ask and escalate", a, b)
	}
}

// Training takes no settings: whoever sends some is told.
func TestTrainTakesNoBody(t *testing.T) {
	h := newHouse(t)
	h.call("POST", "/v1/models/train", fields{"seed": 1}).refused(422, "unknown_field")
	h.call("POST", "/v1/models/train", "[]").refused(422, "invalid_field")
	h.call("POST", "/v1/models/train", fields{}).want(202)
	h.call("POST", "/v1/models/train").refused(409, "conflict")
}

// Settings of sources are kept for the next training, shown, and taken back.
func TestSourceSettings(t *testing.T) {
	h := newHouse(t)
	const path = "/v1/settings/sources"
	if got := h.call("GET", path).want(200).object(); len(got) != 0 {
		t.Errorf("GET: got %v, want none", got)
	}
	got := h.call("PUT", path, fields{"factor": fields{"lambda": 0.02}, "ease": fields{"lambda": 9}}).want(200).object()
	if f := got["factor"].(fields); f["lambda"] != 0.02 || len(got) != 2 {
		t.Errorf("PUT: got %v", got)
	}
	if set := h.rec.Settings().Sources["factor"]; set["lambda"] != 0.02 {
		t.Errorf("a training is given %v", set)
	}
	if got := h.call("PATCH", path, fields{}).want(200).object(); len(got) != 2 {
		t.Errorf("PATCH of nothing: got %v", got)
	}
	for _, c := range []struct {
		body        any
		status      int
		code, field string
	}{
		{fields{"factor": fields{"lamda": 1}}, 422, "unknown_field", "factor.lamda"},
		{fields{"factor": fields{"lambda": []int{1}}}, 422, "invalid_field", "factor.lambda"},
		{fields{"factor": 3}, 422, "invalid_field", ""},
		{`{"factor":`, 400, "invalid_syntax", ""},
	} {
		if p := h.call("PATCH", path, c.body).refused(c.status, c.code); p.Field != c.field {
			t.Errorf("%v: field %q, want %q", c.body, p.Field, c.field)
		}
	}
	if p := h.call("PUT", path, fields{"factor": 3}).refused(422, "invalid_field"); p.Detail != "an object is wanted, got a number" {
		t.Errorf("a number for a source: %q", p.Detail)
	}
	if got := h.call("PATCH", path, fields{"factor": nil}).want(200).object(); len(got) != 1 || got["ease"] == nil {
		t.Errorf("PATCH with null: got %v, want the other one", got)
	}
}
