package record

import (
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Request decodes one recommendation request. Broken JSON is a *Syntax, anything else
// an *engine.Invalid that names the field. It checks fields, not what they refer to:
// whether a filter parses or a scenario exists is for others to say.
func Request(r io.Reader) (engine.Request, error) { return object1(r, requestSchema) }

// SuggestRequest decodes one request for solutions, as Request does.
func SuggestRequest(r io.Reader) (engine.SuggestRequest, error) {
	return object1(r, suggestSchema)
}

// TriageRequest decodes one request for triage, as Request does. ticket is that of the path,
// "" where there is none.
func TriageRequest(r io.Reader, ticket string) (engine.TriageRequest, error) {
	req, err := object1(r, triageSchema)
	switch {
	case err != nil:
		return req, err
	case ticket != "" && !agree(&req.TicketID, ticket):
		return req, at("ticket_id", contradicts(ticket))
	case req.TicketID == "" && req.Subject == "" && req.Text == "":
		return req, missing("text", "a ticket_id, a subject or a text is needed")
	}
	return req, nil
}

// Scenario decodes one scenario, as Request does. name is that of the path, "" for none.
// Whether a scenario is built in is not for the sender to say: built_in is passed over.
func Scenario(r io.Reader, name string) (engine.Scenario, error) {
	s, err := object1(r, scenarioSchema)
	if err != nil {
		return s, err
	}
	if name != "" && !agree(&s.Name, name) {
		return s, at("name", contradicts(name))
	}
	if !isWord(s.Name) {
		return s, at("name", value{kind: cell, raw: s.Name}.wrong("a name of lower-case letters, digits, _ and -, a letter first,"))
	}
	return s, nil
}

// object1 decodes the one JSON object of an input.
func object1[T any](r io.Reader, s *schema[T]) (T, error) {
	return One(read(r, small, s, asIs))
}

// small is how one object is read that is no record.
var small = Options{Format: JSON, Unknown: Refuse}

// asIs finishes what is as it was decoded.
func asIs[T any](t *T, _ *reading) (T, problem) { return *t, nil }

// propertiesField is the names of the properties an answer is to carry.
func propertiesField[T any](into func(*T) *[]string) field[T] {
	return field[T]{name: "return_properties", set: func(t *T, v value) (p problem) {
		*into(t), p = strs[string](v, engine.MaxAttributes, "a list of names", func(e value) (string, problem) { return e.str(engine.MaxIDBytes) })
		return p
	}}
}

// wordsField is one word or a list of them.
func wordsField[T any, S ~string](name string, aliases map[string]string, into func(*T) *[]S) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		word := func(e value) (string, problem) { return e.word(aliases) }
		if v.kind == text {
			s, p := word(v)
			*into(t) = []S{S(s)}
			return p
		}
		out, p := strs[S](v, engine.MaxListValues, "a text or a list of texts", word)
		*into(t) = out
		return p
	}}
}

func filterField[T any](name string, into func(*T) *string) field[T] {
	return textField(name, engine.MaxFilterBytes, into)
}

func boostsField[T any](name string, into func(*T) *[]engine.Boost) field[T] {
	return field[T]{name: name, nested: true, set: func(t *T, v value) (p problem) {
		*into(t), p = parts(boostSchema, engine.MaxBoosts, v)
		return p
	}}
}

var boostSchema = &schema[engine.Boost]{
	what: "field of a boost",
	fields: []field[engine.Boost]{
		filterField("filter", func(b *engine.Boost) *string { return &b.Filter }),
		{name: "add", set: func(b *engine.Boost, v value) (p problem) {
			if b.Add, p = v.num(); p == nil && math.Abs(b.Add) > engine.MaxBoost {
				p = tooMuch("a number from -%g to %g is wanted", engine.MaxBoost, engine.MaxBoost)
			}
			return p
		}},
	},
	check: func(b *engine.Boost) problem {
		if b.Filter == "" {
			return missing("filter", "an expression is needed that says what to boost")
		}
		return nil
	},
}

