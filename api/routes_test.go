package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// TestRoutes takes every route's happy path once, and fails for a route it forgot.
func TestRoutes(t *testing.T) {
	h := stocked(t)

	h.call("GET", "/healthz").want(200)
	if r := h.call("GET", "/readyz").want(200).object(); r["status"] != "ready" || !strings.Contains(r["serving"].(string), "fallback") {
		t.Errorf("readyz: got %v, want ready, and the fallback by name", r)
	}
	if v := h.call("GET", "/v1/version").want(200).object(); v["version"] != "v0.0.0-test" {
		t.Errorf("version: got %v", v)
	}
	if w := h.call("GET", "/v1/whoami").want(200).object(); w["workspace"] != "test" || w["keyed"] != true {
		t.Errorf("whoami: got %v", w)
	}

	h.saw("ann", "lamp-0", "lamp-1", "shoe-1")
	recommendations(t, h)
	people(t, h)
	collections(t, h)
	steering(t, h)

	for _, r := range h.server.routes() {
		tried := false
		h.tried.Range(func(call, _ any) bool {
			method, path, _ := strings.Cut(call.(string), " ")
			tried = method == r.method && matches(r.path, path)
			return !tried
		})
		if !tried {
			t.Errorf("%s %s was not tried", r.method, r.path)
		}
	}
}

// What could not be read at the start is told, whether or not an older model serves.
func TestReadyTellsOfModelsThatCannotBeRead(t *testing.T) {
	h := stocked(t)
	if r := h.call("GET", "/readyz").want(200).object(); r["detail"] != nil || !strings.Contains(r["serving"].(string), "no model is trained yet") {
		t.Errorf("before the first training: got %v", r)
	}
	h.trainer.unread = []int{2, 1}
	r := h.call("GET", "/readyz").want(200).object()
	if serving := r["serving"].(string); !strings.Contains(serving, "fallback") || !strings.Contains(serving, "models 2, 1 cannot be read") {
		t.Errorf("without a model that can be read: got %v", r)
	}
	h.trainer.unread = []int{2}
	w := h.rec.World()
	h.rec.Swap(recommend.NewModels(1, time.Time{}, nil, w.Models.Encoder, w.Models.Blend))
	r = h.call("GET", "/readyz").want(200).object()
	if detail, _ := r["detail"].(string); r["serving"] != "model 1" || !strings.Contains(detail, "model 2 cannot be read: train again") {
		t.Errorf("with an older model: got %v", r)
	}
}

// matches reports whether a path is one of a route's, and not of a more exact one.
func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(a, b, func(x, y string) bool { return x == y || strings.HasPrefix(x, ":") })
}

