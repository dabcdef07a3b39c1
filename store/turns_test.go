package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// A ticket's dated records, and events that tell of it, end in the same ticket in any order of
// arrival: also events that come before it.
func TestRecordsAndEventsOfATicketComeInAnyOrder(t *testing.T) {
	s := open(t, "", store.Options{InMemory: true})
	s.Start(t.Context(), nil)
	defer s.Close()
	draws := 400
	if testing.Short() {
		draws = 100
	}
	for seed := range draws {
		rng := rand.New(rand.NewPCG(uint64(seed), 11))
		again := rng.IntN(3) == 0
		told := tellings(rng, again)
		if rng.IntN(4) == 0 {
			told = append(told, told[rng.IntN(len(told))]) // once more, as it was
		}
		want := ""
		for i, order := range orders(rng, told) {
			if again {
				order = recordFirst(order)
			}
			name := fmt.Sprint("t", seed, "-", i)
			if got := arriving(t, s, name, order); want == "" {
				want = got
			} else if got != want {
				t.Fatalf("seed %d: in the order of\n%s\nthe ticket is\n%s\nwant, as in the order of\n%s\n%s", seed, asJSON(t, order), got, asJSON(t, told), want)
			}
		}
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
}

// orders are the tellings in their order and, of few, in all others; of more in some.
func orders(rng *rand.Rand, told []engine.Command) [][]engine.Command {
	out := [][]engine.Command{told}
	if len(told) > 4 {
		for range 12 {
			order := slices.Clone(told)
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			out = append(out, order)
		}
		return out
	}
	var permute func(done, left []engine.Command)
	permute = func(done, left []engine.Command) {
		if len(left) == 0 {
			out = append(out, done)
		}
		for i := range left {
			permute(append(slices.Clone(done), left[i]), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	permute(nil, told)
	return out
}

// recordFirst is an order in which the first record comes before all else.
func recordFirst(order []engine.Command) []engine.Command {
	i := slices.IndexFunc(order, func(cmd engine.Command) bool { _, is := cmd.(engine.PutTicket); return is })
	return slices.Insert(slices.Delete(slices.Clone(order), i, i+1), 0, order[i])
}

// tellings are what is told of a ticket, each of another minute: at least one record, and one
// event. Where again is set events tell the same outcome at several times: before the ticket comes
// the second is a duplicate, of which nothing is kept.
func tellings(rng *rand.Rand, again bool) []engine.Command {
	var out []engine.Command
	events := make(map[string]bool)
	records := 0
	for minute := 10; len(out) < 2+rng.IntN(5) || records == 0 || records == len(out); minute += 1 + rng.IntN(10) {
		at := time.Date(2026, 3, 1, 9, minute, 0, 0, time.UTC)
		if rng.IntN(2) == 0 {
			out, records = append(out, engine.PutTicket{Ticket: recordOf(rng, at, records)}), records+1
			continue
		}
		e := engine.Interaction{Type: []engine.Type{
			engine.Solved, engine.Solved, engine.Reopened, engine.NotSolved, engine.SolutionUsed, engine.Escalated, engine.CSAT,
		}[rng.IntN(7)], At: at}
		switch e.Type {
		case engine.CSAT:
			e.Value = float64(1 + rng.IntN(3))
		case engine.Solved, engine.Reopened:
			e.Item = []engine.ItemID{"", "fix0", "fix1"}[rng.IntN(3)]
		case engine.NotSolved, engine.SolutionUsed:
			e.Item = []engine.ItemID{"fix0", "fix1"}[rng.IntN(2)]
		}
		if key := fmt.Sprint(e.Type, e.Item); again || !events[key] {
			events[key] = true
			out = append(out, engine.RecordEvent{Lines: []engine.Interaction{e}})
		}
	}
	return out
}

// recordOf is a record of a ticket that was made at a moment.
func recordOf(rng *rand.Rand, at time.Time, n int) engine.Ticket {
	record := engine.Ticket{Subject: fmt.Sprint("version ", n), UpdatedAt: &at}
	record.State = []string{"", "open", "pending", "solved", "reopened", "escalated", "closed"}[rng.IntN(7)]
	if !record.IsOpen() && rng.IntN(2) == 0 {
		record.ClosedAt = new(at.Add(-30 * time.Second))
	}
	if rng.IntN(2) == 0 {
		record.OpenedAt = new(at.Add(-8 * time.Hour))
	}
	for _, item := range []engine.ItemID{"fix0", "fix1"} {
		if rng.IntN(3) > 0 {
			continue
		}
		tried := engine.Tried{Item: item, Outcome: []string{"", "solved", "not_solved", "reopened"}[rng.IntN(4)]}
		if rng.IntN(2) == 0 {
			tried.At = at.Add(-time.Duration(rng.IntN(1200)) * time.Second)
		}
		record.Solutions = append(record.Solutions, tried)
	}
	if rng.IntN(4) == 0 {
		record.CSAT = new(float64(1 + rng.IntN(3)))
	}
	return record
}

// arriving tells a ticket in an order, and returns it.
func arriving(t *testing.T, s *store.Store, name string, told []engine.Command) string {
	t.Helper()
	for _, cmd := range told {
		switch c := cmd.(type) {
		case engine.PutTicket:
			c.Ticket.ID, c.Ticket.Customer = name, engine.CustomerID(name)
			cmd = c
		case engine.RecordEvent:
			line := c.Lines[0]
			line.TicketID, line.Customer, line.EventID = name, engine.CustomerID(name), fmt.Sprint(line.At)
			cmd = engine.RecordEvent{Lines: []engine.Interaction{line}}
		}
		if r, err := s.Append(t.Context(), []engine.Command{cmd}); err != nil || r[0].Err != nil {
			t.Fatal(err, r)
		}
	}
	ticket, err := s.Ticket(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ticket.ID, ticket.Customer = "", ""
	slices.SortFunc(ticket.Solutions, func(a, b engine.Tried) int { return cmp.Compare(a.Item, b.Item) })
	return asJSON(t, ticket)
}
