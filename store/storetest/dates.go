package storetest

import (
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// opened returns when a ticket says it was opened.
func (h *house) opened(id string) time.Time {
	h.t.Helper()
	tk, err := h.Ticket(h.t.Context(), id)
	if err != nil || tk.OpenedAt == nil {
		h.t.Fatalf("the ticket is %+v, %v: nothing says when it was opened", tk, err)
	}
	return *tk.OpenedAt
}

// dates returns when the outcomes in a history were, by "type item".
func (h *house) dates(subj engine.Subject) map[string]engine.Row {
	h.t.Helper()
	rows, err := h.History(h.t.Context(), subj)
	if err != nil {
		h.t.Fatal(err)
	}
	out := make(map[string]engine.Row)
	for _, r := range rows {
		out[string(r.Type)+" "+string(r.Item)] = r
	}
	return out
}

func hour(n int) *time.Time {
	at := morning.Add(time.Duration(n) * time.Hour)
	return &at
}

// A ticket that does not say when it was opened was at its first sign, and one without any when it
// was told. That is no record's to change but one that says so, and no change's to contradict.
func openingsAreDated(t *testing.T, h *house) {
	put := func(tk engine.Ticket, at time.Time) {
		tk.ID, tk.Customer = "t1", "ann"
		h.do(engine.PutTicket{Ticket: tk, At: at})
	}
	change := func(do func(*engine.Ticket)) {
		h.do(engine.UpdateTicket{ID: "t1", Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) { do(&tk); return tk, nil }})
	}
	want := func(when string, at time.Time) {
		t.Helper()
		if got := h.opened("t1"); !got.Equal(at) {
			t.Errorf("%s the ticket was opened at %s, want %s", when, got, at)
		}
	}
	before := time.Now().Add(-time.Minute)
	put(engine.Ticket{State: "open"}, time.Time{})
	now := h.opened("t1")
	if now.Before(before) || now.After(time.Now().Add(time.Minute)) {
		t.Errorf("told now, the ticket was opened at %s", now)
	}
	put(engine.Ticket{State: "pending"}, *hour(9))
	want("told again", now)
	if r := h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "pending"}}); !r[0].Duplicate {
		t.Errorf("told once more: %+v, want a duplicate", r[0])
	}
	change(func(tk *engine.Ticket) {
		tk.Messages = []engine.Message{{From: "customer", Text: "it hums", At: *hour(5)}}
	})
	want("with a message of before,", *hour(5))
	change(func(tk *engine.Ticket) {
		if tk.OpenedAt != nil {
			t.Errorf("a change is given %s, which nobody said", tk.OpenedAt)
		}
		tk.State, tk.ClosedAt = "closed", hour(4)
	})
	want("closed before that,", *hour(4))
	put(engine.Ticket{OpenedAt: hour(3)}, time.Time{})
	want("told when,", *hour(3))
	put(engine.Ticket{Messages: []engine.Message{{From: "customer", Text: "it hums", At: *hour(1)}}}, time.Time{})
	want("told no more,", *hour(3))
	change(func(tk *engine.Ticket) { tk.OpenedAt = nil })
	want("taken out,", *hour(1))

	h.do(
		engine.PutTicket{Ticket: engine.Ticket{ID: "t2", Customer: "ben", CSAT: new(4.0), Solutions: []engine.Tried{{Item: "swap", Outcome: "solved"}}}, At: *hour(2)},
		engine.PutTicket{Ticket: engine.Ticket{ID: "t3", UpdatedAt: hour(6)}, At: *hour(2)},
		engine.PutTicket{Ticket: engine.Ticket{ID: "t4"}, At: time.Now().Add(24 * time.Hour)},
	)
	if got := h.opened("t2"); !got.Equal(*hour(2)) {
		t.Errorf("of a file, it was opened at %s, want %s", got, hour(2))
	}
	for what, row := range h.dates(ben) {
		if !row.At.Equal(*hour(2)) {
			t.Errorf("of a file, %s was at %s, want %s", what, row.At, hour(2))
		}
	}
	if got := h.opened("t3"); !got.Equal(*hour(6)) {
		t.Errorf("it was opened at %s, want %s, when it was updated", got, hour(6))
	}
	if got := h.opened("t4"); got.After(time.Now().Add(time.Minute)) {
		t.Errorf("it was opened at %s, which is to come", got)
	}
}

// What is said without a time is of when it was first said, as long as it is said, whatever else
// of the ticket changes; said anew, or of another value, it is of then.
func datesStay(t *testing.T, h *house) {
	tk := engine.Ticket{ID: "t1", Customer: "ann", State: "solved", CSAT: new(4.0), Solutions: []engine.Tried{{Item: "swap", Outcome: "solved"}, {Item: "pray", Outcome: "not_solved"}}}
	say := func(n int, closed bool) {
		tk.UpdatedAt, tk.ClosedAt = hour(n), nil
		if closed {
			tk.ClosedAt = hour(n)
		}
		h.do(engine.PutTicket{Ticket: tk})
	}
	want := func(when string, csat, solved int) {
		t.Helper()
		got := h.dates(ann)
		for what, n := range map[string]int{"csat ": csat, "solved swap": solved, "not_solved pray": 2} {
			if at := got[what].At; !at.Equal(*hour(n)) {
				t.Errorf("%s %s is of %s, want %s", when, what, at, hour(n))
			}
		}
		if v := got["csat "].Value; v != *tk.CSAT {
			t.Errorf("%s csat is %g, want %g", when, v, *tk.CSAT)
		}
	}
	say(2, false)
	want("told", 2, 2)
	tk.Subject = "another"
	say(4, false)
	want("told again", 2, 2)
	tk.State = "closed"
	say(5, true)
	want("closed", 2, 2)
	tk.Queue = "other"
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "closed", CSAT: tk.CSAT, Solutions: tk.Solutions}})
	want("told without any time", 2, 2)
	tk.CSAT = new(1.0)
	say(6, true)
	want("less content", 6, 2)
	tk.CSAT = new(4.0)
	say(8, true)
	want("as content as before", 8, 2)
	tk.Solutions[0].At = *hour(7)
	say(9, true)
	want("told when", 8, 7)
	tk.Customer = "ben"
	tk.CSAT = new(3.0)
	say(10, true)
	if got := h.dates(ben); got["csat "].Value != 3 || !got["csat "].At.Equal(*hour(10)) || !got["solved swap"].At.Equal(*hour(7)) || !got["not_solved pray"].At.Equal(*hour(2)) {
		t.Errorf("gone to another customer, who is less content, its outcomes are %+v", got)
	}
}
