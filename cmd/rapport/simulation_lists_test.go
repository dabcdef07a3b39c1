package main

import (
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/tally"
)

// ask asks for a list.
func (s *simulation) ask() {
	who := engine.OfCustomer(s.person())
	if s.chance(30) {
		who = engine.OfSession(s.visit())
	}
	s.askFor(who)
}

func (s *simulation) request(who engine.Subject) engine.Request {
	req := engine.Request{Count: 1 + s.rng.IntN(20), Explain: pick(s, engine.ExplainNone, engine.ExplainSources, engine.ExplainFull)}
	if who.Kind == engine.SessionSubject {
		req.Session = engine.SessionID(who.ID)
	} else if req.Customer = engine.CustomerID(who.ID); s.chance(20) {
		req.Session = s.visit() // says nothing beside a customer
	}
	if s.chance(60) {
		req.Scenario = pick(s, "home", "related", "basket", "articles", "help", "support-desk")
	}
	if name := pick(s, "shelf", "aisle"); s.chance(30) {
		if _, ok := s.ref.scenarios[name]; ok {
			req.Scenario = name
		}
	}
	if s.chance(40) {
		req.Filter = pick(s, rules...).text
	}
	switch s.rng.IntN(5) {
	case 0:
		req.Item = s.itemID()
	case 1:
		req.Basket = []engine.ItemID{s.itemID(), s.itemID()}
	}
	if s.chance(20) {
		req.Exclude = []engine.ItemID{s.itemID(), s.itemID(), "never-heard-of"}
	}
	if s.chance(10) {
		req.Kinds = []engine.Kind{pick(s, engine.Product, engine.Content, engine.Solution)}
	}
	return req
}

// askFor asks twice and holds the answer against the reference.
func (s *simulation) askFor(who engine.Subject) {
	s.Helper()
	req := s.request(who)
	answer, err := s.w.recommender.Recommend(s.Context(), &req)
	if err != nil {
		s.fail("%s: %v", asText(req), err)
	}
	a := s.ref.asker(who)
	s.ref.shown[answer.RecommendationID] = &impression{who: a.subject, at: s.clock.now(), answer: answer}
	s.ids = append(s.ids, answer.RecommendationID)

	again := req
	again.Record = new(false)
	second, err := s.w.recommender.Recommend(s.Context(), &again)
	s.must(err)
	second.RecommendationID = answer.RecommendationID
	if asText(second) != asText(answer) {
		s.fail("%s asked twice:\n%s, then\n%s", asText(req), asText(answer), asText(second))
	}
	place := s.ref.scenario(placeOf(&req))
	s.checkList(&a, &place, &req, &answer)
	s.checkBasis(&a, &req, &answer)
	s.checkHelp(&a, &place, &answer)
	s.checkScores(&a, &place, &req, &answer)
}

