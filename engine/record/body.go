package record

import (
	"io"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// The small bodies of the API: each is one JSON object of a few fields. Their errors are
// those of Request.

// Preferences decodes a change of what a customer asked not to see: the lists that are
// given replace those there are, null clears one. A customer without a record gets one.
func Preferences(r io.Reader, id engine.CustomerID) (engine.UpdateCustomer, error) {
	var given []string
	p, err := One(readWith(r, small, preferencesSchema, func(d *decoder[engine.Preferences]) finish[engine.Preferences, engine.Preferences] {
		d.met = func(f *field[engine.Preferences], _ value) { given = append(given, f.name) }
		return asIs
	}))
	return engine.UpdateCustomer{ID: id, Update: func(c engine.Customer, _ bool) (engine.Customer, error) {
		c = cloneCustomer(c)
		c.ID = id
		if slices.Contains(given, mutedItems) {
			c.Preferences.MutedItems = slices.Clone(p.MutedItems)
		}
		if slices.Contains(given, mutedCategories) {
			c.Preferences.MutedCategories = slices.Clone(p.MutedCategories)
		}
		return c, nil
	}}, err
}

// Merge decodes whose past is to be joined to a customer: {"session_id"} or
// {"customer_id"}.
func Merge(r io.Reader, into engine.CustomerID) (engine.Merge, error) {
	from, err := object1(r, mergeSchema)
	return engine.Merge{From: engine.SubjectOf(from.Customer, from.Session), Into: into}, err
}

var mergeSchema = &schema[engine.Interaction]{
	what: "field of a merge",
	fields: []field[engine.Interaction]{
		idField("session_id", func(f *engine.Interaction) *engine.SessionID { return &f.Session }),
		idField("customer_id", func(f *engine.Interaction) *engine.CustomerID { return &f.Customer }),
	},
	aliases: foreignFields,
	check: func(f *engine.Interaction) problem {
		if (f.Session == "") == (f.Customer == "") {
			return missing("session_id", "one of session_id and customer_id is needed: whose past is to be joined")
		}
		return nil
	},
}

// Rollback decodes the version of the models to go back to: {"to": 3}.
func Rollback(r io.Reader) (version int, err error) { return object1(r, rollbackSchema) }

var rollbackSchema = &schema[int]{
	what:   "field of a rollback",
	fields: []field[int]{wholeField("to", func(v *int) *int { return v }, 1, 1<<31)},
	check: func(v *int) problem {
		if *v == 0 {
			return missing("to", "the version to go back to is needed")
		}
		return nil
	},
}

// Message decodes a turn of a ticket's conversation, what is private in it redacted as
// Options say. One without a time was written now.
func Message(r io.Reader, o Options) (engine.Message, error) {
	o.Format, o.Unknown = JSON, Refuse
	return One(read(r, o, messageSchema, func(m *engine.Message, c *reading) (engine.Message, problem) {
		if m.At.IsZero() {
			m.At = c.o.Now.UTC()
		}
		return *m, at("at", c.past(m.At))
	}))
}

// RankRequest decodes a request to order a list of the caller's: the fields of Request,
// and items, their ids.
func RankRequest(r io.Reader) (engine.RankRequest, error) { return object1(r, rankSchema) }

var rankSchema = &schema[engine.RankRequest]{
	what: requestSchema.what,
	own:  true,
	fields: append(lifted(requestSchema.fields, func(r *engine.RankRequest) *engine.Request { return &r.Request }),
		idsField("items", engine.MaxRanked, func(r *engine.RankRequest) *[]engine.ItemID { return &r.Items })),
	aliases: requestSchema.aliases,
	check: func(r *engine.RankRequest) problem {
		if len(r.Items) == 0 {
			return missing("items", "the ids of the items to put in order are needed, 1 to %d", engine.MaxRanked)
		}
		return nil
	},
}

// BulkRequest decodes a request for the lists of many customers: the fields of Request
// but for those that say who asks, and customers and consent.
func BulkRequest(r io.Reader) (engine.BulkRequest, error) { return object1(r, bulkSchema) }

var bulkSchema = &schema[engine.BulkRequest]{
	what: requestSchema.what,
	own:  true,
	fields: append(lifted(requestSchema.fields, func(r *engine.BulkRequest) *engine.Request { return &r.Request }),
		field[engine.BulkRequest]{name: "customers", set: func(r *engine.BulkRequest, v value) problem {
			list, p := ids[engine.CustomerID](v, engine.MaxBulkCustomers)
			if p == nil && len(list) == 0 && v.kind != null {
				return missing("", "at least one customer is needed; leave customers out for everybody")
			}
			r.Customers = list
			return p
		}},
		enumField("consent", func(r *engine.BulkRequest) *engine.Consent { return &r.Consent }, string(engine.OutreachConsent), string(engine.AnyConsent))),
	aliases: requestSchema.aliases,
	check: func(r *engine.BulkRequest) problem {
		refuse := func(name, why string) problem {
			return engine.Invalidf(engine.CodeInvalidField, name, "leave it out: %s", why)
		}
		switch {
		case r.Customer != "":
			return refuse("customer_id", "each of the customers is put in its place")
		case r.Session != "":
			return refuse("session_id", "the lists are for customers")
		case r.Record != nil && *r.Record:
			return refuse("record", "lists for many leave no impressions")
		}
		return nil
	},
}

// lifted makes fields of a whole from those of its part.
func lifted[T, W any](fields []field[T], part func(*W) *T) []field[W] {
	out := make([]field[W], len(fields))
	for i, f := range fields {
		out[i] = field[W]{name: f.name, nested: f.nested, set: func(w *W, v value) problem { return f.set(part(w), v) }}
	}
	return out
}

// Call is one request within a batch of them.
type Call struct {
	Method string // GET, POST, PUT, PATCH or DELETE
	Path   string // from the root, with its query
	Body   string // JSON, "" for none
}

// Calls decodes a batch of requests:
// {"requests": [{"method": "POST", "path": "/v1/events", "body": {...}}]}.
func Calls(r io.Reader) ([]Call, error) { return object1(r, callsSchema) }

var callsSchema = &schema[[]Call]{
	what: "field of a batch",
	own:  true,
	fields: []field[[]Call]{{name: "requests", set: func(c *[]Call, v value) (p problem) {
		*c, p = parts(callSchema, engine.MaxCalls, v)
		return p
	}}},
	check: func(c *[]Call) problem {
		if len(*c) == 0 {
			return missing("requests", "at least one request is needed, as {method, path, body}")
		}
		return nil
	},
}

var callSchema = &schema[Call]{
	what: "field of a request in a batch",
	fields: []field[Call]{
		enumField("method", func(c *Call) *string { return &c.Method }, "GET", "POST", "PUT", "PATCH", "DELETE"),
		textField("path", engine.MaxFilterBytes, func(c *Call) *string { return &c.Path }),
		{name: "body", set: func(c *Call, v value) problem {
			if v.kind != null {
				c.Body = v.kept(v.raw)
			}
			return nil
		}},
	},
	check: func(c *Call) problem {
		switch {
		case c.Method == "":
			return missing("method", "one of GET, POST, PUT, PATCH, DELETE is needed")
		case !strings.HasPrefix(c.Path, "/"):
			return missing("path", "a path from the root is needed, such as /v1/events")
		}
		return nil
	},
}
