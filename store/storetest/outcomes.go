package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// said returns a history's outcomes as "type item".
func (h *house) said(subj engine.Subject) []string {
	h.t.Helper()
	rows, err := h.History(h.t.Context(), subj)
	if err != nil {
		h.t.Fatal(err)
	}
	list := []string{}
	for _, r := range rows {
		list = append(list, fmt.Sprintf("%s %s", r.Type, r.Item))
	}
	slices.Sort(list)
	return list
}

func (h *house) wantSaid(subj engine.Subject, want ...string) {
	h.t.Helper()
	if got := h.said(subj); !slices.Equal(got, want) {
		h.t.Errorf("outcomes of %s are %q, want %q", subj, got, want)
	}
}

func told(event, ticket string, customer engine.CustomerID, kind engine.Type, item engine.ItemID) engine.RecordEvent {
	e := view("x0", customer, "", item)
	e.Lines[0].EventID, e.Lines[0].TicketID, e.Lines[0].Type = event, ticket, kind
	return e
}

func outcomesOfTicketsCountOnce(t *testing.T, h *house) {
	csat := 4.0
	tk := engine.Ticket{
		ID: "t1", Customer: "ann", State: "solved", CSAT: &csat, ClosedAt: &morning,
		Solutions: []engine.Tried{{Item: "reset"}, {Item: "swap", Outcome: "solved"}, {Item: "pray", Outcome: "not_solved"}},
	}
	h.do(engine.PutTicket{Ticket: tk}, engine.PutTicket{Ticket: tk})
	want := []string{"csat ", "not_solved pray", "solution_used reset", "solved swap"}
	h.wantSaid(ann, want...)
	rows, err := h.History(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.EventID != store.OutcomeID("t1", r.Type, r.Item) || r.TicketID != "t1" || r.Customer != "ann" {
			t.Errorf("an outcome is stored as %+v", r.Interaction)
		}
		if r.Type == engine.Solved && !r.At.Equal(morning) || r.Type == engine.CSAT && r.Value != 4 {
			t.Errorf("an outcome is stored as %+v", r.Interaction)
		}
	}
	for _, e := range []engine.RecordEvent{
		told("o1", "t1", "ann", engine.Solved, "swap"), told("", "t1", "ann", engine.SolutionUsed, "reset"), told("o2", "t1", "ann", engine.CSAT, "swap"),
	} {
		if r := h.do(e); !r[0].Duplicate {
			t.Errorf("%s said by an event after the ticket: %+v, want a duplicate", e.Lines[0].Type, r[0])
		}
	}
	h.wantSaid(ann, want...)
	h.wantSaid(ben)
}

func outcomesOfEventsCountOnce(t *testing.T, h *house) {
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "open"}})
	h.do(
		told("o1", "t1", "ann", engine.SolutionShown, "reset"), told("o2", "t1", "ann", engine.SolutionUsed, "reset"),
		told("o3", "t1", "ann", engine.Solved, "reset"), told("o7", "t1", "ann", engine.Escalated, ""),
		told("o4", "t9", "ben", engine.Solved, "swap"), // of a ticket nobody has put yet
	)
	tk, err := h.Ticket(t.Context(), "t1")
	if err != nil || tk.State != "escalated" || len(tk.Solutions) != 1 || tk.Solutions[0].Item != "reset" || tk.Solutions[0].Outcome != "solved" {
		t.Errorf("after its events the ticket is %+v, %v", tk, err)
	}
	for i, e := range []engine.RecordEvent{told("o3", "t1", "ann", engine.Solved, "reset"), told("o9", "t1", "ann", engine.Solved, "reset"), told("", "t1", "ann", engine.Escalated, "reset")} {
		if r := h.do(e); !r[0].Duplicate {
			t.Errorf("event %d, which says what was said: %+v, want a duplicate", i, r[0])
		}
	}
	tk.State = "reopened"
	tk.Solutions[0].Outcome = "reopened"
	h.do(engine.PutTicket{Ticket: tk}, engine.PutTicket{Ticket: engine.Ticket{
		ID: "t9", Customer: "ben", State: "solved", Solutions: []engine.Tried{{Item: "swap", Outcome: "solved"}},
	}})
	h.wantSaid(ann, "escalated ", "reopened reset", "solution_shown reset", "solution_used reset", "solved reset")
	h.wantSaid(ben, "solved swap")
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ben", State: "open"}}) // what ann sent stays hers
	h.wantSaid(ann, "escalated ", "solution_shown reset", "solution_used reset", "solved reset")
	h.wantSaid(ben, "reopened reset", "solved swap")
	h.erase(ben)
	h.wantSaid(ann, "escalated ", "solution_shown reset", "solution_used reset", "solved reset")
	h.wantSaid(ben)
	h.do(told("o4", "t9", "ben", engine.Solved, "swap"))
	h.wantSaid(ben, "solved swap") // erased, it is news
	h.lateOutcome()
}

