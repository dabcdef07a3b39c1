package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// described is what the document says about a route beside what its row in the table of
// routes says. The two are joined by "METHOD path", and a test holds that neither is
// without the other.
type described struct {
	id            string // operationId: the name of the call in generated clients
	tag           string
	summary, text string
	params        []string // where the route leaves its parameters to its handler
	body          content
	optional      bool // the body may be left out
	answer        content
	status        int            // of a success; 0 is 200
	also          map[int]string // other answers worth a line
	open          bool           // no key is asked
	browser       bool           // a publishable key will do
	examples      []example
}

// content is a body by its media type.
type content map[string]*huma.Schema

// example is a request that works on the demo's shop, after those that stand before it
// in the document. {names} in its path are fields of earlier answers.
type example struct {
	about string
	path  string // with parameters
	body  string // none, where empty
	media string // of the body; application/json, where empty
}

const (
	mediaJSON    = "application/json"
	mediaNDJSON  = "application/x-ndjson"
	mediaProblem = "application/problem+json"
	mediaText    = "text/plain"
)

// tags are the chapters of the document, in their order.
var tags = []*huma.Tag{
	{Name: tagLists, Description: "What to show whom, and why."},
	{Name: tagEvents, Description: "What people did."},
	{Name: tagItems, Description: "Products, articles, fixes: what can be in a list."},
	{Name: tagCustomers, Description: "What is known of people, their wishes and their right to be forgotten."},
	{Name: tagTickets, Description: "Requests for help, and what ended them."},
	{Name: tagSteering, Description: "Places, settings, models."},
	{Name: tagOperation, Description: "Whether it runs, and as what."},
}

const (
	tagLists     = "lists"
	tagEvents    = "events"
	tagItems     = "items"
	tagCustomers = "customers"
	tagTickets   = "tickets"
	tagSteering  = "steering"
	tagOperation = "operation"
)

// document describes routes in OpenAPI 3.1. Schemas are generated from the types that
// handlers encode; see docs/decisions/006-openapi.md for why no more than those is.
func document(routes []route, version string) (*huma.OpenAPI, error) {
	w := newWords()
	table := w.descriptions()
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Rapport",
			Version:     version,
			Description: aboutAPI,
			License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Tags:       tags,
		Components: &huma.Components{Schemas: w.registry, SecuritySchemes: securitySchemes},
	}
	for _, r := range routes {
		d, found := table[r.method+" "+r.path]
		if !found {
			return nil, fmt.Errorf("%s %s has no description", r.method, r.path)
		}
		op, err := d.operation(r)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		w.answers(op, d)
		doc.AddOperation(op)
	}
	w.finish()
	return doc, errors.Join(w.slips...)
}

const aboutAPI = `Recommendations for shops and service desks: lists with their reasons, and fixes for tickets.

Everything is JSON. Ids in paths are percent-encoded. An unknown customer is no error: the answer names what it is based on. ` +
	`Unknown fields and parameters are refused by name; refusals are problem details (RFC 9457) with a stable ` + "`code`" + ` and what would be right.`

var securitySchemes = map[string]*huma.SecurityScheme{
	"key": {
		Type: "http", Scheme: "bearer",
		Description: "The API key. A server on a loopback address that has none asks for none. X-API-Key works as well.",
	},
	"publishable_key": {
		Type: "apiKey", In: "query", Name: keyParam,
		Description: "The publishable key, for pages in a browser: it posts events and reads lists, and no more.",
	},
}

// operation returns the description as OpenAPI has it, but for its answers.
func (d described) operation(r route) (*huma.Operation, error) {
	op := &huma.Operation{
		Method: r.method, Path: braced(r.path), OperationID: d.id,
		Summary: d.summary, Description: d.text, Tags: []string{d.tag},
		Security: d.security(),
	}
	shown := d.shown()
	var err error
	if op.Parameters, err = d.parameters(r, shown); err != nil {
		return nil, err
	}
	if d.body != nil {
		op.RequestBody = &huma.RequestBody{Required: !d.optional, Content: d.bodies()}
	} else if more := slices.Collect(d.others()); len(more) > 0 {
		op.Description = strings.TrimSpace(op.Description + "\n\n" + strings.Join(more, "\n"))
	}
	return op, nil
}

// security says which keys open the route.
func (d described) security() []map[string][]string {
	switch {
	case d.open:
		return []map[string][]string{}
	case d.browser:
		return []map[string][]string{{"key": {}}, {"publishable_key": {}}}
	}
	return []map[string][]string{{"key": {}}}
}

