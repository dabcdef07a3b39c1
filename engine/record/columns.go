package record

import (
	"time"

	"github.com/rapportengine/rapport/engine"
)

// column is a column that a kind of record is written in, by the name it is read by.
type column[T any] struct {
	name string
	as   any // a zero of the type of its values: string, float64, int64, bool, time.Time, []string or []float32
	get  func(*T) any
	json bool // get gives what is written as JSON, in a column of texts
	few  bool // its values are few, and worth a dictionary
}

// value returns what a record has in the column, nil for nothing.
func (c *column[T]) value(t *T) (any, error) {
	v := c.get(t)
	if v == nil || !c.json {
		return v, nil
	}
	return jsonText(v)
}

func texts[T any, S ~string](name string, get func(*T) S) column[T] {
	return column[T]{name: name, as: "", get: func(t *T) any { return orNil(string(get(t))) }}
}

// words are texts of which there are few.
func words[T any, S ~string](name string, get func(*T) S) column[T] {
	c := texts(name, get)
	c.few = true
	return c
}

func reals[T any](name string, get func(*T) float64) column[T] {
	return column[T]{name: name, as: 0.0, get: func(t *T) any { return orNil(get(t)) }}
}

func wholes[T any](name string, get func(*T) int64) column[T] {
	return column[T]{name: name, as: int64(0), get: func(t *T) any { return orNil(get(t)) }}
}

func truths[T any](name string, get func(*T) bool) column[T] {
	return column[T]{name: name, as: false, get: func(t *T) any { return orNil(get(t)) }}
}

// maybe is a column of values that are there or not, whatever they are.
func maybe[T, V any](name string, get func(*T) *V) column[T] {
	var zero V
	return column[T]{name: name, as: zero, get: func(t *T) any {
		if p := get(t); p != nil {
			return *p
		}
		return nil
	}}
}

func lists[T any, S ~string](name string, get func(*T) []S) column[T] {
	return column[T]{name: name, as: []string(nil), get: func(t *T) any {
		list := get(t)
		if len(list) == 0 {
			return nil
		}
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = string(s)
		}
		return out
	}}
}

// nests is a column of what is no single value.
func nests[T any](name string, get func(*T) any) column[T] {
	return column[T]{name: name, as: "", get: get, json: true}
}

// orNil has a zero value say nothing.
func orNil[V comparable](v V) any {
	var zero V
	if v == zero {
		return nil
	}
	return v
}

func someOf[K comparable, V any](m map[K]V) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

func listOf[V any](list []V) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

type interaction = engine.Interaction

var eventColumns = []column[interaction]{
	texts("event_id", func(e *interaction) string { return e.EventID }),
	wholes("line", func(e *interaction) int64 { return int64(e.Line) }),
	words("type", func(e *interaction) engine.Type { return e.Type }),
	words("customer_id", func(e *interaction) engine.CustomerID { return e.Customer }),
	words("session_id", func(e *interaction) engine.SessionID { return e.Session }),
	words("item_id", func(e *interaction) engine.ItemID { return e.Item }),
	{name: "at", as: time.Time{}, get: func(e *interaction) any { return e.At }},
	reals("quantity", func(e *interaction) float64 { return e.Quantity }),
	reals("price", func(e *interaction) float64 { return e.Price }),
	words("currency", func(e *interaction) string { return e.Currency }),
	reals("value", func(e *interaction) float64 { return e.Value }),
	reals("duration", func(e *interaction) float64 { return e.Duration }),
	wholes("position", func(e *interaction) int64 { return int64(e.Position) }),
	texts("query", func(e *interaction) string { return e.Query }),
	words("channel", func(e *interaction) string { return e.Channel }),
	texts("order_id", func(e *interaction) string { return e.OrderID }),
	texts("ticket_id", func(e *interaction) string { return e.TicketID }),
	texts("recommendation_id", func(e *interaction) string { return e.RecommendationID }),
	truths("gift", func(e *interaction) bool { return e.Gift }),
	nests("properties", func(e *interaction) any { return someOf(e.Properties) }),
}

