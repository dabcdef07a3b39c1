package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

// opened opens a workspace and returns what it logged.
func opened(t *testing.T, dir string) (*workspace, *text) {
	t.Helper()
	log := &text{}
	w, err := open(t.Context(), openOptions{dir: dir, create: true, log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return w, log
}

// happen adds some purchases.
func happen(t *testing.T, w *workspace, customer engine.CustomerID, items ...engine.ItemID) {
	t.Helper()
	for _, item := range items {
		cmd := engine.RecordEvent{Lines: []engine.Interaction{{Type: engine.Purchase, Customer: customer, Item: item, At: time.Now()}}}
		if results, err := w.store.Append(t.Context(), []engine.Command{cmd}); err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
	}
}

// countsAll checks that the live counters are those of the whole log.
func countsAll(t *testing.T, w *workspace) {
	t.Helper()
	want, _, err := serving.Count(t.Context(), w.store, w.recommender.Settings())
	if err != nil {
		t.Fatal(err)
	}
	now, world := time.Now(), w.recommender.World()
	for n := range engine.ItemNum(w.store.IDs().Len()) {
		got, want := world.Counters.Value(n, 0, now), want.Value(n, 0, now)
		if got < want-1e-9 || got > want+1e-9 {
			t.Errorf("item %s counts %v, want %v", w.store.IDs().ID(n), got, want)
		}
	}
	if w.recommender.Seq() != w.store.Seq() {
		t.Errorf("answers reflect %d, the log ends at %d", w.recommender.Seq(), w.store.Seq())
	}
}

// A start from a checkpoint and the tail behind it, from no checkpoint, from a damaged
// one, and from one the tail no longer reaches: the same counters each time.
func TestStartCountsEverythingOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(ctx context.Context, w *workspace) error // done to the store before it ends without a checkpoint
		says string
	}{
		{"tail only", func(context.Context, *workspace) error { return nil }, ""},
		{"checkpoint and tail", func(ctx context.Context, w *workspace) error {
			if err := w.checkpoint(ctx); err != nil {
				return err
			}
			happen(t, w, "late", "lamp", "late")
			return nil
		}, ""},
		{"damaged", func(ctx context.Context, w *workspace) error {
			return w.store.SaveCheckpoint(ctx, w.store.Seq(), countersName, []byte("\x01no counters"))
		}, "cannot be read"},
		{"other settings", func(ctx context.Context, w *workspace) error {
			settings := engine.DefaultSettings()
			settings.Types[engine.Purchase] = engine.TypeSetting{Weight: 3}
			results, err := w.store.Append(ctx, []engine.Command{engine.PutSettings{Settings: settings}})
			if err != nil || results[0].Err != nil {
				return errors.Join(err, results[0].Err)
			}
			return w.checkpoint(ctx) // before they were counted again
		}, "other settings"},
		{"trimmed", func(ctx context.Context, w *workspace) error {
			if err := w.checkpoint(ctx); err != nil {
				return err
			}
			// More than one row of the tail, so that the first can go.
			for range 3 {
				happen(t, w, "late", "lamp", "late", "shade")
			}
			return w.store.TrimTail(ctx, w.store.Seq()+1)
		}, "does not reach back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			w, _ := opened(t, dir)
			happen(t, w, "ann", "lamp", "shade")
			happen(t, w, "bob", "lamp")
			if err := c.harm(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			if err := w.store.Close(); err != nil { // as a crash would: no checkpoint
				t.Fatal(err)
			}
			w, log := opened(t, dir)
			countsAll(t, w)
			if !strings.Contains(log.String(), c.says) {
				t.Errorf("the log is %q, want it to say %q", log, c.says)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Close checkpoints: the next start has nothing to replay.
func TestCloseLeavesACheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	w, _ := opened(t, dir)
	w.work(t.Context())
	happen(t, w, "ann", "lamp")
	want := w.store.Seq()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if seq, _, found, err := s.LoadCheckpoint(t.Context(), countersName); err != nil || !found || seq != want {
		t.Errorf("the checkpoint is at %d (%v, %v), want %d", seq, found, err, want)
	}
}

// TestWhoOnlyTrainsLeavesTheCountersAlone: a command that trains has no counters, and what happened
// since the last checkpoint is counted by the next start.
func TestWhoOnlyTrainsLeavesTheCountersAlone(t *testing.T) {
	dir := t.TempDir()
	w, _ := opened(t, dir)
	happen(t, w, "u", "a", "b")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w, _ = opened(t, dir)
	happen(t, w, "u", "c")
	w.checkpointed = w.store.Seq() // as if it were killed: nothing is saved at its end
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds the model of the first
		rapport(t, "train", "--dir", dir).want(t, exitOK)
	}
	w, log := opened(t, dir)
	countsAll(t, w)
	if strings.Contains(log.String(), "counting again") {
		t.Error("the checkpoint is of no use any more: ", log.String())
	}
	if w.recommender.World().Models.Version != 2 {
		t.Errorf("model %d serves, two were trained", w.recommender.World().Models.Version)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTasksEndLastFirst(t *testing.T) {
	w := &workspace{log: slog.New(slog.DiscardHandler)}
	var order []string
	for _, name := range []string{"first", "second", "third"} {
		w.run(t.Context(), name, func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, name) // one at a time: each ends before the next is told to
			return ctx.Err()
		})
	}
	if err := w.stopTasks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "third second first" {
		t.Errorf("they ended as %s, want third second first", got)
	}
	hang := make(chan struct{})
	defer close(hang)
	w.run(t.Context(), "hanging", func(context.Context) error { <-hang; return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.stopTasks(ctx); err == nil || !strings.Contains(err.Error(), "hanging") {
		t.Errorf("a task that does not end gives %v, want its name", err)
	}
}

func TestWriteFileIsWholeOrNotThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out")
	broken := errors.New("broken")
	err := writeFile(nil, name, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return broken
	})
	if left, _ := filepath.Glob(name + "*"); !errors.Is(err, broken) || len(left) > 0 {
		t.Errorf("a failed write gave %v and left %v", err, left)
	}
}

func TestProgress(t *testing.T) {
	var plain bytes.Buffer
	c := newConsole(io.Discard, &plain)
	b := c.bar("working", 200)
	b.said = time.Now().Add(-time.Hour)
	b.at(50, "a quarter")
	b.at(60, "too soon to be said")
	b.end(nil)
	if got := plain.String(); !strings.HasPrefix(got, "working: 25 %, a quarter\nworking: done in ") {
		t.Errorf("without a terminal: %q", got)
	}

	drawn := &text{}
	for _, total := range []int64{100, 0} {
		for _, err := range []error{nil, errors.New("failed")} {
			b := &bar{c: &console{err: drawn}, label: "drawing", total: total}
			b.draw(mpb.New(mpb.WithOutput(drawn), mpb.WithAutoRefresh()))
			b.at(40, "forty")
			if _, err := io.WriteString(b, "between\n"); err != nil {
				t.Error(err)
			}
			b.at(total, "all")
			b.end(err)
		}
	}
	for _, part := range []string{"drawing", "between", "all"} {
		if !strings.Contains(drawn.String(), part) {
			t.Errorf("no %q on the terminal: %q", part, drawn)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 181647: "181,647", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %s, want %s", n, got, want)
		}
	}
}
