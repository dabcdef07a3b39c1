package filter

import (
	"iter"
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

// value returns the value, a list where it is one; nothing where the customer or the
// context has none. Literal lists are read by values.
func (s source) value(env *Env) catalogue.Value {
	var v catalogue.Value
	switch s.scope {
	case literal:
		return s.static[0]
	case customerScope:
		v = customerValue(env, s.name)
	case contextScope:
		v = contextValue(env, s.name)
	case nowScope:
		v = catalogue.TimeValue(env.Now.Add(s.span))
	}
	if s.date && v.Type == catalogue.Text {
		return dateOf(v)
	}
	return v
}

// values yields the value, or the members of a list.
func (s source) values(env *Env) iter.Seq[catalogue.Value] {
	return func(yield func(catalogue.Value) bool) {
		if s.scope == literal {
			for _, v := range s.static {
				if !yield(v) {
					return
				}
			}
			return
		}
		v := s.value(env)
		if v.Type != catalogue.List {
			yield(v)
			return
		}
		for m := range v.Members() {
			if !yield(catalogue.TextValue(m)) {
				return
			}
		}
	}
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

// basketName is the one name of the context that holds a list.
const basketName = "basket"

// contextNames are what a request says of its moment.
var contextNames = []string{basketName, "device", "item_id", "locale", "page", "region", "store"}

// contextValue returns one of them; an empty string is not said.
func contextValue(env *Env, name string) catalogue.Value {
	var said string
	switch c := &env.Context; name {
	case basketName:
		if len(env.Basket) == 0 {
			return catalogue.Value{}
		}
		return catalogue.IDsValue(env.Basket)
	case "item_id":
		said = string(env.Item)
	case "device":
		said = c.Device
	case "locale":
		said = c.Locale
	case "page":
		said = c.Page
	case "region":
		said = c.Region
	case "store":
		said = c.Store
	}
	if said == "" {
		return catalogue.Value{}
	}
	return catalogue.TextValue(said)
}

// dateOf reads a string as a date, nothing if it is none.
func dateOf(v catalogue.Value) catalogue.Value {
	t, ok := parseDate(v.Text)
	if !ok {
		return catalogue.Value{}
	}
	return catalogue.TimeValue(t)
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