// lateOutcome: an event from before what a ticket says of its solution is a row, and
// changes the ticket no more.
func (h *house) lateOutcome() {
	h.t.Helper()
	noon := morning.Add(4 * time.Hour)
	h.do(engine.PutTicket{Ticket: engine.Ticket{
		ID: "t5", Customer: "ben", State: "reopened", Solutions: []engine.Tried{{Item: "glue", Outcome: "reopened", At: noon}},
	}})
	late, later := told("o5", "t5", "ben", engine.Solved, "glue"), told("o6", "t5", "ben", engine.NotSolved, "glue")
	late.Lines[0].At, later.Lines[0].At = morning, noon.Add(time.Hour)
	for _, c := range []struct {
		e    engine.RecordEvent
		want string
	}{{late, "reopened"}, {later, "not_solved"}} {
		h.do(c.e)
		tk, err := h.Ticket(h.t.Context(), "t5")
		if err != nil || tk.State != "reopened" || tk.Solutions[0].Outcome != c.want {
			h.t.Errorf("after %s of %s the ticket is %+v, %v", c.e.Lines[0].Type, c.e.Lines[0].At, tk, err)
		}
	}
	h.wantSaid(ben, "not_solved glue", "reopened glue", "solved glue", "solved swap")
}

func outcomesFollowTheTicket(t *testing.T, h *house) {
	tk := engine.Ticket{ID: "t1", State: "solved", Solutions: []engine.Tried{{Item: "swap", Outcome: "solved"}}}
	h.do(engine.PutTicket{Ticket: tk}) // whose is it?
	if n := len(h.all()); n != 1 {
		t.Errorf("a ticket of nobody is %d commands, want 1", n)
	}
	for _, who := range []engine.CustomerID{"ann", "ben", "ann", "", "ben"} {
		tk.Customer = who
		h.do(engine.PutTicket{Ticket: tk})
		for _, subj := range []engine.Subject{ann, ben} {
			if subj.ID == string(who) {
				h.wantSaid(subj, "solved swap")
			} else {
				h.wantSaid(subj)
			}
		}
	}
	balance := map[engine.Subject]int{}
	for _, c := range h.all() {
		balance[c.Subject] += len(c.Rows) - len(c.Was)
	}
	if balance[ann] != 0 || balance[ben] != 1 {
		t.Errorf("rows observed to come and go: %v, want none of ann's and one of ben's left", balance)
	}
	if got := h.replayed(0); len(got) == 0 {
		t.Error("nothing is replayed")
	} else {
		for _, c := range got {
			balance[c.Subject] -= len(c.Rows) - len(c.Was)
		}
		if balance[ann] != 0 || balance[ben] != 0 {
			t.Errorf("a replay differs from what was observed by %v rows", balance)
		}
	}
	h.do(engine.Merge{From: ben, Into: "ann"})
	h.wantSaid(ann, "solved swap")
	tk.Customer = "cleo" // the row still lies under ben
	before := len(h.all())
	h.do(engine.PutTicket{Ticket: tk})
	h.wantSaid(ann)
	for _, c := range h.all()[before:] {
		if len(c.Was) > 0 && c.Subject != ann {
			t.Errorf("a row of ann's, who ben is now, was taken from %v", c.Subject)
		}
	}
	tk.Customer = "ben"
	h.do(engine.PutTicket{Ticket: tk})
	h.wantSaid(ann, "solved swap")
	h.erase(ann)
	h.wantSaid(ann)
}

