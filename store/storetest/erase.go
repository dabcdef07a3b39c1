package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// erase erases a subject and returns the receipt.
func (h *house) erase(subj engine.Subject) engine.Erasure {
	h.t.Helper()
	r := h.do(engine.Erase{Subject: subj})
	if r[0].Erased == nil || r[0].Seq == 0 {
		h.t.Fatalf("Erase(%s) gives %+v, want a receipt", subj, r[0])
	}
	kept, err := h.Erasure(h.t.Context(), r[0].Erased.Receipt)
	if err != nil || kept.Interactions != r[0].Erased.Interactions {
		h.t.Errorf("Erasure(%s) = %+v, %v; want the receipt", r[0].Erased.Receipt, kept, err)
	}
	return *r[0].Erased
}

func eraseLeavesNothing(t *testing.T, h *house) {
	ticket := engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann"}}
	shown := impression(ann, time.Now(), 1)
	h.do(
		view("e1", "ann", "", "lamp"), order("o1", "ann", "lamp", "rug"), view("e2", "ben", "", "lamp"),
		engine.PutCustomer{Customer: engine.Customer{ID: "ann"}}, ticket,
	)
	if err := Show(t.Context(), h.Store, shown); err != nil {
		t.Fatal(err)
	}
	got := h.erase(ann)
	if got.Interactions != 3 || got.Impressions != 1 || got.Tickets != 1 || got.Records != 1 || len(got.Subjects) != 1 || got.Subjects[0] != ann.Hash().String() {
		t.Errorf("receipt %+v, want 3 interactions, an impression, a ticket and a record of ann", got)
	}
	h.wantHistory(ann)
	h.wantHistory(ben, "e2")
	if _, err := h.Customer(t.Context(), "ann"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Customer after the erasure: %v, want not found", err)
	}
	if _, err := h.Ticket(t.Context(), "t1"); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Ticket after the erasure: %v, want not found", err)
	}
	if _, err := h.Impression(t.Context(), shown.RecommendationID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Impression after the erasure: %v, want not found", err)
	}
	// What was on its way when the customer was erased stays away, what is new comes.
	if err := Show(t.Context(), h.Store, shown); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Impression(t.Context(), shown.RecommendationID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("a late impression of an erased customer: %v, want not found", err)
	}
	for _, c := range h.replayed(0) {
		if c.Subject == ann || c.Customer != nil || c.Ticket != nil {
			t.Errorf("the tail still tells of the erased: %+v", c)
		}
	}
	// Resent events are news, of a new customer.
	if r := h.do(view("e1", "ann", "", "lamp")); r[0].Duplicate {
		t.Error("an erased event sent again is called a duplicate")
	}
	h.wantHistory(ann, "e1")
	if again := h.erase(ann); again.Interactions != 1 {
		t.Errorf("second receipt %+v, want 1 interaction", again)
	}
	if nobody := h.erase(engine.OfCustomer("nobody")); nobody.Interactions != 0 {
		t.Errorf("receipt for an unknown customer %+v, want zeros", nobody)
	}
	seen := h.all()
	if e := seen[5]; e.Erased == nil || e.Subject != ann {
		t.Errorf("the erasure was observed as %+v", e)
	}
	if r := h.try(engine.Erase{}); r[0].Err == nil {
		t.Error("erasing nobody is not refused")
	}
}

func eraseFollowsLinks(t *testing.T, h *house) {
	shown := impression(engine.OfSession("tablet"), time.Now(), 1)
	h.do(
		view("e1", "", "phone", "a"), view("e2", "ann", "phone", "b"), view("e3", "ben", "", "c"),
		engine.Merge{From: ann, Into: "ben"}, view("e4", "", "phone", "d"), view("e5", "ben", "tablet", "e"),
	)
	if err := Show(t.Context(), h.Store, shown); err != nil {
		t.Fatal(err)
	}
	got := h.erase(ann) // is ben by now
	if got.Interactions != 5 || got.Impressions != 1 || len(got.Subjects) != 4 {
		t.Errorf("receipt %+v, want 5 interactions and an impression of 4 subjects", got)
	}
	h.do(view("f1", "", "phone", "a"), view("f2", "", "tablet", "a"), view("f3", "ann", "", "b"), view("f4", "ben", "", "c"))
	h.wantHistory(phone, "f1")
	h.wantHistory(engine.OfSession("tablet"), "f2")
	h.wantHistory(ann, "f3")
	h.wantHistory(ben, "f4")
}

func eraseLeavesSharedSessions(t *testing.T, h *house) {
	h.do(view("e1", "", "phone", "a"), view("e2", "ann", "phone", "b"), view("e3", "ben", "phone", "c"))
	h.erase(ben)
	h.wantHistory(ann, "e1", "e2")
	h.do(view("e4", "", "phone", "d"))
	h.wantHistory(ann, "e1", "e2", "e4") // the session is back where it came from
	h.do(view("e5", "cleo", "phone", "e"))
	h.erase(ann)
	h.do(view("e6", "", "phone", "f"))
	h.wantHistory(engine.OfCustomer("cleo"), "e5", "e6")
	h.wantHistory(ann)
}