var pinSchema = &schema[engine.Pin]{
	what: "field of a pin",
	fields: []field[engine.Pin]{
		idField("item_id", func(p *engine.Pin) *engine.ItemID { return &p.Item }),
		wholeField("rank", func(p *engine.Pin) *int { return &p.Rank }, 1, engine.MaxCount),
	},
	aliases: foreignFields,
	check: func(p *engine.Pin) problem {
		switch {
		case p.Item == "":
			return missing("item_id", "the item to pin is needed")
		case p.Rank == 0:
			return missing("rank", "a rank from 1 is needed")
		}
		return nil
	},
}

var constraintSchema = &schema[engine.Constraint]{
	what: "field of a constraint",
	fields: []field[engine.Constraint]{
		textField("attribute", engine.MaxIDBytes, func(c *engine.Constraint) *string { return &c.Attribute }),
		wholeField("max", func(c *engine.Constraint) *int { return &c.Max }, 1, engine.MaxCount),
		wholeField("window", func(c *engine.Constraint) *int { return &c.Window }, 0, engine.MaxCount),
		wholeField("depth", func(c *engine.Constraint) *int { return &c.Depth }, 0, engine.MaxCategoryDepth),
	},
	check: func(c *engine.Constraint) problem {
		switch {
		case c.Attribute == "":
			return missing("attribute", "the attribute whose values are counted is needed")
		case c.Max == 0:
			return missing("max", "a number from 1 is needed")
		}
		return nil
	},
}

// arrangement returns the fields of an engine.Arrangement, which requests and scenarios
// have alike.
func arrangement[T any](into func(*T) *engine.Arrangement) []field[T] {
	return []field[T]{
		{name: "pins", nested: true, set: func(t *T, v value) (p problem) {
			into(t).Pins, p = parts(pinSchema, engine.MaxPins, v)
			return p
		}},
		{name: "constraints", nested: true, set: func(t *T, v value) (p problem) {
			into(t).Constraints, p = parts(constraintSchema, engine.MaxConstraints, v)
			return p
		}},
		{name: "collapse", set: func(t *T, v value) problem {
			b, p := v.truth()
			return optional(v, &into(t).Collapse, b, p)
		}},
		{name: "diversity", set: func(t *T, v value) problem {
			f, p := v.num()
			if p == nil && (f < 0 || f > 1) {
				p = refuse("a number from 0 to 1 is wanted, got %g", f)
			}
			return optional(v, &into(t).Diversity, f, p)
		}},
		{name: "min_relevance", set: func(t *T, v value) problem {
			f, p := v.num()
			return optional(v, &into(t).MinRelevance, f, p)
		}},
	}
}

func recordField[T any](into func(*T) **bool) field[T] {
	return field[T]{name: "record", set: func(t *T, v value) problem {
		b, p := v.truth()
		return optional(v, into(t), b, p)
	}}
}

var explains = []string{string(engine.ExplainNone), string(engine.ExplainSources), string(engine.ExplainFull)}

var requestSchema = &schema[engine.Request]{
	what: "parameter of a request",
	own:  true,
	fields: slices.Concat([]field[engine.Request]{
		idField("customer_id", func(r *engine.Request) *engine.CustomerID { return &r.Customer }),
		idField("session_id", func(r *engine.Request) *engine.SessionID { return &r.Session }),
		idField("item_id", func(r *engine.Request) *engine.ItemID { return &r.Item }),
		idsField("basket", engine.MaxBasket, func(r *engine.Request) *[]engine.ItemID { return &r.Basket }),
		textField("query", engine.MaxTextBytes, func(r *engine.Request) *string { return &r.Query }),
		idField("scenario", func(r *engine.Request) *string { return &r.Scenario }),
		wordsField("kind", nil, func(r *engine.Request) *[]engine.Kind { return &r.Kinds }),
		wholeField("count", func(r *engine.Request) *int { return &r.Count }, 1, engine.MaxCount),
		filterField("filter", func(r *engine.Request) *string { return &r.Filter }),
		boostsField("boost", func(r *engine.Request) *[]engine.Boost { return &r.Boosts }),
		idsField("exclude_items", engine.MaxExcluded, func(r *engine.Request) *[]engine.ItemID { return &r.Exclude }),
		propertiesField(func(r *engine.Request) *[]string { return &r.ReturnProperties }),
		enumField("explain", func(r *engine.Request) *engine.Explain { return &r.Explain }, explains...),
		recordField(func(r *engine.Request) **bool { return &r.Record }),
		truthField("validate_only", func(r *engine.Request) *bool { return &r.ValidateOnly }),
		{name: "context", nested: true, set: setContext},
	}, arrangement(func(r *engine.Request) *engine.Arrangement { return &r.Arrangement })),
	aliases: merged(foreignFields, map[string]string{
		"n": "count", "limit": "count", "kinds": "kind", "boosts": "boost", "products": "basket",
	}),
	inner: map[string]func(*engine.Request, string, value) problem{"context": setContextField},
}

