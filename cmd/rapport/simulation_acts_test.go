package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// newEvent makes up an event, often with an id.
func (s *simulation) newEvent() []engine.Interaction {
	e := engine.Interaction{Type: s.eventType(), At: s.eventTime()}
	switch s.rng.IntN(10) {
	case 0, 1, 2:
		e.Session = s.visit()
	case 3:
		e.Session, e.Customer = s.visit(), s.person()
	default:
		e.Customer = s.person()
	}
	if s.chance(80) {
		s.made++
		e.EventID = fmt.Sprintf("e%d", s.made)
	}
	if s.chance(5) && len(s.sent) > 0 { // an id that somebody else used
		e.EventID = pick(s, s.sent...)[0].EventID
		if s.ref.remembered(e.Subject(), e.EventID) || s.ref.stands(e.Subject(), e.EventID) {
			e.EventID = ""
		}
	}
	lines := 1
	if e.Type == engine.Purchase {
		lines = 1 + s.rng.IntN(4)
		e.OrderID = e.EventID
	}
	event, numbered := make([]engine.Interaction, lines), s.chance(50) // by the sender
	for i := range event {
		e.Item = s.itemID()
		if s.chance(10) {
			e.Item = engine.ItemID(s.name("later", 40)) // nobody has told of it yet
		}
		if s.chance(30) {
			e.Quantity, e.Price, e.Currency = float64(1+s.rng.IntN(5)), float64(s.rng.IntN(9000))/100, "EUR"
		}
		event[i] = e
		if numbered {
			event[i].Line = uint16(i)
		}
	}
	if s.chance(10) {
		event[0].Properties = map[string]any{"campaign": "spring", "step": float64(s.rng.IntN(3))}
	}
	return event
}

func (s *simulation) eventType() engine.Type {
	return pick(s, engine.View, engine.View, engine.View, engine.Click, engine.AddToCart, engine.Purchase, engine.Purchase,
		engine.Return, engine.Dismiss, engine.Bookmark, engine.Rating, engine.Seen, "wave")
}

func (s *simulation) eventTime() time.Time {
	now := s.clock.now()
	switch n := s.rng.IntN(20); {
	case n < 12:
		return now.Add(-time.Duration(s.rng.IntN(5000)) * time.Millisecond)
	case n == 12:
		return now.Add(time.Duration(s.rng.IntN(9)) * time.Minute) // a clock that runs ahead
	case n == 13:
		return time.Time{}
	}
	return now.Add(-time.Duration(s.rng.IntN(60*24*60)) * time.Minute) // late
}

func (s *simulation) event() { s.record(s.newEvent()) }

// batch sends several events at once, some for the same people.
func (s *simulation) batch() {
	events := make([][]engine.Interaction, 2+s.rng.IntN(6))
	for i := range events {
		events[i] = s.newEvent()
		for slices.ContainsFunc(events[:i], func(other []engine.Interaction) bool {
			return other[0].EventID != "" && other[0].EventID == events[i][0].EventID
		}) {
			events[i] = s.newEvent()
		}
	}
	s.record(events...)
}

// retry sends an old or a recent event again.
func (s *simulation) retry() {
	if len(s.sent) == 0 {
		return
	}
	old := s.sent[s.rng.IntN(len(s.sent))]
	if s.chance(50) {
		old = s.sent[len(s.sent)-1-s.rng.IntN(min(8, len(s.sent)))]
	}
	again := slices.Clone(old)
	if s.chance(30) {
		at := s.eventTime()
		for i := range again {
			again[i].At = at
		}
	}
	if s.chance(20) && again[0].Customer == "" { // now they have logged in
		who := s.ref.resolve(engine.OfSession(again[0].Session))
		if who.Kind == engine.CustomerSubject {
			for i := range again {
				again[i].Customer = engine.CustomerID(who.ID)
			}
		}
	}
	who := again[0].Subject()
	s.askFor(who) // so that their state is at hand
	s.record(again)
	s.askFor(who)
}

