package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

type bundleAnswer struct {
	Status int
	Body   map[string]any
}

// A batch does what its requests would do one by one, in their order.
func TestBundle(t *testing.T) {
	h := stocked(t)
	var got []bundleAnswer
	h.call("POST", "/v1/batch", fields{"requests": []fields{
		{"method": "POST", "path": "/v1/events", "body": []fields{{"type": "view", "customer_id": "ann", "item_id": "shoe-0"}}},
		{"method": "GET", "path": "/v1/customers/ann/recommendations?count=3"},
		{"method": "GET", "path": "/v1/customers/bob/recommendations?count=2"},
		{"method": "PUT", "path": "/v1/items/a%2Fb", "body": fields{"title": "with a slash"}},
		{"method": "GET", "path": "/v1/items/a%2Fb"},
		{"method": "DELETE", "path": "/v1/items/a%2Fb"},
		{"method": "GET", "path": "/v1/items/a%2Fb"},
		{"method": "GET", "path": "/v1/items?colour=red"},
		{"method": "POST", "path": "/v1/recommendations"},
		{"method": "GET", "path": "/nothing"},
	}}).want(200).into(&got)
	for i, want := range []int{200, 200, 200, 200, 200, 204, 404, 422, 400, 404} {
		if i >= len(got) || got[i].Status != want {
			t.Fatalf("request %d: got %+v, want status %d", i, got, want)
		}
	}
	if n := len(got[1].Body["items"].([]any)); n != 3 || got[1].Body["basis"] != "personal" {
		t.Errorf("ann's list after her event: got %v, want three items, personal", got[1].Body)
	}
	if got[4].Body["item_id"] != "a/b" || got[5].Body != nil || got[7].Body["code"] != "unknown_parameter" {
		t.Errorf("got %v, want the item, nothing, and a problem of its own", got[4:8])
	}
	if outer, inner := got[6].Body["request_id"], got[7].Body["request_id"]; outer == inner {
		t.Errorf("two requests have the same request_id %v", outer)
	}
}

func TestBundleRefuses(t *testing.T) {
	h := stocked(t)
	one := func(method, path string) fields {
		return fields{"requests": []fields{{"method": method, "path": path}}}
	}
	many := make([]fields, engine.MaxCalls+1)
	for i := range many {
		many[i] = fields{"method": "GET", "path": "/v1/version"}
	}
	for name, c := range map[string]struct {
		body        any
		code, field string
	}{
		"none":             {fields{"requests": []fields{}}, "missing_field", "requests"},
		"too many":         {fields{"requests": many}, "limit_exceeded", "requests"},
		"no method":        {fields{"requests": []fields{{"path": "/v1/version"}}}, "missing_field", "requests[0].method"},
		"a strange method": {one("BREW", "/v1/version"), "invalid_field", "requests[0].method"},
		"no path":          {one("GET", "version"), "missing_field", "requests[0].path"},
		"a broken path":    {one("GET", "/v1/items/%zz"), "invalid_field", "requests[0].path"},
		"an unknown field": {fields{"request": 1}, "unknown_field", "request"},
	} {
		t.Run(name, func(t *testing.T) {
			on := *h
			on.t = t
			if p := on.call("POST", "/v1/batch", c.body).refused(422, c.code); p.Field != c.field {
				t.Errorf("field: got %q, want %q", p.Field, c.field)
			}
		})
	}
	h.call("POST", "/v1/batch", one("GET", "/v1/version"), http.Header{"Authorization": nil}).refused(401, "unauthorized")

	var got []bundleAnswer
	nested := fields{"requests": []fields{{"method": "POST", "path": "/v1/batch", "body": one("GET", "/v1/version")}}}
	h.call("POST", "/v1/batch", nested).want(200).into(&got)
	if got[0].Status != 422 || !strings.Contains(fmt.Sprint(got[0].Body["detail"]), "no other batch") {
		t.Errorf("a batch in a batch: got %+v, want it refused", got)
	}
}

// Answers that are too large together are refused, not cut.
func TestBundleIsBounded(t *testing.T) {
	h := newHouse(t)
	var items []fields
	for i := range 100 {
		items = append(items, fields{"item_id": fmt.Sprint("long-", i), "text": strings.Repeat("x", 100_000)})
	}
	h.call("POST", "/v1/items", items).want(200)
	var requests []fields
	for range 5 {
		requests = append(requests, fields{"method": "GET", "path": "/v1/items?limit=100"})
	}
	p := h.call("POST", "/v1/batch", fields{"requests": requests}).refused(422, "limit_exceeded")
	if p.Field != "requests[3]" {
		t.Errorf("field: got %q, want the fourth request, with 40 MB in all", p.Field)
	}
}
