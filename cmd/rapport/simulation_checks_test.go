package main

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/serving"
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
	want := engine.Settings{Support: s.support}.Desk()
	if world := s.w.recommender.World(); asText(world.Settings.Desk()) != asText(want) || asText(world.Limits.Support) != asText(want) {
		s.fail("tickets are held against %s, want %s", asText(world.Limits.Support), asText(want))
	}
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
	all, _, err := serving.Count(s.Context(), s.w.store, s.w.recommender.Settings())
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
			want.Items, want.OpenTickets = slices.Clone(want.Items), nil
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
