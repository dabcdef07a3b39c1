package serving

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
)

// Recommend answers a request with the customer's live state. An unknown customer is
// not an error: the list's basis says what it was made from. Errors: *engine.Invalid
// for what is wrong with the request, the context's when it ended.
func (r *Recommender) Recommend(ctx context.Context, req *engine.Request) (engine.Answer, error) {
	return r.RecommendIn(ctx, req, nil)
}

// RecommendIn is Recommend with room that the items of the answer and their reasons lie in: the caller's,
// who may use it again.
func (r *Recommender) RecommendIn(ctx context.Context, req *engine.Request, room *engine.Room) (engine.Answer, error) {
	return r.answer(ctx, req, asking{place: placeName(req), room: room, answer: recommend.Recommend})
}

// Rank puts the caller's own items in order, best first; those that may not be shown are
// named in LeftOut with the reason. Errors as Recommend's.
func (r *Recommender) Rank(ctx context.Context, req engine.RankRequest) (engine.Answer, error) {
	switch n := len(req.Items); {
	case n == 0:
		return engine.Answer{}, engine.Invalidf(engine.CodeMissingField, "items", "the items to put in order are needed")
	case n > engine.MaxRanked:
		return engine.Answer{}, engine.Invalidf(engine.CodeLimitExceeded, "items", "at most %d items can be put in order, these are %d", engine.MaxRanked, n)
	}
	return r.rank(ctx, &req.Request, req.Items, "")
}

func (r *Recommender) rank(ctx context.Context, req *engine.Request, items []engine.ItemID, continues string) (engine.Answer, error) {
	place := req.Scenario
	if place == "" {
		place = "rank"
	}
	return r.answer(ctx, req, asking{place: place, continues: continues, answer: func(in *recommend.Input) (engine.Answer, error) {
		return recommend.Rank(in, items)
	}})
}

// Preview answers a request as it would be under a scenario that is not stored. It leaves
// no impression, whatever the request says.
func (r *Recommender) Preview(ctx context.Context, s engine.Scenario, req *engine.Request) (engine.Answer, error) {
	if req.Scenario != "" && req.Scenario != s.Name {
		return engine.Answer{}, engine.Invalidf(engine.CodeInvalidField, "scenario", "the request is answered under the scenario that is previewed, %q; name that or none", s.Name)
	}
	silent, no := *req, false
	silent.Record = &no
	return r.answer(ctx, &silent, asking{draft: &s, answer: recommend.Recommend})
}

// asking is what tells one kind of request from another.
type asking struct {
	place     string           // name of the scenario
	draft     *engine.Scenario // instead: one that is not stored
	continues string           // the answer this is the next page of
	room      *engine.Room     // of the answer; nil for none
	many      *recommend.Many  // nil for an answer by itself
	answer    func(*recommend.Input) (engine.Answer, error)
}

// placed returns the scenario, ready to use.
func (a *asking) placed(s *shop) (*recommend.Place, error) {
	if a.draft != nil {
		return recommend.NewPlace(*a.draft, s.Catalogue)
	}
	return s.place(a.place)
}

func (r *Recommender) answer(ctx context.Context, req *engine.Request, a asking) (engine.Answer, error) {
	start := r.now()
	who, degraded, err := r.someone(ctx, req.Subject())
	if err != nil {
		return engine.Answer{}, err
	}
	answer, err := r.story(req, a, who, start)
	if err != nil {
		return engine.Answer{}, err
	}
	r.people.grew(who)
	if req.ValidateOnly {
		answer.Items = []engine.Recommended{}
		return answer, nil
	}
	answer.Degraded, answer.Continues = append(degraded, answer.Degraded...), a.continues
	r.finish(&answer, nil, start, req.Recorded(), who.Subject, *req)
	return answer, nil
}

// story answers for somebody whose state is known, in the world of this moment.
func (r *Recommender) story(req *engine.Request, a asking, who *recommend.Someone, now time.Time) (engine.Answer, error) {
	in, err := r.input(req, a, who, now)
	if err != nil {
		return engine.Answer{}, err
	}
	return a.answer(in)
}

