package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/engine"
)

// TestFormerHomesAreDropped: a ticket that was another's before lies, as a deleted
// row, under the other's prefix, where nothing is alive. Erasing has to find it.
func TestFormerHomesAreDropped(t *testing.T) {
	s := openTest(t, t.TempDir())
	s.Start(t.Context(), nil)
	owners := []engine.CustomerID{"ann", "ben", "", "cleo"}
	for _, owner := range owners {
		r, err := s.Append(t.Context(), []engine.Command{engine.PutTicket{Ticket: engine.Ticket{ID: "t", Customer: owner, Subject: "words"}}})
		if err != nil || r[0].Err != nil {
			t.Fatal(r, err)
		}
	}
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	u, err := whomToErase(txn, engine.OfCustomer("cleo").Hash())
	if err != nil {
		t.Fatal(err)
	}
	former := map[string]bool{}
	for _, p := range u.Prefixes {
		former[fmt.Sprintf("%x", p)] = true
	}
	for _, owner := range owners[:3] {
		home := engine.Hash16{}
		if owner != "" {
			home = engine.OfCustomer(owner).Hash()
		}
		if !former[fmt.Sprintf("%x", pairKey(ticketLetter, home, engine.HashOf("t")))] {
			t.Errorf("erasing cleo would not look where the ticket was %q's", owner)
		}
	}
	versions := func() (n int) {
		txn := s.db.NewTransaction(false)
		defer txn.Discard()
		for _, p := range u.Prefixes {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: p, AllVersions: true})
			for it.Rewind(); it.Valid(); it.Next() {
				n++
			}
			it.Close()
		}
		return n
	}
	if n := versions(); n < 6 {
		t.Fatalf("%d versions under the former homes, want a ticket and a deletion in each", n)
	}
	if err := s.dropWords(&erasure{Prefixes: u.Prefixes}); err != nil {
		t.Errorf("dropping what is dead already: %v", err)
	}
	if n := versions(); n != 0 {
		t.Errorf("%d versions are left under the former homes", n)
	}
	if _, err := s.Ticket(context.Background(), "t"); err != nil {
		t.Errorf("the ticket itself: %v", err)
	}
}

// TestForgottenRetryAfterLink: the memory of event ids has an end. An event of a
// session, sent again after the session was linked and its id forgotten, is written
// under the customer as well; a history still has it once.
func TestForgottenRetryAfterLink(t *testing.T) {
	s := openTest(t, "")
	s.Start(t.Context(), nil)
	event := func(id string, c engine.CustomerID) engine.Command {
		return engine.RecordEvent{Lines: []engine.Interaction{{EventID: id, Type: engine.View, Customer: c, Session: "phone", Item: "lamp"}}}
	}
	if _, err := s.Append(t.Context(), []engine.Command{event("1", ""), event("2", "ann")}); err != nil {
		t.Fatal(err)
	}
	s.seen = newRecall[engine.Hash16, uint64](recentEvents) // the committer is idle
	for _, c := range []engine.CustomerID{"", "ann"} {
		if r, err := s.Append(t.Context(), []engine.Command{event(map[engine.CustomerID]string{"": "1", "ann": "2"}[c], c)}); err != nil || r[0].Duplicate {
			t.Fatalf("%+v, %v: want the retry not recognised", r, err)
		}
	}
	if got := fmt.Sprint(eventIDs(t, s)); got != "[1 2]" {
		t.Errorf("History = %s, want each once", got)
	}
	if report, err := s.Check(t.Context(), false); err != nil || report.Interactions != 3 {
		t.Errorf("%d rows, %v; want three: the first event lies in two places", report.Interactions, err)
	}
}
