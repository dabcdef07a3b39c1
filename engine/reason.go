package engine

import (
	"math"
	"time"
)

// Reason types.
const (
	ReasonHistory = "history" // an item of the person's own history
	ReasonContext = "context" // the item, basket or query of the request
	ReasonSource  = "source"  // a source as a whole: popularity, a trend, newness
	ReasonBase    = "base"    // the constants: scales and offsets
	ReasonRule    = "rule"    // a boost
	ReasonText    = "text"    // words of the ticket found in the solution
	ReasonOwned   = "owned"   // the customer owns what the solution applies to
	// ReasonOpenTicket: it helps with what an open ticket of the customer is about, and so
	// stands first. Its contribution is 0; Answer.OpenTickets has the ticket.
	ReasonOpenTicket = "open_ticket"
)

// Reason is one term of a score. The contributions of an item's reasons sum to its
// score, up to rounding, whatever the depth of the explanation.
type Reason struct {
	Type         string     `json:"type"`
	Source       string     `json:"source,omitempty"`
	Item         ItemID     `json:"item_id,omitempty"`
	Interaction  Type       `json:"interaction,omitempty"`
	At           *time.Time `json:"at,omitempty"`
	Contribution float64    `json:"contribution"`
	Text         string     `json:"text,omitempty"`

	// Cause, where not 0, numbers what the answer's reasons tell, from 1 in the order of
	// first appearance: reasons of one answer with the same number differ in Source and
	// Contribution alone. An answer names the same purchase under many items and sources,
	// and who writes it down need do so once.
	Cause uint32 `json:"-"`
}

// Room is where the items of an answer and their reasons lie, to be used again by the next answer once
// nobody looks at that one: half of what an explained answer would leave to the collector.
type Room struct {
	Items   []Recommended
	Reasons []Reason
}

// billion is how finely contributions are told: nine decimals say all that a score means,
// and take half the time and room of the seventeen digits of a float64.
const billion = 1e9

// Told returns a contribution as reasons tell it: rounded to nine decimals where that
// changes it by less than a millionth of itself, else as it is.
func Told(contribution float64) float64 {
	if size := math.Abs(contribution); size < 1e-3 || size > 1e5 {
		return contribution
	}
	return math.RoundToEven(contribution*billion) / billion
}

// Billionths returns the n for which x is the float64 nearest to n / 1e9, and whether there
// is one of at most 15 digits: then its digits are also the fewest that say x.
func Billionths(x float64) (n int64, is bool) {
	scaled := math.RoundToEven(x * billion)
	if !(math.Abs(scaled) < 1e15) || scaled/billion != x {
		return 0, false
	}
	return int64(scaled), true
}
