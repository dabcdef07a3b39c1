package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

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
