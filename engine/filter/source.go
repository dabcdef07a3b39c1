package filter

import (
	"time"

	"github.com/rapportengine/rapport/engine/catalogue"
)

// source is where the value comes from that items are compared with: the expression,
// the customer, the context or the clock of the request.
type source struct {
	operand
	static []catalogue.Value // of a literal or a literal list, made ready by Compile
	date   bool              // strings are dates: the other side is one
}

// fixed reports whether the value is the same for every request.
func (s source) fixed() bool { return s.scope == literal }

// values returns the value, or those of a list. None where the customer or the
// context has none.
func (s source) values(env *Env) []catalogue.Value {
	var v catalogue.Value
	switch s.scope {
	case literal:
		return s.static
	case customerScope:
		v = customerValue(env, s.name)
	case contextScope:
		v = contextValue(env, s.name)
	case nowScope:
		v = catalogue.TimeValue(env.Now.Add(s.span))
	}
	switch v.Type {
	case 0:
		return nil
	case catalogue.List:
		var out []catalogue.Value
		for m := range v.Members() {
			out = append(out, catalogue.TextValue(m))
		}
		return out
	case catalogue.Text:
		if s.date {
			return dates(v)
		}
	}
	return []catalogue.Value{v}
}

// one returns the value of a source that == and < compare: nothing if it is a list.
func (s source) one(env *Env) catalogue.Value {
	if s.scope == customerScope && customerValue(env, s.name).Type == catalogue.List {
		return catalogue.Value{}
	}
	if all := s.values(env); len(all) == 1 {
		return all[0]
	}
	return catalogue.Value{}
}

// customerValue returns an attribute of the customer, or the id.
func customerValue(env *Env, name string) catalogue.Value {
	switch {
	case env.Customer == nil:
		return catalogue.Value{}
	case name == "customer_id":
		return catalogue.TextValue(string(env.Customer.ID))
	}
	return catalogue.Any(env.Customer.Attributes[name])
}

// contextValue returns what the request says of its moment; an empty string is not
// said.
func contextValue(env *Env, name string) catalogue.Value {
	c := &env.Context
	said := map[string]*string{"device": &c.Device, "locale": &c.Locale, "page": &c.Page, "region": &c.Region, "store": &c.Store}
	if s := said[name]; s != nil && *s != "" {
		return catalogue.TextValue(*s)
	}
	return catalogue.Value{}
}

// dates reads a string as a date, nothing if it is none.
func dates(v catalogue.Value) []catalogue.Value {
	t, ok := parseDate(v.Text)
	if !ok {
		return nil
	}
	return []catalogue.Value{catalogue.TimeValue(t)}
}

// parseDate reads RFC 3339, or a day, which begins at midnight UTC.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range [...]string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
