package store_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// A ticket's records that say when they were made end in the same state, with the same
// tries in its customer's history, in any order, however often they are told: those of an export that is read again from
// the start, of webhooks that come as they like.
func TestVersionsOfATicketComeInAnyOrder(t *testing.T) {
	s := open(t, "", store.Options{InMemory: true})
	s.Start(t.Context(), nil)
	defer s.Close()
	draws := 1000
	if testing.Short() {
		draws = 400
	}
	for seed := range draws {
		rng := rand.New(rand.NewPCG(uint64(seed), 7))
		told := versions(rng)
		want := state(t, s, fmt.Sprint("a", seed), told)
		for i := range told {
			told = append(told, told[rng.IntN(i+1)]) // some twice, and the first for sure
		}
		prefix := append(slices.Clone(told), told[:rng.IntN(len(told))]...)
		if got := state(t, s, fmt.Sprint("b", seed), prefix); got != want {
			t.Fatalf("seed %d: told again from the start\n%s\nwant\n%s\nof %s", seed, got, want, asJSON(t, told))
		}
		rng.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
		if got := state(t, s, fmt.Sprint("c", seed), told); got != want {
			t.Fatalf("seed %d: in another order\n%s\nwant\n%s\nof %s", seed, got, want, asJSON(t, told))
		}
	}
}

// versions are records of a ticket as a desk makes them, one after another: each says all that
// was tried until then, and some what came of it. Not all desks say when: what is tried, when it
// was opened and closed; and a customer may be as content as before.
func versions(rng *rand.Rand) (out []engine.Ticket) {
	at := func(minute int) *time.Time {
		at := time.Date(2026, 3, 1, 9, minute, 0, 0, time.UTC)
		return &at
	}
	now := engine.Ticket{Customer: "ann"}
	verdicts, dates, opening, ended := rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(3), false
	for minute := 10; len(out) < 2+rng.IntN(5); minute += 10 {
		now.Solutions = slices.Clone(now.Solutions)
		if n := len(now.Solutions); verdicts && n > 0 && rng.IntN(2) == 0 {
			if last := &now.Solutions[n-1]; last.Outcome == "" {
				if last.Outcome = []string{"solved", "not_solved"}[rng.IntN(2)]; dates || ended { // a verdict on what had ended it is of later than that
					last.At = *at(minute - 1)
				}
			}
		}
		if rng.IntN(2) == 0 {
			tried := engine.Tried{Item: engine.ItemID(fmt.Sprint("fix", len(now.Solutions)))}
			if dates {
				tried.At = *at(minute - 2)
			}
			now.Solutions = append(now.Solutions, tried)
		}
		if now.OpenedAt = nil; opening == 0 || opening == 1 && rng.IntN(2) == 0 {
			now.OpenedAt = at(rng.IntN(3))
		}
		now.State, now.ClosedAt = []string{"open", "pending", "solved", "closed", "escalated"}[rng.IntN(5)], nil
		if !now.IsOpen() {
			if ended = true; dates || rng.IntN(2) == 0 {
				now.ClosedAt = at(minute)
			}
			csat := float64(1 + rng.IntN(2))
			now.CSAT = &csat
		}
		now.Subject, now.UpdatedAt = fmt.Sprint("version ", len(out)), at(minute)
		out = append(out, now)
	}
	return out
}

// state tells records of a ticket, and returns the ticket and the history of its customer.
func state(t *testing.T, s *store.Store, name string, told []engine.Ticket) string {
	t.Helper()
	commands := make([]engine.Command, len(told))
	for i, record := range told {
		commands[i] = engine.PutTicket{Ticket: record}
	}
	ticket := arriving(t, s, name, commands)
	rows, err := s.History(t.Context(), engine.OfCustomer(engine.CustomerID(name)))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range rows {
		if r.Item == "" && r.Type != engine.CSAT || r.Type == engine.Reopened {
			continue // what follows from what was known then: that a fix was undone, a state that no fix is known to have brought about
		}
		out = append(out, fmt.Sprint(r.Type, r.Item, r.Value, r.At))
	}
	slices.Sort(out)
	return ticket + "\n" + asJSON(t, out)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
