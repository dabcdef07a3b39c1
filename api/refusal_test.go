package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// equalJSON reports whether two values have the same JSON.
func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return bytes.Equal(x, y)
}

// endless gives n bytes of a JSON text that does not end.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func stream(prefix string, n int) io.Reader {
	return io.MultiReader(strings.NewReader(prefix), &endless{n})
}

func bomb(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.Copy(z, stream(`{"query":"`, n))
	_ = z.Close()
	return b.Bytes()
}

func TestRefusals(t *testing.T) {
	h := stocked(t)
	h.call("PUT", "/v1/tickets/t1", fields{"subject": "x"}).want(200)
	const rec, ev = "/v1/recommendations", "/v1/events"
	long := strings.Repeat("x", 10_000)
	deep := strings.Repeat("[", 100_000)
	terms := strings.TrimSuffix(strings.Repeat("price > 1 && ", 10_000), " && ")
	view := fields{"type": "view", "customer_id": "ann", "item_id": "lamp-0"}
	with := func(name string, value any) fields {
		f := fields{name: value}
		for k, v := range view {
			if k != name {
				f[k] = v
			}
		}
		return f
	}
	many := strings.Repeat(`{"type":"view","customer_id":"many","item_id":"lamp-0"}`+"\n", engine.MaxBatchRecords+1)
	header := func(k, v string) http.Header { return http.Header{k: {v}} }

	for _, c := range []struct {
		name         string
		method, path string
		with         []any
		status       int
		code, field  string
	}{
		{"wrong type", "POST", rec, []any{fields{"count": "many"}}, 422, "invalid_field", "count"},
		{"wrong type of a record", "PUT", "/v1/items/a", []any{fields{"price": "cheap"}}, 422, "invalid_field", "price"},
		{"not an object", "POST", rec, []any{`[1]`}, 422, "invalid_field", ""},
		{"empty body", "POST", rec, []any{""}, 400, "invalid_syntax", ""},
		{"empty small body", "POST", "/v1/models/rollback", nil, 400, "invalid_syntax", ""},
		{"empty list of events", "POST", ev, nil, 400, "invalid_syntax", ""},
		{"count too large", "POST", rec, []any{fields{"count": engine.MaxCount + 1}}, 422, "limit_exceeded", "count"},
		{"id of 10 kB", "POST", rec, []any{fields{"customer_id": long}}, 422, "limit_exceeded", "customer_id"},
		{"id of 10 kB in the path", "GET", "/v1/customers/" + long, nil, 422, "limit_exceeded", "customer_id"},
		{"id of 10 kB in an event", "POST", ev, []any{with("item_id", long)}, 422, "limit_exceeded", "item_id"},
		{"100 MB of unknown length", "POST", rec, []any{stream(`{"query":"`, 100<<20)}, 413, "body_too_large", ""},
		{"100 MB of events", "POST", ev, []any{stream(`[{"type":"view","query":"`, 100<<20)}, 413, "body_too_large", ""},
		{"a gzip bomb", "POST", rec, []any{header("Content-Encoding", "gzip"), bomb(100 << 20)}, 413, "body_too_large", ""},
		{"deeply nested", "POST", rec, []any{`{"context":` + deep}, 400, "invalid_syntax", ""},
		{"deeply nested, closed", "POST", ev, []any{`{"type":"view","properties":{"a":` + deep + strings.Repeat("]", 100_000) + `}}`}, 422, "limit_exceeded", ""},
		{"broken JSON", "POST", rec, []any{`{"count": 3,,}`}, 400, "invalid_syntax", ""},
		{"broken JSON of one event", "POST", ev, []any{`{"type": view}`}, 400, "invalid_syntax", ""},
		{"broken JSON in a list", "POST", ev, []any{`[{"type":"view","customer_id":"cut","item_id":"a"}, oops]`}, 400, "invalid_syntax", ""},
		{"broken small JSON", "POST", "/v1/models/rollback", []any{`{"to": }`}, 400, "invalid_syntax", ""},
		{"two objects", "POST", "/v1/models/rollback", []any{`{"to": 1} {}`}, 400, "invalid_syntax", ""},
		{"filter of 10,000 terms", "POST", rec, []any{fields{"filter": terms}}, 422, "limit_exceeded", "filter"},
		{"filter that does not parse", "POST", rec, []any{fields{"filter": "price < "}}, 422, "invalid_filter", "filter"},
		{"filter with an unknown attribute", "POST", rec, []any{fields{"filter": `colour == "red"`}}, 422, "unknown_attribute", "filter"},
		{"boost with an unknown attribute", "POST", rec, []any{fields{"boost": []fields{{"filter": "colour == 1", "add": 1}}}}, 422, "unknown_attribute", "boost[0].filter"},
		{"scenario with an unknown attribute", "PUT", "/v1/scenarios/x", []any{fields{"filter": "colour == 1"}}, 422, "unknown_attribute", "filter"},
		{"unknown scenario", "POST", rec, []any{fields{"scenario": "nowhere"}}, 422, "invalid_field", "scenario"},
		{"unknown field", "POST", rec, []any{fields{"colour": "red"}}, 422, "unknown_field", "colour"},
		{"unknown field of an item", "POST", "/v1/items", []any{fields{"item_id": "a", "colour": "red"}}, 422, "unknown_field", "colour"},
		{"unknown field of a small body", "POST", "/v1/models/rollback", []any{fields{"too": 1}}, 422, "unknown_field", "too"},
		{"unknown field of a merge", "POST", "/v1/customers/ann/merge", []any{fields{"user": "x"}}, 422, "unknown_field", "user"},
		{"unknown field of preferences", "PATCH", "/v1/customers/ann/preferences", []any{fields{"muted": []string{}}}, 422, "unknown_field", "muted"},
		{"preferences that would be more", "PATCH", "/v1/customers/ann/preferences", []any{`{},"attributes":{"vip":true}`}, 400, "invalid_syntax", ""},
		{"unknown parameter", "GET", "/v1/items?colour=red", nil, 422, "unknown_parameter", "colour"},
		{"unknown parameter where none is", "GET", "/v1/version?verbose=1", nil, 422, "unknown_parameter", "verbose"},
		{"unknown parameter of a short-hand", "GET", "/v1/customers/ann/recommendations?colour=red", nil, 422, "unknown_parameter", "colour"},
		{"parameter given twice", "GET", "/v1/items?limit=1&limit=2", nil, 422, "invalid_field", "limit"},
		{"parameters that are none", "GET", "/v1/items?limit=%zz", nil, 400, "invalid_syntax", ""},
		{"page too large", "GET", "/v1/items?limit=100000", nil, 422, "limit_exceeded", "limit"},
		{"page of nothing", "GET", "/v1/items?limit=0", nil, 422, "invalid_field", "limit"},
		{"no cursor of items", "GET", "/v1/items?cursor=x", nil, 422, "invalid_field", "cursor"},
		{"no cursor of customers", "GET", "/v1/customers?cursor=x", nil, 422, "invalid_field", "cursor"},
		{"no cursor of events", "GET", "/v1/customers/ann/events?cursor=x", nil, 422, "invalid_field", "cursor"},
		{"a flag that is none", "POST", ev + "?atomic=maybe", []any{view}, 422, "invalid_field", "atomic"},
		{"a choice that is none", "POST", ev + "?unknown=guess", []any{view}, 422, "invalid_field", "unknown"},
		{"another id than the path's", "PUT", "/v1/items/a", []any{fields{"item_id": "b"}}, 422, "invalid_field", "item_id"},
		{"another customer than the path's", "POST", "/v1/customers/ann/recommendations", []any{fields{"customer_id": "bob"}}, 422, "invalid_field", "customer_id"},
		{"another item than the path's", "GET", "/v1/items/a/related?item_id=b", nil, 422, "invalid_field", "item_id"},
		{"another session than the path's", "POST", "/v1/sessions/a/recommendations", []any{fields{"session_id": "b"}}, 422, "invalid_field", "session_id"},
		{"several where one is wanted", "PUT", "/v1/items/a", []any{[]fields{{"title": "x"}, {"title": "y"}}}, 422, "invalid_field", ""},
		{"more records than a batch has", "POST", ev, []any{ndjson, many}, 422, "limit_exceeded", ""},
		{"no records", "POST", ev, []any{"[]"}, 422, "missing_field", ""},
		{"an event from the future", "POST", ev, []any{with("at", time.Now().Add(time.Hour))}, 422, "time_in_future", "at"},
		{"an event of nobody", "POST", ev, []any{fields{"type": "view", "item_id": "a"}}, 422, "missing_field", "customer_id"},
		{"merge of nobody", "POST", "/v1/customers/ann/merge", []any{fields{}}, 422, "missing_field", "session_id"},
		{"rollback to nowhere", "POST", "/v1/models/rollback", []any{fields{}}, 422, "missing_field", "to"},
		{"rollback to a word", "POST", "/v1/models/rollback", []any{fields{"to": "one"}}, 422, "invalid_field", "to"},
		{"suggest without a question", "POST", "/v1/solutions/suggest", []any{fields{}}, 422, "missing_field", "text"},
		{"triage without a text", "POST", "/v1/triage", []any{fields{"product_id": "lamp-0"}}, 422, "missing_field", "text"},
		{"triage without a body", "POST", "/v1/triage", nil, 400, "invalid_syntax", ""},
		{"triage of an unknown ticket", "POST", "/v1/tickets/t9/triage", nil, 404, "not_found", ""},
		{"triage of two tickets", "POST", "/v1/tickets/t9/triage", []any{fields{"ticket_id": "t8"}}, 422, "invalid_field", "ticket_id"},
		{"triage with a filter", "POST", "/v1/triage", []any{fields{"text": "x", "filter": "price < 1"}}, 422, "unknown_field", "filter"},
		{"suggest for an unknown ticket", "POST", "/v1/solutions/suggest", []any{fields{"ticket_id": "t9"}}, 404, "not_found", ""},
		{"patch of what is not there", "PATCH", "/v1/items/none", []any{fields{"title": "x"}}, 404, "not_found", ""},
		{"patches of what is not there", "PATCH", "/v1/items", []any{fields{"item_id": "none", "title": "x"}}, 422, "not_found", ""},
		{"delete of what is not there", "DELETE", "/v1/items/none", nil, 404, "not_found", ""},
		{"no such route", "GET", "/v1/nothing", nil, 404, "not_found", ""},
		{"no such job", "GET", "/v1/jobs/none", nil, 404, "not_found", ""},
		{"no such scenario", "DELETE", "/v1/scenarios/none", nil, 404, "not_found", ""},
		{"wrong method", "PUT", rec, []any{fields{}}, 405, "method_not_allowed", ""},
		{"wrong method of one record", "POST", "/v1/items/a", []any{fields{}}, 405, "method_not_allowed", ""},
		{"wrong content type", "POST", rec, []any{header("Content-Type", "text/csv"), "a,b"}, 415, "unsupported_media_type", ""},
		{"a form", "POST", ev, []any{header("Content-Type", "application/x-www-form-urlencoded"), "a=b"}, 415, "unsupported_media_type", ""},
		{"another alphabet", "POST", rec, []any{header("Content-Type", "application/json; charset=latin1"), "{}"}, 415, "unsupported_media_type", ""},
		{"NDJSON where one is wanted", "POST", rec, []any{ndjson, "{}"}, 415, "unsupported_media_type", ""},
		{"another coding", "POST", rec, []any{header("Content-Encoding", "br"), "{}"}, 415, "unsupported_media_type", ""},
		{"no key", "GET", "/v1/items", []any{http.Header{"Authorization": nil}}, 401, "unauthorized", ""},
		{"wrong key", "GET", "/v1/items", []any{header("Authorization", "Bearer nope")}, 401, "unauthorized", ""},
		{"wrong key elsewhere", "GET", "/v1/items", []any{http.Header{"Authorization": nil, "X-Api-Key": {"nope"}}}, 401, "unauthorized", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			on := *h
			on.t = t
			p := on.call(c.method, c.path, c.with...).refused(c.status, c.code)
			if p.Field != c.field {
				t.Errorf("field: got %q, want %q (%s)", p.Field, c.field, p.Detail)
			}
			on.call("POST", rec, fields{"customer_id": "ann", "count": 1}).want(200)
		})
	}
	for _, customer := range []string{"many", "cut"} {
		if n := len(h.call("GET", "/v1/customers/"+customer+"/events").object()["items"].([]any)); n != 0 {
			t.Errorf("a refused body left %d events, want none", n)
		}
	}
	if allow := h.call("PUT", rec, fields{}).header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: got %q, want POST", allow)
	}
	if p := h.call("POST", rec, fields{"filter": "price < < 3"}).refused(422, "invalid_filter"); p.Offset == nil || *p.Offset != 8 {
		t.Errorf("offset of a bad filter: got %v, want 8", p.Offset)
	}
	if p := h.call("POST", ev, ndjson, many).refused(422, "limit_exceeded"); !strings.Contains(p.Detail, fmt.Sprint(engine.MaxBatchRecords)) {
		t.Errorf("too many records: %q does not name the limit", p.Detail)
	}
	if p := h.call("POST", rec, bytes.NewReader(make([]byte, engine.MaxBodyBytes+1))).refused(413, "body_too_large"); !strings.Contains(p.Detail, fmt.Sprint(engine.MaxBodyBytes)) {
		t.Errorf("too large: %q does not name the limit", p.Detail)
	}
}

// Of an atomic batch only as much is taken as one transaction holds.
func TestAtomicLimit(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Limits.AtomicBytes = 1000 })
	body := strings.Repeat(`{"type":"view","customer_id":"ann","item_id":"lamp-0"}`+"\n", 50)
	if p := h.call("POST", "/v1/events?atomic=true", ndjson, body).refused(413, "body_too_large"); !strings.Contains(p.Detail, "1000") {
		t.Errorf("detail %q does not name the limit", p.Detail)
	}
	h.call("POST", "/v1/events", ndjson, body).want(200)
}
