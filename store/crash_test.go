package store_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

var kills = flag.Int("kills", 5, "how often TestKill kills a writing process")

// childDir names the store that a copy of this test program is to write to.
const childDir = "RAPPORT_STORE_TEST_DIR"

// runAsChild writes events from four callers until it is killed, and says which were
// acknowledged. It returns at once in a process that is no child.
func runAsChild() {
	dir := os.Getenv(childDir)
	if dir == "" {
		return
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	s.Start(context.Background(), nil)
	fmt.Println("open", s.Seq())
	for caller := range 4 {
		go func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), caller, n)
				cmds := make([]engine.Command, 0, 22)
				if caller%2 == 1 { // what a session did before becomes a customer's, and moves
					session := engine.OfSession(engine.SessionID(id))
					cmds = append(cmds, engine.RecordEvent{Lines: []engine.Interaction{{EventID: id, Type: engine.View, Session: engine.SessionID(id)}}},
						engine.Merge{From: session, Into: "c0"})
				}
				for i := range 20 {
					cmds = append(cmds, engine.RecordEvent{Lines: []engine.Interaction{{
						EventID: fmt.Sprintf("%s-%d", id, i), Type: engine.View,
						Customer: engine.CustomerID(fmt.Sprint("c", i)), Item: engine.ItemID(fmt.Sprint(id, i)),
						Query: strings.Repeat("q", 200), // fills memtables, so that kills hit flushes too
					}}})
				}
				if _, err := s.Append(context.Background(), cmds); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				fmt.Println("ack", id) // one write, whole or not at all
			}
		}()
	}
	for {
		if _, err := s.MoveMerged(context.Background()); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestKill kills a process under load again and again: all that it acknowledged is
// there, once, and the store is sound.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var acked []string
	for kill := range *kills {
		acked = append(acked, killOne(t, dir, time.Duration(150+130*kill%700)*time.Millisecond)...)
	}
	s := open(t, dir, store.Options{})
	defer s.Close()
	if report, err := s.Check(t.Context(), true); err != nil || len(report.Problems) > 0 {
		t.Fatalf("Check: %v, %q", err, report.Problems)
	}
	seen := map[string]int{}
	err := s.Scan(t.Context(), func(_ engine.Subject, rows []engine.Row) error {
		for _, r := range rows {
			seen[r.EventID]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range acked {
		if caller := id[strings.Index(id, "-")+1]; caller%2 == 1 && seen[id] != 1 {
			t.Fatalf("event %s of a merged session is there %d times, want once", id, seen[id])
		}
		for i := range 20 {
			if n := seen[fmt.Sprintf("%s-%d", id, i)]; n != 1 {
				t.Fatalf("acknowledged event %s-%d is there %d times, want once", id, i, n)
			}
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Fatalf("event %s is there %d times", id, n)
		}
	}
	t.Logf("%d kills, %d acknowledged events, %d stored", *kills, 20*len(acked), len(seen))
}

// killOne lets a child write for a while, kills it and returns what it acknowledged.
func killOne(t *testing.T, dir string, after time.Duration) (acked []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	opened := false
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "open":
			opened = true
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		case "ack":
			acked = append(acked, rest)
		default:
			t.Errorf("the child says %q", lines.Text())
		}
	}
	_ = cmd.Wait() // it was killed
	if !opened || len(acked) == 0 {
		t.Fatalf("the child opened its store: %v, and acknowledged %d batches: want it under load", opened, len(acked))
	}
	return acked
}

func TestLockedNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	defer s.Close()
	var locked *store.LockedError
	_, err := store.Open(dir, store.Options{})
	if !errors.As(err, &locked) || !errors.Is(err, store.ErrLocked) || locked.Holder.PID != os.Getpid() {
		t.Fatalf("second Open: %v, want a LockedError that names this process", err)
	}
	if err := s.SetHolder("127.0.0.1:8080"); err != nil {
		t.Fatal(err)
	}
	if _, err = store.Open(dir, store.Options{}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:8080") {
		t.Errorf("second Open: %v, want the address in it", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestReopenKnowsEverything(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Options{})
	if _, err := s.Append(t.Context(), []engine.Command{engine.DeleteItem{}}); !errors.Is(err, store.ErrNotStarted) {
		t.Errorf("Append before Start: %v, want ErrNotStarted", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.Start(ctx, nil)
	event := engine.RecordEvent{Lines: []engine.Interaction{{EventID: "e1", Type: engine.View, Customer: "ann", Session: "phone", Item: "lamp"}}}
	send(t, s, []engine.Command{event, engine.PutItem{Item: engine.Item{ID: "rug"}}})
	cancel()
	for s.Seq() == 3 { // until the queue has noticed that ctx ended
		if _, err := s.Append(t.Context(), []engine.Command{engine.DeleteItem{}}); errors.Is(err, store.ErrClosed) {
			break
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, store.Options{})
	defer s.Close()
	s.Start(t.Context(), nil)
	if s.Seq() != 3 || s.IDs().Len() != 2 || s.Resolve(engine.OfSession("phone")) != engine.OfCustomer("ann") {
		t.Errorf("after reopening: seq %d, %d items, phone is %s; want 3, 2, ann", s.Seq(), s.IDs().Len(), s.Resolve(engine.OfSession("phone")))
	}
	// A client that saw no answer sends again what a restart interrupted.
	if r, err := s.Append(t.Context(), []engine.Command{event}); err != nil || !r[0].Duplicate {
		t.Errorf("an event sent again after a restart: %+v, %v; want a duplicate", r, err)
	}
}