// input is a request with all that story answers it from.
func (r *Recommender) input(req *engine.Request, a asking, who *recommend.Someone, now time.Time) (*recommend.Input, error) {
	shop := r.shop.Load() // after the person: never older than their state
	place, err := a.placed(shop)
	if err != nil {
		return nil, err
	}
	if req.Context.At != nil {
		now, who = *req.Context.At, asOf(who, *req.Context.At)
	}
	return &recommend.Input{World: shop.World, Place: place, Someone: who, Request: req, Now: now, Room: a.room, Many: a.many}, nil
}

// Suggest answers a ticket's text with the fixes most likely to end it. The customer,
// product and words of a known ticket stand in for what the request leaves out.
func (r *Recommender) Suggest(ctx context.Context, req *engine.SuggestRequest) (engine.SuggestAnswer, error) {
	start := r.now()
	asked := *req
	var failed []engine.ItemID
	over := false
	if req.TicketID != "" {
		ticket, err := r.log.Ticket(ctx, req.TicketID)
		if err != nil {
			return engine.SuggestAnswer{}, err
		}
		asked, failed, over = withTicket(asked, ticket), ticket.Failed(), !ticket.IsOpen()
	}
	who, degraded, err := r.someone(ctx, engine.SubjectOf(asked.Customer, ""))
	if err != nil {
		return engine.SuggestAnswer{}, err
	}
	shop := r.shop.Load()
	if asked.Scenario == "" {
		asked.Scenario = "support-desk"
	}
	place, err := shop.place(asked.Scenario)
	if err != nil {
		return engine.SuggestAnswer{}, err
	}
	in := &recommend.SuggestInput{World: shop.World, Place: place, Someone: who, Request: &asked, Tried: failed, Now: start}
	var lacks []string
	if in.Vector, lacks, err = r.sense(ctx, shop.World, &asked); err != nil {
		return engine.SuggestAnswer{}, err
	}
	if in.Vector != nil {
		in.Encoder = r.reader.embedder.Name()
	}
	degraded = append(degraded, lacks...)
	answer, err := recommend.Suggest(in)
	if err != nil {
		return engine.SuggestAnswer{}, err
	}
	answer.TicketID = req.TicketID
	if over {
		nothingToSend(&answer.Advice)
	}
	answer.Degraded = append(degraded, answer.Degraded...)
	if asked.Customer != "" && slices.Contains(req.Include, engine.IncludeCustomer) {
		view, err := r.Customer(ctx, asked.Customer)
		if err != nil {
			return engine.SuggestAnswer{}, err
		}
		answer.Customer = &view
	}
	record := req.Record == nil || *req.Record
	// The impression keeps whom, where and what was shown; not the ticket's words,
	// which may be anybody's secrets.
	r.finish(&answer.Answer, &answer.Advice, start, record, who.Subject, engine.Request{Customer: asked.Customer, Item: asked.Product, Scenario: asked.Scenario, Count: asked.Count})
	return answer, nil
}

// nothingToSend has the advice for a ticket that is over say so: its fixes are there to be looked
// at, and none is to be sent by itself.
func nothingToSend(a *engine.Advice) {
	if a.Action == engine.ActionAnswer {
		a.Action = engine.ActionAsk
	}
	a.Because = append([]string{"the ticket is solved or closed: nobody waits for an answer"}, a.Because...)
}

// Triage says what a ticket is, who should have it and how long it will take. A known ticket
// stands in for what the request leaves out.
func (r *Recommender) Triage(ctx context.Context, req *engine.TriageRequest) (engine.TriageAnswer, error) {
	start := r.now()
	asked, opened := *req, start
	if req.TicketID != "" {
		ticket, err := r.log.Ticket(ctx, req.TicketID)
		if err != nil {
			return engine.TriageAnswer{}, err
		}
		asked = soFar(asked, &ticket)
		if at := ticket.Opened(); !at.IsZero() {
			opened = at
		}
	}
	answer := recommend.Triage(&recommend.TriageInput{World: r.shop.Load().World, Request: &asked, Opened: opened})
	answer.TookMS = float64(r.now().Sub(start).Microseconds()) / 1000
	return answer, nil
}