func outcomesCanBeChanged(t *testing.T, h *house) {
	tk := engine.Ticket{ID: "t1", Customer: "ann", Solutions: []engine.Tried{{Item: "swap", Outcome: "solved"}}}
	h.do(engine.PutTicket{Ticket: tk}, told("o1", "t1", "ann", engine.SolutionShown, "swap"))
	h.do(change(ann, "o1", func(l []engine.Interaction) []engine.Interaction { l[0].Position = 2; return l }))
	for _, other := range []engine.UpdateEvent{
		change(ann, "o1", func(l []engine.Interaction) []engine.Interaction { l[0].Item = "reset"; return l }),
		change(ann, "o1", func(l []engine.Interaction) []engine.Interaction { l[0].TicketID = ""; return l }),
	} {
		if r := h.try(other); r[0].Err == nil {
			t.Error("a change that makes another outcome of one is taken")
		}
	}
	h.do(remove(ann, store.OutcomeID("t1", engine.Solved, "swap")))
	h.do(engine.PutTicket{Ticket: tk})
	if r := h.do(told("o5", "t1", "ann", engine.Solved, "swap")); !r[0].Duplicate {
		t.Errorf("an outcome somebody deleted, said again: %+v, want a duplicate", r[0])
	}
	h.wantSaid(ann, "solution_shown swap")
}

// Outcomes of a ticket are its customer's, links and merges followed, or of a session that is
// nobody's; all else is refused, and with it nothing but that event.
func outcomesAreOfTheTicketsCustomer(t *testing.T, h *house) {
	visit := func(id string, session engine.SessionID, customer engine.CustomerID) engine.RecordEvent {
		e := told("", "t1", customer, engine.SolutionUsed, engine.ItemID(id))
		e.Lines[0].Session = session
		return e
	}
	h.do(told("o0", "t1", "ben", engine.NotSolved, "early"), visit("seen", "s9", ""), told("o1", "t2", "ben", engine.Solved, "swap"))
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "t1", Customer: "ann", State: "open"}}, engine.PutTicket{Ticket: engine.Ticket{ID: "t2", State: "open"}})
	h.wantTries("that came after what others said of it", "t1", "seen ")
	h.wantTries("of nobody", "t2", "swap solved")
	h.do(engine.Merge{From: engine.OfSession("s2"), Into: "ben"}, engine.Merge{From: engine.OfSession("s1"), Into: "ann"})
	for _, cmd := range []engine.RecordEvent{
		told("o2", "t1", "ben", engine.Solved, "reset"), told("", "t1", "ben", engine.SolutionUsed, "seen"), told("o3", "t1", "ben", engine.CSAT, ""),
		told("o4", "t1", "ben", engine.SolutionShown, "reset"), visit("reset", "s2", ""), visit("reset", "s1", "ben"),
	} {
		results := h.try(told("n"+cmd.Lines[0].EventID, "t3", "ann", engine.Solved, engine.ItemID(cmd.Lines[0].Type)+"1"), cmd)
		var invalid *engine.Invalid
		if !errors.As(results[1].Err, &invalid) || invalid.Field != "ticket_id" || !strings.Contains(invalid.Want, `"t1"`) || strings.Contains(invalid.Want, "ann") {
			t.Errorf("%+v: %+v, want it refused without a word of whose the ticket is", cmd.Lines[0], results[1])
		}
		if results[0].Err != nil {
			t.Errorf("the event beside it: %v", results[0].Err)
		}
	}
	if r := h.do(told("o0", "t1", "ben", engine.NotSolved, "early")); !r[0].Duplicate {
		t.Errorf("what was taken before the ticket came, sent again: %+v, want a duplicate", r[0])
	}
	h.do(visit("mine", "s1", ""), visit("anybody's", "s3", ""), told("o5", "t2", "ann", engine.Solved, "glue"))
	h.wantTries("after that", "t1", "seen ", "mine ", "anybody's ")
	h.do(engine.Merge{From: ben, Into: "ann"}, told("o2", "t1", "ben", engine.Solved, "reset"))
	h.wantTries("of one who was merged", "t1", "seen ", "mine ", "anybody's ", "reset solved")
}

