package engine

import "time"

// Request asks for a list. Whom it is for: Customer, else Session. What it is about:
// Item or Basket, else the person alone.
type Request struct {
	Customer CustomerID `json:"customer_id,omitempty"`
	Session  SessionID  `json:"session_id,omitempty"`
	Item     ItemID     `json:"item_id,omitempty"`
	Basket   []ItemID   `json:"basket,omitempty"`
	Query    string     `json:"query,omitempty"` // words the list should be about

	Scenario string   `json:"scenario,omitempty"`
	Kinds    []Kind   `json:"kind,omitempty"` // replaces the scenario's kinds
	Count    int      `json:"count,omitempty"`
	Filter   string   `json:"filter,omitempty"` // narrows the scenario's filter
	Boosts   []Boost  `json:"boost,omitempty"`
	Exclude  []ItemID `json:"exclude_items,omitempty"`
	Arrangement

	ReturnProperties []string `json:"return_properties,omitempty"` // "*" for all
	Explain          Explain  `json:"explain,omitempty"`
	Record           *bool    `json:"record,omitempty"`        // false: leave no impression
	ValidateOnly     bool     `json:"validate_only,omitempty"` // check the request, answer nothing
	Context          Context  `json:"context,omitzero"`
	// After is what was shown before in the list that this one continues, in order: it
	// is not shown again, and counts for pins, groups and constraints as if it stood
	// above. Callers do not send it: the answer's next page fills it.
	After []ItemID `json:"after,omitempty"`
}

// RankRequest asks to order the caller's own list, best first: at most MaxRanked items.
// Count, where given, is how many of the best are wanted.
type RankRequest struct {
	Request
	Items []ItemID `json:"items"`
}

// BulkRequest asks for the lists of many customers: each is put in the place of the
// request's Customer, which is empty. It leaves no impressions.
type BulkRequest struct {
	Request
	Customers []CustomerID `json:"customers,omitempty"` // nil: everybody with a record or a history
	Consent   Consent      `json:"consent,omitempty"`   // "" is OutreachConsent
}

// Consent says who is left out of the lists for many.
type Consent string

// Who is left out.
const (
	OutreachConsent Consent = "outreach" // who refused to be written to
	AnyConsent      Consent = "any"      // nobody: lists that are sent to nobody
)

// Explain says how much of the why an answer carries.
type Explain string

// The depths of an explanation.
const (
	ExplainNone    Explain = "none"
	ExplainSources Explain = "sources" // one reason a source and rule
	ExplainFull    Explain = "full"    // the items of the history that weigh most
)

// Context is what the caller knows about the moment. Filters read it as
// context.region and so on.
type Context struct {
	Page   string     `json:"page,omitempty"`
	Locale string     `json:"locale,omitempty"`
	Region string     `json:"region,omitempty"`
	Store  string     `json:"store,omitempty"`
	Device string     `json:"device,omitempty"`
	At     *time.Time `json:"at,omitempty"` // answer as of then, for previews; default now
}

// Subject returns whom the request is for.
func (r *Request) Subject() Subject { return SubjectOf(r.Customer, r.Session) }

// Recorded reports whether the answer is to leave an impression.
func (r *Request) Recorded() bool { return r.Record == nil || *r.Record }

// Basis names what a list was made from.
type Basis string

// The bases, from most to least personal.
const (
	BasisPersonal  Basis = "personal"  // this customer's own history
	BasisSession   Basis = "session"   // this visit
	BasisContext   Basis = "context"   // the item or basket on the page, the query
	BasisTicket    Basis = "ticket"    // the words of a ticket or of a question
	BasisPopular   Basis = "popular"   // what others like: nothing is known of this one
	BasisEditorial Basis = "editorial" // boosts and pins alone: no model, no counts
)

// Why a list is empty.
const (
	EmptyCatalogue = "catalogue_empty"
	EmptyFilter    = "nothing_eligible"
	EmptyRelevance = "nothing_relevant_enough"
	EmptyEnd       = "nothing_more" // all there is was shown on the pages before
	EmptyTicket    = "open_ticket"  // all there is stands back while a ticket about it is open
)

// Answer is a list and what is true about it.
type Answer struct {
	RecommendationID string         `json:"recommendation_id,omitempty"`
	Items            []Recommended  `json:"items"`
	Scenario         string         `json:"scenario"`
	Basis            Basis          `json:"basis"`
	Exact            bool           `json:"exact"` // of all eligible items: none that was not scored could stand in it
	Eligible         int            `json:"eligible"`
	Models           map[string]int `json:"models"` // source -> version of the model it came from
	Degraded         []string       `json:"degraded,omitempty"`
	EmptyReason      string         `json:"empty_reason,omitempty"`
	Continues        string         `json:"continues,omitempty"` // the answer this is the next page of
	// OpenTickets are those of the customer that the list heeds, newest first, where reasons
	// are told. Impressions do not keep them.
	OpenTickets []HeededTicket `json:"open_tickets,omitempty"`
	// LeftOut are the items of the caller's list that are not in Items: empty, not nil,
	// where all are. Nil in every answer that orders no such list.
	LeftOut []LeftOut `json:"left_out,omitzero"`
	TookMS  float64   `json:"took_ms"`
}

// HeededTicket is an open ticket that a list heeds: what it is about stays out, and what
// helps comes first.
type HeededTicket struct {
	Ticket string `json:"ticket_id"`
	Item   ItemID `json:"item_id,omitempty"` // what it is about; none where that is not to be named
	// First is what of the list helps with it and stands first for it.
	First []ItemID `json:"first,omitempty"`
}