// context is a context as it is written. The item and basket on the page may stand in it
// or beside it.
type context struct {
	engine.Context
	item   engine.ItemID
	basket []engine.ItemID
}

func setContext(r *engine.Request, v value) problem {
	c := context{Context: r.Context}
	if p := part(contextSchema, &c, v); p != nil {
		return p
	}
	return c.into(r)
}

// setContextField is the parameter context.region and its kin.
func setContextField(r *engine.Request, name string, v value) problem {
	c := context{Context: r.Context}
	d := contextSchema.decoder()
	i, known := d.index[name]
	if !known {
		p := unknownName(engine.CodeUnknownParam, name, contextSchema.what, d.names())
		p.Field = ""
		return p
	}
	if p := d.fields[i].set(&c, v); p != nil {
		return p
	}
	return c.into(r)
}

// into puts what was read where a request has it.
func (c *context) into(r *engine.Request) problem {
	r.Context = c.Context
	if c.item != "" {
		if r.Item != "" && r.Item != c.item {
			return at("item_id", refuse("the item stands beside the context already, and is another"))
		}
		r.Item = c.item
	}
	if c.basket != nil {
		if r.Basket != nil {
			return at("basket", refuse("the basket stands beside the context already; one is wanted"))
		}
		r.Basket = c.basket
	}
	return nil
}

var contextSchema = &schema[context]{
	what: "field of a context",
	fields: []field[context]{
		textField("page", engine.MaxTitleBytes, func(c *context) *string { return &c.Page }),
		textField("locale", engine.MaxIDBytes, func(c *context) *string { return &c.Locale }),
		textField("region", engine.MaxIDBytes, func(c *context) *string { return &c.Region }),
		textField("store", engine.MaxIDBytes, func(c *context) *string { return &c.Store }),
		textField("device", engine.MaxIDBytes, func(c *context) *string { return &c.Device }),
		timeField("at", func(c *context) **time.Time { return &c.At }),
		idField("item_id", func(c *context) *engine.ItemID { return &c.item }),
		idsField("basket", engine.MaxBasket, func(c *context) *[]engine.ItemID { return &c.basket }),
	},
	aliases: foreignFields,
}

// saidField is a text that says something where it is given.
func saidField[T any](name string, limit int, into func(*T) *string) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.str(limit)
		if *into(t) = s; p == nil && isBlank(s) {
			p = blank()
		}
		return p
	}}
}

var suggestSchema = &schema[engine.SuggestRequest]{
	what: "parameter of a request for solutions",
	own:  true,
	fields: []field[engine.SuggestRequest]{
		idField("ticket_id", func(r *engine.SuggestRequest) *string { return &r.TicketID }),
		saidField("subject", engine.MaxTitleBytes, func(r *engine.SuggestRequest) *string { return &r.Subject }),
		saidField("text", engine.MaxTextBytes, func(r *engine.SuggestRequest) *string { return &r.Text }),
		idField("customer_id", func(r *engine.SuggestRequest) *engine.CustomerID { return &r.Customer }),
		idField("product_id", func(r *engine.SuggestRequest) *engine.ItemID { return &r.Product }),
		idField("order_id", func(r *engine.SuggestRequest) *string { return &r.OrderID }),
		languageField(func(r *engine.SuggestRequest) *string { return &r.Language }),
		enumField("channel", func(r *engine.SuggestRequest) *string { return &r.Channel }, channels...),
		filterField("filter", func(r *engine.SuggestRequest) *string { return &r.Filter }),
		idField("scenario", func(r *engine.SuggestRequest) *string { return &r.Scenario }),
		wholeField("count", func(r *engine.SuggestRequest) *int { return &r.Count }, 1, engine.MaxSuggestedFixes),
		propertiesField(func(r *engine.SuggestRequest) *[]string { return &r.ReturnProperties }),
		enumField("explain", func(r *engine.SuggestRequest) *engine.Explain { return &r.Explain }, explains...),
		recordField(func(r *engine.SuggestRequest) **bool { return &r.Record }),
		{name: "include", set: func(r *engine.SuggestRequest, v value) (p problem) {
			r.Include, p = strs[string](v, 1, "a list of "+engine.IncludeCustomer, func(v value) (string, problem) { return v.oneOf(engine.IncludeCustomer) })
			return p
		}},
	},
	aliases: merged(ticketSchema.aliases, map[string]string{"n": "count", "limit": "count"}),
	check: func(r *engine.SuggestRequest) problem {
		if r.TicketID == "" && r.Subject == "" && r.Text == "" {
			return missing("text", "a ticket_id, a subject or a text is needed")
		}
		return nil
	},
}

