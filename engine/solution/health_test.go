package solution_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/solution"
)

// What a ticket that is over says by its state counts: of the one fix that was tried and has
// no verdict, as training has it.
func TestCheckupReadsTickets(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	closed := now.AddDate(0, 0, -40)
	numbers := map[engine.ItemID]engine.ItemNum{"sent": 0, "failed": 1}
	var c solution.Checkup
	used := func(ticket string, fix engine.ItemID, kind engine.Type, days int) {
		c.Row(&engine.Row{Num: numbers[fix], Interaction: engine.Interaction{Item: fix, Type: kind, TicketID: ticket, At: now.AddDate(0, 0, -days)}})
	}
	sent := func(id, state string, more ...engine.Tried) {
		ticket := engine.Ticket{ID: id, State: state, ClosedAt: &closed, Solutions: append(more, engine.Tried{Item: "sent"})}
		c.Ticket(&ticket, func(id engine.ItemID) (n engine.ItemNum, known bool) {
			n, known = numbers[id]
			return n, known
		})
	}
	for _, id := range []string{"alone", "after another", "open", "beside another"} {
		used(id, "sent", engine.SolutionUsed, 50)
	}
	used("after another", "failed", engine.NotSolved, 50)
	used("beside another", "failed", engine.SolutionUsed, 50)
	sent("alone", "closed")
	sent("after another", "solved", engine.Tried{Item: "failed", Outcome: "not_solved"})
	sent("open", "open")
	sent("beside another", "closed", engine.Tried{Item: "failed"})
	sent("of nobody", "closed") // no row tells of it yet
	for _, h := range c.Report([]engine.ItemNum{0, 1}, func(n engine.ItemNum) *engine.Item {
		return &engine.Item{ID: []engine.ItemID{"sent", "failed"}[n]}
	}, now) {
		switch {
		case h.Item == "sent" && (h.Used != 4 || h.Solved != 2 || h.Before.Tickets != 2 || h.Failed != 0):
			t.Errorf("sent: %+v, want used on 4 tickets, 2 of which it ended, long ago", h)
		case h.Item == "failed" && (h.Used != 2 || h.Solved != 0 || h.Failed != 1):
			t.Errorf("failed: %+v, want used on 2 tickets, one of which it did not end", h)
		}
	}
}

// Verdicts are of what is known last, ticket by ticket; the fixes come by what needs a look.
func TestCheckup(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	items := map[engine.ItemNum]*engine.Item{0: {ID: "good"}, 1: {ID: "poor"}, 2: {ID: "worse"}, 3: {ID: "unused"}, 4: {ID: "new"}}
	var c solution.Checkup
	tickets := 0
	say := func(fix engine.ItemNum, days int, types ...engine.Type) {
		tickets++
		for i, what := range types {
			row := engine.Row{Num: fix, Interaction: engine.Interaction{Item: items[fix].ID, Type: what, TicketID: string(rune('A' + tickets)), At: now.AddDate(0, 0, -days).Add(time.Duration(i) * time.Minute)}}
			if what == engine.Reopened && fix == 0 {
				row.Item = "" // the ticket itself says so
			}
			c.Row(&row)
		}
	}
	for range 40 {
		say(0, 90, engine.SolutionUsed, engine.Solved)
		say(1, 90, engine.NotSolved)
		say(2, 90, engine.Solved)
		say(2, 3, engine.NotSolved)
		c.Answer([]engine.ItemNum{0, 3})
	}
	say(0, 50, engine.Solved, engine.Reopened)                                                             // opened again
	say(0, 50, engine.NotSolved, engine.Solved)                                                            // at the second try
	say(0, 50, engine.Solved, engine.Reopened, engine.Solved)                                              // and ended once more, after all
	say(0, 50, engine.Solved, engine.Reopened, engine.NotSolved)                                           // and given up
	say(0, 50, engine.SolutionUsed)                                                                        // nobody knows yet
	c.Row(&engine.Row{Num: 4, Interaction: engine.Interaction{Item: "new", Type: engine.Solved, At: now}}) // about no ticket
	list := c.Report([]engine.ItemNum{0, 1, 2, 3, 4}, func(n engine.ItemNum) *engine.Item { return items[n] }, now)
	of := make(map[engine.ItemID]solution.Health)
	var order []engine.ItemID
	for _, h := range list {
		of[h.Item] = h
		order = append(order, h.Item)
	}
	good := of["good"]
	if good.Used != 45 || good.Solved != 42 || good.Reopened != 1 || good.Failed != 1 || good.Shown != 40 || good.First != 40 || good.Ends != engine.Wilson(42, 44) {
		t.Errorf("good: %+v", good)
	}
	for item, needs := range map[engine.ItemID][]string{
		"good": {}, "poor": {solution.NeedsPoor}, "worse": {solution.NeedsWorse}, "unused": {solution.NeedsUnused}, "new": {solution.NeedsTrial},
	} {
		if got := of[item].Needs; !slices.Equal(got, needs) {
			t.Errorf("%s needs %v, want %v: %+v", item, got, needs, of[item])
		}
	}
	if !slices.Equal(order, []engine.ItemID{"poor", "worse", "good", "unused", "new"}) {
		t.Errorf("the order is %v", order)
	}
	if w := of["worse"]; w.Recent.Tickets != 40 || w.Before.Tickets != 40 || w.Change == nil || w.Change.Value != -1 || w.Change.High >= 0 {
		t.Errorf("worse: %+v", w)
	}
}
