package record

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// event is an event as it is written: one interaction, or an order with its lines.
type event struct {
	engine.Interaction
	timed    bool
	numbered bool // line was given
	order    bool // items was given
	items    []orderLine
}

// orderLine is one of an order's items.
type orderLine struct {
	item            engine.ItemID
	quantity, price float64
}

// channels are those an event or a ticket may come by.
var channels = []string{"web", "app", "email", "chat", "phone", "store"}

func currencyField[T any](into func(*T) *string) field[T] {
	return field[T]{name: "currency", set: func(t *T, v value) problem {
		s, p := v.str(engine.MaxIDBytes)
		if p != nil {
			return p
		}
		if v.kind != null && (len(s) != 3 || slices.ContainsFunc([]byte(s), func(c byte) bool { return c < 'A' || c > 'Z' })) {
			return refuse("three capital letters by ISO 4217 are wanted, such as EUR")
		}
		*into(t) = s
		return nil
	}}
}

func quantity(v value) (float64, problem) {
	f, p := v.num()
	if p == nil && f == 0 && v.env.returns && v.kind != null {
		p = refuse("a quantity other than 0 is wanted in an order; leave the line out")
	}
	if p == nil && f < 0 && !v.env.returns {
		p = refuse("a quantity is not below 0, got %g; for goods that came back send an event of type return", f)
	}
	if p == nil && math.Abs(f) > engine.MaxQuantity {
		p = tooMuch("a quantity is at most %.0f, got %g", engine.MaxQuantity, f)
	}
	return f, p
}

// priceField is that of one piece. Below 0 it is a credit, as shops book them.
func priceField[T any](into func(*T) *float64) field[T] {
	return field[T]{name: "price", set: func(t *T, v value) (p problem) {
		*into(t), p = v.num()
		return p
	}}
}

var lineSchema = &schema[orderLine]{
	what: "field of an order line",
	fields: []field[orderLine]{
		idField("item_id", func(l *orderLine) *engine.ItemID { return &l.item }),
		{name: "quantity", set: func(l *orderLine, v value) (p problem) { l.quantity, p = quantity(v); return p }},
		priceField(func(l *orderLine) *float64 { return &l.price }),
	},
	aliases: foreignFields,
	check: func(l *orderLine) problem {
		if l.item == "" {
			return missing("item_id", "the item of the line is needed")
		}
		return nil
	},
}

var eventSchema = &schema[event]{
	what: "field of an event",
	fields: []field[event]{
		idField("event_id", func(e *event) *string { return &e.EventID }),
		{name: "line", set: func(e *event, v value) problem {
			n, p := v.integer(0, math.MaxUint16)
			e.Line, e.numbered = uint16(n), v.kind != null
			return p
		}},
		{name: "type", set: func(e *event, v value) problem {
			s, p := v.word(foreignTypes)
			e.Type = engine.Type(s)
			return p
		}},
		idField("customer_id", func(e *event) *engine.CustomerID { return &e.Customer }),
		idField("session_id", func(e *event) *engine.SessionID { return &e.Session }),
		idField("item_id", func(e *event) *engine.ItemID { return &e.Item }),
		{name: "at", set: func(e *event, v value) (p problem) {
			e.At, p = v.time()
			e.timed = v.kind != null
			return p
		}},
		{name: "quantity", set: func(e *event, v value) (p problem) { e.Quantity, p = quantity(v); return p }},
		priceField(func(e *event) *float64 { return &e.Price }),
		currencyField(func(e *event) *string { return &e.Currency }),
		numberField("value", func(e *event) *float64 { return &e.Value }, -math.MaxFloat64),
		numberField("duration", func(e *event) *float64 { return &e.Duration }, 0),
		wholeField("position", func(e *event) *int { return &e.Position }, 0, math.MaxInt32),
		textField("query", engine.MaxTextBytes, func(e *event) *string { return &e.Query }),
		enumField("channel", func(e *event) *string { return &e.Channel }, channels...),
		idField("order_id", func(e *event) *string { return &e.OrderID }),
		idField("ticket_id", func(e *event) *string { return &e.TicketID }),
		idField("recommendation_id", func(e *event) *string { return &e.RecommendationID }),
		truthField("gift", func(e *event) *bool { return &e.Gift }),
		{name: "items", nested: true, set: func(e *event, v value) (p problem) {
			e.order = v.kind != null
			e.items, p = parts(lineSchema, engine.MaxLines, v)
			return p
		}},
		{
			name: "properties", nested: true,
			set: func(e *event, v value) problem {
				return v.members(func(name string, v value) problem { return e.property(name, v) })
			},
			merge: mergeProperties,
		},
	},
	aliases: foreignFields,
	rest:    (*event).property,
	inner:   map[string]func(*event, string, value) problem{"properties": (*event).property},
}

