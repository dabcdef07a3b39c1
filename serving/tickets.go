package serving

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// withoutTicket returns a list of open tickets without one. The list itself stays as it is.
func withoutTicket(list []recommend.OpenTicket, id string) []recommend.OpenTicket {
	at := slices.IndexFunc(list, func(t recommend.OpenTicket) bool { return t.ID == id })
	switch {
	case at < 0:
		return list
	case len(list) == 1:
		return nil
	}
	return slices.Delete(slices.Clone(list), at, at+1)
}

// withTicketOpen returns a list of open tickets, which does not have t, with it if it is
// open and says what it is about or what failed on it. The list itself stays as it is.
func withTicketOpen(list []recommend.OpenTicket, t *engine.Ticket) []recommend.OpenTicket {
	if !t.IsOpen() {
		return list
	}
	open := recommend.OpenTicket{ID: t.ID, Product: t.Product, Order: t.Order, Failed: t.Failed(), At: t.Opened()}
	if open.Product == "" && open.Order == "" && open.Failed == nil {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, open, recommend.ByTicketTime)
	return slices.Insert(slices.Clip(list), at, open)
}
