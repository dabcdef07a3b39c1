package store_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// write appends commands that must be accepted and returns their results.
func write(t *testing.T, s *store.Store, cmds ...engine.Command) []engine.Result {
	t.Helper()
	results, err := s.Append(t.Context(), cmds)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	return results
}

func seen(id string, customer engine.CustomerID, session engine.SessionID, at time.Time) engine.Command {
	return engine.RecordEvent{Lines: []engine.Interaction{{EventID: id, Type: engine.View, Customer: customer, Session: session, Item: "lamp", At: at}}}
}

var noon = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)

// An event that was erased is news when it comes again, also to a store that has
// learned from its tail which events it has seen.
func TestErasedEventsAreNewsAfterAStart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	write(t, s, seen("e1", "ann", "", noon), seen("e2", "ben", "", noon), engine.Erase{Subject: engine.OfCustomer("ann")}, seen("e3", "ann", "", noon))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	defer s.Close()
	for i, r := range write(t, s, seen("e1", "ann", "", noon), seen("e2", "ben", "", noon), seen("e3", "ann", "", noon)) {
		if want := i > 0; r.Duplicate != want {
			t.Errorf("e%d sent again: duplicate %v, want %v", i+1, r.Duplicate, want)
		}
	}
}

// What a shared session did for the customer who was erased is forgotten with them,
// though the session itself goes back to whom it came from.
func TestASharedSessionsErasedEventsAreNews(t *testing.T) {
	s := open(t, "", store.Options{InMemory: true})
	s.Start(t.Context(), nil)
	defer s.Close()
	write(t, s, seen("e1", "", "phone", noon), seen("e2", "ann", "phone", noon), seen("e3", "ben", "phone", noon), seen("e4", "", "phone", noon))
	write(t, s, engine.Erase{Subject: engine.OfCustomer("ben")})
	if r := write(t, s, seen("e4", "", "phone", noon)); r[0].Duplicate {
		t.Error("an erased event is called a duplicate")
	}
	if r := write(t, s, seen("e1", "", "phone", noon)); !r[0].Duplicate {
		t.Error("an event that stands is not recognised")
	}
}

// A ticket that went to another customer and back is not erased with the other one.
func TestATicketThatCameBackIsKept(t *testing.T) {
	s := open(t, "", store.Options{InMemory: true})
	s.Start(t.Context(), nil)
	defer s.Close()
	for _, c := range []engine.CustomerID{"ann", "ben", "ann"} {
		write(t, s, engine.PutTicket{Ticket: engine.Ticket{ID: "t", Customer: c}})
	}
	write(t, s, engine.Erase{Subject: engine.OfCustomer("ben")})
	if got, err := s.Ticket(t.Context(), "t"); err != nil || got.Customer != "ann" {
		t.Errorf("Ticket = %+v, %v; want ann's", got, err)
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
}

// A retry that is not remembered stands in the place of the first arrival, whether it
// has the same key or came after the session was linked.
func TestTheNewestArrivalStands(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	write(t, s, seen("e1", "", "phone", noon), seen("e2", "ann", "", noon), engine.Merge{From: engine.OfSession("phone"), Into: "ann"})
	if err := s.TrimTail(t.Context(), s.Seq()+1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	defer s.Close()
	later := noon.Add(time.Hour)
	write(t, s, seen("e1", "", "phone", later), seen("e2", "ann", "", later))
	rows, err := s.History(t.Context(), engine.OfCustomer("ann"))
	if err != nil || len(rows) != 2 || !rows[0].At.Equal(later) || !rows[1].At.Equal(later) {
		t.Errorf("History = %+v, %v; want both events at their later time", rows, err)
	}
}

// A kill in the instant in which Badger makes a file leaves it empty.
func TestFilesCutOffAtTheirBeginningDoNoHarm(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	write(t, s, seen("e1", "ann", "", noon))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"00008.mem", "00009.mem", "000009.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, store.Options{})
	defer s.Close()
	if rows, err := s.History(t.Context(), engine.OfCustomer("ann")); err != nil || len(rows) != 1 {
		t.Errorf("History = %+v, %v; want one event", rows, err)
	}
}
