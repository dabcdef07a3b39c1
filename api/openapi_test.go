package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// Every route is described, and every description is of a route.
func TestDescriptions(t *testing.T) {
	h := newHouse(t)
	table := newWords().descriptions()
	ids := map[string]string{}
	for _, r := range h.server.describedRoutes() {
		name := r.method + " " + r.path
		d, found := table[name]
		if !found {
			t.Errorf("%s has no description: add one to a table in api/openapi_*.go", name)
			continue
		}
		delete(table, name)
		if _, err := document([]route{r}, "test"); err != nil {
			t.Errorf("%s", err)
		}
		if d.summary == "" || d.id == "" || d.tag == "" || len(d.examples) == 0 {
			t.Errorf("%s: a summary, an id, a tag and an example are wanted", name)
		}
		if d.answer == nil && d.status != http.StatusNoContent {
			t.Errorf("%s: the answer is not described", name)
		}
		if leavesParameters(r) != (len(d.params) > 0) {
			t.Errorf("%s: parameters are described where the route leaves them to its handler, and only there", name)
		}
		if other := ids[d.id]; other != "" {
			t.Errorf("%s and %s are both called %s", name, other, d.id)
		}
		ids[d.id] = name
	}
	for name := range table {
		t.Errorf("%s is described, and there is no such route", name)
	}
}

// leavesParameters reports whether a route leaves its parameters to its handler.
func leavesParameters(r route) bool {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("GET", "/?no_such_parameter=1", nil)
	return r.check(c) == nil
}

// A list's parameters in the document are those that lists take in a URL.
func TestListParameters(t *testing.T) {
	names := append([]string{"n", "limit"}, fieldsOf(reflect.TypeFor[engine.Request]())...)
	for _, f := range append(fieldsOf(reflect.TypeFor[engine.Context]()), "item_id", "basket") {
		names = append(names, "context."+f)
	}
	for _, name := range names {
		_, err := record.RequestQuery(url.Values{name: {""}})
		invalid, _ := err.(*engine.Invalid)
		taken := invalid == nil || invalid.Code != engine.CodeUnknownParam && !strings.Contains(invalid.Want, "POST")
		if described := slices.Contains(listParams, name); described != taken {
			t.Errorf("parameter %s: described %v, taken %v (%v)", name, described, taken, err)
		}
	}
	for _, name := range listParams {
		if !slices.Contains(names, name) {
			t.Errorf("parameter %s is described, and no request has it", name)
		}
	}
}

// fieldsOf returns the names of a type's fields in JSON, those of embedded structs
// included.
func fieldsOf(t reflect.Type) []string {
	var out []string
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}

// What the document offers to import and export is there, in every form it names.
func TestDocumentedStreams(t *testing.T) {
	h := stocked(t)
	for route, method := range map[string]string{"import": "POST", "export": "GET"} {
		for _, form := range parameters[route+"/format"].schema.Enum {
			taken := false
			for _, what := range named[route] {
				got := h.call(method, "/v1/"+route+"/"+what+"?format="+form.(string))
				if strings.Contains(string(got.body), " of \""+what) {
					t.Errorf("%s of %s: got %s, want it known", route, what, got.body)
				}
				taken = taken || !strings.Contains(string(got.body), `"field":"format"`)
			}
			if !taken {
				t.Errorf("%s as %s: nothing takes that", route, form)
			}
		}
	}
}

// Every field of the document is one that its reader knows.
func TestSchemasMatchReaders(t *testing.T) {
	w := newWords()
	readers := map[string]func(body string) error{
		"Request":        func(b string) error { _, err := record.Request(strings.NewReader(b)); return err },
		"SuggestRequest": func(b string) error { _, err := record.SuggestRequest(strings.NewReader(b)); return err },
		"Scenario":       func(b string) error { _, err := record.Scenario(strings.NewReader(b), ""); return err },
		"Item":           first(record.Items),
		"Customer":       first(record.Customers),
		"Ticket":         first(record.Tickets),
		"NewEvent":       first(record.Events),
		"OrderLine":      func(b string) error { return first(record.Events)(`{"items":[` + b + `]}`) },
		"Context":        func(b string) error { _, err := record.Request(strings.NewReader(`{"context":` + b + `}`)); return err },
		"Boost":          func(b string) error { _, err := record.Request(strings.NewReader(`{"boost":[` + b + `]}`)); return err },
		"Pin":            func(b string) error { _, err := record.Request(strings.NewReader(`{"pins":[` + b + `]}`)); return err },
		"Constraint": func(b string) error {
			_, err := record.Request(strings.NewReader(`{"constraints":[` + b + `]}`))
			return err
		},
		"Preferences": func(b string) error { return first(record.Customers)(`{"preferences":` + b + `}`) },
		"Message":     func(b string) error { return first(record.Tickets)(`{"messages":[` + b + `]}`) },
		"Tried":       func(b string) error { return first(record.Tickets)(`{"solutions":[` + b + `]}`) },
	}
	for kind, read := range readers {
		for field, p := range w.get(kind).Properties {
			if p.ReadOnly {
				continue
			}
			if err := read(fmt.Sprintf(`{%q: null}`, field)); err != nil && strings.Contains(err.Error(), field) && strings.Contains(err.Error(), "no ") {
				t.Errorf("%s.%s: %v", kind, field, err)
			}
		}
		if err := read(`{"no_such_field": 1}`); kind != "NewEvent" && err == nil {
			t.Errorf("%s: a field that is not there is taken", kind)
		}
	}
}

func first[T any](reader reader[T]) func(string) error {
	return func(body string) error {
		_, err := record.One(reader(strings.NewReader(body), record.Options{Format: record.JSON, Unknown: record.Refuse}))
		return err
	}
}

// Every field of every schema says what it means.
func TestSchemasAreExplained(t *testing.T) {
	h := newHouse(t)
	doc, err := document(h.server.describedRoutes(), "test")
	if err != nil {
		t.Fatal(err)
	}
	for kind, s := range doc.Components.Schemas.Map() {
		for field, p := range s.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no meaning: add a line to notes in api/openapi_notes.go", kind, field)
			}
		}
	}
}

// loaded reads the document as a stranger would.
func loaded(t *testing.T, h *house) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(h.call("GET", "/v1/openapi.json").want(200).body)
	if err != nil {
		t.Fatalf("load the document: %v", err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	h := newHouse(t)
	doc := loaded(t, h)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("got version %s, want 3.1.0", doc.OpenAPI)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Errorf("the document is not valid: %v", err)
	}
	again, err := openapi3.NewLoader().LoadFromData(h.call("GET", "/v1/openapi.yaml").want(200).body)
	if err != nil {
		t.Fatalf("load the document in YAML: %v", err)
	}
	if got, want := slices.Sorted(maps.Keys(again.Paths.Map())), slices.Sorted(maps.Keys(doc.Paths.Map())); !slices.Equal(got, want) {
		t.Errorf("in YAML: got paths %v, want %v", got, want)
	}
}

// The document says nothing that the schemas of examples could hide in.
func TestNoOtherExamples(t *testing.T) {
	for kind, s := range newWords().registry.Map() {
		for field, p := range s.Properties {
			if len(p.Examples) > 0 || p.Type == huma.TypeObject && p.Default != nil {
				t.Errorf("%s.%s has an example that no test runs", kind, field)
			}
		}
	}
}
