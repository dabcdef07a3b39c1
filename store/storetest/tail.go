package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// replayed returns the tail after a sequence number.
func (h *house) replayed(after uint64) (out []engine.Committed) {
	h.t.Helper()
	err := h.Tail(h.t.Context(), after, func(group []engine.Committed) error {
		out = append(out, group...)
		return nil
	})
	if err != nil {
		h.t.Fatalf("Tail(%d): %v", after, err)
	}
	return out
}

func tailReplaysWhatWasObserved(t *testing.T, h *house) {
	h.do(
		view("e1", "", "phone", "lamp"), view("e2", "ann", "phone", "bulb"), order("o1", "ben", "lamp", "rug"),
		engine.PutItem{Item: engine.Item{ID: "lamp", Title: "first"}},
		engine.PutCustomer{Customer: engine.Customer{ID: "ann"}},
		engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann"}},
		engine.PutScenario{Scenario: engine.Scenario{Name: "mail"}},
	)
	h.do(engine.PutItem{Item: engine.Item{ID: "rug"}}, engine.DeleteItem{ID: "rug"}, engine.DeleteScenario{Name: "mail"}, engine.Merge{From: ann, Into: "ben"})
	observed := h.all()
	stale := map[uint64]bool{8: true, 9: true} // the scenario and the rug are gone again
	var want []engine.Committed
	for _, c := range observed {
		if !stale[c.Seq] {
			want = append(want, c)
		}
	}
	for _, after := range []uint64{0, 1, 4, 11, 13, 99} {
		got := h.replayed(after)
		rest := want
		for len(rest) > 0 && rest[0].Seq <= after {
			rest = rest[1:]
		}
		if len(got) != len(rest) {
			t.Fatalf("Tail(%d) gives %d, want %d", after, len(got), len(rest))
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], rest[i]) {
				t.Errorf("Tail(%d)[%d] =\n%+v, want\n%+v", after, i, got[i], rest[i])
			}
		}
	}
	h.do(engine.PutItem{Item: engine.Item{ID: "lamp", Title: "second"}})
	n := 0
	for _, c := range h.replayed(0) {
		if c.Item != nil && c.Item.ID == "lamp" {
			n++
			if c.Item.Title != "second" || c.Seq != h.Seq() {
				t.Errorf("replayed %q at %d, want the last change in its place", c.Item.Title, c.Seq)
			}
		}
	}
	if n != 1 {
		t.Errorf("an item put twice is replayed %d times, want once", n)
	}
	stop := errors.New("stop")
	if err := h.Tail(t.Context(), 0, func([]engine.Committed) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Tail returns %v, want the callback's error", err)
	}
}

