package main

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/tally"
)

// asText is a value in a form that two equal ones share.
func asText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// deeds is a history in comparable form.
func deeds(rows []engine.Row) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = asText(struct {
			engine.Interaction
			Seq uint64
			Num engine.ItemNum
		}{rows[i].Interaction, rows[i].Seq, rows[i].Num})
	}
	return out
}

func (s *simulation) checkHistory(who engine.Subject) {
	s.Helper()
	if got, want := s.w.store.Resolve(who), s.ref.resolve(who); got != want {
		s.fail("Resolve(%s) = %s, want %s", who, got, want)
	}
	rows, err := s.w.store.History(s.Context(), who)
	s.must(err)
	s.sameHistory(who, rows)
}

func (s *simulation) sameHistory(who engine.Subject, rows []engine.Row) {
	s.Helper()
	got, want := deeds(rows), deeds(s.ref.history(who))
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			s.fail("the history of %s has %d rows of %d, it lacks %s", who, len(got), len(want), want[i])
		case i >= len(want):
			s.fail("the history of %s has %d rows and should have %d, among them %s", who, len(got), len(want), got[i])
		case got[i] != want[i]:
			s.fail("row %d in the history of %s is\n%s, want\n%s", i, who, got[i], want[i])
		}
	}
}

func (s *simulation) checkCustomer(id engine.CustomerID) {
	s.Helper()
	got, err := s.w.store.Customer(s.Context(), id)
	want, known := s.ref.customer(id)
	if known != (err == nil) || known && asText(got) != asText(want) {
		s.fail("Customer(%s) = %s, %v; want %s, %v", id, asText(got), err, asText(want), known)
	}
}

// checkSome is done after each step.
func (s *simulation) checkSome() {
	// After a start the newest commands may be such as no longer stand: nothing is told
	// of them.
	if got := s.w.recommender.Seq(); got != s.observed && (s.observed > s.opened || got > s.observed) {
		s.fail("answers reflect command %d, the newest is %d", got, s.observed)
	}
	if got := s.w.store.Seq(); got != s.observed {
		s.fail("the store's newest command is %d, %d was observed", got, s.observed)
	}
	s.checkHistory(engine.OfCustomer(s.person()))
	s.checkHistory(engine.OfSession(s.visit()))
	if s.step%10 == 0 {
		s.checkImpressions()
	}
}

// checkAll compares everything there is.
func (s *simulation) checkAll() {
	s.Helper()
	s.checkCounters()
	s.checkCatalogue()
	roots := s.ref.roots()
	s.must(s.w.store.Scan(s.Context(), func(who engine.Subject, rows []engine.Row) error {
		if !roots[who] {
			s.fail("Scan tells of %s, who has no history", who)
		}
		delete(roots, who)
		s.sameHistory(who, rows)
		return nil
	}))
	for who := range roots {
		s.fail("Scan does not tell of %s", who)
	}
	for i := range 24 {
		id := engine.CustomerID("c" + asText(i))
		s.checkCustomer(id)
		tickets, err := s.w.store.TicketsOf(s.Context(), engine.OfCustomer(id))
		s.must(err)
		var ids []string
		for _, t := range tickets {
			ids = append(ids, t.ID)
		}
		slices.Sort(ids)
		if want := s.ref.ticketsOf(engine.OfCustomer(id)); !slices.Equal(ids, want) {
			s.fail("tickets of %s: %v, want %v", id, ids, want)
		}
	}
	for i := range 15 {
		id := "t" + asText(i)
		want, known := s.ref.tickets[id]
		if got, err := s.w.store.Ticket(s.Context(), id); known != (err == nil) || asText(got) != asText(want.Ticket) {
			s.fail("Ticket(%s) = %s, %v; want %s, %v", id, asText(got), err, asText(want.Ticket), known)
		}
	}
	s.checkImpressions()
	report, err := s.w.store.Check(s.Context(), true)
	s.must(err)
	if len(report.Problems) > 0 {
		s.fail("Check finds %q", report.Problems)
	}
}

