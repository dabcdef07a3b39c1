package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

var purposes = []string{string(engine.Personalise), string(engine.Train), string(engine.Outreach)}

var customerSchema = &schema[engine.Customer]{
	what: "field of a customer",
	id:   "customer_id",
	own:  true,
	fields: []field[engine.Customer]{
		idField("customer_id", func(c *engine.Customer) *engine.CustomerID { return &c.ID }),
		{
			name: "attributes", nested: true,
			set:   func(c *engine.Customer, v value) problem { return setAttributes(&c.Attributes, v) },
			merge: func(c *engine.Customer, v value) problem { return mergeAttributes(&c.Attributes, v) },
		},
		{
			name: "consent", nested: true,
			set: func(c *engine.Customer, v value) problem {
				c.Consent = nil
				return mergeConsent(c, v)
			},
			merge: mergeConsent,
		},
		{
			name: "preferences", nested: true,
			set: func(c *engine.Customer, v value) problem {
				c.Preferences = engine.Preferences{}
				return part(preferencesSchema, &c.Preferences, v)
			},
			merge: func(c *engine.Customer, v value) problem {
				if v.kind == null {
					c.Preferences = engine.Preferences{}
				}
				return part(preferencesSchema, &c.Preferences, v)
			},
		},
	},
	aliases: foreignFields,
	inner: map[string]func(*engine.Customer, string, value) problem{
		"attributes": func(c *engine.Customer, name string, v value) problem { return setColumn(&c.Attributes, name, v) },
		"consent":    setConsent,
	},
	ident: func(c *engine.Customer) *string { return (*string)(&c.ID) },
	clone: cloneCustomer,
}

func cloneCustomer(c engine.Customer) engine.Customer {
	c.Attributes = c.Attributes.Clone()
	c.Consent = maps.Clone(c.Consent)
	c.Preferences.MutedItems = slices.Clone(c.Preferences.MutedItems)
	c.Preferences.MutedCategories = slices.Clone(c.Preferences.MutedCategories)
	return c
}

// mergeConsent decodes consent purpose by purpose. A null makes a purpose unsaid, null
// for all of them all.
func mergeConsent(c *engine.Customer, v value) problem {
	if v.kind == null {
		c.Consent = nil
		return nil
	}
	return v.members(func(name string, v value) problem { return setConsent(c, name, v) })
}

func setConsent(c *engine.Customer, name string, v value) problem {
	if !slices.Contains(purposes, name) {
		p := unknownName(engine.CodeUnknownField, name, "purpose of consent", purposes)
		p.Field = "" // the caller names it
		return p
	}
	if v.kind == null {
		delete(c.Consent, engine.Purpose(name))
		return nil
	}
	granted, p := v.truth()
	if p != nil {
		return p
	}
	if c.Consent == nil {
		c.Consent = make(map[engine.Purpose]bool)
	}
	c.Consent[engine.Purpose(name)] = granted
	return nil
}

// The lists of preferences.
const (
	mutedItems      = "muted_items"
	mutedCategories = "muted_categories"
)

var preferencesSchema = &schema[engine.Preferences]{
	what: "field of preferences",
	own:  true,
	fields: []field[engine.Preferences]{
		idsField(mutedItems, engine.MaxMuted, func(p *engine.Preferences) *[]engine.ItemID { return &p.MutedItems }),
		{name: mutedCategories, set: func(t *engine.Preferences, v value) (p problem) {
			t.MutedCategories, p = strs[string](v, engine.MaxMuted, "a list of category paths", value.path)
			return p
		}},
	},
}

// ticket is a ticket as it is written: its first message may come as one text.
type ticket struct {
	engine.Ticket
	text    string
	changed bool // text is that of a change
	listed  bool // messages were given
}

