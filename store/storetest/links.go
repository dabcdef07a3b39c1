package storetest

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func sessionsBecomeCustomers(t *testing.T, h *house) {
	h.do(view("e1", "", "phone", "lamp"), view("e2", "", "phone", "bulb"))
	h.wantHistory(phone, "e1", "e2")
	h.do(view("e3", "ann", "phone", "rug"))
	h.do(view("e4", "", "phone", "vase"))
	for _, subj := range []engine.Subject{ann, phone} {
		h.wantHistory(subj, "e1", "e2", "e3", "e4")
		if got := h.Resolve(subj); got != ann {
			t.Errorf("Resolve(%s) = %s, want ann", subj, got)
		}
	}
	seen := h.all()
	if m := seen[2].Merged; m == nil || m.From != phone || m.Into != "ann" || seen[2].Subject != phone {
		t.Errorf("before the event that links: observed %+v, want the link", seen[2])
	}
	if seen[4].Subject != ann || seen[4].Rows[0].Session != "phone" || seen[4].Rows[0].Customer != "" {
		t.Errorf("a linked session's event was observed as %+v: want it ann's, as sent", seen[4])
	}
	// Sent again after the link, an event does not count twice, remembered or not.
	if r := h.do(view("e1", "", "phone", "lamp")); !r[0].Duplicate {
		t.Error("an event sent again after its session was linked is no duplicate")
	}
	h.do(view("e5", "ann", "phone", "lamp"))
	if n := len(h.all()); n != 6 {
		t.Errorf("%d observations, want 6: a known link is not told again", n)
	}
}

func sharedSessionsJoinNobody(t *testing.T, h *house) {
	h.do(view("e1", "", "phone", "lamp"), view("e2", "ann", "phone", "lamp"), view("e3", "", "phone", "lamp"))
	h.do(view("e4", "ben", "phone", "rug"), view("e5", "", "phone", "rug"))
	h.wantHistory(ann, "e1", "e2", "e3")
	h.wantHistory(ben, "e4", "e5")
	h.wantHistory(phone, "e4", "e5")
	h.do(view("e6", "ann", "phone", "lamp"), view("e7", "", "phone", "lamp")) // and back
	h.wantHistory(ann, "e1", "e2", "e3", "e6", "e7")
	h.wantHistory(ben, "e4", "e5")
	// Nor does an explicit merge of a session that has another owner.
	h.do(engine.Merge{From: phone, Into: "ben"})
	h.wantHistory(ann, "e1", "e2", "e3", "e6", "e7")
	h.wantHistory(ben, "e4", "e5")
	// A session that began logged in, and then was someone else's.
	tablet := engine.OfSession("tablet")
	h.do(view("f1", "ann", "tablet", "lamp"), view("f2", "ben", "tablet", "lamp"), view("f3", "", "tablet", "lamp"))
	h.wantHistory(tablet, "f2", "f3", "e4", "e5")
}

func mergesFollowChains(t *testing.T, h *house) {
	cleo := engine.OfCustomer("cleo")
	h.do(view("e1", "", "phone", "a"), view("e2", "ann", "phone", "b"), view("e3", "ben", "", "c"), view("e4", "cleo", "", "d"))
	h.do(engine.PutCustomer{Customer: engine.Customer{ID: "ann", Attributes: engine.Attributes{"size": "M"}}})
	h.do(engine.Merge{From: ann, Into: "ben"})
	h.wantHistory(ben, "e1", "e2", "e3")
	if c, err := h.Customer(t.Context(), "ben"); err != nil || c.ID != "ben" || c.Attributes["size"] != "M" {
		t.Errorf("Customer(ben) = %+v, %v; want to inherit ann's record", c, err)
	}
	h.do(engine.Merge{From: ben, Into: "cleo"})
	want := []string{"e1", "e2", "e3", "e4"}
	for _, subj := range []engine.Subject{ann, ben, cleo, phone} {
		h.wantHistory(subj, want...)
	}
	before := h.Seq()
	h.do(
		engine.Merge{From: cleo, Into: "cleo"}, engine.Merge{From: cleo, Into: "ann"}, // cycles
		engine.Merge{From: ann, Into: "ben"}, engine.Merge{From: phone, Into: "cleo"},
	)
	if h.Seq() != before {
		t.Errorf("merging what is one already took %d sequence numbers", h.Seq()-before)
	}
	h.do(view("e5", "ann", "", "e"), view("e6", "", "phone", "f"), view("e7", "ben", "new-session", "g"))
	want = append(want, "e5", "e6", "e7")
	h.wantHistory(cleo, want...)
	if c, err := h.Customer(t.Context(), "ann"); err != nil || c.ID != "cleo" {
		t.Errorf("Customer(ann) = %+v, %v; want cleo's", c, err)
	}
	h.do(engine.PutCustomer{Customer: engine.Customer{ID: "ann", Attributes: engine.Attributes{"size": "L"}}})
	list, next, err := h.Customers(t.Context(), "", 10)
	if err != nil || next != "" || len(list) != 1 || list[0].ID != "cleo" || list[0].Attributes["size"] != "L" {
		t.Errorf("Customers = %+v, %q, %v; want cleo alone, with the last record", list, next, err)
	}
	h.do(engine.Merge{From: engine.OfSession("unheard-of"), Into: "nobody-yet"}, view("f1", "", "unheard-of", "a"))
	h.wantHistory(engine.OfCustomer("nobody-yet"), "f1")
}