func recommendations(t *testing.T, h *house) {
	a := h.call("POST", "/v1/recommendations", fields{
		"customer_id": "ann", "scenario": "home", "kind": "product", "count": 4, "filter": "price < 80",
		"boost": []fields{{"filter": `brand == "swift"`, "add": 0.5}}, "pins": []fields{{"item_id": "shoe-5", "rank": 1}},
		"constraints": []fields{{"attribute": "brand", "max": 3}}, "exclude_items": []string{"lamp-5"}, "collapse": true, "diversity": 0.2,
		"return_properties": []string{"title", "price"}, "explain": "full", "context": fields{"page": "home", "region": "de"},
	}).want(200).answer()
	if len(a.Items) != 4 || a.Items[0].Item != "shoe-5" || slices.Contains(ids(a), "lamp-5") || a.RecommendationID == "" {
		t.Errorf("recommendations: got %v (%q), want 4 items, shoe-5 pinned first, without lamp-5, and an id", ids(a), a.RecommendationID)
	}
	if p := a.Items[0].Properties; p["title"] == nil || p["price"] == nil || len(p) != 2 {
		t.Errorf("recommendations: properties are %v, want title and price", p)
	}
	v := h.call("POST", "/v1/recommendations", fields{"customer_id": "ann", "validate_only": true}).want(200).answer()
	if len(v.Items) != 0 || v.RecommendationID != "" {
		t.Errorf("validate_only: got %v, want nothing shown and nothing recorded", v)
	}
	for _, path := range []string{"/v1/customers/ann/recommendations", "/v1/sessions/s1/recommendations", "/v1/items/lamp-0/related"} {
		get := h.call("GET", path+"?count=3&kind=product&context.region=de").want(200).answer()
		post := h.call("POST", path, fields{"count": 3, "kind": []string{"product"}, "context": fields{"region": "de"}}).want(200).answer()
		bare := h.call("POST", path).want(200).answer()
		if len(get.Items) != 3 || !slices.Equal(ids(get), ids(post)) || len(bare.Items) == 0 {
			t.Errorf("%s: GET gives %v, POST %v, a bare POST %v; want the same three, and some", path, ids(get), ids(post), ids(bare))
		}
	}
	fixes := h.call("POST", "/v1/solutions/suggest", fields{"text": "my lamp flickers", "customer_id": "ann"}).want(200).answer()
	if len(fixes.Items) == 0 || fixes.Items[0].Item != "fix" {
		t.Errorf("suggest: got %v, want fix first", ids(fixes))
	}
	h.call("GET", "/v1/recommendations/"+fixes.RecommendationID).want(200)
	h.call("POST", "/v1/recommendations/"+a.RecommendationID+"/next").want(200)
	h.call("POST", "/v1/rank", fields{"items": []string{"lamp-0", "lamp-1"}}).want(200)
	h.call("POST", "/v1/recommendations/bulk", fields{"count": 1}).want(200)
	h.call("POST", "/v1/batch", fields{"requests": []fields{{"method": "GET", "path": "/v1/version"}}}).want(200)
}

func people(t *testing.T, h *house) {
	first := h.call("GET", "/v1/customers/ann/events?limit=2").want(200).object()
	second := h.call("GET", "/v1/customers/ann/events?limit=2&cursor="+first["cursor"].(string)).want(200).object()
	if len(first["items"].([]any)) != 2 || len(second["items"].([]any)) != 1 || second["cursor"] != nil {
		t.Errorf("events: got %v then %v, want 2 and 1 and then no cursor", first, second)
	}
	h.call("POST", "/v1/events", fields{"type": "view", "session_id": "visit", "item_id": "shoe-2"}).want(200)
	h.call("POST", "/v1/customers/ann/merge", fields{"session_id": "visit"}).want(200)
	if n := len(h.call("GET", "/v1/customers/ann/events").want(200).object()["items"].([]any)); n != 4 {
		t.Errorf("events after a merge: got %d, want 4", n)
	}
	h.call("PATCH", "/v1/customers/ann/preferences", fields{"muted_items": []string{"lamp-2"}}).want(200)
	h.call("PATCH", "/v1/customers/ann/preferences", fields{"muted_categories": []string{"shoes"}}).want(200)
	p := h.call("GET", "/v1/customers/ann/preferences").want(200)
	if got, want := string(p.body), `{"muted_categories":["shoes"],"muted_items":["lamp-2"]}`; got != want {
		t.Errorf("preferences: got %s, want %s", got, want)
	}
	list := ids(h.call("GET", "/v1/customers/ann/recommendations?count=50").want(200).answer())
	if slices.ContainsFunc(list, func(i engine.ItemID) bool { return i == "lamp-2" || strings.HasPrefix(string(i), "shoe") }) {
		t.Errorf("recommendations: got %v, want nothing muted", list)
	}
	h.call("POST", "/v1/events", fields{"event_id": "e9", "type": "view", "customer_id": "ann", "item_id": "shoe-2"}).want(200)
	h.call("PATCH", "/v1/events/e9?customer_id=ann", fields{"type": "click"}).want(200)
	h.call("DELETE", "/v1/events/e9?customer_id=ann").want(204)
	h.call("GET", "/v1/customers/ann/timeline").want(200)
	h.call("GET", "/v1/customers/ann/export").want(200)
	receipt := h.call("DELETE", "/v1/customers/ann").want(200).object()["receipt"].(string)
	h.call("GET", "/v1/erasures/"+receipt).want(200)
}

