package solution

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/text"
)

// The sources of a reason.
const (
	sourceWords   = "words"
	sourceContent = "content"
	sourceProduct = "product"
)

// maxNamedWords is how many matched words a reason names, strongest first.
const maxNamedWords = 5

// reasons returns the terms of the score, which sum to it.
func (s *search) reasons(c *candidate) []engine.Reason {
	var out []engine.Reason
	for _, kind := range Kinds() {
		part := s.weights.Of[kind] * c.values[kind]
		switch kind {
		case Words:
			part += s.weights.Of[FreshWords] * c.values[FreshWords]
		case FreshWords: // words say as much of it
			part = 0
		}
		if part == 0 {
			continue
		}
		switch kind {
		case Words:
			out = append(out, engine.Reason{Type: engine.ReasonText, Source: sourceWords, Contribution: part, Text: s.matched(c.num)})
		case About:
			out = append(out, engine.Reason{
				Type: engine.ReasonContext, Source: sourceProduct, Item: s.Catalogue.IDs().ID(c.claim.product),
				Contribution: part, Text: "the ticket is about " + s.name(c.claim.product),
			})
		case Owned:
			out = append(out, s.ownership(c.claim, part))
		case Foreign:
			out = append(out, engine.Reason{
				Type: engine.ReasonRule, Source: sourceProduct,
				Contribution: part, Text: "it is for other products than those bought or named",
			})
		default:
			says := sayings[kind]
			text := says.more
			if part < 0 {
				text = says.less
			}
			if last := len(out) - 1; last >= 0 && out[last].Source == says.source && out[last].Text == text {
				out[last].Contribution += part // the head's two scales of one figure
				continue
			}
			out = append(out, engine.Reason{Type: engine.ReasonSource, Source: says.source, Contribution: part, Text: text})
		}
	}
	return out
}

// saying is how a reason puts a kind of evidence into words: for more than nothing, and for
// less.
type saying struct{ source, more, less string }

var sayings = map[Evidence]saying{
	Meaning:   {source: sourceContent, more: "its text is about the same things as the ticket"},
	Sense:     {source: "sentence", more: "its text means what the ticket says"},
	Head:      {source: "head", more: "it solves tickets that say such things"},
	HeadSure:  {source: "head", more: "it solves tickets that say such things"},
	Near:      {source: "tickets", more: "it solved a ticket like this one"},
	Votes:     {source: "tickets", more: "it solved many of the tickets most like this one"},
	ByProduct: {source: "habit", more: "it is what mostly helps with this product", less: "other fixes mostly help with this product"},
	ByAge:     {source: "habit", more: "it is what mostly helps so long after the purchase", less: "it seldom is what helps so long after the purchase"},
	ByChannel: {source: "habit", more: "it is what mostly helps in this channel", less: "it seldom is what helps in this channel"},
	Codes:     {source: sourceWords, more: "it tells of the code in the ticket"},
	Fresh:     {source: "outcome", less: "nobody has tried it on a ticket yet"},
	Outcome:   {source: "outcome", more: "it ended more of the tickets it was tried on than others did", less: "it ended fewer of the tickets it was tried on than others did"},
}

// matched names the words of the ticket that were found, as they were written there,
// in the order of what they add.
func (s *search) matched(n engine.ItemNum) string {
	terms := s.Lexicon.Explain(s.terms, n)
	slices.SortStableFunc(terms, func(a, b text.Contribution) int { return cmp.Compare(b.Value, a.Value) })
	var written []string
	for _, t := range terms {
		at := slices.IndexFunc(s.words, func(w text.Word) bool { return w.Term == t.Term })
		word := strconv.Quote(strings.ToLower(s.words[at].Surface))
		if !slices.Contains(written, word) {
			written = append(written, word)
		}
	}
	return "words " + strings.Join(written[:min(len(written), maxNamedWords)], ", ")
}

// ownership is the reason of a fix for what the customer bought. A product that may not
// be named counts all the same, and neither it nor the day it was bought is told.
func (s *search) ownership(c claim, part float64) engine.Reason {
	out := engine.Reason{
		Type: engine.ReasonOwned, Source: sourceProduct, Interaction: engine.Purchase,
		Contribution: part, Text: "You bought something this is for",
	}
	it := s.Catalogue.Item(c.bought)
	if it == nil || it.Sensitive || (s.MayName != nil && !s.MayName(it)) {
		return out
	}
	out.Item, out.Text = s.Catalogue.IDs().ID(c.bought), "You bought "+s.name(c.bought)
	if !c.at.IsZero() {
		out.At = &c.at
	}
	return out
}

// name returns an item's title, its id where it has none.
func (s *search) name(n engine.ItemNum) string {
	if it := s.Catalogue.Item(n); it != nil && it.Title != "" {
		return it.Title
	}
	return string(s.Catalogue.IDs().ID(n))
}
