package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

var simSeed = flag.Uint64("seed", 0, "run the simulation with this seed alone")

// TestSimulation does random things with a handful of customers and sessions, and
// compares every history with what plain maps say it must be.
func TestSimulation(t *testing.T) {
	first, last := uint64(1), uint64(15)
	if *simSeed != 0 {
		first, last = *simSeed, *simSeed
	}
	for seed := first; seed <= last; seed++ {
		simulate(t, seed, "", 150)
	}
	for seed := first; seed <= min(last, first+1); seed++ {
		simulate(t, seed+1000, t.TempDir(), 60)
	}
}

// people is the plain twin of the store's links: it relabels instead of following.
type people struct {
	events  map[string]string   // event id -> the person it belongs to
	alias   map[string]string   // customer -> the customer it was merged into, at the end
	current map[string]string   // session -> the customer it belongs to
	first   map[string]string   // session -> the customer who has its past
	said    map[string]saying   // outcome -> who said it last, and under what event id
	all     map[string][]string // outcome -> the ids of all events that told it
	tickets map[string]ticket   // ticket -> as it stands
	awaited map[string]bool     // tickets that were told of before they came
}

// saying is an outcome that was counted.
type saying struct {
	event    string // id of its event
	byTicket bool   // it goes where the ticket goes
}

// ticket is the plain twin of a ticket's state.
type ticket struct {
	customer string   // the person it belongs to, "" while nobody
	as, home string   // the customer it names, and the person that was when it was told last
	outcomes []string // what it says
}

func (p *people) root(customer string) string {
	if into, ok := p.alias[customer]; ok {
		return into
	}
	return customer
}

func (p *people) relabel(m map[string]string, from, into string) {
	for k, v := range m {
		if v == from {
			m[k] = into
		}
	}
}

func (p *people) link(session, customer string) {
	into := p.root(customer)
	before, linked := p.current[session]
	switch {
	case linked && before == into:
		return
	case linked:
		if p.first[session] == "" {
			p.first[session] = before
		}
	default:
		p.first[session] = into
		p.relabel(p.events, "s:"+session, into)
	}
	p.current[session] = into
}

func (p *people) merge(from, into string) {
	from, into = p.root(from), p.root(into)
	if from == into {
		return
	}
	for _, m := range []map[string]string{p.events, p.alias, p.current, p.first} {
		p.relabel(m, from, into)
	}
	p.alias[from] = into
	for key, all := range p.all { // of two who told the same the last one is heard
		mine := slices.DeleteFunc(slices.Clone(all), func(event string) bool { return p.events[event] != into })
		for i, event := range mine {
			if i == len(mine)-1 {
				break
			}
			delete(p.events, event)
			if p.said[key].event == event {
				p.said[key] = saying{mine[len(mine)-1], p.byTicket(key, mine[len(mine)-1])}
			}
		}
	}
	for id, tk := range p.tickets {
		if tk.customer == from {
			tk.customer = into
			p.tickets[id] = tk
		}
	}
}

// put is a ticket of customer (or nobody) that says one more thing about an item.
func (p *people) put(id, customer, says string) {
	tk, known := p.tickets[id]
	if tk.customer = customer; customer != "" {
		tk.customer = p.root(customer)
	}
	same := known && slices.Contains(tk.outcomes, says) && tk.home == tk.customer && tk.as == customer
	if tk.as, tk.home = customer, tk.customer; same {
		return // it stands so already
	}
	if !slices.Contains(tk.outcomes, says) {
		tk.outcomes = append(tk.outcomes, says)
	}
	if !known && p.awaited[id] { // what nobody, or its customer, said before
		for key := range p.said {
			_, _, mine := p.counted(key, tk.customer)
			if told, ok := strings.CutPrefix(key, id+"/"); ok && (mine || tk.customer == "") && !slices.Contains(tk.outcomes, told) {
				tk.outcomes = append(tk.outcomes, told)
			}
		}
		delete(p.awaited, id)
	}
	p.tickets[id] = tk
	for key, s := range p.said {
		if !s.byTicket || !strings.HasPrefix(key, id+"/") {
			continue
		}
		delete(p.events, s.event)
		switch own := p.own(key, tk.customer); {
		case tk.customer == "":
			delete(p.said, key)
		case own != "": // who gets it said it before
			p.said[key] = saying{own, false}
		default:
			p.say(key, s, tk.customer)
		}
	}
	if tk.customer == "" {
		return
	}
	for _, says := range tk.outcomes {
		key := id + "/" + says
		if _, _, counted := p.counted(key, tk.customer); !counted {
			p.say(key, saying{store.OutcomeID(id, engine.Solved, engine.ItemID(says)), true}, tk.customer)
		}
	}
}

func (p *people) say(key string, s saying, person string) {
	p.said[key], p.events[s.event] = s, person
	p.all[key] = append(slices.DeleteFunc(p.all[key], func(event string) bool { return event == s.event }), s.event)
}