func collections(t *testing.T, h *house) {
	for _, k := range []struct{ name, id, field string }{{"items", "item_id", "title"}, {"customers", "customer_id", ""}, {"tickets", "ticket_id", "subject"}} {
		base := "/v1/" + k.name
		one := func(id, text string) fields {
			if k.field == "" {
				return fields{k.id: id, "attributes": fields{"note": text}}
			}
			return fields{k.id: id, k.field: text}
		}
		h.call("POST", base, one("x1", "one")).want(200)
		h.call("POST", base, []fields{one("x2", "two"), one("x3", "three")}).want(200)
		h.call("POST", base, ndjson, "{\""+k.id+"\":\"x4\"}\n{\""+k.id+"\":\"x5\"}\n").want(200)
		h.call("PATCH", base, []fields{one("x1", "uno")}).want(200)
		h.call("PATCH", base+"?create=true", one("x6", "six")).want(200)
		put := h.call("PUT", base+"/x7", one("x7", "seven")).want(200)
		if got := h.call("GET", base+"/x7").want(200); !bytes.Equal(got.body, put.body) {
			t.Errorf("GET %s/x7: got %s, want what PUT answered: %s", base, got.body, put.body)
		}
		h.call("PATCH", base+"/x7", one("x7", "sette")).want(200)
		if got := h.call("GET", base+"/x1").want(200).body; !bytes.Contains(got, []byte("uno")) {
			t.Errorf("GET %s/x1: got %s, want the patched one", base, got)
		}
		seen := pageThrough(t, h, base, k.name, k.id)
		for i := range 7 {
			if seen[fmt.Sprint("x", i+1)] != 1 {
				t.Errorf("GET %s, page by page: x%d came %d times, want once", base, i+1, seen[fmt.Sprint("x", i+1)])
			}
		}
		if k.name == "customers" {
			continue // erased, not deleted: see people
		}
		if k.name == "tickets" {
			h.call("POST", base+"/x7/messages", fields{"from": "agent", "text": "hello"}).want(200)
		}
		h.call("DELETE", base+"/x7").want(204)
		h.call("GET", base+"/x7").refused(404, "not_found")
	}
}

// pageThrough counts how often each id comes in a listing of two at a time.
func pageThrough(t *testing.T, h *house, base, name, id string) map[string]int {
	t.Helper()
	seen := make(map[string]int)
	cursor := ""
	for range 50 {
		page := h.call("GET", base+"?limit=2&cursor="+url.QueryEscape(cursor)).want(200).object()
		list := page[name].([]any)
		if len(list) > 2 {
			t.Errorf("GET %s: got %d records, want at most 2", base, len(list))
		}
		for _, r := range list {
			seen[r.(map[string]any)[id].(string)]++
		}
		next, more := page["cursor"].(string)
		if !more {
			return seen
		}
		cursor = next
	}
	t.Fatalf("GET %s: the pages do not end", base)
	return nil
}