// property keeps what we have no field for.
func (e *event) property(name string, v value) problem {
	if _, twice := e.Properties[name]; twice {
		return refuse("the property is given twice, in properties and beside it; once is wanted")
	}
	if len(name) > engine.MaxIDBytes || len(e.Properties) >= engine.MaxAttributes {
		return tooMuch("an event has at most %d properties with names of at most %d bytes", engine.MaxAttributes, engine.MaxIDBytes)
	}
	x, p := v.free()
	if p != nil || x == nil {
		return p
	}
	if e.Properties == nil {
		e.Properties = make(map[string]any)
	}
	e.Properties[name] = x
	return nil
}

// mergeProperties changes properties one by one: a null deletes one, and null for all of
// them clears them.
func mergeProperties(e *event, v value) problem {
	if v.kind == null {
		e.Properties = nil
	}
	return v.members(func(name string, v value) problem {
		delete(e.Properties, name)
		return e.property(name, v)
	})
}

// itemless are the types that make sense without an item.
var itemless = map[engine.Type]bool{
	engine.Search: true, engine.TicketOpened: true, engine.Solved: true, engine.Reopened: true,
	engine.Escalated: true, engine.CSAT: true,
	"home_page_view": true, "category_page_view": true, "shopping_cart_page_view": true,
}

// itemful are the types that are of an item though they name a ticket. One of the sender's own
// that does is of the ticket.
var itemful = map[engine.Type]bool{
	engine.View: true, engine.Click: true, engine.AddToCart: true, engine.RemoveFromCart: true, engine.Purchase: true,
	engine.Return: true, engine.Rating: true, engine.Bookmark: true, engine.Seen: true, engine.Dismiss: true,
	engine.SolutionShown: true, engine.SolutionUsed: true, engine.NotSolved: true,
}

// needsItem reports whether an event says nothing without an item.
func (e *event) needsItem() bool {
	return !itemless[e.Type] && (e.TicketID == "" || itemful[e.Type])
}

// finishEvent checks an event as a whole, fills in what the options know, and lays out
// its lines.
func finishEvent(e *event, c *reading) (engine.RecordEvent, problem) {
	if c.o.ID != "" && !agree(&e.EventID, c.o.ID) {
		return engine.RecordEvent{}, at("event_id", contradicts(c.o.ID))
	}
	if e.EventID == "" && c.o.Source != "" {
		e.EventID = c.o.Source + ":" + strconv.Itoa(c.line)
	}
	if e.Type == "" {
		e.Type = c.o.Type
	}
	if p := e.misspelt(); p != nil {
		return engine.RecordEvent{}, at("type", p)
	}
	switch {
	case e.Type == "":
		return engine.RecordEvent{}, missing("type", "a type such as view or purchase is needed")
	case e.Subject().IsZero():
		return engine.RecordEvent{}, missing("customer_id", "a customer_id or a session_id is needed")
	case e.order && e.Item != "":
		return engine.RecordEvent{}, at("items", refuse("item_id or items is wanted, not both"))
	case e.order && len(e.items) == 0:
		return engine.RecordEvent{}, at("items", refuse("an order has at least one line"))
	case e.Item == "" && !e.order && e.needsItem():
		return engine.RecordEvent{}, missing("item_id", "an event of type %s needs an item", e.Type)
	case e.Type == engine.CSAT && e.Value == 0:
		return engine.RecordEvent{}, missing("value", "how content the customer is, a number from %d (not content at all) to %d (very), is needed", worstCSAT, bestCSAT)
	case e.Type == engine.CSAT:
		if p := checkCSAT(e.Value); p != nil {
			return engine.RecordEvent{}, at("value", p)
		}
	}
	if p := c.place(e); p != nil {
		return engine.RecordEvent{}, at("at", p)
	}
	return engine.RecordEvent{Lines: e.lines()}, nil
}

