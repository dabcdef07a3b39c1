package engine

import "time"

// Type says what was done with an item. Unknown types are kept and weigh nothing
// until Settings give them a weight.
type Type string

// The types people know.
const (
	View           Type = "view"
	Click          Type = "click"
	AddToCart      Type = "add_to_cart"
	RemoveFromCart Type = "remove_from_cart"
	Purchase       Type = "purchase"
	Return         Type = "return"
	Rating         Type = "rating"
	Bookmark       Type = "bookmark"
	Search         Type = "search"
	Seen           Type = "impression" // an item was on the screen
	Dismiss        Type = "dismiss"

	TicketOpened  Type = "ticket_opened"
	SolutionShown Type = "solution_shown"
	SolutionUsed  Type = "solution_used"
	NotSolved     Type = "not_solved"
	Solved        Type = "solved"
	Reopened      Type = "reopened"
	Escalated     Type = "escalated"
	CSAT          Type = "csat"
)

// Interaction is one thing a customer or a session did with an item. The log is a
// list of these, and what the engine believes about people is computed from it.
type Interaction struct {
	EventID          string         `json:"event_id,omitempty"` // the caller's: the same one twice counts once
	Line             uint16         `json:"line,omitempty"`     // place in an order of several items, from 0
	Type             Type           `json:"type"`
	Customer         CustomerID     `json:"customer_id,omitempty"`
	Session          SessionID      `json:"session_id,omitempty"`
	Item             ItemID         `json:"item_id,omitempty"`
	At               time.Time      `json:"at"`
	Quantity         float64        `json:"quantity,omitempty"` // 0 is read as 1
	Price            float64        `json:"price,omitempty"`    // of one piece
	Currency         string         `json:"currency,omitempty"`
	Value            float64        `json:"value,omitempty"`    // a rating, a score
	Duration         float64        `json:"duration,omitempty"` // seconds
	Position         int            `json:"position,omitempty"` // place in the list it came from, from 1
	Query            string         `json:"query,omitempty"`
	Channel          string         `json:"channel,omitempty"`
	OrderID          string         `json:"order_id,omitempty"`
	TicketID         string         `json:"ticket_id,omitempty"`
	RecommendationID string         `json:"recommendation_id,omitempty"`
	Gift             bool           `json:"gift,omitempty"`
	Properties       map[string]any `json:"properties,omitempty"` // what we have no field for
}

// Subject returns whose history the interaction belongs to.
func (i *Interaction) Subject() Subject { return SubjectOf(i.Customer, i.Session) }

// Pieces returns the quantity, 1 where none was given.
func (i *Interaction) Pieces() float64 {
	if i.Quantity == 0 {
		return 1
	}
	return i.Quantity
}

// Row is an interaction as the log holds it. Rows of one event share Event and differ
// in Line.
type Row struct {
	Interaction
	Seq      uint64    // of the command that wrote it, unique and rising in its store
	Event    Hash16    // of the event id, or of the sequence number where there was none
	Num      ItemNum   // the number of Item; meaningless where Item is empty
	Received time.Time // when the committer took it
}
