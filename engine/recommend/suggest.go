package recommend

import (
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
	"github.com/rapportengine/rapport/engine/solution"
)

// SuggestInput is a ticket with all its answer is made from.
type SuggestInput struct {
	World   *World
	Place   *Place
	Someone *Someone
	Request *engine.SuggestRequest
	Tried   []engine.ItemID // what failed on the ticket; Someone.Tickets have what failed on others
	// Vector is of the ticket (text.Gist of solution.TicketText), by Encoder, which made the World's
	// Sentences; nil where there is none.
	Vector  []float32
	Encoder string
	Now     time.Time
}

// Suggest answers a ticket with the fixes most likely to end it, or with none where
// nothing fits. A fix that says what it applies to is lifted for who owns that; one that
// failed, on the ticket or on another open one of the same trouble, is not shown again.
func Suggest(in *SuggestInput) (engine.SuggestAnswer, error) {
	w, req := in.World, in.Request
	var answer engine.SuggestAnswer
	kinds, err := fixesOf(&in.Place.Scenario)
	if err != nil {
		return answer, err
	}
	story := &Input{World: w, Place: in.Place, Someone: in.Someone, Now: in.Now, Request: &engine.Request{
		Kinds: kinds, Filter: req.Filter, Count: req.Count, Explain: req.Explain, ReturnProperties: req.ReturnProperties,
	}}
	story = story.within()
	defer story.room.release()
	orders, err := in.Place.join(story.Request, w.Catalogue, &story.room.orders)
	if err != nil {
		return answer, err
	}
	rules := story.rules(orders)
	if rules.OpenTickets, orders.heeded = nil, story.failedBefore(req, in.Tried); orders.heeded != nil {
		rules.OpenTickets = orders.heeded.out
	}
	eligible, err := filter.Eligible(story.env(), rules)
	if err != nil {
		return answer, err
	}
	products := story.numbers([]engine.ItemID{req.Product})
	answer.Answer = engine.Answer{
		Scenario: in.Place.Scenario.Name,
		Basis:    engine.BasisTicket,
		Exact:    true,
		Eligible: int(eligible.GetCardinality()),
		Models:   map[string]int{},
		Degraded: story.unusable(req, len(products)),
	}
	if w.Models.Version > 0 {
		answer.Models[solution.Name] = w.Models.Version // of the content encoder, and of what solved tickets taught
	}
	rows := in.Someone.History()
	for i := range rows {
		if r := &rows[i]; req.OrderID != "" && r.OrderID == req.OrderID && r.Item != "" {
			products = append(products, r.Num)
		}
	}
	asked := solution.Input{
		Catalogue: w.Catalogue, Content: w.Content, Lexicon: w.Lexicon, Eligible: eligible,
		Sentences: w.Sentences, Vector: in.Vector, Encoder: in.Encoder,
		Text: solution.TicketText(req.Subject, req.Text), Language: req.Language, Channel: req.Channel, Products: products, Now: in.Now,
		Count: min(orders.count, engine.MaxSuggestedFixes), MayName: story.mayName,
		Tried: story.numbers(in.Tried), Snippets: engine.MaxSuggestedFixes, Knowledge: w.Models.Desk,
	}
	if in.Someone.personalised() {
		asked.Bought, asked.Rows = in.Someone.Bought, rows
	}
	said := solution.Suggest(&asked)
	answer.Items, answer.Snippets = said.Fixes, said.Snippets
	if answer.Calibrated = said.Calibrated; said.Calibrated {
		answer.Confidence = &said.Chance
	}
	decision := w.Limits.Decide(&asked, &said)
	answer.Action, answer.Because = decision.Action, decision.Because
	for i := range answer.Items {
		item := &answer.Items[i]
		item.Properties = properties(w.Catalogue.Item(item.Num), req.ReturnProperties)
		if orders.explain == engine.ExplainNone {
			item.Reasons = nil
		}
	}
	switch {
	case len(answer.Items) > 0:
	case eligible.IsEmpty():
		if answer.EmptyReason, err = story.emptyReason(orders); err != nil {
			return answer, err
		}
	default:
		answer.EmptyReason = engine.EmptyRelevance
	}
	return answer, nil
}

// unusable names what of a ticket could not be used.
func (in *Input) unusable(req *engine.SuggestRequest, products int) []string {
	var out []string
	if req.Product != "" && products == 0 {
		out = append(out, "unknown_item")
	}
	known := func(r engine.Row) bool { return r.OrderID == req.OrderID }
	if req.OrderID != "" && !slices.ContainsFunc(in.Someone.History(), known) {
		out = append(out, "unknown_order")
	}
	return out
}

// fixesOf returns the kinds of a place that end tickets. A place of others is refused: it
// would answer every ticket with none.
func fixesOf(s *engine.Scenario) ([]engine.Kind, error) {
	if len(s.Kinds) == 0 {
		return []engine.Kind{engine.Solution}, nil
	}
	var out []engine.Kind
	for _, k := range s.Kinds {
		if k == engine.Solution || k == engine.Content {
			out = append(out, k)
		}
	}
	if out == nil {
		return nil, engine.Invalidf(engine.CodeInvalidField, "scenario", "the scenario %s shows items of kind %v; a ticket is answered with those of kind %s or %s: name a scenario of these, such as support-desk or help, or none",
			s.Name, s.Kinds, engine.Solution, engine.Content)
	}
	return out, nil
}