// record sends events, and compares what is said of each with what is known.
func (s *simulation) record(events ...[]engine.Interaction) {
	cmds := make([]engine.Command, len(events))
	for i, lines := range events {
		cmds[i] = engine.RecordEvent{Lines: slices.Clone(lines)}
	}
	results := s.do(cmds...)
	last := slices.MaxFunc(results, func(a, b engine.Result) int { return cmp.Compare(a.Seq, b.Seq) }).Seq
	for i, lines := range events {
		first := &lines[0]
		who := first.Subject()
		duplicate := results[i].Duplicate
		switch {
		case duplicate && !s.ref.stands(who, first.EventID):
			s.fail("event %q of %s is called a duplicate, and there is none", first.EventID, who)
		case !duplicate && s.ref.remembered(who, first.EventID):
			s.fail("event %q of %s was sent again and not recognised", first.EventID, who)
		case duplicate:
			continue
		}
		s.ref.record(lines, results[i].Seq, last, s.num, s.clock.now())
		if first.EventID != "" && !slices.ContainsFunc(s.sent, func(e []engine.Interaction) bool { return &e[0] == first }) {
			s.sent = append(s.sent, lines)
		}
	}
	for _, lines := range events {
		s.checkHistory(lines[0].Subject())
		if session := lines[0].Session; session != "" {
			s.checkHistory(engine.OfSession(session))
		}
	}
}

func (s *simulation) num(id engine.ItemID) engine.ItemNum {
	n, ok := s.w.store.IDs().Num(id)
	if !ok {
		s.fail("item %s of an accepted event has no number", id)
	}
	return n
}

// future sends what cannot have happened yet.
func (s *simulation) future() {
	e := s.newEvent()
	for i := range e {
		e[i].At = s.clock.now().Add(engine.ClockSkew + time.Hour)
	}
	if r := s.try(engine.RecordEvent{Lines: e}); r[0].Err == nil {
		if r[0].Duplicate {
			return
		}
		s.fail("an event an hour ahead was accepted")
	}
}

var (
	words      = []string{"red", "blue", "green", "lamp", "table", "mug", "coffee", "garden", "paper", "bird", "glass", "box", "heart", "tin", "candle", "clock", "wall", "bag"}
	categories = []string{"home", "home/lighting", "home/lighting/lamps", "home/kitchen", "garden", "garden/tools", "party"}
)

// item makes up an item.
func (s *simulation) item(id engine.ItemID) engine.Item {
	it := engine.Item{
		ID: id, Title: fmt.Sprintf("%s %s %s", pick(s, words...), pick(s, words...), pick(s, words...)),
		Categories: []string{pick(s, categories...)},
		Attributes: engine.Attributes{"brand": pick(s, "acme", "bolt", "corn"), "colours": []string{pick(s, "red", "blue", "green"), "plain"}},
	}
	switch s.rng.IntN(10) {
	case 0:
		it.Kind = engine.Content
	case 1:
		it.Kind = engine.Solution
	case 2:
		it.Kind = "service"
	}
	if s.chance(70) {
		it.Price = new(float64(s.rng.IntN(10_000)) / 100)
	}
	if s.chance(20) {
		it.GroupID = s.name("g", 10)
	}
	if s.chance(5) {
		it.Visibility = engine.AgentOnly
	}
	switch {
	case s.chance(70):
	case s.chance(30):
		it.Kind = engine.Offer
		it.Attributes["product_id"] = string(s.itemID())
	default:
		it.AppliesTo = []engine.ItemID{s.itemID(), s.itemID()}
		if s.chance(30) {
			it.Categories = append(it.Categories, pick(s, "garden/Spare parts", "parts", "party/spare-parts/small", "counterparts"))
		}
		if s.chance(15) {
			it.Attributes["part"] = s.chance(50)
		}
		if s.chance(20) {
			it.Kind = engine.Offer
		}
	}
	it.Sensitive = s.chance(5)
	s.change(&it)
	return it
}

