package api

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
)

// words are the schemas of the document: generated from the types that handlers decode
// into and encode, then corrected where the wire differs from the type.
type words struct {
	registry huma.Registry
	slips    []error // in the tables of this package; the tests of the document see them
}

const schemaPrefix = "#/components/schemas/"

func newWords() *words {
	w := &words{registry: huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)}
	for _, v := range []any{
		engine.Request{},
		engine.Answer{},
		moment{},
		portrait{},
		added{},
		previewed{},
		bundledAnswer{},
		engine.Interaction{},
		engine.SuggestRequest{},
		engine.SuggestAnswer{},
		engine.TriageRequest{},
		engine.TriageAnswer{},
		engine.Impression{},
		engine.Item{},
		engine.Customer{},
		engine.Ticket{},
		ticketView{},
		solution.Health{},
		healthOf{},
		engine.KnowledgeGap{},
		engine.Scenario{},
		engine.Erasure{},
		engine.Job{},
		engine.ModelVersion{},
		catalogue.Attribute{},
		record.Rejected{},
		Outcome{},
		event{},
		problem{},
		readiness{},
	} {
		w.of(v)
	}
	w.get("Problem").Required = []string{"type", "title", "status", "detail", "code", "request_id"}
	w.add("NewEvent", w.newEvent())
	w.add("OrderLine", strict("item_id", map[string]*huma.Schema{"item_id": text(), "quantity": number(), "price": number()}))
	w.extend("Context", map[string]*huma.Schema{"item_id": text(), "basket": list(text())})
	w.extend("Request", map[string]*huma.Schema{"n": whole(1, engine.MaxCount), "limit": whole(1, engine.MaxCount)})
	w.extend("SuggestRequest", map[string]*huma.Schema{"n": whole(1, engine.MaxSuggestedFixes), "limit": whole(1, engine.MaxSuggestedFixes)})
	w.extend("Ticket", map[string]*huma.Schema{"text": {Type: huma.TypeString, WriteOnly: true}})
	w.get("Impression").Properties["answer"] = &huma.Schema{AnyOf: []*huma.Schema{w.named("Answer"), w.named("SuggestAnswer")}}
	delete(w.registry.Map(), "Answered")
	w.shape()
	w.note()
	w.add("RankRequest", w.rankRequest())
	w.add("BulkRequest", w.bulkRequest())
	w.add("EventChange", w.change("NewEvent"))
	for _, name := range []string{"Item", "Customer", "Ticket"} {
		w.add(name+"Change", w.change(name))
	}
	return w
}

// of returns the schema of a Go value's type: a reference, where the type has a name.
func (w *words) of(v any) *huma.Schema { return w.registry.Schema(reflect.TypeOf(v), true, "") }

// named returns a reference to a schema that was made by hand.
func (w *words) named(name string) *huma.Schema { return &huma.Schema{Ref: schemaPrefix + name} }

func (w *words) get(name string) *huma.Schema {
	s := w.registry.Map()[name]
	if s == nil {
		w.slip("no schema is called %s", name)
		s = &huma.Schema{}
	}
	return s
}

func (w *words) slip(format string, args ...any) {
	w.slips = append(w.slips, fmt.Errorf(format, args...))
}

func (w *words) add(name string, s *huma.Schema) { w.registry.Map()[name] = s }

// extend adds what the wire takes and the type has no field for.
func (w *words) extend(name string, more map[string]*huma.Schema) {
	maps.Copy(w.get(name).Properties, more)
}

// newEvent is an event as it is sent: like one that is shown, with an order's lines, and
// with any further member as a property.
func (w *words) newEvent() *huma.Schema {
	props := maps.Clone(w.get("Event").Properties)
	delete(props, "received_at")
	delete(props, "line")
	props["items"] = list(w.named("OrderLine"))
	for name, p := range props {
		if p.Ref == "" {
			copied := *p
			props[name] = &copied
		}
	}
	return &huma.Schema{Type: huma.TypeObject, Properties: props, Required: []string{"type"}, AdditionalProperties: true}
}

// rankRequest is a request with the list that it puts in order.
func (w *words) rankRequest() *huma.Schema {
	s := *w.get("Request")
	s.Properties = maps.Clone(s.Properties)
	s.Properties["items"] = &huma.Schema{Type: huma.TypeArray, Items: text(), MaxItems: new(engine.MaxRanked), Description: "the ids of the items to put in order"}
	s.Required = []string{"items"}
	return &s
}

