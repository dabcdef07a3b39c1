package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// asker is what the reference knows of whom a list is for.
type asker struct {
	subject engine.Subject
	record  *engine.Customer
	rows    []engine.Row
	tickets []engine.Ticket // theirs that are open
}

func (r *reference) asker(s engine.Subject) asker {
	a := asker{subject: r.resolve(s), rows: r.history(s)}
	if c, ok := r.records[a.subject]; ok && a.subject.Kind == engine.CustomerSubject {
		a.record = &c
	}
	for _, id := range r.ticketsOf(s) {
		if t := r.tickets[id].Ticket; a.subject.Kind == engine.CustomerSubject && t.State != "closed" && t.State != "solved" {
			a.tickets = append(a.tickets, t)
		}
	}
	return a
}

// about reports whether a ticket of theirs is about a product: by name, or by the order
// where it names none.
func (a *asker) about(t *engine.Ticket, id engine.ItemID) bool {
	if t.Product != "" || t.Order == "" {
		return t.Product == id
	}
	return slices.ContainsFunc(a.rows, func(row engine.Row) bool { return row.OrderID == t.Order && row.Item == id })
}

// concerned are the products that a ticket is about, with their variants.
func (r *reference) concerned(a *asker, t *engine.Ticket) map[engine.ItemID]bool {
	out, groups := make(map[engine.ItemID]bool), make(map[string]bool)
	for _, row := range a.rows {
		if a.about(t, row.Item) {
			out[row.Item] = true
		}
	}
	if t.Product != "" {
		out[t.Product] = true
	}
	for id := range out {
		groups[r.items[id].GroupID] = true
	}
	for id, it := range r.items {
		if it.GroupID != "" && groups[it.GroupID] {
			out[id] = true
		}
	}
	return out
}

// standsBack reports whether an item stays out while a ticket is open: it is concerned, or
// an offer for what is.
func standsBack(it *engine.Item, concerned map[engine.ItemID]bool) bool {
	named, _ := it.Attributes["product_id"].(string)
	return concerned[it.ID] || it.Kind == engine.Offer && (appliesTo(it, concerned) || concerned[engine.ItemID(named)])
}

func appliesTo(it *engine.Item, products map[engine.ItemID]bool) bool {
	return slices.ContainsFunc(it.AppliesTo, func(id engine.ItemID) bool { return products[id] })
}

// helps reports whether an item is a fix, an article or a spare part for what a ticket is
// about.
func helps(it *engine.Item, concerned map[engine.ItemID]bool) bool {
	part := slices.ContainsFunc(it.Categories, func(c string) bool {
		return c == "parts" || c == "garden/Spare parts" || c == "party/spare-parts/small"
	})
	if said, is := it.Attributes["part"].(bool); is {
		part = said
	}
	return appliesTo(it, concerned) && (it.Kind == engine.Solution || it.Kind == engine.Content || part && it.Kind != engine.Offer)
}

// did reports whether they did one of these with the item since a time.
func (a *asker) did(id engine.ItemID, since time.Time, types ...engine.Type) bool {
	return slices.ContainsFunc(a.rows, func(r engine.Row) bool {
		return r.Item == id && slices.Contains(types, r.Type) && !r.At.Before(since)
	})
}

// wants reports whether something in their history weighs for an item that says what
// it is: then a list can be theirs.
func (a *asker) wants(settings engine.Settings, now time.Time, known func(engine.ItemID) bool) (anything, placed bool) {
	names := make(map[engine.ItemNum]engine.ItemID)
	for _, r := range a.rows {
		names[r.Num] = r.Item
	}
	for _, in := range settings.Interests(a.rows, now, 0) {
		anything = true
		placed = placed || in.Weight > 0 && known(names[in.Item])
	}
	return anything, placed
}

// rule is an expression with its meaning in plain Go.
type rule struct {
	text  string
	holds func(a *asker, it *engine.Item, now time.Time) bool
}

