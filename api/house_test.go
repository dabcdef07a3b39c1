package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

const testKey = "a-key-of-the-tests-0123456789abcdef"

// house is the whole of it, but for training: a real store, a real recommender, a real
// port.
type house struct {
	t       testing.TB
	server  *Server
	store   *store.Store
	rec     *serving.Recommender
	trainer *fakeTrainer
	http    *httptest.Server
	log     *logged
	tried   *sync.Map // "METHOD /path" of every call
}

func newHouse(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	st, err := store.Open("", store.Options{InMemory: true})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	rec := serving.New(st, st.IDs(), serving.Options{})
	ctx, stop := context.WithCancel(context.Background())
	st.Start(ctx, rec.Observe)
	var running sync.WaitGroup
	running.Go(func() { _ = rec.Run(ctx) })
	h := &house{t: t, store: st, rec: rec, trainer: newFakeTrainer(), log: &logged{}, tried: new(sync.Map)}
	o := Options{
		Workspace: Workspace{Name: "test", Store: st, Recommender: rec, Trainer: h.trainer},
		Key:       testKey,
		Log:       slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Version:   "v0.0.0-test",
	}
	for _, f := range change {
		f(&o)
	}
	h.server = New(o)
	h.http = httptest.NewServer(h.server.Handler())
	t.Cleanup(func() {
		h.http.Close()
		stop()
		running.Wait()
		if err := st.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return h
}

// logged is a log that can be looked at while it is written.
type logged struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// got is an answer.
type got struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

// call is one request: a method, a path, and whatever of a body, headers and their
// values is wanted: a string or []byte or io.Reader is sent as it is, another value as
// JSON, an http.Header adds to the request's.
func (h *house) call(method, path string, with ...any) got {
	h.t.Helper()
	var body io.Reader
	header := http.Header{"Authorization": {"Bearer " + testKey}}
	for _, w := range with {
		switch w := w.(type) {
		case http.Header:
			for k, v := range w {
				header[k] = v
			}
		case string:
			body = strings.NewReader(w)
		case []byte:
			body = bytes.NewReader(w)
		case io.Reader:
			body = w
		default:
			raw, err := json.Marshal(w)
			if err != nil {
				h.t.Fatalf("%s %s: encode the body: %v", method, path, err)
			}
			body = bytes.NewReader(raw)
		}
	}
	if body != nil && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	req, err := http.NewRequest(method, h.http.URL+path, body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	req.Header = header
	h.tried.Store(method+" "+req.URL.EscapedPath(), true)
	resp, err := h.http.Client().Do(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatalf("%s %s: read the answer: %v", method, path, err)
	}
	return got{h.t, method + " " + path, resp.StatusCode, resp.Header, raw}
}

// want checks the status.
func (g got) want(status int) got {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("%s: got %d %s, want %d", g.what, g.status, g.body, status)
	}
	return g
}

// refused checks that the answer is a problem of this status and code.
func (g got) refused(status int, code string) problem {
	g.t.Helper()
	g.want(status)
	if kind := g.header.Get("Content-Type"); kind != "application/problem+json" {
		g.t.Errorf("%s: Content-Type is %q, want application/problem+json", g.what, kind)
	}
	var p problem
	g.into(&p)
	if p.Code != code || p.Status != status || p.Detail == "" || p.Title == "" || p.Type == "" || p.RequestID != g.header.Get("X-Request-ID") {
		g.t.Errorf("%s: got %s, want status %d, code %q, a title, a detail and the request's id", g.what, g.body, status, code)
	}
	return p
}

// into decodes the answer.
func (g got) into(v any) {
	g.t.Helper()
	if err := json.Unmarshal(g.body, v); err != nil {
		g.t.Fatalf("%s: decode %q: %v", g.what, g.body, err)
	}
}

// object returns the answer as an object.
func (g got) object() fields {
	g.t.Helper()
	var v map[string]any
	g.into(&v)
	return v
}

// problem returns the answer as a problem.
func (g got) problem() problem {
	g.t.Helper()
	var p problem
	g.into(&p)
	return p
}

// answer returns the answer as a list of recommendations.
func (g got) answer() engine.Answer {
	g.t.Helper()
	var a engine.Answer
	g.into(&a)
	return a
}

func ids(a engine.Answer) []engine.ItemID {
	var out []engine.ItemID
	for _, i := range a.Items {
		out = append(out, i.Item)
	}
	return out
}

type fields = map[string]any

var ndjson = http.Header{"Content-Type": {"application/x-ndjson"}}

// stocked is a house with a small shop: lamps and shoes, an article, a fix.
func stocked(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := newHouse(t, change...)
	var items []fields
	for i := range 6 {
		items = append(items, fields{
			"item_id": fmt.Sprintf("lamp-%d", i), "title": fmt.Sprintf("Brass desk lamp number %d with a warm light", i),
			"categories": []string{"home/lighting"}, "price": 20 + i, "attributes": fields{"brand": "lux", "watt": 5 + i},
		}, fields{
			"item_id": fmt.Sprintf("shoe-%d", i), "title": fmt.Sprintf("Running shoe model %d with a soft sole", i),
			"categories": []string{"shoes/running"}, "price": 60 + i, "attributes": fields{"brand": "swift", "size": []string{"42", "43"}},
		})
	}
	items = append(items,
		fields{"item_id": "guide", "kind": "content", "title": "How to light a desk", "text": "Place the lamp to your left."},
		fields{"item_id": "fix", "kind": "solution", "title": "The lamp flickers", "text": "A flickering lamp has a loose bulb: turn it tight.", "applies_to": []string{"lamp-0"}},
		fields{"item_id": "fix-2", "kind": "solution", "title": "The sole comes off", "text": "Glue the sole of the shoe."})
	h.call("POST", "/v1/items", items).want(200)
	return h
}

// saw records that a customer viewed items.
func (h *house) saw(customer string, items ...string) {
	h.t.Helper()
	var events []fields
	for _, i := range items {
		events = append(events, fields{"type": "view", "customer_id": customer, "item_id": i})
	}
	h.call("POST", "/v1/events", events).want(200)
}

// written waits until an impression is in the store.
func (h *house) written(id string) engine.Impression {
	h.t.Helper()
	for range 500 {
		i, err := h.store.Impression(context.Background(), id)
		if err == nil {
			return i
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Fatalf("recommendation %s was not written", id)
	return engine.Impression{}
}

// fakeTrainer stands for training, which api must not import: one job, two versions.
type fakeTrainer struct {
	mu      sync.Mutex // guards the fields below
	running bool
	current int
	unread  []int
	busy    bool // a training runs, for a rollback
}

func (f *fakeTrainer) Unread() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unread
}

func newFakeTrainer() *fakeTrainer { return &fakeTrainer{current: 2} }

func (f *fakeTrainer) job() engine.Job {
	return engine.Job{ID: "job-1", Kind: "train", State: engine.JobRunning, Started: time.Unix(1700000000, 0).UTC()}
}

func (f *fakeTrainer) Train(context.Context) (engine.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running {
		return f.job(), fmt.Errorf("a training: %w", engine.ErrConflict)
	}
	f.running = true
	return f.job(), nil
}

func (f *fakeTrainer) Job(id string) (engine.Job, bool) { return f.job(), id == "job-1" }

func (f *fakeTrainer) Models(context.Context) ([]engine.ModelVersion, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return []engine.ModelVersion{{Version: 1, Current: f.current == 1}, {Version: 2, Current: f.current == 2}}, nil
}

func (f *fakeTrainer) Rollback(_ context.Context, to int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy {
		return fmt.Errorf("a training is running: %w", engine.ErrConflict)
	}
	if to < 1 || to > 2 {
		return fmt.Errorf("model %d: %w", to, engine.ErrNotFound)
	}
	f.current = to
	return nil
}

// CheckSources knows two sources with a setting each.
func (f *fakeTrainer) Ended() map[engine.JobState]uint64 {
	return map[engine.JobState]uint64{engine.JobSucceeded: 2, engine.JobRefused: 1, engine.JobCancelled: 3}
}

func (f *fakeTrainer) CheckSources(sources map[string]map[string]any) error {
	for name, settings := range sources {
		for setting := range settings {
			if known := name + "." + setting; known != "factor.lambda" && known != "ease.lambda" {
				return engine.Invalidf(engine.CodeUnknownField, known, "there are factor.lambda and ease.lambda")
			}
		}
	}
	return nil
}
