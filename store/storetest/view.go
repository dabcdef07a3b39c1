package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// exported is what a view tells, in its order.
type exported struct {
	events      []engine.Interaction
	items       []engine.Item
	customers   []engine.Customer
	tickets     []engine.Ticket
	impressions []engine.Impression
	whose       []engine.Subject // of histories
}

func export(t *testing.T, v *store.View) (out exported) {
	t.Helper()
	ctx := t.Context()
	for what, err := range map[string]error{
		"events":      v.Events(ctx, collect(&out.events)),
		"items":       v.Items(ctx, collect(&out.items)),
		"customers":   v.Customers(ctx, collect(&out.customers)),
		"tickets":     v.Tickets(ctx, collect(&out.tickets)),
		"impressions": v.Impressions(ctx, collect(&out.impressions)),
		"histories": v.Histories(ctx, func(who engine.Subject, _ []engine.Row) error {
			out.whose = append(out.whose, who)
			return nil
		}),
	} {
		if err != nil {
			t.Fatalf("%s of a view: %v", what, err)
		}
	}
	return out
}

func collect[T any](list *[]T) func(T) error {
	return func(v T) error { *list = append(*list, v); return nil }
}

func aView(t *testing.T, s *store.Store) *store.View {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func viewsAreOfOneMoment(t *testing.T, h *house) {
	fillHouse(t, h)
	v := aView(t, h.Store)
	before, seq := export(t, v), h.Seq()
	h.do(
		view("x1", "ann", "phone", "new"), engine.DeleteItem{ID: "rug"}, engine.Merge{From: ben, Into: "cleo"}, remove(ann, "e1"),
		engine.DeleteTicket{ID: "t1"}, engine.PutCustomer{Customer: engine.Customer{ID: "dora"}},
	)
	if got := export(t, v); !reflect.DeepEqual(got, before) || v.Seq() != seq {
		t.Errorf("a view of %d tells at %d\n%+v, before that\n%+v", seq, v.Seq(), got, before)
	}
	v.Close()
	v.Close()
	if got := export(t, aView(t, h.Store)); reflect.DeepEqual(got, before) {
		t.Error("a later view tells nothing new")
	}
}

func fillHouse(t *testing.T, h *house) {
	t.Helper()
	h.do(
		view("e1", "", "phone", "lamp"), view("e2", "ann", "phone", "rug"), order("o3", "ben", "lamp", "rug"), view("e4", "", "tablet", "vase"),
		engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.View, Customer: "ann", Item: "lamp", At: morning}}},
		engine.PutItem{Item: engine.Item{ID: "rug", Title: "Rug"}}, engine.PutItem{Item: engine.Item{ID: "bulb"}},
		engine.PutCustomer{Customer: engine.Customer{ID: "ann"}}, engine.PutCustomer{Customer: engine.Customer{ID: "old"}},
		engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "old"}}, engine.PutTicket{Ticket: engine.Ticket{ID: "t2"}},
		view("e5", "old", "", "bulb"), engine.Merge{From: engine.OfCustomer("old"), Into: "ann"},
	)
	if err := Show(t.Context(), h.Store, impression(ann, time.Now(), 1), impression(phone, time.Now(), 2)); err != nil {
		t.Fatal(err)
	}
}

// What is exported from one store and imported into another is exported there alike.
func exportsComeBack(t *testing.T, h *house) {
	fillHouse(t, h)
	first := export(t, aView(t, h.Store))
	if len(first.events) != 7 || len(first.items) != 2 || len(first.customers) != 1 || len(first.tickets) != 2 || len(first.impressions) != 2 {
		t.Fatalf("exported %+v", first)
	}
	for _, e := range first.events {
		if e.EventID == "" || e.Customer == "old" || e.Session == "phone" && e.Customer != "ann" {
			t.Errorf("%+v is exported: want an id, and whom it belongs to", e)
		}
	}
	again, err := store.Open("", store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	h2 := start(t, again)
	for _, events := range linesTogether(first.events) {
		h2.do(engine.RecordEvent{Lines: events})
	}
	for _, i := range first.items {
		h2.do(engine.PutItem{Item: i})
	}
	for _, c := range first.customers {
		h2.do(engine.PutCustomer{Customer: c})
	}
	for _, tk := range first.tickets {
		h2.do(engine.PutTicket{Ticket: tk})
	}
	second := export(t, aView(t, h2.Store))
	first.impressions = nil // are not imported
	if !reflect.DeepEqual(first, second) {
		t.Errorf("exported first\n%+v\nand after an import\n%+v", first, second)
	}
}

func linesTogether(lines []engine.Interaction) (events [][]engine.Interaction) {
	for i, l := range lines {
		if i > 0 && l.EventID == lines[i-1].EventID {
			events[len(events)-1] = append(events[len(events)-1], l)
			continue
		}
		events = append(events, []engine.Interaction{l})
	}
	return events
}

func personIsEverything(t *testing.T, h *house) {
	fillHouse(t, h)
	h.do(view("e6", "ann", "late", "bulb")) // a session without rows of its own
	for _, subj := range []engine.Subject{ann, phone, engine.OfCustomer("old")} {
		p, err := h.PersonOf(t.Context(), subj)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, s := range p.Subjects[1:] {
			names = append(names, s.ID)
		}
		slices.Sort(names)
		if p.Subjects[0] != ann || fmt.Sprint(names) != "[late old phone]" {
			t.Errorf("PersonOf(%s) is %v", subj, p.Subjects)
		}
		if p.Customer == nil || p.Customer.ID != "ann" || len(p.Former) != 1 || len(p.Tickets) != 1 || len(p.Impressions) != 2 {
			t.Errorf("PersonOf(%s) = %+v", subj, p)
		}
		if rows, err := h.History(t.Context(), subj); err != nil || len(rows) != 5 || !reflect.DeepEqual(rows, p.Events) {
			t.Errorf("PersonOf(%s) has events\n%+v, its history is\n%+v", subj, p.Events, rows)
		}
	}
	if p, err := h.PersonOf(t.Context(), engine.OfCustomer("nobody")); err != nil || len(p.Subjects) != 1 || p.Customer != nil || len(p.Events) > 0 {
		t.Errorf("PersonOf(nobody) = %+v, %v", p, err)
	}
}
