package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/serving"
)

var kills = flag.Int("kills", 20, "how often TestKill kills the server")

// TestKill runs the server in a process of its own, writes to it from several
// connections, kills it at random moments, some of them between a commit and its
// observation and some while a model is being saved, and counts after each: what was
// acknowledged is there, once.
func TestKill(t *testing.T) {
	k := &killer{T: t, dir: filepath.Join(t.TempDir(), "data"), rng: rand.New(rand.NewPCG(4, 5)), sent: make(map[string]*posted), titles: make(map[string]*title)}
	for life := range *kills {
		k.life(life)
		k.count(life)
	}
	acked, lines, unanswered := 0, 0, 0
	for _, p := range k.sent {
		if p.acked {
			acked++
			lines += p.lines
		} else {
			unanswered++
		}
	}
	t.Logf("%d kills: %d between commit and observation, %d while a model was saved; %d events of %d lines acknowledged, %d unanswered; %d models finished",
		*kills, k.gaps, k.saves, acked, lines, unanswered, k.models)
}

// posted is one event that was sent. Its fields are guarded by killer.mu.
type posted struct {
	id, who  string
	customer bool
	typ      string
	items    []string
	lines    int
	acked    bool
}

// title is what an item was told to be called.
type title struct {
	acked string
	open  []string // sent later, unanswered
}

type killer struct {
	*testing.T
	dir string
	rng *rand.Rand // of the test's own goroutine

	gaps, saves, models int

	mu     sync.Mutex // guards the maps and what they hold
	sent   map[string]*posted
	titles map[string]*title
}

// child is a server in a process of its own.
type child struct {
	cmd    *exec.Cmd
	base   string
	at     chan struct{} // closed when base is set
	client *http.Client

	mu    sync.Mutex // guards the rest: what it said last
	state map[string]bool
	heard chan struct{} // closed and made anew with each word
	said  strings.Builder
	ended chan struct{}
}

// signs are the words of a slow child: what it is about to do, and that it is done.
var signs = map[string]string{"gap": "seen", "saving": "saved"}

func (k *killer) start(mode string, seed uint64) *child {
	r, w, err := os.Pipe()
	if err != nil {
		k.Fatal(err)
	}
	c := &child{
		cmd: exec.Command(os.Args[0], "-test.run=^TestKillChild$", "-test.timeout=2m"),
		at:  make(chan struct{}), heard: make(chan struct{}), ended: make(chan struct{}), state: make(map[string]bool),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: 20 * time.Second},
	}
	c.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RAPPORT_") }),
		"RAPPORT_KILL_CHILD="+mode, "RAPPORT_KILL_DIR="+k.dir, fmt.Sprint("RAPPORT_KILL_SEED=", seed))
	c.cmd.Stdout, c.cmd.Stderr = w, w
	if err := c.cmd.Start(); err != nil {
		k.Fatal(err)
	}
	if err := w.Close(); err != nil {
		k.Fatal(err)
	}
	go c.listen(r)
	select {
	case <-c.at:
	case <-time.After(30 * time.Second):
		c.kill()
		k.Fatalf("the server does not say where it serves; it said\n%s", c.said.String())
	case <-c.ended:
		k.Fatalf("the server ended by itself; it said\n%s", c.said.String())
	}
	return c
}

// listen follows what the child says, to its end.
func (c *child) listen(r *os.File) {
	defer close(c.ended)
	defer r.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := lines.Text()
		c.mu.Lock()
		for begins, ends := range signs {
			switch line {
			case begins:
				c.state[begins] = true
			case ends:
				c.state[begins] = false
			}
		}
		if base := servedAt.FindString(line); base != "" && c.base == "" {
			c.base = base
			close(c.at)
		}
		c.said.WriteString(line + "\n")
		close(c.heard)
		c.heard = make(chan struct{})
		c.mu.Unlock()
	}
}

// await waits until the child is in a state, for a while.
func (c *child) await(state string, patience time.Duration) {
	late := time.After(patience)
	for {
		c.mu.Lock()
		there, heard := c.state[state], c.heard
		c.mu.Unlock()
		if there {
			return
		}
		select {
		case <-heard:
		case <-late:
			return
		case <-c.ended:
			return
		}
	}
}

// kill kills the child and hears it out.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
	<-c.ended
	c.client.CloseIdleConnections()
}

// life starts a server, writes to it and kills it.
func (k *killer) life(n int) {
	mode, state := "serve", ""
	switch n % 4 {
	case 0:
		mode, state = "slow", "gap"
	case 1:
		mode, state = "slow", "saving"
	case 2:
		mode = "slow"
	}
	c := k.start(mode, uint64(n))
	ctx, stop := context.WithCancel(k.Context())
	var load sync.WaitGroup
	defer func() { stop(); load.Wait() }()
	k.look(c)
	if n == 0 {
		k.stock(c)
	}
	for g := range 4 {
		rng := rand.New(rand.NewPCG(uint64(n), uint64(g)))
		load.Go(func() { k.write(ctx, c, rng, fmt.Sprintf("%d-%d-", n, g)) })
	}
	load.Go(func() { k.change(ctx, c, rand.New(rand.NewPCG(uint64(n), 99))) })
	load.Go(func() { k.train(ctx, c) })
	time.Sleep(time.Duration(100+k.rng.IntN(700)) * time.Millisecond)
	if state != "" {
		c.await(state, 8*time.Second)
		time.Sleep(time.Duration(k.rng.IntN(map[string]int{"gap": 6, "saving": 60}[state])) * time.Millisecond)
	}
	c.kill()
	if c.state["gap"] {
		k.gaps++
	}
	if c.state["saving"] {
		k.saves++
	}
	if strings.Contains(c.said.String(), "DATA RACE") || strings.Contains(c.said.String(), "panic") {
		k.Fatalf("life %d: the server said\n%s", n, c.said.String())
	}
}