// soFar fills what the request leaves out with what is known of the ticket by now: all that its
// customer wrote.
func soFar(req engine.TriageRequest, t *engine.Ticket) engine.TriageRequest {
	if req.Text == "" {
		req.Text = t.Said(false, text.Letter)
	}
	req.Subject = cmp.Or(req.Subject, t.Subject)
	req.Customer = cmp.Or(req.Customer, t.Customer)
	req.Product = cmp.Or(req.Product, t.Product)
	req.OrderID = cmp.Or(req.OrderID, t.Order)
	req.Language = cmp.Or(req.Language, t.Language)
	req.Channel = cmp.Or(req.Channel, t.Channel)
	return req
}

// withTicket fills what the request leaves out.
func withTicket(req engine.SuggestRequest, t engine.Ticket) engine.SuggestRequest {
	if req.Subject == "" {
		req.Subject = t.Subject
	}
	if req.Text == "" {
		req.Text = t.Said(false, text.Letter)
	}
	if req.Customer == "" {
		req.Customer = t.Customer
	}
	if req.Product == "" {
		req.Product = t.Product
	}
	if req.OrderID == "" {
		req.OrderID = t.Order
	}
	if req.Language == "" {
		req.Language = t.Language
	}
	if req.Channel == "" {
		req.Channel = t.Channel
	}
	return req
}

// finish stamps the answer and leaves its impression. advice is nil but for a ticket's.
func (r *Recommender) finish(a *engine.Answer, advice *engine.Advice, start time.Time, record bool, who engine.Subject, req engine.Request) {
	r.took(a, start)
	if !record {
		return
	}
	a.RecommendationID = engine.NewRecommendationID(who.Hash(), start, r.random())
	r.record.add(engine.Impression{RecommendationID: a.RecommendationID, At: start, Subject: who, Request: req, Answer: engine.Answered{Answer: *a, Advice: advice}})
}

// took stamps the answer with the time since its request came.
func (r *Recommender) took(a *engine.Answer, start time.Time) {
	a.TookMS = milliseconds(r.now().Sub(start))
}

// milliseconds returns a time as answers tell it, to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Replay returns what was answered and why; engine.ErrNotFound with the reason where
// nothing was recorded or it has expired.
func (r *Recommender) Replay(ctx context.Context, id string) (engine.Impression, error) {
	if p, found := r.record.find(id); found {
		return r.log.UnpackImpression(p)
	}
	i, err := r.log.Impression(ctx, id)
	if errors.Is(err, engine.ErrNotFound) {
		return i, fmt.Errorf("recommendation %q was not recorded (record=false), was dropped under load, was erased, or is older than %d days: %w",
			id, int(engine.ImpressionAge/(24*time.Hour)), engine.ErrNotFound)
	}
	return i, err
}

// asOf returns a state as it was at a moment, as far as the rows that are kept tell, and the
// tickets that are open now.
func asOf(who *recommend.Someone, at time.Time) *recommend.Someone {
	then := &recommend.Someone{Subject: who.Subject, Customer: who.Customer, Bought: roaring.New(), Dismissed: roaring.New()}
	for _, r := range who.History() {
		if !r.At.After(at) {
			then.Rows = append(then.Rows, r)
		}
	}
	remember(then, then.Rows)
	for _, t := range who.Tickets {
		if !t.At.After(at) {
			then.Tickets = append(then.Tickets, t)
		}
	}
	return then
}

// someone returns the live state of a subject. A history that cannot be read degrades
// the answer, by name, to a stranger's.
func (r *Recommender) someone(ctx context.Context, s engine.Subject) (*recommend.Someone, []string, error) {
	if s.IsZero() {
		return &recommend.Someone{}, nil, nil
	}
	s = r.log.Resolve(s)
	who, err := r.people.get(ctx, s)
	switch {
	case err == nil:
		return who, nil, nil
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	}
	return &recommend.Someone{Subject: s}, []string{"history_unavailable"}, nil
}

// placeName is the scenario a request means when it names none.
func placeName(req *engine.Request) string {
	switch {
	case req.Scenario != "":
		return req.Scenario
	case req.Item != "":
		return "related"
	case len(req.Basket) > 0:
		return "basket"
	}
	return "home"
}

// place returns a scenario, ready to use.
func (s *shop) place(name string) (*recommend.Place, error) {
	sc, found := s.scenarios[name]
	if !found {
		return nil, engine.Invalidf(engine.CodeInvalidField, "scenario", "there is no scenario %q; there are %s", name, s.scenarioNames())
	}
	p, err := sc.compiled()
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", name, err)
	}
	return p, nil
}
