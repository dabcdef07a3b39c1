package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
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

// call sends a request; status 0 says that no answer came.
func (c *child) call(ctx context.Context, method, path string, body any) (status int, answer []byte) {
	sent, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(sent))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if answer, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil
	}
	return resp.StatusCode, answer
}

// stock fills the catalogue. Many different words make a model that is saved in more
// than one chunk.
func (k *killer) stock(c *child) {
	var items []map[string]any
	for i := range 200 {
		var text []string
		for j := range 20 {
			text = append(text, fmt.Sprintf("word%dx%d", i, j))
		}
		items = append(items, map[string]any{"item_id": fmt.Sprint("i", i), "title": "item", "text": strings.Join(text, " "), "categories": []string{fmt.Sprint("c", i%7)}})
	}
	if status, body := c.call(k.Context(), "POST", "/v1/items", items); status != http.StatusOK {
		k.Fatalf("posting items: %d %s", status, body)
	}
}

// write posts events until the server is gone, some of them twice, and some that the
// server before left unanswered.
func (k *killer) write(ctx context.Context, c *child, rng *rand.Rand, prefix string) {
	for n := 0; ; n++ {
		batch := make([]*posted, 1+rng.IntN(3))
		for i := range batch {
			batch[i] = k.event(rng, fmt.Sprintf("%s%d-%d", prefix, n, i))
		}
		times := 1
		if rng.IntN(5) == 0 {
			times = 2
		}
		for range times {
			if !k.post(ctx, c, batch) {
				return
			}
		}
	}
}

// event makes up an event, or takes one that was sent before.
func (k *killer) event(rng *rand.Rand, id string) *posted {
	k.mu.Lock()
	defer k.mu.Unlock()
	if rng.IntN(8) == 0 {
		for _, p := range k.sent { // any
			return p
		}
	}
	p := &posted{id: id, who: fmt.Sprint("c", rng.IntN(40)), customer: true, typ: "view", lines: 1}
	switch rng.IntN(5) {
	case 0:
		p.who, p.customer = fmt.Sprint("s", rng.IntN(40)), false
	case 1:
		p.typ, p.lines = "purchase", 1+rng.IntN(4)
	}
	first := rng.IntN(200)
	for i := range p.lines {
		p.items = append(p.items, fmt.Sprint("i", (first+i*31)%210)) // some are not in the catalogue
	}
	k.sent[p.id] = p
	return p
}

func (p *posted) body() map[string]any {
	b := map[string]any{"event_id": p.id, "type": p.typ, "at": time.Now().UTC().Format(time.RFC3339Nano)}
	if p.customer {
		b["customer_id"] = p.who
	} else {
		b["session_id"] = p.who
	}
	if p.lines == 1 {
		b["item_id"] = p.items[0]
		return b
	}
	var lines []map[string]any
	for i, item := range p.items {
		lines = append(lines, map[string]any{"item_id": item, "quantity": i + 1, "price": 2.5})
	}
	b["items"] = lines
	return b
}

// post sends a batch and notes what was acknowledged. It returns false when the server
// is gone.
func (k *killer) post(ctx context.Context, c *child, batch []*posted) bool {
	var bodies []map[string]any
	known := make(map[string]bool)
	k.mu.Lock()
	for _, p := range batch {
		bodies = append(bodies, p.body())
		known[p.id] = known[p.id] || p.acked
	}
	k.mu.Unlock()
	status, body := c.call(ctx, "POST", "/v1/events", bodies)
	if status == 0 {
		return false
	}
	var done struct{ Accepted, Duplicates int }
	if err := json.Unmarshal(body, &done); err != nil || status != http.StatusOK || done.Accepted+done.Duplicates != len(batch) {
		k.Errorf("posting events: %d %s", status, body)
		return false
	}
	again := len(batch) - len(known)
	for _, acked := range known {
		if acked {
			again++
		}
	}
	if done.Duplicates < again {
		k.Errorf("%d of %d events were acknowledged before, %d are called duplicates", again, len(batch), done.Duplicates)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range batch {
		p.acked = true
	}
	return true
}

// change renames items.
func (k *killer) change(ctx context.Context, c *child, rng *rand.Rand) {
	for n := 0; ; n++ {
		id, name := fmt.Sprint("n", rng.IntN(20)), fmt.Sprint("name ", rng.Uint32())
		k.mu.Lock()
		t := k.titles[id]
		if t == nil {
			t = &title{}
			k.titles[id] = t
		}
		t.open = append(t.open, name)
		k.mu.Unlock()
		status, body := c.call(ctx, "PUT", "/v1/items/"+id, map[string]any{"item_id": id, "title": name})
		switch {
		case status == 0:
			return
		case status/100 != 2:
			k.Errorf("PUT item: %d %s", status, body)
			return
		}
		k.mu.Lock()
		t.acked, t.open = name, nil
		k.mu.Unlock()
	}
}

// train asks for one training after the other.
func (k *killer) train(ctx context.Context, c *child) {
	for {
		if status, body := c.call(ctx, "POST", "/v1/models/train", nil); status != 0 && status != http.StatusAccepted && status != http.StatusConflict {
			k.Errorf("train: %d %s", status, body)
			return
		} else if status == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
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
	_, all, err := w.countAll(k.Context())
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