func steering(t *testing.T, h *house) {
	if n := len(h.call("GET", "/v1/scenarios").want(200).object()["scenarios"].([]any)); n != len(engine.DefaultScenarios()) {
		t.Errorf("scenarios: got %d, want the built-in ones", n)
	}
	h.call("PUT", "/v1/scenarios/sale", fields{"kinds": []string{"product"}, "filter": "price < 25"}).want(200)
	if s := h.call("GET", "/v1/scenarios/sale").want(200).object(); s["name"] != "sale" || s["filter"] != "price < 25" {
		t.Errorf("scenario: got %v", s)
	}
	if a := h.call("POST", "/v1/recommendations", fields{"scenario": "sale"}).want(200).answer(); a.Scenario != "sale" || len(a.Items) != 5 {
		t.Errorf("recommendations of sale: got %s %v, want the five lamps below 25", a.Scenario, ids(a))
	}
	h.call("DELETE", "/v1/scenarios/sale").want(204)
	h.call("GET", "/v1/scenarios/sale").refused(404, "not_found")
	h.call("DELETE", "/v1/scenarios/home").want(204)
	h.call("GET", "/v1/scenarios/home").want(200)

	h.call("GET", "/v1/solutions/health?limit=2").want(200)
	h.call("GET", "/v1/solutions/fix/health").want(200)
	h.call("GET", "/v1/solutions/gaps").want(200)
	h.call("POST", "/v1/triage", fields{"text": "my lamp flickers"}).want(200)
	h.call("PUT", "/v1/tickets/t-triage", fields{"subject": "my lamp flickers"}).want(200)
	h.call("POST", "/v1/tickets/t-triage/triage").want(200)
	h.call("DELETE", "/v1/tickets/t-triage").want(204)
	h.call("POST", "/v1/scenarios/home/preview", fields{}).want(200)
	types := h.call("GET", "/v1/settings/interaction-types").want(200).object()
	h.call("PUT", "/v1/settings/interaction-types", types).want(202)
	h.call("PATCH", "/v1/settings/interaction-types", fields{"view": fields{"weight": 0.3}}).want(202)
	h.call("PATCH", "/v1/settings/sources", fields{"factor": fields{"lambda": 0.02}}).want(200)
	h.call("PUT", "/v1/settings/sources", h.call("GET", "/v1/settings/sources").want(200).object()).want(200)
	h.call("PUT", "/v1/settings/support", h.call("GET", "/v1/settings/support").want(200).object()).want(200)
	h.call("PATCH", "/v1/settings/support", fields{"escalate_after": 3}).want(200)
	h.call("PUT", "/v1/settings/privacy", h.call("GET", "/v1/settings/privacy").want(200).object()).want(200)

	h.call("POST", "/v1/import/items", ndjson, h.call("GET", "/v1/export/items").want(200).body).want(200)
	h.call("GET", "/v1/backup").want(200)
	h.call("GET", "/v1/backups").want(200)

	attributes := h.call("GET", "/v1/attributes").want(200).object()["attributes"].([]any)
	if len(attributes) != 3 || attributes[0].(map[string]any)["name"] != "brand" {
		t.Errorf("attributes: got %v, want brand, size and watt", attributes)
	}
	if n := len(h.call("GET", "/v1/models").want(200).object()["models"].([]any)); n != 2 {
		t.Errorf("models: got %d, want 2", n)
	}
	started := h.call("POST", "/v1/models/train").want(202)
	h.call("GET", started.header.Get("Location")).want(200)
	if p := h.call("POST", "/v1/models/train").refused(409, "conflict"); p.Job == nil || p.Job.ID != "job-1" {
		t.Errorf("a second training: got %+v, want the job that runs", p)
	}
	back := h.call("POST", "/v1/models/rollback", fields{"to": 1}).want(200).object()["models"].([]any)
	if back[0].(map[string]any)["current"] != true {
		t.Errorf("rollback: got %v, want version 1 current", back)
	}
	h.call("POST", "/v1/models/rollback", fields{"to": 9}).refused(404, "not_found")
	h.trainer.busy = true
	if p := h.call("POST", "/v1/models/rollback", fields{"to": 1}).refused(409, "conflict"); p.Detail != "a training is running" {
		t.Errorf("rollback during a training: %q", p.Detail)
	}
	h.trainer.busy = false
}