// checkCatalogue compares the items and scenarios of the store and of the live world.
func (s *simulation) checkCatalogue() {
	world := s.w.recommender.World()
	stored := 0
	s.must(s.w.store.Items(s.Context(), func(n engine.ItemNum, it engine.Item) error {
		stored++
		want, known := s.ref.items[it.ID]
		live := world.Catalogue.Item(n)
		if !known || live == nil || asText(it) != asText(want) || asText(live) != asText(want) {
			s.fail("item %s is stored as %s and live as %s, want %s", it.ID, asText(it), asText(live), asText(want))
		}
		return nil
	}))
	if live := int(world.Catalogue.Known().GetCardinality()); stored != len(s.ref.items) || live != stored {
		s.fail("%d items are stored and %d live, want %d", stored, live, len(s.ref.items))
	}
	for _, name := range places {
		got, err := s.w.recommender.Scenario(name)
		if _, own := s.ref.scenarios[name]; !own && (name == "shelf" || name == "aisle") {
			if !errors.Is(err, engine.ErrNotFound) {
				s.fail("scenario %s is there after it was deleted", name)
			}
		} else if err != nil || asText(got) != asText(s.ref.scenario(name)) {
			s.fail("scenario %s is %s, %v; want %s", name, asText(got), err, asText(s.ref.scenario(name)))
		}
	}
}

// checkCounters compares the live counters with a sum over what was counted, and a
// count of the whole log with the histories.
func (s *simulation) checkCounters() {
	s.Helper()
	settings := s.w.recommender.World().Settings
	s.sameCounters("live counters", s.w.recommender.World().Counters, tally.New(settings).With(s.ref.counted))
	_, all, err := s.w.countAll(s.Context())
	s.must(err)
	s.sameCounters("counters of the whole log", all, tally.New(settings).With(s.ref.everything()))
}

func (s *simulation) sameCounters(what string, got, want *tally.Counters) {
	s.Helper()
	now := s.clock.now()
	for n := range engine.ItemNum(s.w.store.IDs().Len()) {
		for _, span := range []tally.Span{tally.AllTime, tally.Month, tally.Days} {
			if g, w := got.Value(n, span, now), want.Value(n, span, now); math.Abs(g-w) > 1e-6*(1+math.Abs(w)) {
				s.fail("%s: item %s has %v over span %d, want %v", what, s.w.store.IDs().ID(n), g, span, w)
			}
		}
	}
}

// checkImpressions replays answers that were given and compares each with what was.
func (s *simulation) checkImpressions() {
	s.Helper()
	for range min(len(s.ids), 5) {
		id := s.ids[len(s.ids)-1-min(s.rng.IntN(len(s.ids)), s.rng.IntN(len(s.ids)))]
		given := s.ref.shown[id]
		age := s.clock.now().Sub(given.at)
		got, err := s.w.recommender.Replay(s.Context(), id)
		switch {
		case given.erased || age > engine.ImpressionAge:
			if !errors.Is(err, engine.ErrNotFound) {
				s.fail("the answer %s to %s is replayed (%v), erased: %v, age %v", id, given.who, err, given.erased, age)
			}
		case given.maybe && errors.Is(err, engine.ErrNotFound): // was on its way
		case err != nil:
			s.fail("the answer %s to %s, %v old, %d were dropped, is not replayed: %v", id, given.who, age, s.w.recommender.Dropped(), err)
		default:
			given.maybe = false
			want := given.answer
			want.Items = slices.Clone(want.Items)
			for i := range want.Items {
				want.Items[i].Properties = nil
				if age > engine.ReasonAge {
					want.Items[i].Reasons = nil
				}
			}
			if age > engine.ReasonAge { // unless it is not on the disk yet
				for i := range got.Answer.Items {
					got.Answer.Items[i].Reasons = nil
				}
			}
			if got.Subject != given.who || asText(got.Answer) != asText(want) {
				s.fail("replay of %s to %s:\n%s, want\n%s", id, given.who, asText(got.Answer), asText(want))
			}
		}
	}
}

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
	world = world.WithModels(live.Models, live.Models.Encode(world.Catalogue))
	someone := &recommend.Someone{Subject: a.subject, Customer: a.record, Rows: a.rows, Bought: roaring.New(), Dismissed: roaring.New()}
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