func placeOf(req *engine.Request) string {
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

// checkList sees that the list holds what it may, and is full.
func (s *simulation) checkList(a *asker, place *engine.Scenario, req *engine.Request, answer *engine.Answer) {
	s.Helper()
	eligible := s.ref.eligible(a, place, req, s.clock.now())
	if answer.Eligible != len(eligible) {
		s.fail("%s for %s in %s: %d items are eligible, want %d", asText(req), a.subject, asText(place), answer.Eligible, len(eligible))
	}
	seen, groups := make(map[engine.ItemID]bool), make(map[string]bool)
	collapse := place.Collapse == nil || *place.Collapse
	for i, it := range answer.Items {
		group := s.ref.items[it.Item].GroupID
		if !eligible[it.Item] || seen[it.Item] || it.Rank != i+1 || collapse && group != "" && groups[group] {
			s.fail("%s for %s in %s: item %s at rank %d is not eligible, or twice: %s", asText(req), a.subject, asText(place), it.Item, i+1, asText(s.ref.items[it.Item]))
		}
		seen[it.Item], groups[group] = true, true
	}
	possible := len(eligible)
	if collapse {
		possible = s.ref.groups(eligible)
	}
	if want := min(req.Count, possible); len(answer.Items) > want || len(answer.Items) < want && len(place.Constraints) == 0 {
		s.fail("%s for %s in %s: %d items, %d can stand in the list", asText(req), a.subject, asText(place), len(answer.Items), want)
	}
	if (len(answer.Items) == 0) != (answer.EmptyReason != "") || !answer.Exact {
		s.fail("%s: %d items, empty because %q, exact %v", asText(req), len(answer.Items), answer.EmptyReason, answer.Exact)
	}
	for _, p := range place.Pins {
		if at := slices.IndexFunc(answer.Items, func(it engine.Recommended) bool { return it.Item == p.Item }); eligible[p.Item] && p.Rank <= req.Count && at != min(p.Rank, len(answer.Items))-1 {
			s.fail("%s in %s: the pin is at index %d of %d", asText(req), asText(place), at, len(answer.Items))
		}
	}
	s.checkConstraints(place, answer)
}

// checkHelp sees that what is lifted for a ticket helps with it, and that the best of what
// helps stands above all that is not lifted.
func (s *simulation) checkHelp(a *asker, place *engine.Scenario, answer *engine.Answer) {
	s.Helper()
	tickets := make(map[string]*engine.Ticket)
	steered := (place.OpenTickets == "" || place.OpenTickets == engine.SteerByTickets) && (a.record == nil || a.record.Allows(engine.Personalise))
	for i := range a.tickets {
		tickets[a.tickets[i].ID] = &a.tickets[i]
	}
	put := make(map[engine.ItemID]bool)
	for _, heeded := range answer.OpenTickets {
		t := tickets[heeded.Ticket]
		if t == nil || place.OpenTickets == engine.IgnoreTickets || heeded.Item != "" && (!a.about(t, heeded.Item) || s.ref.items[heeded.Item].Sensitive) {
			s.fail("%s for %s heeds %s", asText(place), a.subject, asText(heeded))
		}
		for _, id := range heeded.First {
			item := s.ref.items[id]
			if put[id] = true; !steered || !helps(&item, s.ref.concerned(a, t)) || s.ref.failed(t)[id] {
				s.fail("%s is put first for %s, in %s", asText(item), asText(t), asText(place))
			}
		}
	}
	for _, it := range answer.Items {
		for _, reason := range it.Reasons {
			if reason.Type == engine.ReasonOpenTicket && (!put[it.Item] || reason.Item != "" && s.ref.items[reason.Item].Sensitive) {
				s.fail("%s for %s: %s is told of %s", asText(place), a.subject, asText(reason), it.Item)
			}
		}
	}
	if !steered || len(place.Boosts)+len(place.Pins) > 0 || place.Diversity != nil || len(place.Constraints) > 0 || len(answer.Items) == 0 {
		return
	}
	for i := range a.tickets {
		concerned := s.ref.concerned(a, &a.tickets[i])
		for n, it := range answer.Items {
			item := s.ref.items[it.Item]
			if n > 0 && len(a.tickets) == 1 && helps(&item, concerned) {
				first := s.ref.items[answer.Items[0].Item]
				if !helps(&first, concerned) {
					s.fail("%s at rank %d helps with %s, and %s stands first: %s", it.Item, n+1, asText(a.tickets[i]), asText(first), asText(answer))
				}
			}
		}
	}
}

func (s *simulation) checkConstraints(place *engine.Scenario, answer *engine.Answer) {
	for _, c := range place.Constraints {
		for i := range answer.Items {
			last := len(answer.Items)
			if c.Window > 0 {
				last = min(last, i+c.Window)
			}
			count := make(map[any]int)
			for _, it := range answer.Items[i:last] {
				if slices.ContainsFunc(place.Pins, func(p engine.Pin) bool { return p.Item == it.Item }) {
					continue
				}
				brand := s.ref.items[it.Item].Attributes["brand"]
				if count[brand]++; count[brand] > c.Max {
					s.fail("%d items of brand %v from rank %d on, in %s", count[brand], brand, i+1, asText(place))
				}
			}
		}
	}
}

// checkBasis sees that a list claims no more than is known.
func (s *simulation) checkBasis(a *asker, req *engine.Request, answer *engine.Answer) {
	s.Helper()
	world := s.w.recommender.World()
	asOf := world.Models.LogTime
	if asOf.IsZero() {
		asOf = s.clock.now()
	}
	anything, placed := a.wants(world.Settings, asOf, func(id engine.ItemID) bool { _, ok := s.ref.items[id]; return ok })
	allowed := a.record == nil || a.record.Allows(engine.Personalise)
	personal := answer.Basis == engine.BasisPersonal || answer.Basis == engine.BasisSession
	about := req.Item != "" || len(req.Basket) > 0
	switch {
	case personal && (!anything || !allowed):
		s.fail("%s for %s: the list says it is %s, and nothing is known (or allowed: %v)", asText(req), a.subject, answer.Basis, allowed)
	case placed && allowed && !personal && !about && world.Models.Version == 0:
		s.fail("%s for %s: the list says it is %s, and their history is known", asText(req), a.subject, answer.Basis)
	case personal && (answer.Basis == engine.BasisSession) != (a.subject.Kind == engine.SessionSubject):
		s.fail("%s for %s: the list says it is %s", asText(req), a.subject, answer.Basis)
	}
	if !anything || !allowed {
		for _, it := range answer.Items {
			for _, r := range it.Reasons {
				if r.Type == engine.ReasonHistory {
					s.fail("%s for %s: a reason names a history nobody knows: %s", asText(req), a.subject, asText(r))
				}
			}
		}
	}
}

// checkScores answers the request from the reference alone, in a world built anew, and
// compares.
func (s *simulation) checkScores(a *asker, place *engine.Scenario, req *engine.Request, answer *engine.Answer) {
	s.Helper()
	live := s.w.recommender.World()
	world := recommend.NewWorld(s.w.store.IDs(), live.Settings).WithCounters(tally.New(live.Settings).With(s.ref.counted))
	var entries []catalogue.Entry
	for _, it := range s.ref.items {
		entries = append(entries, catalogue.Entry{Num: s.num(it.ID), Item: new(it)})
	}
	world = world.WithItems(entries)
	world = world.WithModels(live.Models, live.Models.Encode(world.Catalogue, 2))
	someone := &recommend.Someone{Subject: a.subject, Customer: a.record, Rows: a.rows, Bought: roaring.New(), Dismissed: roaring.New()}
	for i := range a.tickets {
		t := &a.tickets[i]
		open := recommend.OpenTicket{ID: t.ID, Product: t.Product, Order: t.Order, At: *t.OpenedAt}
		for _, tried := range t.Solutions {
			if tried.Outcome != "" {
				open.Failed = append(open.Failed, tried.Item)
			}
		}
		someone.Tickets = append(someone.Tickets, open)
	}
	slices.SortFunc(someone.Tickets, recommend.ByTicketTime)
	for _, r := range a.rows {
		switch r.Type {
		case engine.Purchase:
			someone.Bought.Add(uint32(r.Num))
		case engine.Dismiss:
			someone.Dismissed.Add(uint32(r.Num))
		}
	}
	ready, err := recommend.NewPlace(*place, world.Catalogue)
	s.must(err)
	now := s.clock.now()
	want, err := recommend.Recommend(&recommend.Input{World: world, Place: ready, Someone: someone, Request: req, Now: now})
	s.must(err)
	if want.Basis != answer.Basis || len(want.Items) != len(answer.Items) {
		s.fail("%s for %s: %d items by %s, want %d by %s", asText(req), a.subject, len(answer.Items), answer.Basis, len(want.Items), want.Basis)
	}
	if place.Diversity != nil || len(place.Constraints) > 0 {
		return // near ties may fall either way and take others with them
	}
	for i := range want.Items {
		got, want := answer.Items[i], want.Items[i]
		if near := 1e-4 * (1 + math.Abs(want.Score)); math.Abs(got.Score-want.Score) > near {
			s.fail("%s for %s: rank %d is %s with %v, want %s with %v", asText(req), a.subject, i+1, got.Item, got.Score, want.Item, want.Score)
		}
	}
}