// shown is the example whose parameters stand in the document as such: all of one, so
// that together they are a request that works.
func (d described) shown() example {
	if len(d.examples) == 0 {
		return example{}
	}
	return d.examples[0]
}

// others writes the further examples of a route that takes no body.
func (d described) others() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range d.examples[min(1, len(d.examples)):] {
			if !yield(fmt.Sprintf("- %s: `%s`", e.about, e.path)) {
				return
			}
		}
	}
}

// parameters are those of the path and, by name, those of the route or of its handler.
func (d described) parameters(r route, shown example) ([]*huma.Param, error) {
	inPath, inQuery := shown.values(r.path)
	var out []*huma.Param
	parts := strings.Split(r.path, "/")
	for i, part := range parts {
		name, variable := strings.CutPrefix(part, ":")
		if !variable {
			continue
		}
		p := &huma.Param{Name: name, In: "path", Required: true, Description: aboutID[parts[i-1]], Schema: &huma.Schema{Type: huma.TypeString}}
		if words := named[parts[i-1]]; words != nil {
			p.Schema = among(words...)
		}
		if v := inPath[name]; v != "" && v[0] != '{' {
			p.Example = v
		}
		out = append(out, p)
	}
	for _, name := range append(slices.Clone(r.params), d.params...) {
		known, found := parameters[parts[2]+"/"+name]
		if !found {
			known, found = parameters[name]
		}
		if !found {
			return nil, fmt.Errorf("parameter %s has no description", name)
		}
		p := known.param(name)
		if v, given := inQuery[name]; given {
			p.Example = v
		}
		out = append(out, p)
	}
	if d.browser {
		p := parameters[tokenParam].param(tokenParam)
		out = append(out, p)
	}
	return out, nil
}

// bodies is the body of a request in every form it may have, with the examples.
func (d described) bodies() map[string]*huma.MediaType {
	out := map[string]*huma.MediaType{}
	for media, schema := range d.body {
		out[media] = &huma.MediaType{Schema: schema}
	}
	for i, e := range d.examples {
		media := out[e.mediaType()]
		if e.body == "" || media == nil {
			continue
		}
		if media.Examples == nil {
			media.Examples = map[string]*huma.Example{}
		}
		media.Examples["example-"+strconv.Itoa(i+1)] = &huma.Example{Summary: e.about, Value: e.value()}
	}
	return out
}

func (e example) mediaType() string {
	if e.media == "" {
		return mediaJSON
	}
	return e.media
}

// value is the body as it stands in the document: as JSON where it is, else as a text.
func (e example) value() any {
	if e.mediaType() == mediaJSON {
		return json.RawMessage(e.body)
	}
	return e.body
}

// braced writes :id as {id}.
func braced(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, variable := strings.CutPrefix(part, ":"); variable {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// answers adds what a request may get back.
func (w *words) answers(op *huma.Operation, d described) {
	status := d.status
	if status == 0 {
		status = http.StatusOK
	}
	success := &huma.Response{Description: http.StatusText(status)}
	if d.answer != nil {
		success.Content = map[string]*huma.MediaType{}
		for media, schema := range d.answer {
			success.Content[media] = &huma.MediaType{Schema: schema}
		}
	}
	refusal := map[string]*huma.MediaType{mediaProblem: {Schema: w.of(problem{})}}
	op.Responses = map[string]*huma.Response{
		strconv.Itoa(status): success,
		"default":            {Description: "A problem: what is wrong, and what would be right", Content: refusal},
	}
	for code, about := range d.also {
		op.Responses[strconv.Itoa(code)] = &huma.Response{Description: about, Content: refusal}
	}
}

// texts are the document as it is sent.
type texts struct{ json, yaml []byte }

// render writes the document.
func (s *Server) render() (texts, error) {
	doc, err := document(s.describedRoutes(), s.version)
	if err != nil {
		return texts{}, err
	}
	asJSON, err := json.Marshal(doc)
	if err != nil {
		return texts{}, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	asYAML, err := doc.YAML()
	if err != nil {
		return texts{}, fmt.Errorf("encode the OpenAPI document: %w", err)
	}
	return texts{asJSON, asYAML}, nil
}

// showDocument answers with the document in JSON.
func (s *Server) showDocument(c *gin.Context) error {
	t, err := s.openAPI()
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", t.json)
	return nil
}

// showDocumentYAML answers with the document in YAML.
func (s *Server) showDocumentYAML(c *gin.Context) error {
	t, err := s.openAPI()
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", t.yaml)
	return nil
}
