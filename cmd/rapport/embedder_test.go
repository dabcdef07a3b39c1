package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// remoteEmbedder answers in OpenAI's form: what has to do with water points one way, all else
// another. It can go down.
type remoteEmbedder struct {
	*httptest.Server
	mu    sync.Mutex // guards all below
	down  bool
	moved string // the model that answers, "" for the one that is asked for
	asked []string
}

func newRemoteEmbedder(t *testing.T) *remoteEmbedder {
	r := new(remoteEmbedder)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var q struct {
			Model string
			Input []string
		}
		if err := json.NewDecoder(req.Body).Decode(&q); err != nil || req.Header.Get("Authorization") != "Bearer hush" {
			t.Errorf("asked %+v (%v) with %q", q, err, req.Header)
		}
		r.mu.Lock()
		down, model := r.down, cmp.Or(r.moved, q.Model)
		r.asked = append(r.asked, q.Input...)
		r.mu.Unlock()
		if down {
			http.Error(w, "no such model", http.StatusNotFound) // nothing that a second try mends
			return
		}
		var data []string
		for i, s := range q.Input {
			v := "[0, 1, 0.1]"
			if strings.Contains(s, "drip") || strings.Contains(s, "Seal") {
				v = "[1, 0, 0.1]"
			}
			data = append(data, fmt.Sprintf(`{"index": %d, "embedding": %s}`, i, v))
		}
		fmt.Fprintf(w, `{"model": %q, "data": [%s]}`, model, strings.Join(data, ","))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *remoteEmbedder) set(down bool) {
	r.mu.Lock()
	r.down = down
	r.mu.Unlock()
}

// move has another model answer.
func (r *remoteEmbedder) move(model string) {
	r.mu.Lock()
	r.moved = model
	r.mu.Unlock()
}

func (r *remoteEmbedder) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// A service that makes vectors finds what no word finds; while it is down tickets are answered
// by words, and say so; vectors of another model are made anew and never compared with these.
func TestAServiceMakesVectors(t *testing.T) {
	t.Setenv("RAPPORT_KEY", "")
	t.Setenv("RAPPORT_EMBEDDER_KEY", "hush")
	far := newRemoteEmbedder(t)
	dir := filepath.Join(t.TempDir(), "data")
	serve := func(model string) *served {
		return start(t, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0", "--embedder-url", far.URL, "--embedder-model", model, "--embedder-dims", "3")
	}
	s := serve("one")
	if code, body := s.ask(t, "POST", "/v1/items", `[{"item_id": "seal", "kind": "solution", "title": "Seal the joint", "text": "Tighten it."}, {"item_id": "bulb", "kind": "solution", "title": "Turn the bulb", "text": "Until it glows."}]`); code != 200 {
		t.Fatal(body)
	}
	ask := `{"text": "agua drips, call 030 1234567", "language": "de", "record": false}`
	eventually(t, "the passages have vectors", func() bool { return !slices.Contains(s.suggest(t, ask).Degraded, "vectors_pending") })
	sensed := s.suggest(t, ask)
	if len(sensed.Items) == 0 || sensed.Items[0].Item != "seal" || len(sensed.Degraded) > 0 {
		t.Errorf("by vectors: %+v", sensed)
	}
	for _, sent := range far.texts() {
		if strings.Contains(sent, "1234567") {
			t.Errorf("a phone number went out: %q", sent)
		}
	}
	far.set(true)
	if blind := s.suggest(t, ask); !slices.Contains(blind.Degraded, "vectors_unavailable") {
		t.Errorf("while it is down: %+v", blind)
	}
	s.end(t)

	known := len(far.texts())
	again := serve("one") // what was made is kept, though the service is down
	if a := again.suggest(t, ask); !slices.Contains(a.Degraded, "vectors_unavailable") || slices.Contains(a.Degraded, "vectors_pending") {
		t.Errorf("after a restart: %+v", a.Degraded)
	}
	for _, sent := range far.texts()[known:] {
		if strings.Contains(sent, "Seal") {
			t.Errorf("%q was asked for again", sent)
		}
	}
	again.end(t)

	far.set(false)
	other := serve("two")
	eventually(t, "the other model has made its own", func() bool {
		return len(far.texts()) > known && !slices.Contains(other.suggest(t, ask).Degraded, "vectors_pending")
	})
	if !slices.ContainsFunc(far.texts()[known:], func(s string) bool { return strings.Contains(s, "Seal") }) {
		t.Error("vectors of one model were taken for another's")
	}
	other.end(t)

	// The name comes to mean another model while nothing runs: what is kept is not compared with
	// its vectors, and the start after the one that found out makes all anew.
	far.move("two, newer")
	moved := serve("two")
	if a := moved.suggest(t, ask); !slices.Contains(a.Degraded, "vectors_unavailable") {
		t.Errorf("vectors of two models were compared: %+v", a)
	}
	moved.end(t)
	known = len(far.texts())
	newer := serve("two")
	eventually(t, "the newer model has made its own", func() bool {
		a := newer.suggest(t, ask)
		return len(a.Degraded) == 0 && len(a.Items) > 0 && a.Items[0].Item == "seal"
	})
	if !slices.ContainsFunc(far.texts()[known:], func(s string) bool { return strings.Contains(s, "Seal") }) {
		t.Error("what the older model made serves on")
	}
	newer.end(t)
	rapport(t, "suggest", "--dir", dir, "--embedder-url", "nowhere", "x").want(t, exitUsage, "--embedder-url", "a URL such as")
}
