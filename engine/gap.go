package engine

import "time"

// KnowledgeGap is a trouble that customers tell of and no fix ends: tickets that say the
// same.
type KnowledgeGap struct {
	Terms     []string       `json:"terms"`     // that tell it from others, weightiest first
	Tickets   int            `json:"tickets"`   // that no fix ended: the sum of the three below
	Escalated int            `json:"escalated"` // a person took over
	Failed    int            `json:"failed"`    // fixes were tried, and none ended it for good
	Without   int            `json:"without"`   // ended or given up with no fix named
	Ended     int            `json:"ended"`     // tickets alike that a fix did end
	Recent    int            `json:"recent"`    // of Tickets, those of the last 30 days
	Before    int            `json:"before"`    // those of the 30 days before these
	First     *time.Time     `json:"first,omitempty"`
	Last      *time.Time     `json:"last,omitempty"`
	Languages map[string]int `json:"languages"`
	Products  []GapProduct   `json:"products"` // those told of most
	Examples  []GapExample   `json:"examples"` // the most typical
	// NearMiss is the fix that comes nearest to the examples; nil where none comes near.
	NearMiss *NearMiss `json:"near_miss,omitempty"`
}

// GapProduct is a product that tickets are about.
type GapProduct struct {
	Item    ItemID `json:"item_id"`
	Title   string `json:"title,omitempty"`
	Tickets int    `json:"tickets"`
}

// GapExample is a ticket as it is kept, shortened.
type GapExample struct {
	Ticket string `json:"ticket_id"`
	Text   string `json:"text"`
}

// NearMiss is a fix that is suggested for tickets it did not end.
type NearMiss struct {
	Item  ItemID  `json:"item_id"`
	Title string  `json:"title,omitempty"`
	Score float64 `json:"score"` // as of a suggestion, the mean over the examples; 0 where it is not suggested
	// Confidence is the mean chance that is claimed for it where it would be first; nil where
	// chances are not calibrated, or it is first for none.
	Confidence *float64 `json:"confidence,omitempty"`
}
