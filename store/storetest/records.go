package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

func items(t *testing.T, h *house) {
	price, stock := 19.9, int64(0)
	published := morning.In(time.FixedZone("", 3600))
	full := engine.Item{
		ID: "lamp", Kind: engine.Content, Title: "Lämp", Text: "<b>", TextFormat: "html", URL: "u", Image: "i",
		Categories: []string{"home/light"}, Price: &price, Currency: "EUR", Stock: &stock, Published: &published,
		Attributes: engine.Attributes{"brand": "acme", "watt": 7.5, "dim": true, "tags": []string{"a", "b"}, "none": []string{}},
		Hidden:     true, Visibility: engine.AgentOnly, GroupID: "g", Sensitive: true, Language: "de", AppliesTo: []engine.ItemID{"x"}, Embedding: []float32{0.1, -2},
	}
	h.do(engine.PutItem{Item: full})
	got, err := h.Item(t.Context(), "lamp")
	if err != nil || !got.Published.Equal(*full.Published) {
		t.Fatalf("Item: %+v, %v", got, err)
	}
	got.Published = full.Published
	if !reflect.DeepEqual(got, full) {
		t.Errorf("Item gives\n%+v, want\n%+v", got, full)
	}
	h.do(engine.DeleteItem{ID: "lamp"})
	if _, err := h.Item(t.Context(), "lamp"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Item after its deletion: %v, want not found", err)
	}
	for _, id := range []engine.ItemID{"lamp", "never"} {
		if r := h.try(engine.DeleteItem{ID: id}); !errors.Is(r[0].Err, engine.ErrNotFound) {
			t.Errorf("DeleteItem(%q) of nothing: %v, want not found", id, r[0].Err)
		}
	}
	h.do(engine.PutItem{Item: engine.Item{ID: "bulb"}}, engine.PutItem{Item: engine.Item{ID: "lamp", Title: "again"}})
	var list []string
	err = h.Items(t.Context(), func(n engine.ItemNum, it engine.Item) error {
		list = append(list, fmt.Sprint(n, it.ID, it.Title))
		return nil
	})
	if want := []string{"0lampagain", "1bulb"}; err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("Items = %q, %v; want %q: a number is kept through a deletion", list, err, want)
	}
	seen := h.all()
	if d := seen[1]; d.Deleted == nil || *d.Deleted != "lamp" || d.Num != 0 {
		t.Errorf("a deletion was observed as %+v", d)
	}
	tooLarge := engine.Item{ID: "huge", Text: strings.Repeat("x", 2<<20)}
	var invalid *engine.Invalid
	if r := h.try(engine.PutItem{Item: tooLarge}); !errors.As(r[0].Err, &invalid) || invalid.Code != engine.CodeLimitExceeded {
		t.Errorf("PutItem of 2 MB: %v, want limit_exceeded", r[0].Err)
	}
}