// change changes what changes often.
func (s *simulation) change(it *engine.Item) {
	switch s.rng.IntN(6) {
	case 0:
		it.Stock = new(int64(s.rng.IntN(6)))
	case 1:
		it.Hidden = !it.Hidden
	case 2:
		it.Price = new(float64(s.rng.IntN(10_000)) / 100)
	case 3:
		it.Published = new(s.clock.now().Add(time.Duration(s.rng.IntN(20*24)-15*24) * time.Hour))
	case 4:
		it.Expires = new(s.clock.now().Add(time.Duration(s.rng.IntN(20*24)-2*24) * time.Hour))
	case 5:
		it.Stock, it.Hidden, it.Published, it.Expires = nil, false, nil, nil
	}
}

func (s *simulation) putItem(it engine.Item) {
	if s.chance(10) {
		later := engine.ItemID(s.name("later", 40))
		if it.ID != "schema" {
			it.ID = later // an item that events may have named already
		}
	}
	s.do(engine.PutItem{Item: it.Clone()})
	s.ref.items[it.ID] = it
}

func (s *simulation) changeItem() {
	id := s.itemID()
	before, known := s.ref.items[id]
	r := s.try(engine.UpdateItem{ID: id, Update: func(current engine.Item, found bool) (engine.Item, error) {
		if found != known || asText(current) != asText(before) {
			s.fail("UpdateItem(%s) was given %s, %v: want %s, %v", id, asText(current), found, asText(before), known)
		}
		if !found {
			return current, engine.ErrNotFound
		}
		s.change(&current)
		s.ref.items[id] = current.Clone()
		return current, nil
	}})
	if refused := errors.Is(r[0].Err, engine.ErrNotFound); refused == known {
		s.fail("UpdateItem(%s), known %v: %v", id, known, r[0].Err)
	}
}

func (s *simulation) deleteItem() {
	id := s.itemID()
	_, known := s.ref.items[id]
	r := s.try(engine.DeleteItem{ID: id})
	if gone := r[0].Err == nil; gone != known {
		s.fail("DeleteItem(%s), known %v: %v", id, known, r[0].Err)
	}
	delete(s.ref.items, id)
}

// customer writes a record, or changes the preferences and consent in one.
func (s *simulation) customer() {
	id := s.person()
	c := engine.Customer{ID: id, Attributes: engine.Attributes{"size": pick(s, "S", "M", "L")}}
	if s.chance(40) {
		c.Preferences.MutedItems = []engine.ItemID{s.itemID(), s.itemID(), "never-heard-of"}
	}
	if s.chance(20) {
		c.Preferences.MutedCategories = []string{pick(s, categories...)}
	}
	if s.chance(20) {
		c.Consent = map[engine.Purpose]bool{pick(s, engine.Personalise, engine.Train): false}
	}
	root := s.ref.resolve(engine.OfCustomer(id))
	before, known := s.ref.records[root]
	if s.chance(50) {
		s.do(engine.PutCustomer{Customer: c})
	} else {
		s.do(engine.UpdateCustomer{ID: id, Update: func(current engine.Customer, found bool) (engine.Customer, error) {
			if found != known || asText(current) != asText(before) {
				s.fail("UpdateCustomer(%s) was given %s, %v: want %s, %v", id, asText(current), found, asText(before), known)
			}
			return c, nil
		}})
	}
	c.ID = engine.CustomerID(root.ID)
	s.ref.records[root] = c
	s.checkCustomer(id)
}

func (s *simulation) merge() {
	from, into := engine.OfSession(s.visit()), s.person()
	if s.chance(60) {
		from = engine.OfCustomer(s.person())
	}
	s.do(engine.Merge{From: from, Into: into})
	s.ref.merge(from, engine.OfCustomer(into))
	s.checkHistory(from)
	s.checkHistory(engine.OfCustomer(into))
	s.checkCustomer(into)
	s.askFor(from)
}

func (s *simulation) erase() {
	who := engine.OfCustomer(s.person())
	if s.chance(20) {
		who = engine.OfSession(s.visit())
	}
	r := s.do(engine.Erase{Subject: who})[0]
	s.clock.advance(2 * time.Millisecond) // answers of the same millisecond count as given before
	members, rows := s.ref.erase(who)
	if r.Erased == nil || r.Erased.Interactions != rows {
		s.fail("erasing %s gave the receipt %+v, want %d interactions", who, r.Erased, rows)
	}
	for m := range members {
		if !slices.Contains(r.Erased.Subjects, m.Hash().String()) {
			s.fail("the receipt of %s does not hold %s", who, m)
		}
		s.checkHistory(m)
		s.askFor(m)
	}
	s.checkImpressions()
}