// byTicket reports whether an event is what the ticket itself says.
func (p *people) byTicket(key, event string) bool {
	id, says, _ := strings.Cut(key, "/")
	return event == store.OutcomeID(id, engine.Solved, engine.ItemID(says))
}

// own returns the event by which a person told an outcome.
func (p *people) own(key, person string) string {
	for _, event := range slices.Backward(p.all[key]) {
		if person != "" && p.events[event] == person {
			return event
		}
	}
	return ""
}

// counted returns the event of an outcome that counts for a person: their own, where the last one
// to tell it was another customer; for a visitor anybody's.
func (p *people) counted(key, person string) (event, whose string, counted bool) {
	event = p.said[key].event
	whose = p.events[event]
	if event == "" || whose != person && !strings.HasPrefix(whose, "s:") && !strings.HasPrefix(person, "s:") {
		event = p.own(key, person)
		whose = person
	}
	return event, whose, event != ""
}

// tell is an event that says the same as a ticket could. It reports whether it is taken: the
// ticket of one customer is not told of by another, who may but repeat what they said before.
func (p *people) tell(id, says, event, person string) bool {
	key := id + "/" + says
	before, whose, counted := p.counted(key, person)
	tk, known := p.tickets[id]
	allowed := tk.customer == "" || tk.customer == person || strings.HasPrefix(person, "s:")
	news := known && !slices.Contains(tk.outcomes, says)
	switch {
	case !allowed:
		return counted && whose == person && !news
	case counted && !news:
		return true
	case counted: // the ticket did not hear of it
		delete(p.events, before)
		p.say(key, saying{event, false}, whose)
	default:
		p.say(key, saying{event, false}, person)
		p.awaited[id] = !known
	}
	if known && news {
		tk.outcomes = append(tk.outcomes, says)
		p.tickets[id] = tk
	}
	return true
}

func (p *people) whose(customer, session string) string {
	if customer != "" {
		return p.root(customer)
	}
	if c, ok := p.current[session]; ok {
		return c
	}
	return "s:" + session
}

func (p *people) erase(person string) {
	maps.DeleteFunc(p.said, func(_ string, s saying) bool { return p.events[s.event] == person })
	maps.DeleteFunc(p.tickets, func(_ string, tk ticket) bool { return tk.customer == person })
	maps.DeleteFunc(p.events, func(_, v string) bool { return v == person })
	maps.DeleteFunc(p.alias, func(_, v string) bool { return v == person })
	for session, customer := range p.current {
		switch first := p.first[session]; {
		case customer == person && (first == person || first == ""):
			delete(p.current, session)
			delete(p.first, session)
		case customer == person:
			p.current[session] = first
		case first == person:
			p.first[session] = ""
		}
	}
}

func simulate(t *testing.T, seed uint64, dir string, steps int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, seed))
	p := &people{
		map[string]string{},
		map[string]string{},
		map[string]string{},
		map[string]string{},
		map[string]saying{},
		map[string][]string{},
		map[string]ticket{},
		map[string]bool{},
	}
	s := open(t, dir, store.Options{InMemory: dir == ""})
	if seed%2 == 0 {
		s.RememberLinks(1)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.Start(ctx, nil)
	defer func() { cancel(); s.Close() }()

	customer := func() string { return fmt.Sprint("c", rng.IntN(4)) }
	session := func() string { return fmt.Sprint("v", rng.IntN(4)) }
	var sent []engine.RecordEvent // since the last erasure: after it a retry is news
	var cmds []engine.Command
	for step := range steps {
		switch op := rng.IntN(21); {
		case op < 14:
			c, v := "", session()
			if rng.IntN(2) == 0 {
				c = customer()
			}
			if c != "" && rng.IntN(2) == 0 {
				v = ""
			}
			id := fmt.Sprint("e", step)
			event := engine.RecordEvent{Lines: []engine.Interaction{{
				EventID: id, Type: engine.View, Item: "lamp", Customer: engine.CustomerID(c), Session: engine.SessionID(v),
			}}}
			cmds, sent = append(cmds, event), append(sent, event)
			if c != "" && v != "" {
				p.link(v, c)
			}
			p.events[id] = p.whose(c, v)
		case op < 15:
			id, says, who := fmt.Sprint("t", rng.IntN(2)), fmt.Sprint("fix", rng.IntN(3)), ""
			if rng.IntN(4) > 0 {
				who = customer()
			}
			cmds = append(cmds, ticketSays(id, who, says))
			p.put(id, who, says)
		case op < 16 && rng.IntN(2) == 0:
			id, says, c, v, event := fmt.Sprint("t", rng.IntN(2)), fmt.Sprint("fix", rng.IntN(3)), "", session(), fmt.Sprint("o", step)
			if rng.IntN(2) == 0 {
				c, v = customer(), ""
			}
			told := engine.RecordEvent{Lines: []engine.Interaction{{
				EventID: event, Type: engine.Solved, Item: engine.ItemID(says), TicketID: id, Customer: engine.CustomerID(c), Session: engine.SessionID(v),
			}}}
			if p.tell(id, says, event, p.whose(c, v)) {
				cmds = append(cmds, told)
				break
			}
			send(t, s, cmds)
			cmds = nil
			if r, err := s.Append(t.Context(), []engine.Command{told}); err != nil || r[0].Err == nil || r[0].Duplicate {
				t.Fatalf("seed %d, step %d: %+v of another customer's ticket: %+v, %v; want it refused", seed, step, told.Lines[0], r, err)
			}
		case op < 17 && len(sent) > 0:
			cmds = append(cmds, sent[rng.IntN(len(sent))])
		case op < 18:
			from, into := customer(), customer()
			cmds = append(cmds, engine.Merge{From: engine.OfCustomer(engine.CustomerID(from)), Into: engine.CustomerID(into)})
			p.merge(from, into)
		case op < 19:
			from, into := session(), customer()
			cmds = append(cmds, engine.Merge{From: engine.OfSession(engine.SessionID(from)), Into: engine.CustomerID(into)})
			p.link(from, into)
		case op < 20 && rng.IntN(3) == 0:
			whom := customer()
			cmds = append(cmds, engine.Erase{Subject: engine.OfCustomer(engine.CustomerID(whom))})
			p.erase(p.root(whom))
			sent = nil
		case op == 20 && rng.IntN(2) == 0:
			send(t, s, cmds)
			cmds = nil
			if _, err := s.MoveMerged(t.Context()); err != nil {
				t.Fatal(err)
			}
		case dir != "" && rng.IntN(4) == 0:
			send(t, s, cmds)
			cmds = nil
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, store.Options{})
			s.Start(ctx, nil)
			sent = nil
		}
		if rng.IntN(4) == 0 || step == steps-1 { // several commands a group
			send(t, s, cmds)
			cmds = nil
			if !compare(t, s, p) {
				t.Fatalf("seed %d, step %d (replay with -seed=%d)", seed, step, seed)
			}
		}
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Fatalf("seed %d: Check: %v, %q", seed, err, report.Problems)
	}
}

