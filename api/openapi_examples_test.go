package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// demo is a house with the demo's shop in it: all of it but the purchases of most people.
func demo(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := newHouse(t, change...)
	for _, f := range sampleshop.Files {
		r, err := sampleshop.Open(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		switch f.As {
		case "items":
			fill(t, h, record.Items(r, record.Options{Format: record.NDJSON}), func(i engine.Item) engine.Command { return engine.PutItem{Item: i} })
		case "tickets":
			fill(t, h, record.Tickets(r, record.Options{Format: record.NDJSON}), func(i engine.Ticket) engine.Command { return engine.PutTicket{Ticket: i} })
		case "events":
			fill(t, h, record.Events(r, record.Options{Format: record.Table}), func(e engine.RecordEvent) engine.Command { return e })
		}
	}
	return h
}

// fill writes the records of a reading, and of events those of the demo's two customers
// and a few of everybody else's.
func fill[T any](t testing.TB, h *house, records func(yield func(record.Entry[T], error) bool), command func(T) engine.Command) {
	t.Helper()
	var batch []engine.Command
	write := func() {
		if _, err := h.store.Append(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		batch = batch[:0]
	}
	for e, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		if event, ok := any(e.Value).(engine.RecordEvent); ok {
			who := string(event.Lines[0].Customer)
			if who != sampleshop.Customer && who != sampleshop.LampCustomer && e.Line%50 != 0 {
				continue
			}
		}
		if batch = append(batch, command(e.Value)); len(batch) == 1000 {
			write()
		}
	}
	write()
}

// TestExamples runs every example of the document, in order, on the demo's shop, and
// checks the answers against the schemas.
func TestExamples(t *testing.T) {
	for _, media := range []string{mediaNDJSON, mediaParquet} { // these it need not look into
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.FileBodyDecoder)
	}
	h := demo(t)
	doc := loaded(t, h)
	table := newWords().descriptions()
	run := &examples{house: h, doc: doc, seen: map[string]string{}}
	for _, r := range h.server.describedRoutes() {
		for i, e := range table[r.method+" "+r.path].examples {
			run.one(t, r, e, i)
		}
	}
	if run.done == 0 {
		t.Fatal("no example was run")
	}
	run.count(t, table)
}

// examples is a run of them.
type examples struct {
	*house
	doc    *openapi3.T
	seen   map[string]string // members of earlier answers
	done   int
	bodies []string // that were sent
}

// one sends an example and checks what comes back.
func (x *examples) one(t *testing.T, r route, e example, i int) {
	t.Helper()
	path := e.path
	for name, value := range x.seen {
		path = strings.ReplaceAll(path, "{"+name+"}", url.QueryEscape(value))
	}
	if strings.ContainsAny(path, "{}") {
		t.Errorf("%s %s: no earlier answer has what %s needs", r.method, r.path, e.path)
		return
	}
	if id, replay := strings.CutPrefix(path, "/v1/recommendations/"); replay && id != "bulk" {
		id, _, _ = strings.Cut(id, "/")
		x.written(id)
	}
	g := x.send(r.method, path, e)
	op := x.doc.Paths.Find(braced(r.path)).GetOperation(r.method)
	if g.status >= 300 {
		t.Errorf("%s %s (%s): got %d %s", r.method, path, e.about, g.status, g.body)
		return
	}
	x.check(t, r, op, path, e, g)
	x.done++
	x.bodies = append(x.bodies, e.body)
	var members map[string]any
	if json.Unmarshal(g.body, &members) == nil {
		for name, value := range members {
			if s, ok := value.(string); ok {
				x.seen[name] = s
			}
		}
	}
	if i == 0 {
		x.prefilled(t, r, op, e)
	}
}

func (x *examples) send(method, path string, e example) got {
	if e.body == "" {
		return x.call(method, path)
	}
	return x.call(method, path, e.body, http.Header{"Content-Type": {e.mediaType()}})
}

// check holds the request and the answer against the document.
func (x *examples) check(t *testing.T, r route, op *openapi3.Operation, path string, e example, g got) {
	t.Helper()
	req, err := http.NewRequest(r.method, path, strings.NewReader(e.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", e.mediaType())
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: map[string]string{},
		Route:   &routers.Route{Spec: x.doc, Path: braced(r.path), PathItem: x.doc.Paths.Find(braced(r.path)), Method: r.method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeRequestBody: e.body == "" || e.mediaType() != mediaJSON, IncludeResponseStatus: true},
	}
	ids, _ := example{path: path}.values(r.path)
	maps.Copy(in.PathParams, ids)
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		t.Errorf("%s %s (%s): the document refuses the request: %v", r.method, path, e.about, err)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: g.status, Header: g.header,
		Body: io.NopCloser(bytes.NewReader(g.body)), Options: in.Options,
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("%s %s (%s): the answer is not as described: %v\n%s", r.method, path, e.about, err, g.body[:min(len(g.body), 1000)])
	}
}

// prefilled holds that the parameters' examples of an operation are together the request
// that was run.
func (x *examples) prefilled(t *testing.T, r route, op *openapi3.Operation, e example) {
	t.Helper()
	_, query, _ := strings.Cut(e.path, "?")
	want, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range op.Parameters {
		if p.Value.Example == nil || p.Value.In != "query" {
			continue
		}
		given := fmt.Sprint(p.Value.Example)
		if several, ok := p.Value.Example.([]any); ok {
			given = strings.Trim(strings.ReplaceAll(fmt.Sprint(several), " ", ","), "[]")
		}
		if want.Get(p.Value.Name) != given {
			t.Errorf("%s %s: parameter %s has the example %q, run was %s", r.method, r.path, p.Value.Name, given, e.path)
		}
		want.Del(p.Value.Name)
	}
	if len(want) > 0 {
		t.Errorf("%s %s: %v of the first example is not in the document", r.method, r.path, want)
	}
}

// count holds that every example that stands anywhere in the document was run.
func (x *examples) count(t *testing.T, table map[string]described) {
	t.Helper()
	shown, written := 0, 0
	for _, d := range table {
		written += len(d.examples)
	}
	for path, item := range x.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for media, m := range op.RequestBody.Value.Content {
				for name, e := range m.Examples {
					shown++
					if !slices.ContainsFunc(x.bodies, func(body string) bool { return sameBody(body, e.Value.Value) }) {
						t.Errorf("%s %s, %s, %s: the example was not run", method, path, media, name)
					}
				}
			}
		}
	}
	sent := len(slices.DeleteFunc(slices.Clone(x.bodies), func(b string) bool { return b == "" }))
	if x.done != written || shown != sent {
		t.Errorf("%d of %d examples passed; %d bodies were sent, %d stand in the document", x.done, written, sent, shown)
	}
	t.Logf("%d examples run, %d of them with a body", x.done, shown)
}

func sameBody(body string, value any) bool {
	if text, ok := value.(string); ok {
		return text == body
	}
	var v any
	return json.Unmarshal([]byte(body), &v) == nil && reflect.DeepEqual(v, value)
}