func (s *simulation) ticket() {
	id := s.name("t", 15)
	before, known := s.ref.tickets[id]
	if known && s.chance(30) {
		s.do(engine.DeleteTicket{ID: id})
		delete(s.ref.tickets, id)
		s.ref.awaited[id] = true
		return
	}
	t := engine.Ticket{
		ID: id, Customer: s.person(), Product: s.itemID(), Subject: pick(s, words...), OpenedAt: new(s.clock.now().Add(-time.Duration(s.rng.IntN(600)) * time.Minute)),
		State: pick(s, "open", "open", "pending", "", "closed"), // the others are outcomes of the ticket itself
	}
	if s.chance(20) {
		t.Customer = ""
	}
	if s.chance(30) {
		t.OpenedAt = nil
	}
	if s.chance(30) {
		t.Product = ""
		if t.Customer != "" && s.chance(80) {
			t.Order = s.orderOf(t.Customer)
		}
	}
	if known && t.Customer != "" {
		s.askFor(engine.OfCustomer(t.Customer)) // so that their state is at hand
	}
	t.Solutions = s.tries(&t)
	whole := s.chance(60)
	cmd := engine.Command(engine.PutTicket{Ticket: t})
	if !whole {
		cmd = engine.UpdateTicket{ID: id, Update: func(current engine.Ticket, found bool) (engine.Ticket, error) {
			want := before.Ticket
			if before.guessed {
				want.OpenedAt = nil // nobody said when
			}
			if found != known || asText(current) != asText(want) {
				s.fail("UpdateTicket(%s) was given %s, %v: want %s, %v", id, asText(current), found, asText(want), known)
			}
			return t, nil
		}}
	}
	if s.ref.noFix(&t) != "" {
		if r := s.try(cmd)[0]; r.Err == nil {
			s.fail("a ticket on which %s was tried is taken", s.ref.noFix(&t))
		}
		t.Solutions = slices.DeleteFunc(t.Solutions, func(tried engine.Tried) bool {
			return s.ref.unfit(tried.Item) && !s.ref.tried(id, tried.Item)
		})
		if whole {
			cmd = engine.PutTicket{Ticket: t}
		}
	}
	kept, guessed := s.ref.kept(t, whole, s.clock.now())
	r := s.do(cmd)[0]
	if same := known && asText(kept) == asText(before.Ticket) && guessed == before.guessed && s.ref.homeFor(t.Customer) == before.home; r.Duplicate != same {
		s.fail("a ticket that changes something: %v, is called a duplicate: %v", !same, r.Duplicate)
	}
	if !r.Duplicate {
		s.ref.putTicket(kept, guessed, r.Seq, s.num, s.clock.now())
	}
	home := s.ref.tickets[id].home
	if t.Customer != "" {
		s.askFor(home)
	}
	if before.Customer != "" && before.home != home {
		s.askFor(before.home)
	}
}

// tries makes up what was tried on a ticket, some of it for what it is about.
func (s *simulation) tries(t *engine.Ticket) (out []engine.Tried) {
	about := map[engine.ItemID]bool{t.Product: t.Product != ""}
	var fixes []engine.ItemID
	for _, id := range slices.Sorted(maps.Keys(s.ref.items)) {
		if it := s.ref.items[id]; helps(&it, about) {
			fixes = append(fixes, id)
		}
	}
	for range s.rng.IntN(4) {
		tried := engine.Tried{Item: s.triedItem(), Outcome: pick(s, "", "not_solved", "not_solved", "reopened")}
		if len(fixes) > 0 && s.chance(60) {
			tried.Item = pick(s, fixes...)
		}
		if s.chance(50) {
			tried.At = s.clock.now().Add(-time.Duration(s.rng.IntN(600)) * time.Minute)
		}
		if !slices.ContainsFunc(out, func(other engine.Tried) bool { return other.Item == tried.Item }) {
			out = append(out, tried)
		}
	}
	return out
}