// look asks a server that has just started for some of what must have come through.
func (k *killer) look(c *child) {
	ctx := k.Context()
	for range 3 {
		who := fmt.Sprint("c", k.rng.IntN(40))
		status, body := c.call(ctx, "GET", "/v1/customers/"+who+"/events?limit=1000", nil)
		var page struct {
			Items []struct {
				EventID string `json:"event_id"`
			}
			Cursor string
		}
		if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
			k.Fatalf("events of %s: %d %s", who, status, body)
		}
		got := make(map[string]int)
		for _, e := range page.Items {
			got[e.EventID]++
		}
		for _, p := range k.sent {
			if n := got[p.id]; p.who == who && page.Cursor == "" && n != p.lines && (p.acked || n != 0) {
				k.Errorf("event %s of %s has %d lines of %d over HTTP", p.id, who, n, p.lines)
			}
		}
	}
	if status, body := c.call(ctx, "GET", "/readyz", nil); status != http.StatusOK {
		k.Errorf("readyz: %d %s", status, body)
	}
}

// count opens the directory that the killed server left, and compares it with what was
// sent.
func (k *killer) count(life int) {
	ctx := k.Context()
	w, err := open(ctx, openOptions{dir: k.dir, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		k.Fatalf("life %d: %v", life, err)
	}
	defer func() { // without a checkpoint: the next server heals itself
		if err := w.store.Close(); err != nil {
			k.Error(err)
		}
	}()
	got := make(map[string]int)
	bought := make(map[engine.Subject]map[engine.ItemID]bool)
	err = w.store.Scan(ctx, func(who engine.Subject, rows []engine.Row) error {
		bought[who] = make(map[engine.ItemID]bool)
		for _, r := range rows {
			got[r.EventID]++
			if p := k.sent[r.EventID]; p == nil || p.who != who.ID || string(r.Item) != p.items[r.Line] {
				k.Errorf("life %d: %s has a row nobody sent: %+v", life, who, r)
			}
			if r.Type == engine.Purchase {
				bought[who][r.Item] = true
			}
		}
		return nil
	})
	if err != nil {
		k.Fatal(err)
	}
	for _, p := range k.sent {
		if n := got[p.id]; n != p.lines && (p.acked || n != 0) {
			k.Errorf("life %d: event %s (acknowledged: %v) has %d lines, %d were sent", life, p.id, p.acked, n, p.lines)
		}
	}
	k.countLive(life, w, bought)
	k.countItems(life, w)
	report, err := w.store.Check(ctx, true)
	if err != nil || len(report.Problems) > 0 {
		k.Errorf("life %d: Check: %v, %q", life, err, report.Problems)
	}
	models, skipped, err := w.trainer.Latest(ctx)
	current, chosen, err2 := w.store.Current(ctx)
	switch {
	case err != nil || err2 != nil || len(skipped) > 0:
		k.Errorf("life %d: models: %v, passed over %v", life, errors.Join(err, err2), skipped)
	case chosen && (models == nil || models.Version != current || w.recommender.World().Models.Version != current):
		k.Errorf("life %d: model %d is current, another one serves", life, current)
	}
	k.models = max(k.models, current)
}

// countLive compares what answers are made from with the log.
func (k *killer) countLive(life int, w *workspace, bought map[engine.Subject]map[engine.ItemID]bool) {
	all, _, err := serving.Count(k.Context(), w.store, w.recommender.Settings())
	if err != nil {
		k.Fatal(err)
	}
	live, now := w.recommender.World().Counters, time.Now()
	for n := range engine.ItemNum(w.store.IDs().Len()) {
		if g, want := live.Value(n, tally.AllTime, now), all.Value(n, tally.AllTime, now); math.Abs(g-want) > 1e-6*(1+math.Abs(want)) {
			k.Errorf("life %d: item %s is counted %v live, %v in the log", life, w.store.IDs().ID(n), g, want)
		}
	}
	for who, items := range bought {
		if who.Kind != engine.CustomerSubject || len(items) == 0 {
			continue
		}
		answer, err := w.recommender.Recommend(k.Context(), &engine.Request{Customer: engine.CustomerID(who.ID), Scenario: "home", Count: 300, Record: new(false)})
		if err != nil {
			k.Fatal(err)
		}
		for _, it := range answer.Items {
			if items[it.Item] {
				k.Errorf("life %d: %s is offered %s again", life, who, it.Item)
			}
		}
	}
}

func (k *killer) countItems(life int, w *workspace) {
	for id, want := range k.titles {
		it, err := w.store.Item(k.Context(), engine.ItemID(id))
		if errors.Is(err, engine.ErrNotFound) && want.acked == "" {
			continue
		}
		if err != nil || it.Title != want.acked && !slices.Contains(want.open, it.Title) {
			k.Errorf("life %d: item %s is called %q, %v; acknowledged was %q", life, id, it.Title, err, want.acked)
			continue
		}
		want.acked, want.open = it.Title, nil
	}
}
