package triage

import (
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// Opening is what is known of a ticket when it comes, in the shop's words.
type Opening struct {
	Text     string // subject and text
	Language string // as the sender names it; empty is guessed, see Tongue
	Channel  string
	Product  engine.ItemID
	// About is the product's record, nil where there is none.
	About *engine.Item
	Order bool // it names an order
	Known bool // it names a customer
	At    time.Time
}

// Tongue returns the language of the ticket and whether it is as its sender names it, which it is
// unless the text is surely in another (text.Tongue); "" where neither they nor the text say.
func (o *Opening) Tongue() (language string, named bool) {
	if o.Language != "" {
		language = text.Tongue(o.Text, o.Language)
		return language, language == o.Language
	}
	return text.Guess(o.Text), false
}

// Ticket returns what models read of the ticket.
func (o *Opening) Ticket() Ticket {
	language, _ := o.Tongue()
	t := Ticket{Text: o.Text, Language: language, Fields: []Field{
		{"product", string(o.Product)},
		{"category", ""},
		{"channel", o.Channel},
		{"language", language},
		{"order", map[bool]string{true: "named", false: "none"}[o.Order]},
		{"customer", map[bool]string{true: "named", false: "none"}[o.Known]},
		{"hour", ""},
		{"weekday", ""},
	}}
	if o.About != nil && len(o.About.Categories) > 0 {
		t.Fields[1].Value, _, _ = strings.Cut(o.About.Categories[0], "/")
	}
	if !o.At.IsZero() {
		at := o.At.UTC()
		t.Fields[6].Value, t.Fields[7].Value = strconv.Itoa(at.Hour()), at.Weekday().String()
	}
	return t
}
