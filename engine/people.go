package engine

import (
	"strings"
	"time"
)

// Purpose is what a customer may consent to.
type Purpose string

// The purposes. What is not mentioned in a customer's Consent is granted.
const (
	Personalise Purpose = "personalise" // their history may shape their lists
	Train       Purpose = "train"       // their history may train models
	Outreach    Purpose = "outreach"    // they may be written to
)

// Customer is a person a shop or service desk serves.
type Customer struct {
	ID          CustomerID       `json:"customer_id"`
	Attributes  Attributes       `json:"attributes,omitempty"`
	Consent     map[Purpose]bool `json:"consent,omitempty"`
	Preferences Preferences      `json:"preferences,omitzero"`
}

// Allows reports whether the customer lets us use their data for p.
func (c *Customer) Allows(p Purpose) bool {
	granted, said := c.Consent[p]
	return granted || !said
}

// Preferences are what a customer asked not to see.
type Preferences struct {
	MutedItems      []ItemID `json:"muted_items,omitempty"`
	MutedCategories []string `json:"muted_categories,omitempty"` // with all below them
}

// Ticket is one request for help, with what was tried and how it ended.
type Ticket struct {
	ID        string     `json:"ticket_id"`
	Customer  CustomerID `json:"customer_id,omitempty"`
	Product   ItemID     `json:"product_id,omitempty"` // what it is about
	Order     string     `json:"order_id,omitempty"`
	Channel   string     `json:"channel,omitempty"`
	Subject   string     `json:"subject,omitempty"`
	Messages  []Message  `json:"messages,omitempty"`
	Language  string     `json:"language,omitempty"`
	State     string     `json:"state,omitempty"` // open, pending, solved, reopened, escalated, closed
	Priority  string     `json:"priority,omitempty"`
	Queue     string     `json:"queue,omitempty"`
	Agent     string     `json:"agent,omitempty"`
	Solutions []Tried    `json:"solutions,omitempty"`
	CSAT      *float64   `json:"csat,omitempty"`
	OpenedAt  *time.Time `json:"opened_at,omitempty"`
	ClosedAt  *time.Time `json:"closed_at,omitempty"`
	// UpdatedAt is when who keeps the ticket last changed it: of two records of it the later
	// one is how it stands, whichever is told first.
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}

// IsOpen reports whether the ticket waits for something: it is neither solved nor closed,
// or was opened again since.
func (t *Ticket) IsOpen() bool {
	switch t.State {
	case "solved", "closed":
		return false
	case "":
		return t.ClosedAt == nil
	}
	return true
}

// Opened returns when the ticket came: at the first message or try that has a time where it does
// not say, zero where none has.
func (t *Ticket) Opened() time.Time {
	if t.OpenedAt != nil {
		return *t.OpenedAt
	}
	return t.firstSaid()
}

// FirstSign returns the earliest time that stands in the ticket beside that of its opening, zero
// where there is none.
func (t *Ticket) FirstSign() time.Time {
	first := t.firstSaid()
	for _, at := range []*time.Time{t.ClosedAt, t.UpdatedAt} {
		if at != nil {
			first = Earlier(first, *at)
		}
	}
	return first
}

// firstSaid returns when the first message was written, or the first fix tried, zero where nobody
// says.
func (t *Ticket) firstSaid() (first time.Time) {
	for i := range t.Messages {
		first = Earlier(first, t.Messages[i].At)
	}
	for i := range t.Solutions {
		first = Earlier(first, t.Solutions[i].At)
	}
	return first
}

// Earlier returns the earlier of two times, of which the zero one is none.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Said returns what the customer wrote: the messages that are neither an agent's nor the
// system's, a line each. Where opening is set, only those before anybody answered, if there
// are any: what is known when the ticket comes. read is what is read of a message, nil for all.
func (t *Ticket) Said(opening bool, read func(string) string) string {
	if opening {
		return t.SaidAt(0, read)
	}
	return t.SaidAt(len(t.Messages), read)
}

// SaidAt is Said up to a turn of the customer, from 0: turns end where an agent answers.
func (t *Ticket) SaidAt(turn int, read func(string) string) string {
	var b strings.Builder
	t.said(func(at int, text string) {
		if at <= turn {
			if read != nil {
				text = read(text)
			}
			b.WriteString(text)
			b.WriteByte('\n')
		}
	})
	return b.String()
}

// Turns returns how often the customer wrote, with an agent's answer between.
func (t *Ticket) Turns() (n int) {
	t.said(func(at int, _ string) { n = at + 1 })
	return n
}

// said calls yield with what the customer wrote, and in which turn.
func (t *Ticket) said(yield func(turn int, text string)) {
	turn, answered := -1, true
	for i := range t.Messages {
		switch m := &t.Messages[i]; m.From {
		case "agent":
			answered = true
		case "system":
		default:
			if answered {
				turn, answered = turn+1, false
			}
			yield(turn, m.Text)
		}
	}
}

// Message is one turn of a ticket's conversation.
type Message struct {
	From string    `json:"from"` // customer, agent or system
	Text string    `json:"text"`
	At   time.Time `json:"at,omitzero"`
}

// Tried is a solution that was tried on a ticket. Outcome is solved, not_solved,
// reopened or empty while unknown.
type Tried struct {
	Item    ItemID    `json:"item_id"`
	Outcome string    `json:"outcome,omitempty"`
	At      time.Time `json:"at,omitzero"`
}