var itemColumns = []column[engine.Item]{
	texts("item_id", func(i *engine.Item) engine.ItemID { return i.ID }),
	words("kind", func(i *engine.Item) engine.Kind { return i.Kind }),
	texts("title", func(i *engine.Item) string { return i.Title }),
	texts("text", func(i *engine.Item) string { return i.Text }),
	words("text_format", func(i *engine.Item) string { return i.TextFormat }),
	texts("url", func(i *engine.Item) string { return i.URL }),
	texts("image", func(i *engine.Item) string { return i.Image }),
	lists("categories", func(i *engine.Item) []string { return i.Categories }),
	nests("attributes", func(i *engine.Item) any { return someOf(i.Attributes) }),
	maybe("price", func(i *engine.Item) *float64 { return i.Price }),
	words("currency", func(i *engine.Item) string { return i.Currency }),
	maybe("stock", func(i *engine.Item) *int64 { return i.Stock }),
	maybe("published", func(i *engine.Item) *time.Time { return i.Published }),
	maybe("expires", func(i *engine.Item) *time.Time { return i.Expires }),
	truths("hidden", func(i *engine.Item) bool { return i.Hidden }),
	words("visibility", func(i *engine.Item) engine.Visibility { return i.Visibility }),
	texts("group_id", func(i *engine.Item) string { return i.GroupID }),
	truths("sensitive", func(i *engine.Item) bool { return i.Sensitive }),
	words("language", func(i *engine.Item) string { return i.Language }),
	lists("applies_to", func(i *engine.Item) []engine.ItemID { return i.AppliesTo }),
	{name: "embedding", as: []float32(nil), get: func(i *engine.Item) any {
		if len(i.Embedding) == 0 {
			return nil
		}
		return i.Embedding
	}},
}

var customerColumns = []column[engine.Customer]{
	texts("customer_id", func(c *engine.Customer) engine.CustomerID { return c.ID }),
	nests("attributes", func(c *engine.Customer) any { return someOf(c.Attributes) }),
	nests("consent", func(c *engine.Customer) any { return someOf(c.Consent) }),
	nests("preferences", func(c *engine.Customer) any {
		if p := c.Preferences; len(p.MutedItems)+len(p.MutedCategories) > 0 {
			return p
		}
		return nil
	}),
}

var ticketColumns = []column[engine.Ticket]{
	texts("ticket_id", func(t *engine.Ticket) string { return t.ID }),
	texts("customer_id", func(t *engine.Ticket) engine.CustomerID { return t.Customer }),
	texts("product_id", func(t *engine.Ticket) engine.ItemID { return t.Product }),
	texts("order_id", func(t *engine.Ticket) string { return t.Order }),
	words("channel", func(t *engine.Ticket) string { return t.Channel }),
	texts("subject", func(t *engine.Ticket) string { return t.Subject }),
	nests("messages", func(t *engine.Ticket) any { return listOf(t.Messages) }),
	words("language", func(t *engine.Ticket) string { return t.Language }),
	words("state", func(t *engine.Ticket) string { return t.State }),
	words("priority", func(t *engine.Ticket) string { return t.Priority }),
	words("queue", func(t *engine.Ticket) string { return t.Queue }),
	words("agent", func(t *engine.Ticket) string { return t.Agent }),
	nests("solutions", func(t *engine.Ticket) any { return listOf(t.Solutions) }),
	maybe("csat", func(t *engine.Ticket) *float64 { return t.CSAT }),
	maybe("opened_at", func(t *engine.Ticket) *time.Time { return t.OpenedAt }),
	maybe("closed_at", func(t *engine.Ticket) *time.Time { return t.ClosedAt }),
	maybe("updated_at", func(t *engine.Ticket) *time.Time { return t.UpdatedAt }),
}

// ownedImpression is an impression with whom it was for.
type ownedImpression struct {
	Customer engine.CustomerID `json:"customer_id,omitempty"`
	Session  engine.SessionID  `json:"session_id,omitempty"`
	engine.Impression
}

func owned(i engine.Impression) any {
	return ownedImpression{
		engine.CustomerID(subjectOf(&i, engine.CustomerSubject)),
		engine.SessionID(subjectOf(&i, engine.SessionSubject)),
		i,
	}
}

func subjectOf(i *engine.Impression, kind engine.SubjectKind) string {
	if i.Subject.Kind != kind {
		return ""
	}
	return i.Subject.ID
}

var impressionColumns = []column[engine.Impression]{
	texts("recommendation_id", func(i *engine.Impression) string { return i.RecommendationID }),
	{name: "at", as: time.Time{}, get: func(i *engine.Impression) any { return i.At }},
	words("customer_id", func(i *engine.Impression) string { return subjectOf(i, engine.CustomerSubject) }),
	words("session_id", func(i *engine.Impression) string { return subjectOf(i, engine.SessionSubject) }),
	words("scenario", func(i *engine.Impression) string { return i.Answer.Scenario }),
	words("basis", func(i *engine.Impression) engine.Basis { return i.Answer.Basis }),
	lists("items", func(i *engine.Impression) []engine.ItemID {
		out := make([]engine.ItemID, len(i.Answer.Items))
		for n, r := range i.Answer.Items {
			out[n] = r.Item
		}
		return out
	}),
	nests("request", func(i *engine.Impression) any { return i.Request }),
	nests("answer", func(i *engine.Impression) any { return i.Answer }),
}