// longAgo is before all events: what a ticket says moves none of them.
var longAgo = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ticketSays is a helpdesk's update: the ticket's customer, and one more fix that solved.
func ticketSays(id, customer, says string) engine.Command {
	return engine.UpdateTicket{ID: id, Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) {
		tk.ID, tk.Customer = id, engine.CustomerID(customer)
		if !slices.ContainsFunc(tk.Solutions, func(s engine.Tried) bool { return s.Item == engine.ItemID(says) }) {
			tk.Solutions = append(slices.Clone(tk.Solutions), engine.Tried{Item: engine.ItemID(says), Outcome: "solved", At: longAgo})
		}
		return tk, nil
	}}
}

func send(t *testing.T, s *store.Store, cmds []engine.Command) {
	t.Helper()
	results, err := s.Append(t.Context(), cmds)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("%+v: %v", cmds[i], r.Err)
		}
	}
}

// compare looks at every history, from every side.
func compare(t *testing.T, s *store.Store, p *people) bool {
	t.Helper()
	want := map[string][]string{}
	for id, person := range p.events {
		want[person] = append(want[person], id)
	}
	ok := true
	check := func(subj engine.Subject, person string, rows []engine.Row) {
		got := []string{}
		for _, r := range rows {
			got = append(got, r.EventID)
		}
		slices.Sort(got)
		slices.Sort(want[person])
		if !slices.Equal(got, want[person]) {
			t.Errorf("history of %s, who is %s: %q, want %q", subj, person, got, want[person])
			ok = false
		}
	}
	for i := range 4 {
		c, v := fmt.Sprint("c", i), fmt.Sprint("v", i)
		for subj, person := range map[engine.Subject]string{
			engine.OfCustomer(engine.CustomerID(c)): p.whose(c, ""),
			engine.OfSession(engine.SessionID(v)):   p.whose("", v),
		} {
			rows, err := s.History(t.Context(), subj)
			if err != nil {
				t.Fatal(err)
			}
			check(subj, person, rows)
		}
	}
	for i := range 2 {
		id := fmt.Sprint("t", i)
		tk, err := s.Ticket(t.Context(), id)
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			t.Fatal(err)
		}
		got, want := []string{}, slices.Sorted(slices.Values(p.tickets[id].outcomes))
		for _, tried := range tk.Solutions {
			got = append(got, string(tried.Item))
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("ticket %s says %q, want %q", id, got, want)
			ok = false
		}
	}
	scanned := map[string]bool{}
	err := s.Scan(t.Context(), func(subj engine.Subject, rows []engine.Row) error {
		person := subj.ID
		if subj.Kind == engine.SessionSubject {
			person = "s:" + subj.ID
		}
		scanned[person] = true
		check(subj, person, rows)
		return nil
	})
	if err != nil || len(scanned) != len(want) {
		t.Errorf("Scan gives %v, %v; want %v", slices.Collect(maps.Keys(scanned)), err, want)
		return false
	}
	return ok
}
