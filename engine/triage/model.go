package triage

import (
	"cmp"
	"slices"
)

// What a shop's tickets must be to be learnt from.
const (
	// LeastTickets is under how many tickets nothing is said of what they are, and LeastOfClass
	// under how many one class is not told from the others.
	LeastTickets = 50
	LeastOfClass = 5
	// maxClasses is how many classes are told apart, the commonest.
	maxClasses = 500
)

// Model is what a shop's tickets say about new ones: immutable. Each part is nil where too
// few tickets say anything of it, or where it is not proven to tell more than how common each
// class is.
type Model struct {
	Topic    *Classes // of the fix that ends it
	Queue    *Classes // that has it at its end
	Priority *Classes // that it has at its end
	Agent    *Classes // who has it at its end
	Times    *Times
	Tickets  int // that were learnt from
}

// Closed is a ticket and what became of it; "" is unknown.
type Closed struct {
	Ticket
	Topic, Queue, Priority, Agent string
	Took                          Took
}

// Proof is how what was learnt told tickets that it was not learnt from, whether that serves or
// not; nil for what too few tickets say anything of.
type Proof struct {
	Topic, Queue, Priority, Agent *Held
	Times                         *HeldTimes
}

// Learn learns from tickets, oldest first. The model is nil where they say nothing.
func Learn(all []Closed, seed uint64) (*Model, Proof) {
	var proof Proof
	tickets, took := make([]Ticket, len(all)), make([]Took, len(all))
	for i := range all {
		tickets[i], took[i] = all[i].Ticket, all[i].Took
	}
	classes := func(held **Held, of func(*Closed) string) *Classes {
		names := make([]string, len(all))
		for i := range all {
			names[i] = of(&all[i])
		}
		if !common(names) {
			return nil
		}
		c := FitClasses(tickets, names, seed)
		if c == nil {
			return nil
		}
		*held = &c.Held
		if !c.Held.Proven() {
			return nil
		}
		return c
	}
	m := &Model{
		Topic:    classes(&proof.Topic, func(c *Closed) string { return c.Topic }),
		Queue:    classes(&proof.Queue, func(c *Closed) string { return c.Queue }),
		Priority: classes(&proof.Priority, func(c *Closed) string { return c.Priority }),
		Agent:    classes(&proof.Agent, func(c *Closed) string { return c.Agent }),
		Times:    FitTimes(tickets, took, seed),
		Tickets:  len(all),
	}
	if m.Times != nil {
		proof.Times = &m.Times.Held
	}
	if m.Topic == nil && m.Queue == nil && m.Priority == nil && m.Agent == nil && m.Times == nil {
		return nil, proof
	}
	return m, proof
}

// common empties the names of classes that are too rare, and reports whether enough tickets
// are left.
func common(names []string) bool {
	count := make(map[string]int)
	for _, name := range names {
		count[name]++
	}
	delete(count, "")
	var kept []string
	for name, n := range count {
		if n >= LeastOfClass {
			kept = append(kept, name)
		}
	}
	slices.SortFunc(kept, func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	in := make(map[string]bool)
	for _, name := range kept[:min(len(kept), maxClasses)] {
		in[name] = true
	}
	left := 0
	for i, name := range names {
		if !in[name] {
			names[i] = ""
			continue
		}
		left++
	}
	return left >= LeastTickets
}