// bulkRequest is a request with the customers that are put in its place, one by one.
func (w *words) bulkRequest() *huma.Schema {
	s := *w.get("Request")
	s.Properties = maps.Clone(s.Properties)
	for _, not := range []string{"customer_id", "session_id", "record"} {
		delete(s.Properties, not)
	}
	s.Properties["customers"] = &huma.Schema{Type: huma.TypeArray, Items: text(), MinItems: new(1), MaxItems: new(engine.MaxBulkCustomers), Description: "for whom; default everybody with a record or a history"}
	s.Properties["consent"] = &huma.Schema{
		Type: huma.TypeString, Enum: []any{string(engine.OutreachConsent), string(engine.AnyConsent)},
		Description: "outreach, the default, leaves out who refused to be written to; any is for lists that nobody is sent",
	}
	return &s
}

// change is a record of which any part may be given: what is null is cleared.
func (w *words) change(name string) *huma.Schema {
	from := w.get(name)
	s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	id := strings.ToLower(name) + "_id"
	for field, p := range from.Properties {
		if field == id {
			s.Properties[field] = p
			continue
		}
		s.Properties[field] = orNull(p)
	}
	return s
}

// orNull is a value or null, and so are the members of a value that is merged name by
// name.
func orNull(p *huma.Schema) *huma.Schema {
	plain := *p
	plain.Description = ""
	if of, named := p.AdditionalProperties.(*huma.Schema); named {
		plain.AdditionalProperties = orNull(of)
	}
	plain.Properties = nil
	for name, member := range p.Properties {
		if plain.Properties == nil {
			plain.Properties = map[string]*huma.Schema{}
		}
		plain.Properties[name] = orNull(member)
	}
	return &huma.Schema{AnyOf: []*huma.Schema{&plain, {Type: "null"}}, Description: p.Description}
}

// finish takes the nulls off lists, which we never send.
func (w *words) finish() {
	for _, s := range w.registry.Map() {
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
}

// shape corrects and narrows what was generated.
func (w *words) shape() {
	for name, s := range shapes {
		kind, field, _ := strings.Cut(name, ".")
		if _, there := w.get(kind).Properties[field]; !there {
			w.slip("no field is called %s", name)
			continue
		}
		w.get(kind).Properties[field] = s
	}
}

// note adds to each field what it means.
func (w *words) note() {
	for kind, text := range notes {
		s := w.get(kind)
		for line := range strings.Lines(strings.TrimSpace(text)) {
			names, about, _ := strings.Cut(strings.TrimSpace(line), ": ")
			for field := range strings.SplitSeq(names, ", ") {
				p := s.Properties[field]
				if p == nil {
					w.slip("%s has no field %s, and it is explained", kind, field)
					continue
				}
				copied := *p
				copied.Description = about
				s.Properties[field] = &copied
			}
		}
	}
}

func text() *huma.Schema   { return &huma.Schema{Type: huma.TypeString} }
func number() *huma.Schema { return &huma.Schema{Type: huma.TypeNumber} }
func truth() *huma.Schema  { return &huma.Schema{Type: huma.TypeBoolean} }

func whole(from, to int) *huma.Schema {
	least, most := float64(from), float64(to)
	return &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most}
}

func between(from, to float64) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber, Minimum: &from, Maximum: &to}
}

func among[S ~string](values ...S) *huma.Schema {
	s := text()
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}

func list(of *huma.Schema) *huma.Schema { return &huma.Schema{Type: huma.TypeArray, Items: of} }

func dictionary(of *huma.Schema) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: of}
}

// oneOrSeveral is a value or a list of them.
func oneOrSeveral(of *huma.Schema) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{of, list(of)}}
}

// strict is an object of these members and no others. required names some, with spaces
// between.
func strict(required string, members map[string]*huma.Schema) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Properties: members, Required: strings.Fields(required), AdditionalProperties: false}
}

// full is an object that has each of these members.
func full(members map[string]*huma.Schema) *huma.Schema {
	return strict(strings.Join(slices.Sorted(maps.Keys(members)), " "), members)
}

// page is one page of records under their name.
func page(name string, of *huma.Schema) *huma.Schema {
	return strict(name, map[string]*huma.Schema{name: list(of), "cursor": {Type: huma.TypeString, Description: "where the next page begins; none on the last"}})
}

// asJSON is a body in JSON.
func asJSON(s *huma.Schema) content { return content{mediaJSON: s} }

// asRecords is a body of one record, a list of them, or one a line.
func asRecords(s *huma.Schema) content {
	return content{mediaJSON: oneOrSeveral(s), mediaNDJSON: {Type: huma.TypeString, Description: "one object a line"}}
}
