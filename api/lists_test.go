package api

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// A short-hand is the canonical request under another address.
func TestShortHandsAreTheCanonicalRequest(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0", "shoe-1")
	h.call("POST", "/v1/events", fields{"type": "view", "session_id": "visit", "item_id": "lamp-2"}).want(200)
	strip := func(a engine.Answer) engine.Answer {
		a.RecommendationID, a.TookMS = "", 0
		return a
	}
	at := time.Now().UTC().Format(time.RFC3339Nano) // of all, for histories fade
	for _, c := range []struct{ path, field, id string }{
		{"/v1/customers/ann/recommendations", "customer_id", "ann"},
		{"/v1/sessions/visit/recommendations", "session_id", "visit"},
		{"/v1/items/lamp-0/related", "item_id", "lamp-0"},
	} {
		for _, more := range []fields{
			{},
			{"count": 3, "filter": "price < 62", "explain": "full", "diversity": 0.3},
			{"count": 4, "kind": "product", "exclude_items": "lamp-1", "return_properties": "title", "min_relevance": -3},
		} {
			body, query := fields{"context": fields{"at": at}}, url.Values{"context.at": {at}}
			for name, value := range more {
				body[name] = value
				query.Set(name, strings.TrimSpace(jsonText(t, value)))
			}
			if ex, ok := body["exclude_items"].(string); ok {
				body["exclude_items"] = []string{ex}
			}
			if p, ok := body["return_properties"].(string); ok {
				body["return_properties"] = []string{p}
			}
			get := strip(h.call("GET", c.path+"?"+query.Encode()).want(200).answer())
			post := strip(h.call("POST", c.path, body).want(200).answer())
			body[c.field] = c.id
			canonical := strip(h.call("POST", "/v1/recommendations", body).want(200).answer())
			if len(canonical.Items) == 0 || !equalJSON(t, get, canonical) || !equalJSON(t, post, canonical) {
				t.Errorf("%s with %v: GET gives %+v, POST %+v, want what the canonical request gives: %+v", c.path, more, get, post, canonical)
			}
		}
	}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	if s, ok := value.(string); ok {
		return s
	}
	raw, err := encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestRank(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "shoe-0")
	a := h.call("POST", "/v1/rank", fields{"customer_id": "ann", "items": []string{"lamp-1", "shoe-1", "unheard-of"}}).want(200).answer()
	if !slices.Equal(ids(a), []engine.ItemID{"shoe-1", "lamp-1"}) || len(a.LeftOut) != 1 || a.LeftOut[0].Item != "unheard-of" {
		t.Errorf("rank: got %v, left out %v; want the shoe first, and the unknown item named", ids(a), a.LeftOut)
	}
	h.call("POST", "/v1/rank", fields{"customer_id": "ann"}).refused(422, "missing_field")
	h.call("POST", "/v1/rank", fields{"items": "lamp-1", "colour": "red"}).refused(422, "unknown_field")
	h.call("POST", "/v1/rank", fields{"items": slices.Repeat([]string{"lamp-1"}, engine.MaxRanked+1)}).refused(422, "limit_exceeded")
	h.call("POST", "/v1/rank", ndjson, "{}").refused(415, "unsupported_media_type")
}

// Page by page everything comes, and nothing twice.
func TestNext(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0")
	page := h.call("GET", "/v1/customers/ann/recommendations?count=5").want(200).answer()
	first := page
	var seen []engine.ItemID
	for len(page.Items) > 0 {
		seen = append(seen, ids(page)...)
		if len(seen) > 50 {
			t.Fatalf("the pages do not end: %v", seen)
		}
		page = h.call("POST", "/v1/recommendations/"+page.RecommendationID+"/next?count=4").want(200).answer()
	}
	slices.Sort(seen)
	if len(seen) != 12 || len(slices.Compact(seen)) != 12 {
		t.Errorf("page by page: got %v, want all twelve products once", seen)
	}
	path := "/v1/recommendations/" + first.RecommendationID + "/next"
	if a := h.call("POST", path).want(200).answer(); len(a.Items) != 5 || a.Continues != first.RecommendationID {
		t.Errorf("next without a count: got %v, continuing %q; want as many as before, of that", ids(a), a.Continues)
	}
	for query, code := range map[string]string{"?count=0": "invalid_field", "?n=many": "invalid_field", "?limit=1001": "invalid_field", "?colour=red": "unknown_parameter"} {
		h.call("POST", path+query).refused(422, code)
	}
	h.call("POST", path, fields{"count": 4}).refused(422, "unknown_field") // it stands in the URL
	h.call("POST", "/v1/recommendations/nonsense/next").refused(404, "not_found")
	h.call("POST", "/v1/recommendations/"+strings.Repeat("A", 43)+"/next").refused(404, "not_found")
}

func TestPreview(t *testing.T) {
	h := stocked(t)
	h.saw("ann", "lamp-0")
	type pair struct{ Preview, Current *engine.Answer }
	var got pair
	h.call("POST", "/v1/scenarios/home/preview", fields{
		"scenario": fields{"kinds": []string{"product"}, "filter": "price < 22"},
		"request":  fields{"customer_id": "ann", "count": 5},
	}).want(200).into(&got)
	if len(got.Preview.Items) != 2 || got.Current == nil || len(got.Current.Items) != 5 || got.Preview.RecommendationID != "" {
		t.Errorf("a changed scenario: got %+v beside %+v, want two lamps beside five items, and no id", got.Preview, got.Current)
	}
	if s := h.call("GET", "/v1/scenarios/home").object(); s["filter"] != nil {
		t.Errorf("the stored scenario is now %v", s)
	}
	got = pair{}
	h.call("POST", "/v1/scenarios/new-place/preview", fields{"scenario": fields{"filter": "price > 1"}}).want(200).into(&got)
	if len(got.Preview.Items) == 0 || got.Current != nil {
		t.Errorf("a new scenario: got %+v beside %+v, want items beside nothing", got.Preview, got.Current)
	}
	h.call("POST", "/v1/scenarios/home/preview", fields{}).want(200)
	h.call("POST", "/v1/scenarios/nowhere/preview", fields{}).refused(404, "not_found")
	for field, body := range map[string]fields{
		"scenario.filter":  {"scenario": fields{"filter": "price <"}},
		"scenario.colour":  {"scenario": fields{"colour": "red"}},
		"scenario.name":    {"scenario": fields{"name": "other"}},
		"request.count":    {"request": fields{"count": -1}},
		"request.filter":   {"request": fields{"filter": "colour == 1"}},
		"request.scenario": {"request": fields{"scenario": "related"}},
		"requests":         {"requests": fields{}},
	} {
		if p := h.call("POST", "/v1/scenarios/home/preview", body).want(422).problem(); p.Field != field {
			t.Errorf("%v: field %q (%s), want %q", body, p.Field, p.Detail, field)
		}
	}
}
