package engine

// Scenario is the named recipe of a place: what may be shown there, and how it is
// arranged. A request names one and may narrow it further.
type Scenario struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Kinds       []Kind  `json:"kinds,omitempty"`  // empty allows every kind
	Filter      string  `json:"filter,omitempty"` // expression, see engine/filter
	Exclude     []Type  `json:"exclude,omitempty"`
	Boosts      []Boost `json:"boosts,omitempty"`
	Arrangement
	Count int `json:"count,omitempty"` // where a request asks for none
	// Audience widens visibility: AgentOnly shows agents' items too.
	Audience Visibility `json:"audience,omitempty"`
	// OpenTickets is what the customer's open tickets do to a list; "" is SteerByTickets.
	OpenTickets TicketRule `json:"open_tickets,omitempty"`
	// Blend replaces the learned weight of a source in this place.
	Blend   map[string]float64 `json:"blend,omitempty"`
	BuiltIn bool               `json:"built_in,omitempty"`
}

// TicketRule is what a customer's open tickets do to their lists.
type TicketRule string

// The rules. A ticket is about its product, or about what its order holds where it names
// none.
const (
	// SteerByTickets keeps out what a ticket is about, its variants and the offers for
	// them, and puts the fixes, articles and spare parts for it that the place shows first.
	SteerByTickets TicketRule = "steer"
	// ExcludeByTickets keeps out and puts nothing first.
	ExcludeByTickets TicketRule = "exclude"
	// IgnoreTickets does neither.
	IgnoreTickets TicketRule = "ignore"
)

// Arrangement is what may move an eligible item in the list. It changes ranks, never
// scores. Nil and empty leave the scenario's (or the default) choice.
type Arrangement struct {
	Pins         []Pin        `json:"pins,omitempty"`
	Constraints  []Constraint `json:"constraints,omitempty"`
	Collapse     *bool        `json:"collapse,omitempty"`      // one item of a group_id; default true
	Diversity    *float64     `json:"diversity,omitempty"`     // 0 (default) to 1
	MinRelevance *float64     `json:"min_relevance,omitempty"` // drop items whose score is below
}

// Boost adds Add to the score of every item its filter matches.
type Boost struct {
	Filter string  `json:"filter"`
	Add    float64 `json:"add"` // in units of the blend: one standard deviation of a source of weight 1
}

// Pin puts an item at a rank, if it is eligible.
type Pin struct {
	Item ItemID `json:"item_id"`
	Rank int    `json:"rank"` // from 1
}

// Constraint lets at most Max items with the same value of Attribute stand in any
// Window consecutive ranks (0: in the whole list).
type Constraint struct {
	Attribute string `json:"attribute"`
	Max       int    `json:"max"`
	Window    int    `json:"window,omitempty"`
	// Depth counts categories by their first parts: with 1 shoes/running and shoes/walking
	// are both shoes. 0 counts whole paths.
	Depth int `json:"depth,omitempty"`
}

// DefaultScenarios are the places every shop has.
func DefaultScenarios() []Scenario {
	return []Scenario{
		{Name: "home", Description: "Products for this customer that they have not bought.", Kinds: []Kind{Product}, Exclude: []Type{Purchase, Dismiss}, BuiltIn: true},
		{Name: "related", Description: "Products that go with the one on the page.", Kinds: []Kind{Product}, Filter: "!sensitive", Exclude: []Type{Dismiss}, BuiltIn: true},
		{Name: "basket", Description: "Products that go with what is in the basket.", Kinds: []Kind{Product}, Filter: "!sensitive", Exclude: []Type{Dismiss}, BuiltIn: true},
		{Name: "rank", Description: "The caller's own list, best first for this customer.", BuiltIn: true},
		{Name: "buy-again", Description: "Products this customer bought, by how likely they want them again now.", Kinds: []Kind{Product}, Filter: "bought()", Exclude: []Type{Dismiss}, BuiltIn: true},
		{Name: "articles", Description: "Guides and stories for this customer.", Kinds: []Kind{Content}, Exclude: []Type{Dismiss}, BuiltIn: true},
		{Name: "help", Description: "Help articles near what this customer bought or looked at.", Kinds: []Kind{Solution}, Exclude: []Type{Dismiss}, BuiltIn: true},
		{Name: "support-desk", Description: "Fixes for an agent, agents' own notes included.", Kinds: []Kind{Solution}, Audience: AgentOnly, BuiltIn: true},
	}
}