// LeftOut is an item of the caller's list that is not in the answer.
type LeftOut struct {
	Item ItemID `json:"item_id"`
	Why  string `json:"why"`
}

// Why an item of the caller's list is left out. Of several the first counts.
const (
	LeftRepeated     = "repeated" // it was named before in the list
	LeftUnknown      = "unknown"  // the catalogue has no such item
	LeftHidden       = "hidden"
	LeftOutOfStock   = "out_of_stock"
	LeftAgentsOnly   = "agents_only"
	LeftNotPublished = "not_published"
	LeftExpired      = "expired"
	LeftKind         = "kind"        // not of the kinds asked for
	LeftExcluded     = "excluded"    // exclude_items, the item or basket of the request, a page before
	LeftMuted        = "muted"       // the customer asked not to see it
	LeftHistory      = "history"     // the scenario excludes what the customer did with it
	LeftTicket       = "open_ticket" // an open ticket of the customer is about it, or about what it is an offer for
	LeftFilter       = "filter"      // the scenario's or the request's does not hold
	LeftRelevance    = "relevance"   // it scores below min_relevance
	LeftGroup        = "group"       // another item of its group_id stands in the list
	LeftCount        = "count"       // the list is full: it is on the next page
	LeftConstraint   = "constraint"
)

// Recommended is one item of an answer.
type Recommended struct {
	Item       ItemID         `json:"item_id"`
	Kind       Kind           `json:"kind"`
	Score      float64        `json:"score"`
	Rank       int            `json:"rank"`
	Source     string         `json:"source"` // the one that added most
	Reasons    []Reason       `json:"reasons,omitempty"`
	Moved      []string       `json:"moved,omitempty"` // what arranging did: "pinned", "diversity", ...
	Properties map[string]any `json:"properties,omitempty"`

	Num ItemNum `json:"-"`
}

// SuggestRequest asks for the fix most likely to end a ticket.
type SuggestRequest struct {
	TicketID string     `json:"ticket_id,omitempty"`
	Subject  string     `json:"subject,omitempty"`
	Text     string     `json:"text,omitempty"`
	Customer CustomerID `json:"customer_id,omitempty"`
	Product  ItemID     `json:"product_id,omitempty"`
	OrderID  string     `json:"order_id,omitempty"`
	Language string     `json:"language,omitempty"`
	Channel  string     `json:"channel,omitempty"`
	Filter   string     `json:"filter,omitempty"`
	Scenario string     `json:"scenario,omitempty"`
	Count    int        `json:"count,omitempty"`

	ReturnProperties []string `json:"return_properties,omitempty"` // "*" for all
	Explain          Explain  `json:"explain,omitempty"`
	Record           *bool    `json:"record,omitempty"`
	Include          []string `json:"include,omitempty"` // IncludeCustomer
}

// IncludeCustomer adds the view of the customer who asks to what is answered.
const IncludeCustomer = "customer"

// CustomerView is what an agent sees of a customer who asks.
type CustomerView struct {
	Customer CustomerID    `json:"customer_id"`
	Refused  []Purpose     `json:"refused"` // purposes they refused; with personalise, Owned is what their open tickets name, and Events are none
	Owned    []Owned       `json:"owned"`   // bought and not given back, newest first
	Events   []Interaction `json:"events"`  // what they did last besides, newest first
	Tickets  []Ticket      `json:"tickets"` // that are open, newest first, without their messages
}

// Owned is something a customer bought.
type Owned struct {
	Item     ItemID    `json:"item_id"`
	Title    string    `json:"title,omitempty"`
	At       time.Time `json:"at"` // of the newest purchase
	Quantity float64   `json:"quantity"`
	Order    string    `json:"order_id,omitempty"`
}

// SuggestAnswer is a list of fixes, and what to do with the ticket.
type SuggestAnswer struct {
	Answer
	Advice
	Customer *CustomerView `json:"customer,omitempty"` // where the request includes it and a customer asks
}

// Advice is what to do with a ticket. Confidence is the chance that the first fix solves it;
// null, with Calibrated false, until enough outcomes have been seen to know. Because says why
// to do it, in sentences.
type Advice struct {
	TicketID   string    `json:"ticket_id,omitempty"` // that was asked for
	Confidence *float64  `json:"confidence"`
	Calibrated bool      `json:"calibrated"`
	Action     Action    `json:"action"`
	Because    []string  `json:"because"`
	Snippets   []Snippet `json:"snippets,omitempty"`
}

// Action is what a desk should do with a ticket.
type Action string

// The actions.
const (
	ActionAnswer   Action = "answer"   // send the first fix
	ActionAsk      Action = "ask"      // there are fixes, and more should be known first
	ActionEscalate Action = "escalate" // a person should take it
)

// Snippet is the stretch of a fix's text that says most of what a ticket says, in bytes of
// its text without markup: [From, To).
type Snippet struct {
	Item ItemID `json:"item_id"`
	Text string `json:"text"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// Impression is an answer as it was given: kept so that it can be replayed, and so
// that what was shown is known when something is bought.
type Impression struct {
	RecommendationID string    `json:"recommendation_id"`
	At               time.Time `json:"at"`
	Subject          Subject   `json:"-"`
	Request          Request   `json:"request"`
	Answer           Answered  `json:"answer"`
}

// PackedImpression is an impression as it is kept: what was shown, and why, in the bytes of who keeps it.
type PackedImpression struct {
	RecommendationID string
	Subject          Subject
	Shown, Reasons   []byte // Reasons is nil where there are none
}

// Answered is an answer of either kind: Advice is nil where it was no ticket's.
type Answered struct {
	Answer
	*Advice
}