func customers(t *testing.T, h *house) {
	for i := range 25 {
		h.do(engine.PutCustomer{Customer: engine.Customer{
			ID: engine.CustomerID(fmt.Sprint("c", i)), Attributes: engine.Attributes{"n": float64(i), "tags": []string{"a"}},
			Consent: map[engine.Purpose]bool{engine.Train: false}, Preferences: engine.Preferences{MutedItems: []engine.ItemID{"lamp"}},
		}})
	}
	c, err := h.Customer(t.Context(), "c7")
	if err != nil || c.Attributes["n"] != 7.0 || c.Allows(engine.Train) || !reflect.DeepEqual(c.Attributes["tags"], []string{"a"}) {
		t.Errorf("Customer(c7) = %+v, %v", c, err)
	}
	if _, err := h.Customer(t.Context(), "nobody"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Customer(nobody): %v, want not found", err)
	}
	seen := map[engine.CustomerID]bool{}
	pages, cursor := 0, ""
	for {
		list, next, err := h.Customers(t.Context(), cursor, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			if seen[c.ID] {
				t.Errorf("customer %s comes twice", c.ID)
			}
			seen[c.ID] = true
		}
		pages++
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(seen) != 25 || pages != 3 {
		t.Errorf("%d customers on %d pages, want 25 on 3", len(seen), pages)
	}
	var invalid *engine.Invalid
	if _, _, err := h.Customers(t.Context(), "not a cursor", 10); !errors.As(err, &invalid) {
		t.Errorf("Customers with a bad cursor: %v, want *engine.Invalid", err)
	}
}

func tickets(t *testing.T, h *house) {
	first := engine.Ticket{ID: "t1", Customer: "ann", Subject: "broken", Messages: []engine.Message{{From: "customer", Text: "it is", At: morning}}, OpenedAt: &morning}
	h.do(engine.PutTicket{Ticket: first}, engine.PutTicket{Ticket: engine.Ticket{ID: "t2", Customer: "ann"}}, engine.PutTicket{Ticket: engine.Ticket{ID: "t3"}})
	if got, err := h.Ticket(t.Context(), "t1"); err != nil || !reflect.DeepEqual(got, first) {
		t.Errorf("Ticket = %+v, %v; want %+v", got, err, first)
	}
	h.do(engine.UpdateTicket{ID: "t2", Update: func(tk engine.Ticket, found bool) (engine.Ticket, error) {
		if !found {
			t.Error("UpdateTicket does not find t2")
		}
		tk.Customer = "ben" // filed under another customer
		return tk, nil
	}})
	for _, want := range []struct {
		subj engine.Subject
		ids  string
	}{{ann, "t1"}, {ben, "t2"}, {phone, ""}} {
		if got := ticketIDs(t, h, want.subj); got != want.ids {
			t.Errorf("TicketsOf(%s) = %s, want %s", want.subj, got, want.ids)
		}
	}
	h.do(engine.Merge{From: ann, Into: "ben"})
	if got := ticketIDs(t, h, ben); len(got) != 4 {
		t.Errorf("TicketsOf(ben) after the merge = %s, want both", got)
	}
	list, next, err := h.Tickets(t.Context(), "", 2)
	if err != nil || len(list) != 2 || next == "" {
		t.Fatalf("Tickets: %d, next %q, %v", len(list), next, err)
	}
	if rest, next, err := h.Tickets(t.Context(), next, 2); err != nil || len(rest) != 1 || next != "" {
		t.Errorf("second page: %d, next %q, %v; want 1 and the end", len(rest), next, err)
	}
	h.do(engine.DeleteTicket{ID: "t1"})
	if _, err := h.Ticket(t.Context(), "t1"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Ticket after its deletion: %v, want not found", err)
	}
	if r := h.try(engine.DeleteTicket{ID: "t1"}); !errors.Is(r[0].Err, engine.ErrNotFound) {
		t.Errorf("DeleteTicket of nothing: %v, want not found", r[0].Err)
	}
}

func ticketIDs(t *testing.T, h *house, subj engine.Subject) (ids string) {
	t.Helper()
	list, err := h.TicketsOf(t.Context(), subj)
	if err != nil {
		t.Fatal(err)
	}
	for _, tk := range list {
		ids += tk.ID
	}
	return ids
}

func scenarios(t *testing.T, h *house) {
	h.do(
		engine.PutScenario{Scenario: engine.Scenario{Name: "mail", Count: 3}},
		engine.PutScenario{Scenario: engine.Scenario{Name: "home", Filter: "price < 10", Boosts: []engine.Boost{{Filter: "a", Add: 1}}}},
		engine.PutScenario{Scenario: engine.Scenario{Name: "mail", Count: 4}},
	)
	list, err := h.Scenarios(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "home" || list[0].Boosts[0].Add != 1 || list[1].Count != 4 {
		t.Errorf("Scenarios = %+v, %v; want home and mail", list, err)
	}
	h.do(engine.DeleteScenario{Name: "mail"})
	if list, err := h.Scenarios(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("Scenarios = %+v, %v; want home", list, err)
	}
	if r := h.try(engine.DeleteScenario{Name: "mail"}); !errors.Is(r[0].Err, engine.ErrNotFound) {
		t.Errorf("DeleteScenario of nothing: %v, want not found", r[0].Err)
	}
}

func updatesSeeEachOther(t *testing.T, h *house) {
	add := engine.UpdateItem{ID: "lamp", Update: func(it engine.Item, found bool) (engine.Item, error) {
		it.ID = "lamp"
		it.Title += "x"
		if !found {
			it.Title = "new"
		}
		return it, nil
	}}
	refuse := engine.UpdateItem{ID: "lamp", Update: func(engine.Item, bool) (engine.Item, error) {
		return engine.Item{}, engine.ErrConflict
	}}
	rename := engine.UpdateItem{ID: "lamp", Update: func(it engine.Item, _ bool) (engine.Item, error) {
		it.ID = "bulb"
		return it, nil
	}}
	r := h.try(add, add, refuse, rename, add)
	if r[0].Err != nil || r[1].Err != nil || !errors.Is(r[2].Err, engine.ErrConflict) || r[3].Err == nil || r[4].Err != nil {
		t.Errorf("results %+v, want only the third and fourth refused", r)
	}
	h.do(add)
	if it, err := h.Item(t.Context(), "lamp"); err != nil || it.Title != "newxxx" {
		t.Errorf("Item = %+v, %v; want every update to have seen the one before", it, err)
	}
	seen := h.all()
	if seen[1].Item == nil || seen[1].Item.Title != "newx" {
		t.Errorf("an update was observed as %+v, want the item it came to", seen[1])
	}
	mute := engine.UpdateCustomer{ID: "ann", Update: func(c engine.Customer, _ bool) (engine.Customer, error) {
		c.ID = "ann"
		c.Preferences.MutedItems = append(c.Preferences.MutedItems, "lamp")
		return c, nil
	}}
	h.do(mute, mute)
	if c, err := h.Customer(t.Context(), "ann"); err != nil || len(c.Preferences.MutedItems) != 2 {
		t.Errorf("Customer = %+v, %v; want both updates", c, err)
	}
}
