package serving

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// How much an agent sees of a customer at once.
const (
	agentOwned  = 20
	agentEvents = 10
)

// Customer returns what an agent wants to know of a customer who asks: what they own, what
// they did last, their open tickets. Of somebody nobody heard of it is empty. Who refused
// that their history is used is shown by the facts of their tickets alone: the products and
// orders that these name.
func (r *Recommender) Customer(ctx context.Context, id engine.CustomerID) (engine.CustomerView, error) {
	who, _, err := r.someone(ctx, engine.OfCustomer(id))
	if err != nil {
		return engine.CustomerView{}, err
	}
	view := engine.CustomerView{Customer: engine.CustomerID(who.Subject.ID), Refused: []engine.Purpose{}, Owned: []engine.Owned{}, Events: []engine.Interaction{}, Tickets: []engine.Ticket{}}
	tickets, err := r.log.TicketsOf(ctx, who.Subject)
	if err != nil {
		return engine.CustomerView{}, err
	}
	for _, t := range tickets {
		if t.IsOpen() {
			t.Messages = nil
			view.Tickets = append(view.Tickets, t)
		}
	}
	slices.SortFunc(view.Tickets, func(a, b engine.Ticket) int {
		return cmp.Or(b.Opened().Compare(a.Opened()), strings.Compare(a.ID, b.ID))
	})
	if who.Customer != nil {
		for _, p := range []engine.Purpose{engine.Personalise, engine.Train, engine.Outreach} {
			if !who.Customer.Allows(p) {
				view.Refused = append(view.Refused, p)
			}
		}
	}
	rows := slices.Clone(who.History())
	slices.SortStableFunc(rows, func(a, b engine.Row) int { // newest first
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Seq, a.Seq))
	})
	all := !slices.Contains(view.Refused, engine.Personalise)
	view.Owned = append(view.Owned, r.owned(rows, func(row *engine.Row) bool { return all || concerns(view.Tickets, row) })...)
	for i := range rows {
		if row := &rows[i]; all && len(view.Events) < agentEvents && row.Type != engine.Seen && row.Type != engine.Purchase {
			view.Events = append(view.Events, row.Interaction)
		}
	}
	return view, nil
}

// concerns reports whether a purchase is named by one of the tickets.
func concerns(tickets []engine.Ticket, row *engine.Row) bool {
	return slices.ContainsFunc(tickets, func(t engine.Ticket) bool {
		return t.Product == row.Item || t.Order != "" && t.Order == row.OrderID
	})
}

// owned returns what was bought last and not given back since, of rows newest first.
func (r *Recommender) owned(rows []engine.Row, may func(*engine.Row) bool) (out []engine.Owned) {
	catalogue := r.World().Catalogue
	known := make(map[engine.ItemNum]bool) // bought or given back later
	for i := range rows {
		row := &rows[i]
		if row.Item == "" || row.Type != engine.Purchase && row.Type != engine.Return || known[row.Num] {
			continue
		}
		known[row.Num] = true
		if row.Type == engine.Return || !may(row) {
			continue
		}
		o := engine.Owned{Item: row.Item, At: row.At.Truncate(time.Millisecond), Quantity: row.Pieces(), Order: row.OrderID}
		if item := catalogue.Item(row.Num); item != nil {
			o.Title = item.Title
		}
		if out = append(out, o); len(out) == agentOwned {
			break
		}
	}
	return out
}
