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
	if c.words > 0 {
		out = append(out, engine.Reason{
			Type: engine.ReasonText, Source: sourceWords,
			Contribution: s.weights.Words * c.words, Text: s.matched(c.num),
		})
	}
	if c.meaning > 0 {
		out = append(out, engine.Reason{
			Type: engine.ReasonSource, Source: sourceContent,
			Contribution: s.weights.Meaning * c.meaning, Text: "its text is about the same things as the ticket",
		})
	}
	if c.claim.about {
		out = append(out, engine.Reason{
			Type: engine.ReasonContext, Source: sourceProduct, Item: s.Catalogue.IDs().ID(c.claim.product),
			Contribution: s.weights.Product, Text: "the ticket is about " + s.name(c.claim.product),
		})
	}
	if c.claim.owned {
		out = append(out, s.ownership(c.claim))
	}
	if c.claim.foreign {
		out = append(out, engine.Reason{
			Type: engine.ReasonRule, Source: sourceProduct,
			Contribution: s.weights.Foreign, Text: "it is for other products than those bought or named",
		})
	}
	return out
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
func (s *search) ownership(c claim) engine.Reason {
	out := engine.Reason{
		Type: engine.ReasonOwned, Source: sourceProduct, Interaction: engine.Purchase,
		Contribution: s.weights.Owned, Text: "You bought something this is for",
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
