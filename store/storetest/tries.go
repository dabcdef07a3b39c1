package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// wantTries holds what a ticket says was tried, as "item outcome".
func (h *house) wantTries(when, id string, want ...string) {
	h.t.Helper()
	tk, err := h.Ticket(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	var got []string
	for _, tried := range tk.Solutions {
		got = append(got, string(tried.Item)+" "+tried.Outcome)
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("%s the ticket says %q, want %q", when, got, want)
	}
}

// A record that is written whole forgets nothing of what was tried: an export that is read
// again and again does the same each time. A change sets what it names.
func triesOutlastRecords(t *testing.T, h *house) {
	export := engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "open", Solutions: []engine.Tried{{Item: "reset", At: morning}}}}
	csat := told("c", "t1", "ann", engine.CSAT, "")
	csat.Lines[0].Value = 2
	h.do(export, told("o1", "t1", "ann", engine.NotSolved, "reset"), told("o2", "t1", "ann", engine.SolutionUsed, "swap"), csat)
	for range 2 {
		h.do(export)
		h.wantTries("imported again", "t1", "reset not_solved", "swap ")
	}
	if tk, err := h.Ticket(t.Context(), "t1"); err != nil || tk.CSAT == nil || *tk.CSAT != 2 {
		t.Errorf("imported again, the ticket is %+v, %v: how content the customer was is gone", tk, err)
	}
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "pending"}})
	h.wantTries("of a record that says nothing of tries", "t1", "reset not_solved", "swap ")

	// What says something new counts, what says again what was told otherwise since does not.
	says := engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "solved", Solutions: []engine.Tried{{Item: "swap", Outcome: "solved"}}}}
	h.do(says)
	h.wantTries("of a record that says what ended it", "t1", "reset not_solved", "swap solved")
	h.do(told("o3", "t1", "ann", engine.Reopened, "swap"), says)
	h.wantTries("of a record that says again what was taken back", "t1", "reset not_solved", "swap reopened")
	says.Ticket.Solutions = []engine.Tried{{Item: "swap", Outcome: "solved", At: time.Now().Add(365 * 24 * time.Hour)}}
	h.do(says)
	h.wantTries("of a record that says so of later", "t1", "reset not_solved", "swap solved")

	h.do(engine.UpdateTicket{ID: "t1", Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) {
		tk.Solutions = []engine.Tried{{Item: "reset", Outcome: "solved"}}
		return tk, nil
	}})
	h.wantTries("changed by hand", "t1", "reset solved")
}

// What events said before a ticket came, the ticket says.
func triesFromEventsBefore(t *testing.T, h *house) {
	h.do(told("o1", "t1", "ann", engine.NotSolved, "reset"), told("o2", "t1", "ann", engine.Reopened, "swap"), told("o3", "t2", "ann", engine.NotSolved, "glue"))
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "open", Solutions: []engine.Tried{{Item: "swap"}, {Item: "glue"}}}})
	h.wantTries("that came after its events", "t1", "swap reopened", "glue ", "reset not_solved")
	h.wantSaid(ann, "not_solved glue", "not_solved reset", "reopened swap", "solution_used glue")
	h.erase(ann)
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t2", Customer: "ann", State: "open"}})
	h.wantTries("of somebody who was erased", "t2")
}

// A ticket that is open again says that what had ended it did not, however it was opened.
func triesOfTicketsOpenedAgain(t *testing.T, h *house) {
	closed := engine.Ticket{Customer: "ann", State: "closed", Solutions: []engine.Tried{{Item: "reset", Outcome: "not_solved", At: morning}, {Item: "swap", At: morning}}}
	for _, c := range []struct {
		name  string
		again func(id string) engine.Command
	}{
		{"by an event", func(id string) engine.Command { return told("o"+id, id, "ann", engine.Reopened, "") }},
		{"by an import", func(id string) engine.Command {
			tk := closed
			tk.ID, tk.State = id, "open"
			return engine.PutTicket{Ticket: tk}
		}},
		{"by its state", func(id string) engine.Command {
			return engine.UpdateTicket{ID: id, Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) {
				tk.State = "pending"
				return tk, nil
			}}
		}},
	} {
		closed.ID = c.name
		h.do(engine.PutTicket{Ticket: closed})
		h.wantTries("closed,", c.name, "reset not_solved", "swap ")
		h.do(c.again(c.name))
		h.wantTries("opened again "+c.name, c.name, "reset not_solved", "swap reopened")
		h.do(engine.UpdateTicket{ID: c.name, Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) {
			tk.State = "open"
			return tk, nil
		}})
		h.wantTries("open, then, "+c.name, c.name, "reset not_solved", "swap reopened")
	}
}
