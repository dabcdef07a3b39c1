package training_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// start is when the invented shop opened.
var start = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

// shop is a log of two tastes: even customers buy even items, odd ones odd items, a few
// of 20 each, one a day from their first day on. Popularity knows nothing of tastes.
func shop(t *testing.T, customers int) *store.Store { return shopIn(t, "", customers) }

// shopIn is a shop in a directory, in memory where that is empty.
func shopIn(t *testing.T, dir string, customers int) *store.Store {
	t.Helper()
	s, err := store.Open(dir, store.Options{InMemory: dir == "", Now: func() time.Time { return start.AddDate(1, 0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.Start(t.Context(), func([]engine.Committed) {})
	var cmds []engine.Command
	for i := range 40 {
		cmds = append(cmds, engine.PutItem{Item: engine.Item{ID: item(i), Title: fmt.Sprintf("Thing %d", i)}})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for c := range customers {
		for n, i := range rng.Perm(20)[:12] {
			cmds = append(cmds, engine.RecordEvent{Lines: []engine.Interaction{{
				EventID: fmt.Sprint(c, "-", n), Type: engine.Purchase, Customer: engine.CustomerID(fmt.Sprint("c", c)),
				Item: item(2*i + c%2), At: start.Add(time.Duration(n)*24*time.Hour + time.Duration(c)*time.Minute),
			}}})
		}
	}
	write(t, s, cmds...)
	return s
}

func item(i int) engine.ItemID { return engine.ItemID(fmt.Sprint("i", i)) }

func write(t *testing.T, s *store.Store, cmds ...engine.Command) {
	t.Helper()
	for batch := range slices.Chunk(cmds, 500) {
		if _, err := s.Append(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
}

// small is a search that takes no time.
func small() *training.Search {
	return &training.Search{
		training.Factor(factor.Params{Dims: 4, Lambda: 0.01, Alpha0: 0.3, Epochs: 4}),
		training.EASE(neighbour.Params{Lambda: 20}),
	}
}

// useless is a search that learns nothing of tastes.
func useless() *training.Search {
	return &training.Search{
		training.Factor(factor.Params{Dims: 4, Lambda: 1e6, Alpha0: 0.3, Epochs: 4}),
		training.EASE(neighbour.Params{Lambda: 20, MaxItems: 1}),
	}
}

// trainer returns a trainer and where its models land.
func trainer(s training.Store, search *training.Search) (*training.Trainer, *[]*recommend.Models) {
	var swapped []*recommend.Models
	return training.New(s, func(m *recommend.Models) { swapped = append(swapped, m) }, training.Options{Search: search, Seed: 1, Workers: 2}), &swapped
}

func TestTrainingLearnsTastes(t *testing.T) {
	s := shop(t, 400)
	tr, swapped := trainer(s, small())
	var steps []string
	report, err := tr.Now(t.Context(), func(step string, share float64) { steps = append(steps, step) })
	if err != nil {
		t.Fatal(err)
	}
	reached := make(map[string]float64)
	for _, m := range report.Table.Models {
		reached[m.Name] = m.Metrics["ndcg@10"].Value
	}
	if reached["best"] < 1.5*reached["popular"] {
		t.Errorf("ndcg@10 = %v, want the best far above popularity", reached)
	}
	if len(*swapped) != 1 || (*swapped)[0].Version != 1 || !(*swapped)[0].LogTime.Equal(report.LogTime) {
		t.Fatalf("swapped in: %v", *swapped)
	}
	if report.Events != 4800 || report.Customers != 400 || report.Items != 40 || len(steps) < 5 {
		t.Errorf("%d events, %d customers, %d items, steps %q", report.Events, report.Customers, report.Items, steps)
	}
	var out bytes.Buffer
	if err := report.Write(&out); err != nil || !strings.Contains(out.String(), "best vs popular") {
		t.Errorf("report for people (%v):\n%s", err, &out)
	}
}

// TestTheGateRefusesAWorseModel trains well, then plants settings under which nothing
// is learnt of tastes.
func TestTheGateRefusesAWorseModel(t *testing.T) {
	s := shop(t, 400)
	good, _ := trainer(s, small())
	if _, err := good.Now(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	tr, swapped := trainer(s, useless())
	report, err := tr.Now(t.Context(), nil)
	if !errors.Is(err, training.ErrRefused) || report == nil || !strings.Contains(report.Refused, "ndcg@10") {
		t.Errorf("a useless model: error %v, report %v", err, report != nil)
	}
	endings(t, good, map[engine.JobState]uint64{engine.JobSucceeded: 1})
	endings(t, tr, map[engine.JobState]uint64{engine.JobRefused: 1})
	versions, err := tr.Models(t.Context())
	if err != nil || len(versions) != 1 || !versions[0].Current || len(*swapped) != 0 {
		t.Errorf("after a refusal: %d versions, %d swaps (%v)", len(versions), len(*swapped), err)
	}
}

// endings holds how many trainings ended, and how.
func endings(t *testing.T, tr *training.Trainer, want map[engine.JobState]uint64) {
	t.Helper()
	if got := tr.Ended(); !maps.Equal(got, want) {
		t.Errorf("trainings ended %v, want %v", got, want)
	}
}

func TestVersionsAndRollback(t *testing.T) {
	s := shop(t, 60)
	tr, swapped := trainer(s, small())
	for range 4 {
		if _, err := tr.Now(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	versions, err := tr.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kept []int
	for _, v := range versions {
		kept = append(kept, v.Version)
	}
	if !slices.Equal(kept, []int{2, 3, 4}) {
		t.Errorf("kept %v, want the last three", kept)
	}
	if err := tr.Rollback(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if last := (*swapped)[len(*swapped)-1]; last.Version != 3 {
		t.Errorf("version %d serves after the rollback to 3", last.Version)
	}
	if m, skipped, err := tr.Latest(t.Context()); err != nil || m.Version != 3 || len(skipped) > 0 {
		t.Errorf("Latest after the rollback = %v, %v, %v", m.Version, skipped, err)
	}
	if err := tr.Rollback(t.Context(), 1); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("rollback to a dropped version: %v", err)
	}
}

// damaged cuts the bytes of one version short.
// watched is a store that tells of what is done with models.
type watched struct {
	training.Store
	hear func(what string)
}

func (w watched) SaveModel(ctx context.Context, version int, manifest []byte, r io.Reader) error {
	w.hear("save")
	return w.Store.SaveModel(ctx, version, manifest, r)
}

func (w watched) LoadModel(ctx context.Context, version int) (io.Reader, error) {
	r, err := w.Store.LoadModel(ctx, version)
	if parts, is := r.(recommend.Parts); is {
		r = heard{r, parts, func() { w.hear("read side by side") }}
	}
	w.hear("load")
	return r, err
}

// heard tells when several places of a model are read at once.
type heard struct {
	io.Reader
	recommend.Parts
	hear func()
}

func (h heard) Part(from, size int64) io.ReadCloser {
	h.hear()
	return h.Parts.Part(from, size)
}

// Answers do not wait for a model that is taken over: all of that is done aside, on one goroutine. Who
// goes back to an earlier one waits for it, and has it read on all processors.
func TestAModelIsTakenOverAside(t *testing.T) {
	var mu sync.Mutex // sections are read by several goroutines
	aside, done := false, map[string]bool{}
	hear := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		done[fmt.Sprintf("%s, aside %t", what, aside)] = true
	}
	tr := training.New(watched{shop(t, 60), hear}, func(*recommend.Models) { hear("swap") }, training.Options{
		Search: small(), Seed: 1, Workers: 2, Aside: func(do func()) { aside = true; do(); aside = false },
	})
	if _, err := tr.Now(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if want := map[string]bool{"save, aside true": true, "load, aside true": true, "swap, aside true": true}; !maps.Equal(done, want) {
		t.Errorf("taking over: %v, want %v", done, want)
	}
	clear(done)
	if err := tr.Rollback(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if want := map[string]bool{"load, aside false": true, "read side by side, aside false": true, "swap, aside false": true}; !maps.Equal(done, want) {
		t.Errorf("going back: %v, want %v", done, want)
	}
}

type damaged struct {
	training.Store
	version int
}

func (d damaged) LoadModel(ctx context.Context, version int) (io.Reader, error) {
	r, err := d.Store.LoadModel(ctx, version)
	if version == d.version && err == nil {
		return io.LimitReader(r, 200), nil
	}
	return r, err
}

func TestADamagedModelIsNeverServed(t *testing.T) {
	s := shop(t, 60)
	tr, _ := trainer(s, small())
	for range 2 {
		if _, err := tr.Now(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	hurt, swapped := trainer(damaged{s, 2}, small())
	m, skipped, err := hurt.Latest(t.Context())
	if err != nil || m == nil || m.Version != 1 || len(skipped) != 1 || !strings.Contains(skipped[0], "model 2") {
		t.Errorf("Latest: skipped %q, %v; want version 1 and a word about 2", skipped, err)
	}
	serve := func(tr *training.Trainer, want int, unread ...int) {
		t.Helper()
		versions, err := tr.Models(t.Context())
		for _, v := range versions {
			if v.Current != (v.Version == want) {
				t.Errorf("model %d: current is %v (%v), where %d serves", v.Version, v.Current, err, want)
			}
		}
		if got := tr.Unread(); err != nil || !slices.Equal(got, unread) {
			t.Errorf("where %d serves, %v could not be read (%v), want %v", want, got, err, unread)
		}
	}
	serve(hurt, 1, 2)
	if err := hurt.Rollback(t.Context(), 2); !errors.Is(err, recommend.ErrCorrupt) || !errors.Is(err, engine.ErrConflict) || len(*swapped) != 0 {
		t.Errorf("rollback to a damaged model: %v, %d swaps", err, len(*swapped))
	}
	serve(hurt, 1, 2)
	blind, _ := trainer(damaged{damaged{s, 2}, 1}, small())
	if m, skipped, err := blind.Latest(t.Context()); m != nil || len(skipped) != 2 || err != nil {
		t.Errorf("Latest: %v, skipped %q, %v; want nothing", m, skipped, err)
	}
	serve(blind, 0, 2, 1)
	next, swapped := trainer(damaged{s, 3}, small())
	if _, err := next.Now(t.Context(), nil); !errors.Is(err, recommend.ErrCorrupt) || len(*swapped) != 0 {
		t.Errorf("a model that does not read back: %v, %d swaps", err, len(*swapped))
	}
	if v, err := s.Models(t.Context()); err != nil || len(v) != 2 {
		t.Errorf("after it: %d versions, %v", len(v), err)
	}
}

// upgraded cannot read the first model: another version saved it in a form of its own.
type upgraded struct{ *store.Store }

func (u upgraded) LoadModel(ctx context.Context, version int) (io.Reader, error) {
	if version == 1 {
		return strings.NewReader("of old"), nil
	}
	return u.Store.LoadModel(ctx, version)
}

// said hands on what is logged.
type said chan string

func (s said) Write(line []byte) (int, error) {
	s <- string(line)
	return len(line), nil
}

// Where models are kept and none can be read, nothing serves: then one is trained at once,
// however little is new, and the log says so.
func TestUnreadableModelsAreReplaced(t *testing.T) {
	s := shop(t, 60)
	tr, _ := trainer(s, small())
	if _, err := tr.Now(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	log := make(said, 16)
	next := training.New(upgraded{s}, func(*recommend.Models) {}, training.Options{
		Search: small(), Seed: 1, Workers: 2, MinNew: 1 << 40, Interval: time.Hour, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if m, skipped, err := next.Latest(t.Context()); m != nil || len(skipped) != 1 || err != nil {
		t.Fatalf("Latest: %v, skipped %q, %v", m, skipped, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- next.Run(ctx) }()
	defer func() { stop(); <-ended }()
	select {
	case line := <-log:
		if !strings.Contains(line, "a new model serves") || !strings.Contains(line, "model=2") {
			t.Errorf("the log says %s", line)
		}
	case <-time.After(time.Minute):
		t.Error("no model was trained in the place of the one that cannot be read")
	}
}

func TestInterruptedTrainingLeavesNothing(t *testing.T) {
	s := shop(t, 60)
	tr, swapped := trainer(s, small())
	ctx, stop := context.WithCancel(t.Context())
	steps := 0
	_, err := tr.Now(ctx, func(string, float64) {
		if steps++; steps == 4 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || len(*swapped) != 0 {
		t.Errorf("stopped: %v, %d swaps", err, len(*swapped))
	}
	endings(t, tr, map[engine.JobState]uint64{engine.JobCancelled: 1})
	if v, err := s.Models(t.Context()); err != nil || len(v) != 0 {
		t.Errorf("after it: %d versions, %v", len(v), err)
	}
}

func TestWhoRefusesTrainingIsLeftOut(t *testing.T) {
	s := shop(t, 60)
	write(t, s, engine.PutCustomer{Customer: engine.Customer{ID: "c0", Consent: map[engine.Purpose]bool{engine.Train: false}}})
	snap, err := training.Read(t.Context(), s, engine.DefaultSettings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range snap.People {
		if p.Subject.ID == "c0" {
			t.Error("a customer who refuses training is in the snapshot")
		}
	}
	if len(snap.People) != 59 {
		t.Errorf("%d people, want the 59 others", len(snap.People))
	}
}

// TestCasesSeeNothingOfTheFuture looks for a row, a count or a target of the wrong side.
func TestCasesSeeNothingOfTheFuture(t *testing.T) {
	s := shop(t, 60)
	snap, err := training.Read(t.Context(), s, engine.DefaultSettings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	from, to := start.AddDate(0, 0, 6), start.AddDate(0, 0, 9)
	cases := snap.NextCases(from, to, func(t engine.Type) bool { return t == engine.Purchase }, 0)
	if len(cases) != 60 {
		t.Fatalf("%d cases, want one a customer", len(cases))
	}
	for _, c := range cases {
		if c.Now.Before(from) || !c.Now.Before(to) {
			t.Errorf("%s is asked at %v", c.Who.Subject, c.Now)
		}
		var before float64
		for _, p := range snap.People {
			rows, err := s.History(t.Context(), p.Subject)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.At.Before(c.Now) {
					before++
				}
			}
		}
		var counted float64
		for n := range snap.Items.Items() {
			counted += c.AsOf().Value(n, 0, c.Now)
		}
		if diff := counted - before; diff > 1e-6 || diff < -1e-6 {
			t.Fatalf("at %v the counters hold %v of %v earlier purchases", c.Now, counted, before)
		}
		for _, r := range c.Someone().Rows {
			if !r.At.Before(c.Now) || slices.Contains(c.Targets, r.Num) {
				t.Errorf("%s knows of item %d at %v", c.Who.Subject, r.Num, r.At)
			}
		}
		if len(c.Targets) != 1 {
			t.Errorf("%s has %d targets at one moment, want 1", c.Who.Subject, len(c.Targets))
		}
	}
	if past := snap.Before(from); past.Newest.After(from) || past.Events != 360 {
		t.Errorf("Before(day 6) has %d events up to %v", past.Events, past.Newest)
	}
}

func TestJobs(t *testing.T) {
	s := shop(t, 60)
	tr, swapped := trainer(s, small())
	job, err := tr.Train(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tr.Train(t.Context()); !errors.Is(err, engine.ErrConflict) || again.ID != job.ID {
		t.Errorf("a second job: %+v, %v", again, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- tr.Run(ctx) }()
	for {
		got, known := tr.Job(job.ID)
		if !known {
			t.Fatal("the job is unknown")
		}
		if got.State != engine.JobRunning {
			if got.State != engine.JobSucceeded || got.Progress != 1 || got.Ended == nil || got.Version == 0 {
				t.Errorf("ended as %+v", got)
			}
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil || len(*swapped) == 0 {
		t.Errorf("Run: %v, %d swaps", err, len(*swapped))
	}
	if _, known := tr.Job("train-0"); known {
		t.Error("an unknown job is known")
	}
}

// TestASmallShopKeepsEverySource trains on too little to choose anything.
func TestASmallShopKeepsEverySource(t *testing.T) {
	s := shop(t, 5)
	tr, swapped := trainer(s, small())
	report, err := tr.Now(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"factor", "ease", "content", "popular"} {
		if report.Blend["person"][name].Weight == 0 {
			t.Errorf("%s does not count for persons: %v", name, report.Blend["person"])
		}
	}
	if len((*swapped)[0].Fitted) != 2 || !strings.HasPrefix(report.Comparison, "there was no model") {
		t.Errorf("%d fitted sources, %q", len((*swapped)[0].Fitted), report.Comparison)
	}
}

func TestNothingToLearnFrom(t *testing.T) {
	s, err := store.Open("", store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	tr, swapped := trainer(s, small())
	if _, err := tr.Now(t.Context(), nil); err == nil || len(*swapped) != 0 {
		t.Errorf("training on nothing: %v, %d swaps", err, len(*swapped))
	}
	endings(t, tr, map[engine.JobState]uint64{engine.JobFailed: 1})
}

// TestBuyAgainSpeaksWhereItMay has customers who buy three things over and over, and now
// and then something new.
func TestBuyAgainSpeaksWhereItMay(t *testing.T) {
	s := shop(t, 0)
	rng := rand.New(rand.NewPCG(3, 4))
	var cmds []engine.Command
	for c := range 120 {
		usual := rng.Perm(40)[:3]
		for day := range 30 {
			bought := usual[rng.IntN(3)]
			if rng.IntN(4) == 0 {
				bought = rng.IntN(40)
			}
			cmds = append(cmds, deed(fmt.Sprint("c", c), "", engine.Purchase, bought, 24*day+c%24))
		}
	}
	write(t, s, cmds...)
	search := append(*small(), training.BuyAgain())
	tr, _ := trainer(s, &search)
	report, err := tr.Now(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := report.Blend["repeat"]["buy_again"].Weight; w == 0 || report.Chosen["repeat"].Cases < 100 {
		t.Errorf("where repeats may be shown buy_again weighs %v, chosen on %d cases", w, report.Chosen["repeat"].Cases)
	}
	if _, named := report.Blend["person"]["buy_again"]; named {
		t.Error("buy_again is asked where nothing that was bought is shown")
	}
}