var triageSchema = &schema[engine.TriageRequest]{
	what: "parameter of a request for triage",
	own:  true,
	fields: []field[engine.TriageRequest]{
		idField("ticket_id", func(r *engine.TriageRequest) *string { return &r.TicketID }),
		saidField("subject", engine.MaxTitleBytes, func(r *engine.TriageRequest) *string { return &r.Subject }),
		saidField("text", engine.MaxTextBytes, func(r *engine.TriageRequest) *string { return &r.Text }),
		idField("customer_id", func(r *engine.TriageRequest) *engine.CustomerID { return &r.Customer }),
		idField("product_id", func(r *engine.TriageRequest) *engine.ItemID { return &r.Product }),
		idField("order_id", func(r *engine.TriageRequest) *string { return &r.OrderID }),
		languageField(func(r *engine.TriageRequest) *string { return &r.Language }),
		enumField("channel", func(r *engine.TriageRequest) *string { return &r.Channel }, channels...),
		truthField("agents", func(r *engine.TriageRequest) *bool { return &r.Agents }),
	},
	aliases: ticketSchema.aliases,
}

var scenarioSchema = &schema[engine.Scenario]{
	what: "field of a scenario",
	own:  true,
	fields: slices.Concat([]field[engine.Scenario]{
		textField("name", engine.MaxIDBytes, func(s *engine.Scenario) *string { return &s.Name }),
		textField("description", engine.MaxTitleBytes, func(s *engine.Scenario) *string { return &s.Description }),
		wordsField("kinds", nil, func(s *engine.Scenario) *[]engine.Kind { return &s.Kinds }),
		filterField("filter", func(s *engine.Scenario) *string { return &s.Filter }),
		wordsField("exclude", foreignTypes, func(s *engine.Scenario) *[]engine.Type { return &s.Exclude }),
		boostsField("boosts", func(s *engine.Scenario) *[]engine.Boost { return &s.Boosts }),
		wholeField("count", func(s *engine.Scenario) *int { return &s.Count }, 1, engine.MaxCount),
		enumField("audience", func(s *engine.Scenario) *engine.Visibility { return &s.Audience }, string(engine.Public), string(engine.AgentOnly)),
		enumField("open_tickets", func(s *engine.Scenario) *engine.TicketRule { return &s.OpenTickets }, string(engine.SteerByTickets), string(engine.ExcludeByTickets), string(engine.IgnoreTickets)),
		{name: "blend", nested: true, set: func(s *engine.Scenario, v value) problem {
			s.Blend = nil
			return v.members(func(name string, v value) problem {
				f, p := v.atLeast(0)
				switch {
				case p != nil:
					return p
				case v.kind == null:
					return v.wrong("a weight")
				case !isWord(name) || len(s.Blend) >= engine.MaxListValues:
					return refuse("the name of a source is wanted, at most %d of them", engine.MaxListValues)
				case s.Blend == nil:
					s.Blend = make(map[string]float64)
				}
				s.Blend[name] = f
				return nil
			})
		}},
		{name: "built_in", set: func(_ *engine.Scenario, v value) problem { _, p := v.truth(); return p }},
	}, arrangement(func(s *engine.Scenario) *engine.Arrangement { return &s.Arrangement })),
	aliases: map[string]string{"kind": "kinds", "boost": "boosts", "n": "count", "limit": "count"},
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