// What is known and cannot be a fix is none; what stands already stays.
func outcomesAreOfFixes(t *testing.T, h *house) {
	kinds := map[engine.ItemID]engine.Item{
		"lamp": {}, "sale": {Kind: engine.Offer}, "reset": {Kind: engine.Solution}, "guide": {Kind: engine.Content}, "visit": {Kind: "service"},
		"bulb": {Kind: engine.Product, Categories: []string{"lighting/Spare parts"}}, "shade": {Attributes: engine.Attributes{"part": true}},
		"whole": {Categories: []string{"parts"}, Attributes: engine.Attributes{"part": false}}, "promo": {Kind: engine.Offer, Categories: []string{"parts"}},
	}
	h.do(engine.PutTicket{Ticket: engine.Ticket{ID: "old", Customer: "ann", Solutions: []engine.Tried{{Item: "lamp"}, {Item: "later"}}}})
	for id, item := range kinds {
		item.ID = id
		h.do(engine.PutItem{Item: item})
	}
	for _, id := range []engine.ItemID{"lamp", "sale", "reset", "guide", "visit", "bulb", "shade", "whole", "promo", "unheard of"} {
		tried := engine.Ticket{ID: "t-" + string(id), Customer: "ann", Solutions: []engine.Tried{{Item: "reset"}, {Item: id, Outcome: "solved"}}}
		cmds := []engine.Command{
			engine.PutTicket{Ticket: tried},
			engine.UpdateTicket{ID: "u-" + string(id), Update: func(engine.Ticket, bool) (engine.Ticket, error) {
				tried.ID = "u-" + string(id)
				return tried, nil
			}},
			told("e-"+string(id), "e-"+string(id), "ann", engine.NotSolved, id),
		}
		refused := id == "lamp" || id == "sale" || id == "whole" || id == "promo"
		for i, r := range h.try(cmds...) {
			var invalid *engine.Invalid
			if refused != errors.As(r.Err, &invalid) || refused && (invalid.Field != []string{"solutions[1].item_id", "solutions[1].item_id", "item_id"}[i] || !strings.Contains(invalid.Want, string(id))) {
				t.Errorf("%T of %s: %v, want it refused: %v", cmds[i], id, r.Err, refused)
			}
		}
	}
	h.do(
		told("c", "old", "ann", engine.CSAT, "lamp"), // what it is about, not what was tried
		engine.PutTicket{Ticket: engine.Ticket{ID: "old", Customer: "ann", Solutions: []engine.Tried{{Item: "lamp"}}}},
		engine.UpdateTicket{ID: "old", Update: func(tk engine.Ticket, _ bool) (engine.Ticket, error) { return tk, nil }},
	)
	h.wantTries("of before its item came", "old", "lamp ", "later ")
}

// What a customer said of a ticket that became another's, who was erased, is known as they said it:
// an outcome told again, and otherwise than they told last, counts.
func outcomesOutliveStrangers(t *testing.T, h *house) {
	at := func(e engine.RecordEvent, hours int) engine.RecordEvent {
		e.Lines[0].At = morning.Add(time.Duration(hours) * time.Hour)
		return e
	}
	for _, c := range []struct {
		kind, last engine.Type
		item       engine.ItemID
	}{{engine.Solved, engine.Reopened, "swap"}, {engine.NotSolved, engine.Solved, "swap"}, {engine.Escalated, engine.Reopened, ""}} {
		id := string(c.kind)
		h.do(at(told("o1"+id, id, "ann", c.kind, c.item), 1), at(told("o2"+id, id, "ann", c.last, c.item), 2))
		theirs := engine.Ticket{ID: id, Customer: "ben", State: string(c.last)}
		if c.item != "" {
			theirs.Solutions = []engine.Tried{{Item: c.item, Outcome: string(c.last)}}
		}
		h.do(engine.PutTicket{Ticket: theirs})
		h.erase(ben)
		again := at(told("o3"+id, id, "ann", c.kind, c.item), 3)
		if r := h.do(again); r[0].Duplicate {
			t.Errorf("%s told anew after %s: a duplicate", c.kind, c.last)
		}
		if r := h.do(at(told("o4"+id, id, "ann", c.kind, c.item), 4)); !r[0].Duplicate {
			t.Errorf("%s told once more: %+v, want a duplicate", c.kind, r[0])
		}
	}
}
