package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/store/storetest"
)

// TestEraseLeavesNoByte looks into every file of the directory for words of an erased
// person: their ids, and what stood in events, tickets, records and queries, in old
// versions, deleted rows and expired ones, too.
func TestEraseLeavesNoByte(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	secret := func(what string) string { return "Sesam" + what }
	customer := engine.CustomerID(secret("customer"))
	session := engine.SessionID(secret("session"))
	ticket := func(id, text string, of engine.CustomerID) engine.PutTicket {
		return engine.PutTicket{Ticket: engine.Ticket{ID: id, Customer: of, Messages: []engine.Message{{Text: secret(text)}}}}
	}
	shown := engine.Impression{Subject: engine.OfSession(session), At: time.Now(), Request: engine.Request{Query: secret("request"), Session: session}}
	shown.RecommendationID = engine.NewRecommendationID(shown.Subject.Hash(), shown.At, 1)
	old := shown
	old.At = time.Now().Add(-2 * engine.ImpressionAge) // expired as soon as it is written
	old.RecommendationID = engine.NewRecommendationID(shown.Subject.Hash(), old.At, 1)
	event := func(id string, c engine.CustomerID, v engine.SessionID) engine.RecordEvent {
		return engine.RecordEvent{Lines: []engine.Interaction{{
			EventID: id, Type: engine.Search, Customer: c, Session: v, Item: "lamp", Query: secret("query"),
			Properties: map[string]any{"note": secret("property")},
		}}}
	}
	fill(t, s, "before")
	if err := storetest.Show(t.Context(), s, shown, old); err != nil {
		t.Fatal(err)
	}
	send(t, s, []engine.Command{
		event(secret("event1"), "", session), event(secret("event2"), customer, session),
		engine.PutCustomer{Customer: engine.Customer{ID: customer, Attributes: engine.Attributes{"name": secret("attribute")}}},
		ticket(secret("ticket1"), "text1", customer),
	})
	fill(t, s, "between") // so that versions of one key lie in different files
	send(t, s, []engine.Command{
		engine.PutCustomer{Customer: engine.Customer{ID: customer}}, // hides an older record
		ticket("deleted", "deleted", customer),
		engine.DeleteTicket{ID: "deleted"},
		ticket("moved", "moved", "ben"), ticket("moved", "moved", "cleo"), ticket("moved", "moved", customer),
		engine.Merge{From: engine.OfCustomer("other-" + customer), Into: customer},
		event(secret("event3"), "other-"+customer, "second-"+session),
	})
	if n := storetest.FilesHolding(t, dir, "Sesam"); n == 0 {
		t.Fatal("the marker is not found before the erasure: this test would prove nothing")
	}
	start := time.Now()
	send(t, s, []engine.Command{engine.Erase{Subject: engine.OfCustomer(customer)}})
	t.Logf("erasing took %v", time.Since(start))
	if n := storetest.FilesHolding(t, dir, "Sesam"); n != 0 {
		t.Errorf("%d files name the erased while the store is open", n)
	}
	fill(t, s, "after")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := storetest.FilesHolding(t, dir, "Sesam"); n != 0 {
		t.Errorf("%d files name the erased after closing", n)
	}
	s = open(t, dir, store.Options{})
	defer s.Close()
	if rows, err := s.History(t.Context(), engine.OfCustomer("before-7")); err != nil || len(rows) == 0 {
		t.Errorf("somebody else's history has %d rows, %v", len(rows), err)
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
}

// TestWipeLeavesNoByte: neither of a model that is wiped, nor of one that was dropped before or
// never finished, over a restart; and what else there is stays whole.
func TestWipeLeavesNoByte(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	body := func(word string) []byte {
		return bytes.Repeat([]byte(word+"! "), engine.ModelChunkBytes*5/2/(len(word)+2))
	}
	save := func(version int, word string) {
		t.Helper()
		if err := s.SaveModel(t.Context(), version, []byte("{}"), bytes.NewReader(body(word))); err != nil {
			t.Fatal(err)
		}
	}
	save(1, "Sesam")
	fill(t, s, "before")
	if err := s.SaveCheckpoint(t.Context(), 1, "counts", body("Checkpoint")); err != nil {
		t.Fatal(err)
	}
	save(2, "Sesam")
	if err := s.SetCurrent(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := s.WipeModel(t.Context(), 2); !errors.Is(err, engine.ErrConflict) {
		t.Errorf("WipeModel of the current one: %v, want a conflict", err)
	}
	save(3, "Sesam")
	if err := s.DropModel(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	s.Start(t.Context(), nil)
	save(4, "harmless") // not in the place of the third
	if err := s.SetCurrent(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if n := storetest.FilesHolding(t, dir, "Sesam"); n == 0 {
		t.Fatal("the marker is not found before it is wiped: this test would prove nothing")
	}
	for _, version := range []int{1, 2} {
		start := time.Now()
		if err := s.WipeModel(t.Context(), version); err != nil {
			t.Fatal(err)
		}
		t.Logf("wiping took %v", time.Since(start))
	}
	if n := storetest.FilesHolding(t, dir, "Sesam"); n != 0 {
		t.Errorf("%d files hold the models while the store is open", n)
	}
	if err := s.WipeModel(t.Context(), 1); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("WipeModel of one that is gone: %v, want not found", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := storetest.FilesHolding(t, dir, "Sesam"); n != 0 {
		t.Errorf("%d files hold the models after closing", n)
	}
	s = open(t, dir, store.Options{})
	defer s.Close()
	if list, err := s.Models(t.Context()); err != nil || len(list) != 1 || list[0].Version != 4 || !list[0].Current {
		t.Errorf("Models = %+v, %v; want the fourth", list, err)
	}
	if _, data, ok, err := s.LoadCheckpoint(t.Context(), "counts"); err != nil || !ok || !bytes.Equal(data, body("Checkpoint")) {
		t.Errorf("the checkpoint has %d bytes, %v, %v", len(data), ok, err)
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
}

// fill writes enough to have Badger write files and compact them.
func fill(t *testing.T, s *store.Store, name string) {
	t.Helper()
	text := bytes.Repeat([]byte("x"), 4000)
	for range 9 { // 18 MB, a memtable and more
		cmds := make([]engine.Command, 500)
		for i := range cmds {
			cmds[i] = engine.RecordEvent{Lines: []engine.Interaction{{
				Type: engine.View, Customer: engine.CustomerID(name + "-" + string(rune('0'+i%10))), Item: "lamp", Query: string(text),
			}}}
		}
		send(t, s, cmds)
	}
}

// TestEraseUnderLoad erases while everything else goes on.
func TestEraseUnderLoad(t *testing.T) {
	s := open(t, t.TempDir(), store.Options{})
	defer s.Close()
	s.Start(t.Context(), nil)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for name, work := range map[string]func(n int) error{
		"append": func(n int) error {
			results, err := s.Append(t.Context(), []engine.Command{engine.RecordEvent{Lines: []engine.Interaction{{
				EventID: fmt.Sprint(n), Type: engine.View, Customer: "stays", Session: engine.SessionID(fmt.Sprint(n)), Item: engine.ItemID(fmt.Sprint(n)),
			}}}})
			if err == nil {
				err = results[0].Err
			}
			return err
		},
		"history": func(int) error { _, err := s.History(t.Context(), engine.OfCustomer("stays")); return err },
		"scan": func(int) error {
			return s.Scan(t.Context(), func(engine.Subject, []engine.Row) error { return nil })
		},
		"impressions": func(n int) error {
			subj := engine.OfCustomer(engine.CustomerID(fmt.Sprint("goes", n%10)))
			at := time.Now()
			return storetest.Show(t.Context(), s, engine.Impression{
				Subject: subj, At: at, RecommendationID: engine.NewRecommendationID(subj.Hash(), at, uint64(n)),
			})
		},
		"wipe": func(n int) error {
			return errors.Join(s.SaveModel(t.Context(), n+1, nil, bytes.NewReader(make([]byte, 1000))), s.WipeModel(t.Context(), n+1))
		},
		"model": func(n int) error {
			return s.SaveCheckpoint(t.Context(), uint64(n), "c", make([]byte, 1000))
		},
		"resolve": func(n int) error {
			s.Resolve(engine.OfSession(engine.SessionID(fmt.Sprint(n))))
			return nil
		},
	} {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := work(n); err != nil {
					t.Errorf("%s %d: %v", name, n, err)
					return
				}
			}
		})
	}
	for n := range 10 {
		goes := engine.CustomerID(fmt.Sprint("goes", n))
		send(t, s, []engine.Command{
			engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.View, Customer: goes, Session: "shared", Item: "lamp"}}},
			engine.PutTicket{Ticket: engine.Ticket{ID: "t", Customer: goes}},
			engine.Erase{Subject: engine.OfCustomer(goes)},
		})
		if rows, err := s.History(t.Context(), engine.OfCustomer(goes)); err != nil || len(rows) != 0 {
			t.Errorf("an erased history has %d rows, %v", len(rows), err)
		}
	}
	stop()
	wg.Wait()
	events := s.IDs().Len() - 1 // each brought an item, and there is the lamp
	if rows, err := s.History(t.Context(), engine.OfCustomer("stays")); err != nil || len(rows) != events {
		t.Errorf("the history of who stays has %d rows, %v; want %d", len(rows), err, events)
	}
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
}