var rules = []rule{
	{`price < 50`, func(_ *asker, it *engine.Item, _ time.Time) bool { return it.Price != nil && *it.Price < 50 }},
	{`brand == "acme"`, func(_ *asker, it *engine.Item, _ time.Time) bool { return it.Attributes["brand"] == "acme" }},
	{`brand != "acme" && stock > 2`, func(_ *asker, it *engine.Item, _ time.Time) bool {
		return it.Attributes["brand"] != "acme" && (it.Stock == nil || *it.Stock > 2)
	}},
	{`"home" in categories`, func(_ *asker, it *engine.Item, _ time.Time) bool { return in(it, "home") }},
	{`"red" in colours || !has(price)`, func(_ *asker, it *engine.Item, _ time.Time) bool {
		list, _ := it.Attributes["colours"].([]string)
		return slices.Contains(list, "red") || it.Price == nil
	}},
	{`!bought(30d)`, func(a *asker, it *engine.Item, now time.Time) bool {
		return !a.did(it.ID, now.Add(-30*24*time.Hour), engine.Purchase)
	}},
	{`viewed() || price >= 20`, func(a *asker, it *engine.Item, _ time.Time) bool {
		return a.did(it.ID, time.Time{}, engine.View, engine.Click) || it.Price != nil && *it.Price >= 20
	}},
	{`!dismissed() && customer.size == "M"`, func(a *asker, it *engine.Item, _ time.Time) bool {
		return !a.did(it.ID, time.Time{}, engine.Dismiss) && a.record != nil && a.record.Attributes["size"] == "M"
	}},
	{`!sensitive`, func(_ *asker, it *engine.Item, _ time.Time) bool { return !it.Sensitive }},
	{`published < now - 3d`, func(_ *asker, it *engine.Item, now time.Time) bool {
		return it.Published != nil && it.Published.Before(now.Add(-3*24*time.Hour))
	}},
}

// holds evaluates an expression of rules; an empty one holds for everything.
func holds(text string, a *asker, it *engine.Item, now time.Time) bool {
	i := slices.IndexFunc(rules, func(r rule) bool { return r.text == text })
	return text == "" || rules[i].holds(a, it, now)
}

// in reports whether an item is in a category or below it.
func in(it *engine.Item, category string) bool {
	return slices.ContainsFunc(it.Categories, func(c string) bool {
		return c == category || strings.HasPrefix(c, category+"/")
	})
}

// eligible is what may be in a list, item by item.
func (r *reference) eligible(a *asker, sc *engine.Scenario, req *engine.Request, now time.Time) map[engine.ItemID]bool {
	kinds := sc.Kinds
	if len(req.Kinds) > 0 {
		kinds = req.Kinds
	}
	var mutes engine.Preferences
	if a.record != nil {
		mutes = a.record.Preferences
	}
	var concerned []map[engine.ItemID]bool
	failed := make(map[engine.ItemID]bool)
	if sc.OpenTickets != engine.IgnoreTickets {
		for i := range a.tickets {
			concerned = append(concerned, r.concerned(a, &a.tickets[i]))
			maps.Copy(failed, r.failed(&a.tickets[i]))
		}
	}
	out := make(map[engine.ItemID]bool)
	for id, it := range r.items {
		switch {
		case slices.ContainsFunc(concerned, func(c map[engine.ItemID]bool) bool { return standsBack(&it, c) }), failed[id]:
		case len(kinds) > 0 && !slices.Contains(kinds, it.KindOrProduct()):
		case it.Hidden, it.Stock != nil && *it.Stock <= 0:
		case it.Visibility == engine.AgentOnly && sc.Audience != engine.AgentOnly:
		case it.Published != nil && now.Before(*it.Published), it.Expires != nil && !now.Before(*it.Expires):
		case id == req.Item, slices.Contains(req.Basket, id), slices.Contains(req.Exclude, id):
		case slices.Contains(mutes.MutedItems, id):
		case slices.ContainsFunc(mutes.MutedCategories, func(c string) bool { return in(&it, c) }):
		case a.did(id, time.Time{}, sc.Exclude...):
		case !holds(sc.Filter, a, &it, now), !holds(req.Filter, a, &it, now):
		default:
			out[id] = true
		}
	}
	return out
}

// groups counts what can stand in one list: one item of each group.
func (r *reference) groups(eligible map[engine.ItemID]bool) int {
	seen := make(map[string]bool)
	n := 0
	for id := range eligible {
		if g := r.items[id].GroupID; g == "" || !seen[g] {
			n++
			seen[g] = true
		}
	}
	return n
}

// scenario returns a place: as it was put, else as it is built in. One that stands in
// the place of a built-in one says so.
func (r *reference) scenario(name string) engine.Scenario {
	own, changed := r.scenarios[name]
	for _, sc := range engine.DefaultScenarios() {
		if sc.Name == name && !changed {
			return sc
		}
		own.BuiltIn = own.BuiltIn || sc.Name == name
	}
	if !changed {
		panic("no scenario " + name)
	}
	return own
}