// triedItem is mostly something that can be a fix.
func (s *simulation) triedItem() engine.ItemID {
	id := s.itemID()
	for range 8 {
		if !s.ref.unfit(id) || s.chance(5) {
			break
		}
		id = s.itemID()
	}
	return id
}

// outcome tells of a try what cannot be: on another customer's ticket, or of what is no fix.
// Nothing comes of it.
func (s *simulation) outcome() {
	e := engine.Interaction{Type: engine.SolutionShown, Item: s.itemID(), TicketID: s.name("t", 15), At: s.eventTime(), Customer: s.person()}
	switch s.rng.IntN(6) {
	case 0:
		e.Session, e.Customer = s.visit(), ""
	case 1:
		e.Session = s.visit()
	}
	if !s.ref.refuses(&e) {
		return
	}
	s.counts["refused outcome"]++
	if r := s.try(engine.RecordEvent{Lines: []engine.Interaction{e}})[0]; r.Err == nil {
		s.fail("%+v is taken for ticket %+v", e, s.ref.tickets[e.TicketID])
	}
	s.checkHistory(e.Subject())
	if e.Session != "" {
		s.checkHistory(engine.OfSession(e.Session))
	}
}

// orderOf returns an order of a customer's, or one that nobody knows.
func (s *simulation) orderOf(id engine.CustomerID) string {
	for _, r := range s.ref.history(engine.OfCustomer(id)) {
		if r.OrderID != "" && s.chance(30) {
			return r.OrderID
		}
	}
	return "no such order"
}

// places are the scenarios that come and go beside the built-in ones.
var places = []string{"home", "related", "shelf", "aisle"}

func (s *simulation) scenario() {
	name := pick(s, places...)
	if _, known := s.ref.scenarios[name]; known && s.chance(30) {
		s.do(engine.DeleteScenario{Name: name})
		delete(s.ref.scenarios, name)
		return
	}
	sc := engine.Scenario{Name: name, Count: 1 + s.rng.IntN(12)}
	if s.chance(70) {
		sc.Kinds = []engine.Kind{engine.Product, pick(s, engine.Product, engine.Content, "service")}
	}
	if s.chance(50) {
		sc.Filter = pick(s, rules...).text
	}
	for _, t := range []engine.Type{engine.Purchase, engine.Dismiss, engine.View, "wave"} {
		if s.chance(40) {
			sc.Exclude = append(sc.Exclude, t)
		}
	}
	if s.chance(30) {
		sc.Boosts = []engine.Boost{{Filter: pick(s, rules...).text, Add: float64(1+s.rng.IntN(3)) * float64(1-2*s.rng.IntN(2))}}
	}
	if s.chance(20) {
		sc.Audience = engine.AgentOnly
	}
	if s.chance(50) {
		sc.OpenTickets = pick(s, engine.SteerByTickets, engine.ExcludeByTickets, engine.IgnoreTickets)
	}
	if s.chance(20) {
		sc.Pins = []engine.Pin{{Item: s.itemID(), Rank: 1 + s.rng.IntN(6)}}
	}
	if s.chance(20) {
		sc.Collapse = new(false)
	}
	if s.chance(15) {
		sc.Diversity = new(0.4)
	}
	if s.chance(15) {
		sc.Constraints = []engine.Constraint{{Attribute: "brand", Max: 1 + s.rng.IntN(3), Window: s.rng.IntN(6)}}
	}
	s.do(engine.PutScenario{Scenario: sc})
	s.ref.scenarios[name] = sc
}

// limits puts limits of stepping back from tickets beside the other settings.
func (s *simulation) limits() {
	settings := s.w.recommender.Settings()
	if s.support = nil; s.chance(80) {
		from := float64(s.rng.IntN(101)) / 100
		s.support = &engine.Support{
			AnswerFrom: from, EscalateBelow: from * s.rng.Float64(), EscalateAfter: s.rng.IntN(4), MoodBelow: -s.rng.Float64(),
			Sensitive: map[string][]string{"en": {s.name("word", 9)}, "de": {}},
		}
	}
	settings.Support = s.support
	s.do(engine.PutSettings{Settings: settings})
}