func tailIsTrimmed(t *testing.T, h *house) {
	for i := range 10 {
		h.do(view(string(rune('0'+i)), "ann", "", "lamp"))
	}
	if err := h.TrimTail(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	if got := h.replayed(5); len(got) != 5 || got[0].Seq != 6 {
		t.Errorf("Tail(5) after trimming below 6 gives %d, want 5", len(got))
	}
	err := h.Tail(t.Context(), 4, func([]engine.Committed) error { return nil })
	if !errors.Is(err, store.ErrTailTrimmed) {
		t.Errorf("Tail(4) after trimming below 6: %v, want ErrTailTrimmed", err)
	}
	for _, below := range []uint64{3, 1000} { // back is nothing, beyond the end is the end
		if err := h.TrimTail(t.Context(), below); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.replayed(10); len(got) != 0 {
		t.Errorf("Tail(10) of a tail trimmed to its end gives %d", len(got))
	}
	h.do(view("9x", "ann", "", "lamp"))
	if got := h.replayed(10); len(got) != 1 || got[0].Seq != 11 {
		t.Errorf("Tail(10) = %v, want the event after the trim", got)
	}
	if got := h.history(ann); len(got) != 11 {
		t.Errorf("History has %d events after trimming, want 11", len(got))
	}
}

func scanIsHistoryForAll(t *testing.T, h *house) {
	h.do(
		view("e1", "", "phone", "a"), view("e2", "ann", "phone", "b"), view("e3", "", "tablet", "c"),
		view("e4", "ben", "", "d"), view("e5", "ben", "tablet", "e"), view("e6", "", "kiosk", "f"),
		engine.PutCustomer{Customer: engine.Customer{ID: "quiet"}},
		engine.Merge{From: ben, Into: "cleo"}, // has nothing of its own
	)
	var last engine.Hash16
	got := map[engine.Subject][]engine.Row{}
	err := h.Scan(t.Context(), func(subj engine.Subject, rows []engine.Row) error {
		if hash := subj.Hash(); hash.String() <= last.String() {
			t.Errorf("%s comes out of order", subj)
		} else {
			last = hash
		}
		got[subj] = slices.Clone(rows) // they are good until this returns
		return nil
	})
	if err != nil || len(got) != 3 {
		t.Errorf("Scan gives %d subjects, %v; want ann, cleo and the kiosk", len(got), err)
	}
	for subj, rows := range got {
		if want, err := h.History(t.Context(), subj); err != nil || !reflect.DeepEqual(rows, want) {
			t.Errorf("Scan of %s gives\n%v, want\n%v", subj, rows, want)
		}
	}
}

// However many parts there are, every customer is in one of them, as Customer and History
// tell of them; who was merged into another or erased, and a visit, in none.
func everybodyIsCustomerAndHistory(t *testing.T, h *house) {
	for i := range 40 {
		id := engine.CustomerID(fmt.Sprint("c", i))
		switch i % 3 {
		case 0:
			h.do(engine.PutCustomer{Customer: engine.Customer{ID: id, Attributes: engine.Attributes{"n": float64(i)}}})
		case 1:
			h.do(view(fmt.Sprint("e", i), id, "", "a"), view(fmt.Sprint("f", i), id, "", "b"))
		case 2:
			h.do(view(fmt.Sprint("e", i), id, "", "a"), engine.PutCustomer{Customer: engine.Customer{ID: id}})
		}
		if i%4 == 0 {
			h.do(engine.PutTicket{Ticket: engine.Ticket{ID: fmt.Sprint("t", i), Customer: id, Product: "a", State: "open"}})
		}
	}
	h.do(
		view("s1", "", "kiosk", "a"), view("s2", "", "phone", "a"), view("s3", "c1", "phone", "b"),
		engine.Merge{From: engine.OfCustomer("c4"), Into: "c0"}, engine.Merge{From: engine.OfCustomer("c5"), Into: "cleo"},
		engine.Erase{Subject: engine.OfCustomer("c6")}, engine.Erase{Subject: engine.OfCustomer("c7")},
	)
	for _, parts := range []int{1, 3, 256} {
		got := map[engine.CustomerID]bool{}
		for part := range parts {
			var last engine.Hash16
			var rooms [2][]engine.Row
			asked := 0
			var before, beforeWant []engine.Row // of who came before, whose room is not read to again yet
			err := h.Everybody(t.Context(), part, parts, func() *[]engine.Row { return &rooms[asked%2] }, func(id engine.CustomerID, record *engine.Customer, tickets []engine.Ticket, rows []engine.Row) error {
				if len(before)+len(beforeWant) > 0 && !reflect.DeepEqual(before, beforeWant) {
					t.Errorf("when %s came, the history before had become\n%v, want\n%v", id, before, beforeWant)
				}
				hash := engine.OfCustomer(id).Hash()
				if got[id] || hash.String() < last.String() {
					t.Errorf("%s comes again or out of order", id)
				}
				got[id], last = true, hash
				wantRows, err := h.History(t.Context(), engine.OfCustomer(id))
				if err != nil || !reflect.DeepEqual(slices.Clip(slices.Clone(rows)), wantRows) && len(rows)+len(wantRows) > 0 {
					t.Errorf("%s in part %d of %d has the history\n%v, want\n%v (%v)", id, part, parts, rows, wantRows, err)
				}
				before, beforeWant = slices.Clip(rows), wantRows
				asked++
				wantTickets, err := h.TicketsOf(t.Context(), engine.OfCustomer(id))
				if err != nil || !reflect.DeepEqual(tickets, wantTickets) {
					t.Errorf("%s in part %d of %d has the tickets %v, want %v (%v)", id, part, parts, tickets, wantTickets, err)
				}
				want, err := h.Customer(t.Context(), id)
				if found := err == nil; found != (record != nil) || found && !reflect.DeepEqual(*record, want) {
					t.Errorf("%s in part %d of %d has the record %v, want %v (%v)", id, part, parts, record, want, err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if want := 40 - 4 + 1; len(got) != want || got["c4"] || got["c6"] || !got["cleo"] || !got["c0"] {
			t.Errorf("in %d parts there are %d customers, want %d", parts, len(got), want)
		}
	}
	stop := errors.New("stop")
	if err := h.Everybody(t.Context(), 0, 1, func() *[]engine.Row { return new([]engine.Row) }, func(engine.CustomerID, *engine.Customer, []engine.Ticket, []engine.Row) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of fn's comes back as %v", err)
	}
}
