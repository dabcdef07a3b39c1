package engine

// TriageRequest asks what a ticket is, who should have it and how long it will take. What it
// leaves out of a stored ticket, that one says.
type TriageRequest struct {
	TicketID string     `json:"ticket_id,omitempty"`
	Subject  string     `json:"subject,omitempty"`
	Text     string     `json:"text,omitempty"`
	Customer CustomerID `json:"customer_id,omitempty"`
	Product  ItemID     `json:"product_id,omitempty"`
	OrderID  string     `json:"order_id,omitempty"`
	Language string     `json:"language,omitempty"`
	Channel  string     `json:"channel,omitempty"`
	Agents   bool       `json:"agents,omitempty"` // say who should take it, too
}

// TriageAnswer is advice about a ticket. What is nil nothing is known of.
type TriageAnswer struct {
	TicketID  string   `json:"ticket_id,omitempty"`
	Language  *Verdict `json:"language"`
	Sentiment *Verdict `json:"sentiment"`
	Mood      *float64 `json:"mood"` // from -1 (furious) over 0 to 1
	Priority  *Verdict `json:"priority"`
	Topic     *Verdict `json:"topic"` // categories of the fix that ends such tickets
	Queue     *Verdict `json:"queue"`
	Agent     *Verdict `json:"agent,omitempty"`
	Time      *Lasting `json:"time"`
	Sensitive string   `json:"sensitive_topic,omitempty"` // of the shop's list, that stands in it
	Model     int      `json:"model"`                     // that was asked; 0: none has learnt from tickets
	Tickets   int      `json:"tickets"`                   // that it learnt from
	Degraded  []string `json:"degraded,omitempty"`
	TookMS    float64  `json:"took_ms"`
}

// Verdict is what a ticket is taken for, and why. Chance is nil where nothing tells it;
// Calibrated says that chances were held against tickets that were not learnt from.
type Verdict struct {
	Value      string   `json:"value"`
	Chance     *float64 `json:"chance"`
	Calibrated bool     `json:"calibrated"`
	By         By       `json:"basis"`
	Because    []Sign   `json:"because"`
	Others     []Likely `json:"others,omitempty"` // the next likeliest
}

// By is what a verdict was made by.
type By string

// What verdicts are made by.
const (
	ByTickets By = "tickets" // the shop's own, that are done
	ByWords   By = "words"   // lists of words that hold everywhere
	ByText    By = "text"    // its letters and commonest words
	BySender  By = "sender"  // who sent it says so
)

// Sign is something that speaks for a verdict. Weight is in log odds against the mean class,
// nil where none is known.
type Sign struct {
	Text   string   `json:"text"`
	Weight *float64 `json:"weight,omitempty"`
}

// Likely is a value and how likely it is.
type Likely struct {
	Value  string  `json:"value"`
	Chance float64 `json:"chance"`
}

// Lasting is how long a ticket takes, in hours since it was opened: half of such tickets take
// less than Likely, eight in ten lie from Low to High. Within is how many did of those
// that were held out from what was learnt.
type Lasting struct {
	Low    float64  `json:"low_hours"`
	Likely float64  `json:"likely_hours"`
	High   float64  `json:"high_hours"`
	Within *float64 `json:"within"`
}

// What a text sounds like, and how soon it wants an answer where no tickets say.
const (
	VeryNegative   = "very_negative"
	Negative       = "negative"
	Neutral        = "neutral"
	Positive       = "positive"
	PriorityHigh   = "high"
	PriorityNormal = "normal"
)
