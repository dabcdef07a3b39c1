package training

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/desk"
)

// tickets are what a snapshot holds of the service desk.
type tickets struct {
	// Tickets are those of customers who consent to training, newest first. Beyond the newest
	// desk.MaxQuestions they are without what was written in them.
	Tickets []engine.Ticket
	// told is what events say became of tickets that are not kept.
	told []record.Question

	kept   map[engine.Hash16]bool // ids of all that are, whoever's
	asks   map[engine.CustomerID]bool
	orders map[string]uint32 // that tickets name, from 1: places in named
	named  []string
	bought map[engine.CustomerID][]purchase
	events map[outcomeOf]engine.Interaction // the newest of each
}

// purchase is all that is held of what somebody with a ticket bought.
type purchase struct {
	at    int64 // Unix nanoseconds
	item  engine.ItemNum
	order uint32 // a place in tickets.named, 0 for none that a ticket names
}

// maxPurchases is how many purchases of one customer are held, the newest.
const maxPurchases = 256

// outcomeOf is a try: what its newest event says, became of it.
type outcomeOf struct {
	ticket string
	fix    engine.ItemID
}

// readTickets gathers the tickets: before the events, which are looked at for what is to be
// known of these.
func (s *Snapshot) readTickets(ctx context.Context, log Log) error {
	s.kept, s.asks, s.orders = make(map[engine.Hash16]bool), make(map[engine.CustomerID]bool), make(map[string]uint32)
	s.bought, s.events = make(map[engine.CustomerID][]purchase), make(map[outcomeOf]engine.Interaction)
	s.named = []string{""}
	allowed := make(map[engine.CustomerID]bool)
	var whole []engine.Ticket // up to twice as many as stay so
	err := log.ScanTickets(ctx, func(t engine.Ticket) error {
		s.kept[engine.HashOf(t.ID)] = true
		if t.Customer != "" {
			may, known := allowed[t.Customer]
			if !known {
				c, err := log.Customer(ctx, t.Customer)
				if err != nil && !errors.Is(err, engine.ErrNotFound) {
					return err
				}
				may = err != nil || c.Allows(engine.Train)
				allowed[t.Customer] = may
			}
			if !may {
				return nil
			}
			s.asks[t.Customer] = true
		}
		if t.Order != "" && s.orders[t.Order] == 0 {
			s.orders[t.Order] = uint32(len(s.named))
			s.named = append(s.named, t.Order)
		}
		if whole = append(whole, t); len(whole) >= 2*desk.MaxQuestions {
			whole = s.strip(whole)
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("read tickets: %w", err)
	}
	whole = s.strip(whole)
	slices.SortFunc(s.Tickets, newerTicket)
	s.Tickets = append(whole, s.Tickets...)
	return nil
}

func newerTicket(a, b engine.Ticket) int {
	return cmp.Or(b.Opened().Compare(a.Opened()), cmp.Compare(a.ID, b.ID))
}

// strip returns the newest of some tickets; the others lose what was written in them.
func (s *Snapshot) strip(whole []engine.Ticket) []engine.Ticket {
	slices.SortFunc(whole, newerTicket)
	for i := min(len(whole), desk.MaxQuestions); i < len(whole); i++ {
		t := whole[i]
		if opened := t.Opened(); !opened.IsZero() {
			t.OpenedAt = &opened
		}
		t.Subject, t.Messages = "", nil
		s.Tickets = append(s.Tickets, t)
	}
	return whole[:min(len(whole), desk.MaxQuestions)]
}

// remember keeps of a history what tickets are understood by.
func (s *Snapshot) remember(who engine.Subject, rows []engine.Row) {
	customer := engine.CustomerID("")
	if who.Kind == engine.CustomerSubject && s.asks[engine.CustomerID(who.ID)] {
		customer = engine.CustomerID(who.ID)
	}
	var bought []purchase
	for i := range rows {
		r := &rows[i]
		switch r.Type {
		case engine.Purchase:
			if customer != "" && r.Item != "" {
				bought = append(bought, purchase{r.At.UnixNano(), r.Num, s.orders[r.OrderID]})
			}
		case engine.Solved, engine.NotSolved, engine.Reopened:
			if r.TicketID == "" || r.Item == "" || s.kept[engine.HashOf(r.TicketID)] {
				continue
			}
			of := outcomeOf{r.TicketID, r.Item}
			if was, known := s.events[of]; !known || cmp.Or(was.At.Compare(r.At), cmp.Compare(was.Type, r.Type)) < 0 {
				s.events[of] = engine.Interaction{Type: r.Type, Customer: customer, Item: r.Item, At: r.At, Channel: r.Channel, TicketID: r.TicketID}
			}
		}
	}
	if len(bought) == 0 {
		return
	}
	slices.SortStableFunc(bought, func(a, b purchase) int { return cmp.Compare(a.at, b.at) })
	s.bought[customer] = slices.Clone(bought[max(0, len(bought)-maxPurchases):])
}

// tell makes questions of what events say of tickets that are not kept, a question a ticket.
func (s *Snapshot) tell() {
	all := make([]engine.Interaction, 0, len(s.events))
	for _, line := range s.events {
		all = append(all, line)
	}
	slices.SortFunc(all, func(a, b engine.Interaction) int {
		return cmp.Or(cmp.Compare(a.TicketID, b.TicketID), a.At.Compare(b.At), cmp.Compare(a.Item, b.Item))
	})
	for i, line := range all {
		if i == 0 || line.TicketID != all[i-1].TicketID {
			s.told = append(s.told, record.Question{Customer: line.Customer, Channel: line.Channel, At: line.At})
		}
		q := &s.told[len(s.told)-1]
		q.Tried = append(q.Tried, engine.Tried{Item: line.Item, Outcome: string(line.Type), At: line.At})
		if line.Type == engine.Solved {
			q.Relevant = append(q.Relevant, line.Item)
		}
	}
	s.events, s.kept = nil, nil
}

// history returns what somebody with a ticket bought, ascending by time.
func (s *Snapshot) history(customer engine.CustomerID) []engine.Row {
	bought := s.bought[customer]
	if len(bought) == 0 {
		return nil
	}
	rows := make([]engine.Row, len(bought))
	for i, p := range bought {
		r := &rows[i]
		r.Num, r.Item, r.Type, r.Customer = p.item, s.IDs.ID(p.item), engine.Purchase, customer
		r.At = time.Unix(0, p.at).UTC()
		r.OrderID = s.named[p.order]
	}
	return rows
}