// outcomes are what events tell of tickets, as far as a slip in one is told from a word of the
// sender's own: chat is no slip in csat.
var outcomes = []string{
	string(engine.TicketOpened), string(engine.SolutionShown), string(engine.SolutionUsed),
	string(engine.Solved), string(engine.NotSolved), string(engine.Reopened), string(engine.Escalated),
}

// misspelt refuses an event of a ticket whose type is nearly an outcome: types of one's own are
// taken, and so a slip would lose what became of the ticket without a word.
func (e *event) misspelt() problem {
	if e.TicketID == "" || slices.Contains(outcomes, string(e.Type)) {
		return nil
	}
	near := slipIn(string(e.Type))
	if near == "" {
		return nil
	}
	said := shorten(string(e.Type))
	return refuse("no outcome of a ticket is called %q; did you mean %q? There are %s and %s; for something else with a ticket_id take a type that is less like one of them, such as %q",
		said, near, strings.Join(outcomes, ", "), engine.CSAT, "our_"+said)
}

// slipIn returns the outcome that a type is a slip in, "" for none. The words of both are held
// against one another: ticket_owned has another word than ticket_opened.
func slipIn(kind string) string {
	near := nearest(kind, slices.DeleteFunc(slices.Clone(outcomes), func(o string) bool { return prefixed(bare(kind), bare(o)) }))
	if near == "" {
		return ""
	}
	said, meant := strings.Split(kind, "_"), strings.Split(near, "_")
	if len(said) != len(meant) || slices.Contains(said, "") {
		said, meant = []string{bare(kind)}, []string{bare(near)}
	}
	for i, word := range meant {
		slips := 1
		if len(word) >= 8 {
			slips = 2
		}
		if prefixed(said[i], word) || engine.Distance(said[i], word) > slips {
			return ""
		}
	}
	return near
}

// prefixed reports whether one word is the other with letters before it: unsolved is no slip in
// solved but its opposite, and resolved and opened are words of their own.
func prefixed(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	return len(a) >= len(b)+2 && strings.HasSuffix(a, b)
}

// place gives an event without a time its own, and refuses the future.
func (c *reading) place(e *event) problem {
	switch {
	case e.timed:
		e.At = e.At.Add(c.o.Shift)
	case !c.o.Base.IsZero():
		e.At = c.o.Base.Add(time.Duration(c.records-1) * time.Millisecond)
	case !c.o.Now.IsZero():
		e.At = c.o.Now
	default:
		return engine.Invalidf(engine.CodeMissingField, "", "a time is needed")
	}
	return c.past(e.At)
}

// past refuses a time that is further ahead than clocks differ.
func (c *reading) past(t time.Time) problem {
	if ahead := t.Sub(c.o.Now); !c.o.Now.IsZero() && ahead > engine.ClockSkew {
		return engine.Invalidf(engine.CodeTimeInFuture, "", "a time at most %s ahead of now (%s) is taken, got %s",
			engine.ClockSkew, c.o.Now.UTC().Format(time.RFC3339), t.Format(time.RFC3339))
	}
	return nil
}

// lines returns one interaction, or one for each line of the order.
func (e *event) lines() []engine.Interaction {
	if !e.order {
		return []engine.Interaction{e.Interaction}
	}
	out := make([]engine.Interaction, len(e.items))
	for i, l := range e.items {
		out[i] = e.Interaction
		out[i].Line = uint16(i)
		out[i].Item, out[i].Quantity, out[i].Price = l.item, l.quantity, l.price
	}
	return out
}

// agree fills an id that was left out, and reports whether one that was not is the same.
func agree(got *string, want string) bool {
	if *got == "" {
		*got = want
	}
	return *got == want
}

func contradicts(id string) problem {
	return refuse("the id of the path, %s, is wanted here or none", fmt.Sprintf("%q", shorten(id)))
}
