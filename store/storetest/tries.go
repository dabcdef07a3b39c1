package storetest

import (
	"fmt"
	"slices"
	"strings"
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

// What an event solved after a record was made stays solved, though the record comes later and
// says that the ticket is open; one that was made after that opens it again.
func lateRecordsReopenNothing(t *testing.T, h *house) {
	hour := func(n int) *time.Time {
		at := morning.Add(time.Duration(n) * time.Hour)
		return &at
	}
	solved := told("o1", "t1", "ann", engine.Solved, "swap")
	solved.Lines[0].At = *hour(4)
	record := engine.Ticket{ID: "t1", Customer: "ann", State: "open", UpdatedAt: hour(1)}
	h.do(engine.PutTicket{Ticket: record}, solved)
	later := record
	later.UpdatedAt, later.Subject, later.Solutions = hour(3), "later", []engine.Tried{{Item: "swap", At: *hour(2)}}
	reopened := told("o2", "t1", "ann", engine.Reopened, "")
	reopened.Lines[0].At = *hour(3)
	for _, cmd := range []engine.Command{
		engine.PutTicket{Ticket: record}, engine.PutTicket{Ticket: later}, engine.PutTicket{Ticket: later}, reopened,
	} {
		h.do(cmd)
		h.wantTries("after what was said before its fix,", "t1", "swap solved")
		if tk, err := h.Ticket(t.Context(), "t1"); err != nil || tk.State != "solved" {
			t.Errorf("after %T of before its fix the ticket is %+v, %v, want it solved", cmd, tk, err)
		}
	}
	later.UpdatedAt = hour(5)
	h.do(engine.PutTicket{Ticket: later})
	h.wantTries("open after its fix,", "t1", "swap reopened")
	if tk, err := h.Ticket(t.Context(), "t1"); err != nil || tk.State != "open" || tk.Subject != "later" {
		t.Errorf("open after its fix the ticket is %+v, %v", tk, err)
	}
}

// A record that says nothing of how far its ticket is does not open it.
func recordsWithoutAState(t *testing.T, h *house) {
	for _, updated := range []*time.Time{nil, &morning} {
		solved := engine.Ticket{ID: "t1", Customer: "ann", State: "solved", ClosedAt: &morning, UpdatedAt: updated, Solutions: []engine.Tried{{Item: "swap"}}}
		silent := engine.Ticket{ID: "t1", Customer: "ann", Subject: "article"}
		if updated != nil {
			next := morning.Add(time.Hour)
			silent.UpdatedAt = &next
		}
		h.do(engine.PutTicket{Ticket: solved}, engine.PutTicket{Ticket: silent})
		h.wantTries("of a record without a state", "t1", "swap ")
		if tk, err := h.Ticket(t.Context(), "t1"); err != nil || tk.State != "solved" || tk.ClosedAt == nil || tk.Subject != "article" {
			t.Errorf("after a record without a state the ticket is %+v, %v, want it solved", tk, err)
		}
		h.do(engine.DeleteTicket{ID: "t1"})
	}
}

// A ticket keeps the latest time it was told it was updated at, whatever a change says.
func changesTurnNoClockBack(t *testing.T, h *house) {
	before, later := morning.Add(-time.Hour), morning.Add(time.Hour)
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", UpdatedAt: &morning}})
	for _, c := range []struct{ says, want *time.Time }{{&before, &morning}, {nil, &morning}, {&later, &later}, {&morning, &later}} {
		h.do(engine.UpdateTicket{ID: "t1", Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) {
			tk.UpdatedAt = c.says
			return tk, nil
		}})
		if tk, err := h.Ticket(t.Context(), "t1"); err != nil || tk.UpdatedAt == nil || !tk.UpdatedAt.Equal(*c.want) {
			t.Errorf("updated at %v by a change that says %v, want %v, %v", tk.UpdatedAt, c.says, c.want, err)
		}
	}
}

// What is remembered of a ticket's records gives way to the ticket: one that was taken is taken
// as often as it is updated.
func recordsOfLongTickets(t *testing.T, h *house) {
	long := engine.Ticket{ID: "long", Customer: "ann", State: "open"}
	for range 4 {
		long.Messages = append(long.Messages, engine.Message{From: "customer", Text: strings.Repeat("x", 261_000)})
	}
	tried := engine.Ticket{ID: "tried", Customer: "ann", State: "open"}
	for i := range engine.MaxListValues {
		tried.Solutions = append(tried.Solutions, engine.Tried{Item: engine.ItemID(fmt.Sprint(strings.Repeat("f", 200), i)), Outcome: "not_solved", At: morning})
	}
	for i := range 70 {
		at := morning.Add(time.Duration(i) * time.Minute)
		for _, record := range []engine.Ticket{long, tried} {
			record.UpdatedAt, record.Subject = &at, fmt.Sprint("version ", i)
			if r := h.try(engine.PutTicket{Ticket: record}); r[0].Err != nil {
				t.Fatalf("update %d of ticket %s: %v", i, record.ID, r[0].Err)
			}
		}
	}
}

// What an event told before its ticket came is what it would be had it come after: a record of
// before it leaves the ticket ended, or with a person, one of later opens it again.
func eventsBeforeTheirTicket(t *testing.T, h *house) {
	record := func(state string, at int) engine.PutTicket {
		return engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: state, OpenedAt: hour(1), UpdatedAt: hour(at)}}
	}
	undated := record("", 0)
	undated.Ticket.UpdatedAt = nil
	for _, c := range []struct {
		name   string
		kind   engine.Type
		item   engine.ItemID
		ticket engine.PutTicket
		state  string
		tries  []string
	}{
		{"a fix that solved", engine.Solved, "swap", record("open", 2), "solved", []string{"swap solved"}},
		{"a fix that solved, of a record without a state", engine.Solved, "swap", record("", 2), "solved", []string{"swap solved"}},
		{"a fix that solved, of one without a time, too", engine.Solved, "swap", undated, "solved", []string{"swap solved"}},
		{"that it was solved", engine.Solved, "", record("open", 2), "solved", nil},
		{"that a person has it", engine.Escalated, "", record("open", 2), "escalated", nil},
		{"a fix that did not solve it for good", engine.Solved, "swap", record("open", 4), "open", []string{"swap reopened"}},
		{"what ended it, of a record of its end", engine.Solved, "swap", record("closed", 4), "closed", []string{"swap solved"}},
	} {
		event := told("o"+c.name, "t1", "ann", c.kind, c.item)
		event.Lines[0].At = *hour(3)
		var rows []string
		for i, order := range [][]engine.Command{{event, c.ticket}, {c.ticket, event}} {
			h.do(order...)
			h.wantTries("told "+c.name, "t1", c.tries...)
			if tk, err := h.Ticket(t.Context(), "t1"); err != nil || tk.State != c.state {
				t.Errorf("told %s, %T first, the ticket is %+v, %v, want it %s", c.name, order[0], tk, err, c.state)
			}
			if i == 0 {
				rows = h.said(ann)
			}
			h.wantSaid(ann, rows...)
			h.erase(ann)
		}
	}
}