var ticketSchema = &schema[ticket]{
	what: "field of a ticket",
	id:   "ticket_id",
	own:  true,
	fields: []field[ticket]{
		idField("ticket_id", func(t *ticket) *string { return &t.ID }),
		idField("customer_id", func(t *ticket) *engine.CustomerID { return &t.Customer }),
		idField("product_id", func(t *ticket) *engine.ItemID { return &t.Product }),
		idField("order_id", func(t *ticket) *string { return &t.Order }),
		enumField("channel", func(t *ticket) *string { return &t.Channel }, channels...),
		{name: "subject", set: func(t *ticket, v value) (p problem) {
			if t.Subject, p = v.private(engine.MaxTitleBytes); p == nil && isBlank(t.Subject) {
				p = blank()
			}
			return p
		}},
		{name: "text", set: setText, merge: func(t *ticket, v value) problem {
			if v.kind == null {
				return refuse("a text is wanted in place of that of the first message; messages takes a list of all, [] for none")
			}
			t.changed = true
			return setText(t, v)
		}},
		{name: "messages", nested: true, set: func(t *ticket, v value) (p problem) {
			t.Messages, p = parts(messageSchema, engine.MaxMessages, v)
			t.listed = true
			return p
		}},
		languageField(func(t *ticket) *string { return &t.Language }),
		enumField("state", func(t *ticket) *string { return &t.State }, "open", "pending", "solved", "reopened", "escalated", "closed"),
		textField("priority", engine.MaxIDBytes, func(t *ticket) *string { return &t.Priority }),
		textField("queue", engine.MaxIDBytes, func(t *ticket) *string { return &t.Queue }),
		textField("agent", engine.MaxIDBytes, func(t *ticket) *string { return &t.Agent }),
		{name: "solutions", nested: true, set: func(t *ticket, v value) (p problem) {
			t.Solutions, p = tries(v)
			return p
		}},
		{name: "csat", set: func(t *ticket, v value) problem {
			f, p := v.num()
			if p == nil && v.kind != null {
				p = checkCSAT(f)
			}
			return optional(v, &t.CSAT, f, p)
		}},
		timeField("opened_at", func(t *ticket) **time.Time { return &t.OpenedAt }),
		timeField("closed_at", func(t *ticket) **time.Time { return &t.ClosedAt }),
		timeField("updated_at", func(t *ticket) **time.Time { return &t.UpdatedAt }),
	},
	aliases: map[string]string{
		"ticketId": "ticket_id", "userId": "customer_id", "user_id": "customer_id", "customerId": "customer_id",
		"productId": "product_id", "orderId": "order_id", "updatedAt": "updated_at",
	},
	ident: func(t *ticket) *string { return &t.ID },
	clone: func(t ticket) ticket { return ticket{Ticket: cloneTicket(t.Ticket)} },
	check: (*ticket).check,
	past:  (*ticket).happened,
}

func setText(t *ticket, v value) (p problem) {
	if t.text, p = v.private(engine.MaxTextBytes); p == nil && isBlank(t.text) {
		p = blank()
	}
	return p
}

// check puts the text of a ticket before its messages, that of a change in place of what the
// customer wrote first, and looks at the order of its times.
func (t *ticket) check() problem {
	if t.changed && t.text != "" && !t.listed && len(t.Messages) > 0 && t.Messages[0].From == "customer" {
		t.Messages[0].Text, t.text = t.text, ""
	}
	if t.text != "" {
		first := engine.Message{From: "customer", Text: t.text}
		if t.OpenedAt != nil {
			first.At = *t.OpenedAt
		}
		t.Messages = slices.Insert(t.Messages, 0, first)
		t.text = ""
	}
	if t.OpenedAt != nil && t.ClosedAt != nil && t.ClosedAt.Before(*t.OpenedAt) {
		return engine.Invalidf(engine.CodeInvalidField, "closed_at", "a time not before opened_at (%s) is wanted", t.OpenedAt.Format(time.RFC3339))
	}
	return nil
}

func cloneTicket(t engine.Ticket) engine.Ticket {
	t.Messages = slices.Clone(t.Messages)
	t.Solutions = slices.Clone(t.Solutions)
	for _, p := range []**time.Time{&t.OpenedAt, &t.ClosedAt, &t.UpdatedAt} {
		if *p != nil {
			at := **p
			*p = &at
		}
	}
	if t.CSAT != nil {
		f := *t.CSAT
		t.CSAT = &f
	}
	return t
}

func finishTicket(t *ticket, c *reading) (engine.Ticket, problem) {
	got, p := whole(ticketSchema)(t, c)
	if p = shift(&got.Ticket, c, p); p == nil {
		p = got.happened(c)
	}
	return got.Ticket, p
}

