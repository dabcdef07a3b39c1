package training_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// helpers start helpers that run in this process: what they cannot show is what only an
// operating system does.
type helpers struct {
	search   *training.Search
	embedder text.Embedder
	started  int
	// What they read and write goes through these, where they are not nil.
	down func(io.Reader) io.Reader
	up   func(io.Writer) io.Writer
}

func (h *helpers) start(ctx context.Context, workers int) (*training.Helper, error) {
	h.started++
	read, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, written, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	var died sync.Once
	ended := make(chan error, 1)
	kill := func() {
		died.Do(func() { _, _ = read.Close(), written.Close() })
	}
	stop := context.AfterFunc(ctx, kill)
	var r io.Reader = read
	var w io.Writer = written
	if h.down != nil {
		r = h.down(r)
	}
	if h.up != nil {
		w = h.up(w)
	}
	go func() {
		err := training.Assist(ctx, r, w, training.Means{Search: h.search, Embedder: h.embedder})
		kill()
		ended <- err
	}()
	return &training.Helper{In: in, Out: out, Kill: kill, Wait: func() error {
		err := <-ended
		stop()
		return errors.Join(err, out.Close())
	}}, nil
}

// came is what a training came to.
type came struct {
	report training.Report
	model  []byte
	steps  []string
}