// TestErasedStayErasedAfterAKill kills while somebody reads who began before the erasure: the store is
// copied as it lies.
func TestErasedStayErasedAfterAKill(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	defer s.Close()
	s.Start(t.Context(), nil)
	event := func(c engine.CustomerID) engine.Command {
		return engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.View, Customer: c, Item: "lamp", Query: "Sesam"}}}
	}
	send(t, s, []engine.Command{event("bob"), event("alice")})
	begun, erased, read := make(chan bool), make(chan bool), make(chan error, 1)
	go func() {
		var once sync.Once
		read <- s.Scan(t.Context(), func(engine.Subject, []engine.Row) error {
			once.Do(func() { close(begun); <-erased })
			return nil
		})
	}()
	<-begun
	send(t, s, []engine.Command{engine.Erase{Subject: engine.OfCustomer("bob")}})
	send(t, s, []engine.Command{event("alice")})
	killed := t.TempDir()
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	close(erased)
	if err := <-read; err != nil {
		t.Errorf("who read meanwhile: %v", err)
	}
	again := open(t, killed, store.Options{})
	defer again.Close()
	for customer, want := range map[engine.CustomerID]int{"bob": 0, "alice": 2} {
		rows, err := again.History(t.Context(), engine.OfCustomer(customer))
		if err != nil || len(rows) != want {
			t.Errorf("after the kill %s has %d events, %v; want %d", customer, len(rows), err, want)
		}
	}
	if report, err := again.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Errorf("Check: %v, %q", err, report.Problems)
	}
}