// happened refuses a ticket that tells of what is still to come.
func (t *ticket) happened(c *reading) problem {
	for _, one := range []struct {
		name string
		at   *time.Time
	}{{"opened_at", t.OpenedAt}, {"closed_at", t.ClosedAt}, {"updated_at", t.UpdatedAt}} {
		if one.at == nil {
			continue
		}
		if p := c.past(*one.at); p != nil {
			return at(one.name, p)
		}
	}
	for i := range t.Messages {
		if p := c.past(t.Messages[i].At); p != nil {
			return at(fmt.Sprintf("messages[%d].at", i), p)
		}
	}
	for i := range t.Solutions {
		if p := c.past(t.Solutions[i].At); p != nil {
			return at(fmt.Sprintf("solutions[%d].at", i), p)
		}
	}
	return nil
}

// The ends of the scale that csat is written on.
const worstCSAT, bestCSAT = 1, 5

func checkCSAT(f float64) problem {
	if f < worstCSAT || f > bestCSAT {
		return refuse("a number from %d (not content at all) to %d (very) is wanted, got %g", worstCSAT, bestCSAT, f)
	}
	return nil
}

var messageSchema = &schema[engine.Message]{
	what: "field of a message",
	fields: []field[engine.Message]{
		enumField("from", func(m *engine.Message) *string { return &m.From }, "customer", "agent", "system"),
		{name: "text", set: func(m *engine.Message, v value) (p problem) {
			m.Text, p = v.private(engine.MaxTextBytes)
			return p
		}},
		{name: "at", set: func(m *engine.Message, v value) (p problem) { m.At, p = v.time(); return p }},
	},
	check: func(m *engine.Message) problem {
		switch {
		case m.From == "":
			return missing("from", "one of customer, agent, system is needed")
		case m.Text == "":
			return missing("text", "a text is needed")
		case isBlank(m.Text):
			return at("text", blank())
		}
		return nil
	},
}

var triedSchema = &schema[engine.Tried]{
	what: "field of a tried solution",
	fields: []field[engine.Tried]{
		idField("item_id", func(t *engine.Tried) *engine.ItemID { return &t.Item }),
		enumField("outcome", func(t *engine.Tried) *string { return &t.Outcome }, "solved", "not_solved", "reopened"),
		{name: "at", set: func(t *engine.Tried, v value) (p problem) { t.At, p = v.time(); return p }},
	},
	aliases: foreignFields,
	check: func(t *engine.Tried) problem {
		if t.Item == "" {
			return missing("item_id", "the solution that was tried is needed")
		}
		return nil
	},
}

// tries decodes what was tried, each fix once. Of two verdicts on one the later stands; of two
// that do not say which is later nobody knows.
func tries(v value) ([]engine.Tried, problem) {
	list, p := parts(triedSchema, engine.MaxListValues, v)
	if p != nil {
		return nil, p
	}
	out := list[:0:0]
	for i, said := range list {
		n := slices.IndexFunc(out, func(t engine.Tried) bool { return t.Item == said.Item })
		if n < 0 {
			out = append(out, said)
			continue
		}
		known := &out[n]
		later := said.At.After(known.At)
		switch {
		case said.Outcome == known.Outcome:
			if known.At.IsZero() || later && said.Outcome != "" {
				known.At = said.At
			}
		case said.Outcome == "":
		case known.Outcome == "":
			*known = said
		case said.At.IsZero(), known.At.IsZero(), said.At.Equal(known.At):
			return nil, at(fmt.Sprintf("[%d].outcome", i), refuse("of the fix %q it is said twice what came of it, %s and %s, and not which came later: one verdict on a fix is wanted, or an at with each, of which the later counts",
				shorten(string(said.Item)), known.Outcome, said.Outcome))
		case later:
			*known = said
		}
	}
	return out, nil
}

// isBlank reports whether a text that is given says nothing.
func isBlank(s string) bool { return s != "" && strings.TrimSpace(s) == "" }

func blank() problem {
	return refuse("a text with words is wanted, not blanks alone; leave the field out for none")
}

// private decodes a text of a ticket and takes out what names a person.
func (v value) private(limit int) (string, problem) {
	s, p := v.str(limit)
	if p == nil && v.env.redact {
		s = Redact(s)
	}
	return s, p
}