// train runs one training, here or apart, on a copy of nothing: what it made is rolled back by
// who calls, where the next is to find the same.
func (h *helpers) train(t *testing.T, s training.Store, apart bool, o training.Options) (*came, error) {
	t.Helper()
	out := &came{}
	o.Search, o.Seed, o.Embedder = h.search, 1, h.embedder
	if apart {
		o.Apart = h.start
	}
	tr := training.New(s, func(m *recommend.Models) { out.model = savedOf(t, m) }, o)
	if _, _, err := tr.Latest(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := tr.Now(t.Context(), func(step string, share float64) {
		out.steps = append(out.steps, fmt.Sprintf("%s %.3f", step, share))
	})
	if report != nil {
		out.report = *report
	}
	return out, err
}

// rich is a shop in which everything happens that a training looks at.
func rich(t *testing.T) *store.Store {
	t.Helper()
	s := shop(t, 60)
	support(t, s, 60, 0.1)
	lamp, five := 12.5, 5.0
	at := start.AddDate(0, 0, 5)
	write(t, s,
		engine.PutItem{Item: engine.Item{ID: "i0", Title: "Lamp", Text: "bright and small", Price: &lamp, Categories: []string{"home/light"}, Attributes: engine.Attributes{"colours": []string{"red", "blue"}, "watts": 7.0, "new": true}}},
		engine.PutCustomer{Customer: engine.Customer{ID: "c7", Consent: map[engine.Purpose]bool{engine.Train: false}}},
		engine.PutCustomer{Customer: engine.Customer{ID: "c8", Attributes: engine.Attributes{"age": 33.0, "likes": []string{"tea"}}}},
		engine.Merge{From: engine.OfCustomer("c9"), Into: "c8"},
		engine.PutTicket{Ticket: asked("r", "c7", at, "qwertzuiop", engine.Tried{Item: fixID(0), Outcome: "solved", At: at})},
		engine.PutTicket{Ticket: engine.Ticket{ID: "o", Customer: "c1", Order: "order-1", Channel: "chat", OpenedAt: &at, CSAT: &five, Messages: []engine.Message{{From: "customer", Text: "overdue"}}, Solutions: []engine.Tried{{Item: fixID(1), Outcome: "solved", At: at}}}},
		engine.RecordEvent{Lines: []engine.Interaction{{EventID: "o1", Type: engine.Purchase, Customer: "c1", Item: "i3", OrderID: "order-1", Quantity: 3, Value: 9.75, At: at}}},
		engine.RecordEvent{Lines: []engine.Interaction{{EventID: "v1", Type: "waved at", Session: "visit", Item: "never-described", At: at.Add(time.Nanosecond)}}},
		engine.RecordEvent{Lines: []engine.Interaction{{EventID: "v2", Type: engine.View, Session: "theirs", Item: "i1", At: at}}},
		engine.RecordEvent{Lines: []engine.Interaction{{EventID: "v3", Type: engine.View, Session: "theirs", Customer: "c7", Item: "i2", At: at}}},
		engine.RecordEvent{Lines: []engine.Interaction{{EventID: "t1", Type: engine.Solved, Customer: "c2", Item: fixID(1), TicketID: "elsewhere", Channel: "mail", At: at}}},
	)
	return s
}

// TestApartIsTheSame holds that a training comes to the same model, report and steps wherever it is done,
// on however many processors: the first, one that is compared with what serves, and a warm one.
func TestApartIsTheSame(t *testing.T) {
	passages := solution.NewSentences(4).With(map[engine.ItemNum][][]float32{41: {{0.6, 0.8, 0, 0}, {0, 0.3, 0.4, 0.1}}, 42: {{0, 0, 1, 0}}})
	h := &helpers{search: small(), embedder: &themes{}}
	o := training.Options{
		Warm:         true,
		SentencesNow: func(context.Context) *solution.Sentences { return passages },
		ScenariosNow: func() []engine.Scenario { return []engine.Scenario{{Name: "even", Filter: `price > 3`}} },
		SettingsNow: func() engine.Settings {
			settings := engine.DefaultSettings()
			settings.Sources = map[string]map[string]any{"factor": {"epochs": 3.0}}
			return settings
		},
	}
	type kept struct {
		apart   bool
		workers int
		s       *store.Store
	}
	var all []kept
	for _, apart := range []bool{false, true} {
		for _, workers := range []int{1, 3} {
			all = append(all, kept{apart, workers, rich(t)})
		}
	}
	for round, warm := range []bool{false, true} {
		var first *came
		for _, k := range all {
			o.Workers = k.workers
			got, err := h.train(t, k.s, k.apart, o)
			if err != nil {
				t.Fatal(err)
			}
			if got.report.Warm != warm || got.report.Desk == nil || got.report.Desk.Passages != 3 || got.report.Desk.Encoder != "themes" || got.report.Version != round+1 || len(got.report.Tuned) != 1 {
				t.Errorf("training %d: %+v: this test would prove little", round+1, got.report)
			}
			if first == nil {
				first = got
			}
			if !bytes.Equal(got.model, first.model) {
				t.Errorf("training %d, apart %v with %d workers: another model", round+1, k.apart, k.workers)
			}
			if !slices.Equal(got.steps, first.steps) {
				t.Errorf("training %d, apart %v: steps %q, want %q", round+1, k.apart, got.steps, first.steps)
			}
			if got.report.Refusers != first.report.Refusers || got.report.Seq != first.report.Seq || got.report.Comparison != first.report.Comparison || !got.report.LogTime.Equal(first.report.LogTime) {
				t.Errorf("training %d, apart %v: report %+v, want %+v", round+1, k.apart, got.report, first.report)
			}
		}
	}
	if h.started != 4 {
		t.Errorf("%d helpers were started, want 4", h.started)
	}
}

// TestApartRefusesAndForgets does what TestARefusedTrainingForgets does here.
func TestApartRefusesAndForgets(t *testing.T) {
	s := taughtByTheErased(t, "", 400)
	h := &helpers{search: useless()}
	got, err := h.train(t, s, true, training.Options{Workers: 2})
	if !errors.Is(err, training.ErrRefused) || !strings.Contains(got.report.Refused, "ndcg@10") || got.report.Table == nil {
		t.Fatalf("a useless model: %v, %+v; want it refused with its table", err, got.report)
	}
	if h.started != 2 || bytes.Contains(got.model, []byte(secretWord)) || !bytes.Contains(got.model, []byte("unlit")) {
		t.Errorf("%d helpers; what serves then knows the erased, or nobody", h.started)
	}
	versions, err := s.Models(t.Context())
	if err != nil || len(versions) != 1 || versions[0].Version != 2 || !versions[0].Current {
		t.Errorf("kept are %+v (%v), want the second alone", versions, err)
	}
}

// TestNothingToLearnFromApart: as here.
func TestNothingToLearnFromApart(t *testing.T) {
	s, err := store.Open("", store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h := &helpers{search: small()}
	_, here := h.train(t, s, false, training.Options{})
	if _, err := h.train(t, s, true, training.Options{}); err == nil || here == nil || err.Error() != here.Error() {
		t.Errorf("an empty log: %v apart, %v here", err, here)
	}
}

// TestWithoutAProcessItIsDoneHere: where none can be started, whatever the reason.
func TestWithoutAProcessItIsDoneHere(t *testing.T) {
	for _, why := range []error{errors.ErrUnsupported, errors.New("no room for a process")} {
		s := shop(t, 60)
		var said bytes.Buffer
		tr := training.New(s, func(*recommend.Models) {}, training.Options{
			Search: small(), Workers: 1, Log: slog.New(slog.NewTextHandler(&said, nil)),
			Apart: func(context.Context, int) (*training.Helper, error) { return nil, why },
		})
		if _, err := tr.Now(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if want := why != errors.ErrUnsupported; want != strings.Contains(said.String(), "no room") {
			t.Errorf("%v: said %q", why, said.String())
		}
	}
}

// bitten lets so many bytes through; then nothing, or with spoil another byte and the rest.
type bitten struct {
	io.Reader
	io.Writer
	spoil bool
	mu    sync.Mutex // who waits for the end reads on while the job is told of already
	left  int
}

func (b *bitten) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}

var errBitten = errors.New("bitten off")

func (b *bitten) bite(p []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left >= len(p) {
		b.left -= len(p)
		return p
	}
	p = slices.Clone(p)
	if b.spoil {
		p[b.left] ^= 0x10
		b.left = 1 << 62
		return p
	}
	p, b.left = p[:b.left], 0
	return p
}

func (b *bitten) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	whole := b.bite(p[:n])
	copy(p, whole)
	if len(whole) < n {
		return len(whole), io.EOF
	}
	return n, err
}

func (b *bitten) Write(p []byte) (int, error) {
	whole := b.bite(p)
	if n, err := b.Writer.Write(whole); err != nil {
		return n, err
	}
	if len(whole) < len(p) {
		return len(whole), errBitten
	}
	return len(p), nil
}

// TestAHelperThatDies holds that wherever what passes between is cut off or changed, nothing of the model is
// kept, the job says why, what served serves on, and a next training succeeds.
func TestAHelperThatDies(t *testing.T) {
	s := shop(t, 30)
	good := &helpers{search: small()}
	if _, err := good.train(t, s, true, training.Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	// How much passes.
	var down, up bitten
	down.left, up.left = 1<<40, 1<<40
	counted := &helpers{search: small(), down: func(r io.Reader) io.Reader { down.Reader = r; return &down }, up: func(w io.Writer) io.Writer { up.Writer = w; return &up }}
	if _, err := counted.train(t, s, true, training.Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	sent, told := 1<<40-down.room(), 1<<40-up.room()
	rng := rand.New(rand.NewPCG(3, 3))
	// A byte of the first message each way, of its length among others, is changed before any elsewhere.
	const first = 2 * 9
	for n := range first + 24 {
		b := &bitten{spoil: n < first || n%2 == 0}
		h := &helpers{search: small()}
		switch {
		case n < first/2:
			b.left = n
			h.down = func(r io.Reader) io.Reader { b.Reader = r; return b }
		case n < first:
			b.left = n - first/2
			h.up = func(w io.Writer) io.Writer { b.Writer = w; return b }
		case n%4 < 2:
			b.left = rng.IntN(sent)
			h.down = func(r io.Reader) io.Reader { b.Reader = r; return b }
		default:
			b.left = rng.IntN(told)
			h.up = func(w io.Writer) io.Writer { b.Writer = w; return b }
		}
		at := b.left
		got, err := h.train(t, s, true, training.Options{Workers: 1})
		if err == nil || errors.Is(err, training.ErrRefused) || err.Error() == "" {
			t.Fatalf("bite %d after %d of %d and %d bytes: %v, want it failed", n, at, sent, told, err)
		}
		if got.model != nil {
			t.Errorf("bite %d: a model serves", n)
		}
		versions, err := s.Models(t.Context())
		if err != nil || len(versions) != 2 || !versions[1].Current {
			t.Fatalf("bite %d: kept are %+v, %v", n, versions, err)
		}
	}
	if got, err := good.train(t, s, true, training.Options{Workers: 1}); err != nil || got.report.Version != 3 {
		t.Errorf("afterwards: %v", err)
	}
}

// TestATrainingApartIsCancelled: with its context, wherever it is.
func TestATrainingApartIsCancelled(t *testing.T) {
	s := shop(t, 60)
	for _, at := range []string{"reading the log", "fitting ease", "saving"} {
		ctx, cancel := context.WithCancel(t.Context())
		h := &helpers{search: small()}
		tr := training.New(s, func(*recommend.Models) { t.Error("a model serves") }, training.Options{Search: small(), Workers: 1, Apart: h.start})
		_, err := tr.Now(ctx, func(step string, _ float64) {
			if step == at {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled while %s: %v", at, err)
		}
		cancel()
	}
	if versions, err := s.Models(t.Context()); err != nil || len(versions) != 0 {
		t.Errorf("kept are %+v, %v", versions, err)
	}
}

// unreadable is a store whose events cannot be read.
type unreadable struct{ *store.Store }

func (unreadable) Scan(context.Context, func(engine.Subject, []engine.Row) error) error {
	return store.ErrCorrupt
}

// TestALogThatCannotBeReadApart says so, as here.
func TestALogThatCannotBeReadApart(t *testing.T) {
	h := &helpers{search: small()}
	if _, err := h.train(t, unreadable{shop(t, 60)}, true, training.Options{Workers: 1}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a log that cannot be read: %v", err)
	}
}
