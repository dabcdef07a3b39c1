package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/store/storetest"
)

// told is all that can be read of a store.
type told struct {
	history map[engine.Subject][]engine.Row
	tail    []engine.Committed
	events  []engine.Interaction
	tickets int
	shown   []engine.Impression
}

func tellAll(t *testing.T, s *store.Store) told {
	t.Helper()
	out := told{history: map[engine.Subject][]engine.Row{}}
	ctx := t.Context()
	keep := func(subj engine.Subject, rows []engine.Row) error { out.history[subj] = slices.Clone(rows); return nil }
	if err := s.Scan(ctx, keep); err != nil {
		t.Fatal(err)
	}
	if err := s.Tail(ctx, 0, func(group []engine.Committed) error { out.tail = append(out.tail, group...); return nil }); err != nil {
		t.Fatal(err)
	}
	v, err := s.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := v.Events(ctx, func(e engine.Interaction) error { out.events = append(out.events, e); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := v.Tickets(ctx, func(engine.Ticket) error { out.tickets++; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := v.Impressions(ctx, func(i engine.Impression) error { out.shown = append(out.shown, i); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// shows has answers with reasons kept, given to somebody now.
func shows(t *testing.T, s *store.Store, who engine.Subject, answers uint64) {
	t.Helper()
	var list []engine.Impression
	for i := range answers {
		at := time.Now().UTC().Truncate(time.Millisecond).Add(-time.Duration(i) * time.Minute)
		id := engine.NewRecommendationID(who.Hash(), at, i)
		list = append(list, engine.Impression{RecommendationID: id, At: at, Subject: who, Answer: engine.Answered{Answer: engine.Answer{
			RecommendationID: id, Items: []engine.Recommended{{Item: "lamp", Rank: 1, Reasons: []engine.Reason{{Type: engine.ReasonHistory, Item: "bulb", Contribution: 1}}}},
		}}})
	}
	if err := storetest.Show(t.Context(), s, list...); err != nil {
		t.Fatal(err)
	}
}

// family writes a customer with a long past in sessions, and in another customer.
func family(t *testing.T, s *store.Store) {
	t.Helper()
	var cmds []engine.Command
	for i := range 700 {
		cmds = append(cmds, seen(fmt.Sprint("e", i), "", engine.SessionID(fmt.Sprint("v", i%3)), noon))
	}
	cmds = append(cmds, engine.PutTicket{Ticket: engine.Ticket{ID: "t", Customer: "ann", State: "solved"}})
	for v := range 3 {
		cmds = append(cmds, seen(fmt.Sprint("login", v), "ann", engine.SessionID(fmt.Sprint("v", v)), noon))
	}
	cmds = append(cmds, seen("again", "ben", "v1", noon)) // a shared session keeps its past
	cmds = append(cmds, changed(engine.OfCustomer("ann"), "e5", 3), deleted(engine.OfCustomer("ann"), "e6"))
	cmds = append(cmds, engine.Merge{From: engine.OfCustomer("ann"), Into: "cleo"}, changed(engine.OfCustomer("cleo"), "e7", 4))
	write(t, s, cmds...)
}

// TestMovingChangesNothingRead moves rows together and finds everything told as before,
// sees retries of old events, and erases all.
func TestMovingChangesNothingRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	defer func() { s.Close() }()
	family(t, s)
	before, seq := tellAll(t, s), s.Seq()
	moved, err := s.MoveMerged(t.Context())
	if err != nil || moved < 700 {
		t.Fatalf("MoveMerged = %d, %v; want 700 rows and more", moved, err)
	}
	if again, err := s.MoveMerged(t.Context()); again != 0 || err != nil {
		t.Errorf("the second MoveMerged moves %d, %v", again, err)
	}
	if after := tellAll(t, s); !reflect.DeepEqual(before, after) || s.Seq() != seq {
		t.Errorf("after moving %d subjects, %d commands and %d events are told, before %d, %d and %d",
			len(after.history), len(after.tail), len(after.events), len(before.history), len(before.tail), len(before.events))
	}
	s = forgetful(t, s, dir)
	write(t, s, seen("e0", "", "v0", noon), seen("e2", "", "v2", noon))
	cleo := engine.OfCustomer("cleo")
	rows, err := s.History(t.Context(), cleo)
	if err != nil || len(rows) != len(before.history[cleo]) {
		t.Errorf("with old events sent again the history has %d rows, %v; want %d", len(rows), err, len(before.history[cleo]))
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
	write(t, s, engine.Erase{Subject: cleo})
	if n := storetest.FilesHolding(t, dir, "login"); n != 0 {
		t.Errorf("%d files name what was moved and erased", n)
	}
}

// TestMovingBesideEverything moves while sessions become customers, are read and erased.
func TestMovingBesideEverything(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	s.Start(t.Context(), nil)
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.MoveMerged(t.Context()); err != nil {
				t.Errorf("MoveMerged: %v", err)
				return
			}
		}
	})
	for round := range 40 {
		session := engine.SessionID(fmt.Sprint("v", round))
		var cmds []engine.Command
		for i := range 30 {
			cmds = append(cmds, seen(fmt.Sprint(round, "-", i), "", session, noon))
		}
		write(t, s, cmds...)
		write(t, s, engine.Merge{From: engine.OfSession(session), Into: "ann"}, cmds[3])
		if rows, err := s.History(t.Context(), engine.OfCustomer("ann")); err != nil || len(rows) != 30*(round%10+1) {
			t.Fatalf("round %d: %d rows, %v; want %d", round, len(rows), err, 30*(round%10+1))
		}
		if round%10 == 9 {
			write(t, s, engine.Erase{Subject: engine.OfSession(session)})
		}
	}
	stop()
	wg.Wait()
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 || report.Interactions != 0 {
		t.Errorf("Check: %v, %+v", err, report)
	}
}

// TestAnOlderStoreIsBroughtUpToDate opens what format 1 left: no marks of what is to
// be moved.
func TestAnOlderStoreIsBroughtUpToDate(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	family(t, s)
	shows(t, s, engine.OfCustomer("ann"), 700)
	want := tellAll(t, s)
	s.MakeOld(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	up, err := store.Upgrade(dir, true)
	if err != nil || up.From != 1 || up.To != 3 || len(up.Steps) != 2 {
		t.Errorf("a dry run says %+v, %v; want two steps from 1 to 3", up, err)
	}
	if up, err = store.Upgrade(dir, false); err != nil || len(up.Steps) == 0 {
		t.Errorf("Upgrade: %+v, %v", up, err)
	}
	if up, err = store.Upgrade(dir, false); err != nil || len(up.Steps) > 0 || up.From != up.To {
		t.Errorf("Upgrade of what is up to date: %+v, %v; want nothing to be done", up, err)
	}
	s = open(t, dir, store.Options{})
	defer s.Close()
	s.Start(t.Context(), nil)
	if got := tellAll(t, s); !reflect.DeepEqual(got, want) {
		t.Error("an upgraded store tells something else")
	}
	if s.HoldsOldRows(t) {
		t.Error("Badger still holds rows of impressions, or of their reasons")
	}
	if moved, err := s.MoveMerged(t.Context()); err != nil || moved < 700 {
		t.Errorf("MoveMerged = %d, %v; want what was never moved", moved, err)
	}
	if got := tellAll(t, s); !reflect.DeepEqual(got, want) {
		t.Error("a store whose old rows moved tells something else")
	}
}

func TestUpgradeRefusesNewer(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.PutFormat(t, binary.AppendUvarint([]byte{1}, 99))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if up, err := store.Upgrade(dir, false); err == nil || up.From != 99 {
		t.Errorf("Upgrade of format 99: %+v, %v; want ErrNewerFormat", up, err)
	}
	if _, err := store.Upgrade(t.TempDir(), true); err == nil {
		t.Error("Upgrade of an empty directory finds a store")
	}
}