func TestEventsOutcome(t *testing.T) {
	h := stocked(t)
	good := fields{"event_id": "e1", "type": "view", "customer_id": "ann", "item_id": "lamp-0"}
	bad := fields{"type": "view", "customer_id": "ann", "item_id": "lamp-0", "price": "cheap"}
	var out Outcome

	h.call("POST", "/v1/events", []fields{good, bad, good}).want(200).into(&out)
	if out.Accepted != 1 || out.Duplicates != 1 || len(out.Rejected) != 1 || out.Rejected[0].Line != 2 || out.Rejected[0].Field != "price" || out.Rejected[0].Code != "invalid_field" {
		t.Errorf("a mixed batch: got %+v, want one accepted, one duplicate, line 2 refused for price", out)
	}
	h.call("POST", "/v1/events", ndjson, "{\"type\":\"view\",\"customer_id\":\"bob\",\"item_id\":\"unheard-of\"}\n{broken\n").want(200).into(&out)
	if out.Accepted != 1 || len(out.Rejected) != 1 || out.Rejected[0].Line != 2 {
		t.Errorf("NDJSON with a broken line: got %+v, want one accepted, line 2 refused", out)
	}
	p := h.call("POST", "/v1/events", []fields{bad, bad}).refused(422, "invalid_field")
	if p.Outcome == nil || len(p.Rejected) != 2 || p.Field != "price" {
		t.Errorf("all refused: got %+v, want both listed and the field named", p)
	}
	before := len(h.call("GET", "/v1/customers/ann/events").object()["items"].([]any))
	h.call("POST", "/v1/events?atomic=true", []fields{{"type": "view", "customer_id": "ann", "item_id": "shoe-0"}, bad}).refused(422, "invalid_field")
	if after := len(h.call("GET", "/v1/customers/ann/events").object()["items"].([]any)); after != before {
		t.Errorf("an atomic batch with a bad record: %d events became %d, want none kept", before, after)
	}
	h.call("POST", "/v1/events?atomic=true", []fields{{"type": "view", "customer_id": "ann", "item_id": "shoe-0"}}).want(200)

	odd := fields{"type": "view", "customer_id": "eve", "item_id": "lamp-0", "mood": "fine"}
	h.call("POST", "/v1/events", odd).want(200)
	if body := h.call("GET", "/v1/customers/eve/events").body; !bytes.Contains(body, []byte(`"properties":{"mood":"fine"}`)) {
		t.Errorf("an unknown field: got %s, want it among the properties", body)
	}
	if p := h.call("POST", "/v1/events?unknown=refuse", odd).refused(422, "unknown_field"); p.Field != "mood" {
		t.Errorf("unknown=refuse: got field %q, want mood", p.Field)
	}
	order := fields{"type": "purchase", "customer_id": "carl", "items": []fields{{"item_id": "lamp-0", "quantity": 2}, {"item_id": "shoe-0"}}}
	h.call("POST", "/v1/events", order).want(200).into(&out)
	if lines := h.call("GET", "/v1/customers/carl/events").object()["items"].([]any); out.Accepted != 1 || len(lines) != 2 {
		t.Errorf("an order: got %+v and %d lines, want one event of two lines", out, len(lines))
	}
}

func TestGzip(t *testing.T) {
	h := stocked(t)
	packed := func(body any) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := json.NewEncoder(z).Encode(body); err != nil {
			t.Fatal(err)
		}
		_ = z.Close()
		return b.Bytes()
	}
	coded := http.Header{"Content-Encoding": {"gzip"}}
	body := packed(fields{"customer_id": "ann", "count": 2})
	if a := h.call("POST", "/v1/recommendations", coded, body).want(200).answer(); len(a.Items) != 2 {
		t.Errorf("a gzip body: got %v, want two items", ids(a))
	}
	h.call("POST", "/v1/recommendations", coded, body[:len(body)-6]).refused(400, "body_unreadable")
	h.call("POST", "/v1/recommendations", coded, "{}").refused(400, "body_unreadable")
}

func TestIDsInPaths(t *testing.T) {
	h := newHouse(t)
	for _, id := range []string{"a/b", "%", "%2F", "ü", "batch", "two words", "a+b", "a/b+c d", "?x=1", "#", "..%2f", "a\\b", "train", strings.Repeat("é", 128)} {
		path := "/v1/items/" + url.PathEscape(id)
		h.call("PUT", path, fields{"title": id}).want(200)
		if got := h.call("GET", path).want(200).object()["item_id"]; got != id {
			t.Errorf("GET %s: got %q, want %q", path, got, id)
		}
		if a := h.call("GET", path+"/related").want(200).answer(); slices.Contains(ids(a), engine.ItemID(id)) {
			t.Errorf("GET %s/related: got the item itself", path)
		}
		h.call("POST", "/v1/items/"+url.PathEscape(id)+"/related", fields{"item_id": id}).want(200)
	}
	for path, code := range map[string]string{
		"/v1/items/%2E": "invalid_field", "/v1/items/%2e%2e": "invalid_field", "/v1/items/%00": "invalid_field",
		"/v1/items/%ff": "invalid_field", "/v1/items//related": "missing_field", "/v1/items/" + strings.Repeat("x", 10_000): "limit_exceeded",
	} {
		h.call("GET", path).refused(422, code)
	}
	h.call("GET", "/v1/items/").refused(404, "not_found")
}
