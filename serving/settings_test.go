package serving_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

// counted holds the live counters against the log counted by hand.
func (h *house) counted() {
	h.t.Helper()
	world := h.World()
	want := tally.New(world.Settings)
	err := h.Scan(h.t.Context(), func(_ engine.Subject, rows []engine.Row) error {
		want = want.With(rows)
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, item := range world.Catalogue.Items() {
		n, _ := world.Catalogue.IDs().Num(item.ID)
		got, want := world.Counters.Value(n, tally.Month, noon), want.Value(n, tally.Month, noon)
		if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
			h.t.Errorf("%s counts %v, the log says %v", item.ID, got, want)
		}
	}
}

// run starts the background work; the returned function ends it.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	}
}

// settled waits until the counters are those of the settings.
func (h *house) settled() {
	h.t.Helper()
	for range 2000 {
		if w := h.World(); w.Counters.Weighs(w.Settings) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatal("the counters were not counted again")
}

func weighing(view float64) engine.PutSettings {
	s := engine.DefaultSettings()
	s.Types[engine.View] = engine.TypeSetting{Weight: view}
	return engine.PutSettings{Settings: s}
}

func TestSettingsTakeEffectAtOnce(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.View, "ann", "", "mug"), event("2", "tasted", "ben", "", "pot"))
	if _, a := h.ask(engine.Request{Customer: "ben"}); a.Basis == engine.BasisPersonal {
		t.Errorf("a type without weight makes a list by %s", a.Basis)
	}
	settings := engine.DefaultSettings()
	settings.Types["tasted"] = engine.TypeSetting{Weight: 2}
	h.write(engine.PutSettings{Settings: settings})
	if got := h.Recommender.Settings().Types["tasted"].Weight; got != 2 {
		t.Errorf("Settings says %v", got)
	}
	if _, a := h.ask(engine.Request{Customer: "ben"}); a.Basis != engine.BasisPersonal {
		t.Errorf("after the type got a weight: a list by %s", a.Basis)
	}
	stop := h.run()
	defer stop()
	h.settled()
	h.counted()
	if got, _ := h.ask(engine.Request{}); got[0] != "pot" {
		t.Errorf("most popular is %s, want the pot", got[0])
	}
	_, data, err := h.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tally.Unmarshal(data, settings); err != nil {
		t.Errorf("the checkpoint under the new settings: %v", err)
	}
}

// between lets a test write while the log is read for a recount.
type between struct {
	*store.Store
	during atomic.Pointer[func(before bool)]
}

func (b *between) ScanAt(ctx context.Context, fn func(engine.Subject, []engine.Row) error) (uint64, error) {
	during := b.during.Load()
	if during == nil {
		return b.Store.ScanAt(ctx, fn)
	}
	(*during)(true)
	first := true
	seq, err := b.Store.ScanAt(ctx, func(s engine.Subject, rows []engine.Row) error {
		if first {
			first = false
			(*during)(false)
		}
		return fn(s, rows)
	})
	return seq, err
}

// What is written, changed and deleted just before the log is read, and while it is,
// counts once.
func TestNothingIsLostOrDoubledByARecount(t *testing.T) {
	log := &between{}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	h.write(
		event("a", engine.Purchase, "ann", "", "mug"), event("b", engine.Purchase, "ben", "", "pot"),
		event("c", engine.View, "ann", "", "pot"), event("d", engine.View, "ben", "", "mug"),
	)
	during := func(before bool) {
		what := fmt.Sprint("before=", before)
		gone := map[bool]string{true: "a", false: "b"}[before]
		who := map[bool]engine.CustomerID{true: "ann", false: "ben"}[before]
		h.write(
			event(what, engine.Purchase, "cleo", "", "grinder"),
			event(what+"2", engine.View, "ann", "", "grinder"),
			remove(who, gone),
		)
	}
	log.during.Store(&during)
	h.write(weighing(3))
	stop := h.run()
	defer stop()
	h.settled()
	h.counted()
	h.write(event("after", engine.View, "ann", "", "mug"))
	h.counted()
}

// backAndForth puts settings once the log was read, says when it is read again, and waits then.
type backAndForth struct {
	*store.Store
	read          int
	then          func()
	again, looked chan struct{}
}

func (b *backAndForth) ScanAt(ctx context.Context, fn func(engine.Subject, []engine.Row) error) (uint64, error) {
	if b.read++; b.read == 2 {
		close(b.again)
		<-b.looked
	}
	seq, err := b.Store.ScanAt(ctx, fn)
	if b.read == 1 {
		b.then()
	}
	return seq, err
}

// Counters that are right are not given up for those of settings that were taken back while
// these were counted.
func TestSettingsThatGoBackKeepTheirCounters(t *testing.T) {
	log := &backAndForth{again: make(chan struct{}), looked: make(chan struct{})}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	h.write(event("a", engine.View, "ann", "", "mug"), event("b", engine.Purchase, "ann", "", "pot"))
	log.then = func() { h.write(engine.PutSettings{Settings: engine.DefaultSettings()}) }
	h.write(weighing(3))
	stop := h.run()
	defer stop()
	<-log.again // the first recount has ended
	if w := h.World(); !w.Counters.Weighs(w.Settings) {
		t.Error("the counters are of settings that were taken back")
	}
	h.counted()
	close(log.looked)
}

func remove(who engine.CustomerID, event string) engine.Command {
	return engine.UpdateEvent{Subject: engine.OfCustomer(who), EventID: event, Update: func([]engine.Interaction) ([]engine.Interaction, error) {
		return nil, nil
	}}
}

func TestAChangedEventIsSeenAtOnce(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.Purchase, "ann", "", "red-lamp"), event("2", engine.Purchase, "ann", "", "mug"))
	if got, _ := h.ask(engine.Request{Customer: "ann"}); slices.Contains(got, "red-lamp") || slices.Contains(got, "mug") {
		t.Errorf("what was bought is shown: %v", got)
	}
	h.write(engine.UpdateEvent{Subject: engine.OfCustomer("ann"), EventID: "1", Update: func(lines []engine.Interaction) ([]engine.Interaction, error) {
		lines[0].Item = "pot"
		return lines, nil
	}})
	if got, _ := h.ask(engine.Request{Customer: "ann"}); !slices.Contains(got, "red-lamp") || slices.Contains(got, "pot") || slices.Contains(got, "mug") {
		t.Errorf("a pot was bought, not a lamp: %v", got)
	}
	h.counted()
	h.write(remove("ann", "1"), remove("ann", "2"))
	got, a := h.ask(engine.Request{Customer: "ann"})
	if len(got) != 6 || a.Basis == engine.BasisPersonal {
		t.Errorf("nothing was bought: %v by %s", got, a.Basis)
	}
	h.counted()
}

// A recount may hold a command that is committed and not observed yet: it counts once.
func TestARecountAheadOfTheObserver(t *testing.T) {
	s, err := store.Open("", store.Options{InMemory: true, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	r := serving.New(s, s.IDs(), serving.Options{Now: func() time.Time { return noon }})
	var held [][]engine.Committed
	s.Start(t.Context(), func(group []engine.Committed) { held = append(held, slices.Clone(group)) })
	h := &house{t, s, r}
	h.write(product("mug", "Coffee mug"), event("1", engine.Purchase, "ann", "", "mug"))
	settings := weighing(3).Settings
	stop := h.run()
	r.Observe([]engine.Committed{{Seq: 0, Settings: &settings}})
	h.settled()
	stop()
	if seq, _, err := r.Checkpoint(); err != nil || seq != s.Seq() {
		t.Errorf("the counters are of %d (%v), want %d", seq, err, s.Seq())
	}
	for _, group := range held {
		r.Observe(group)
	}
	h.counted()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestSettingsUnderLoad changes settings, events and people from several goroutines,
// under -race; in the end the counters are those of the log.
func TestSettingsUnderLoad(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	stop := h.run()
	var all sync.WaitGroup
	for worker := range 3 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(9, uint64(worker)))
			me := engine.CustomerID(fmt.Sprint("u", worker))
			items := []engine.ItemID{"red-lamp", "blue-lamp", "lamp-shade", "mug", "pot", "grinder"}
			for step := range 150 {
				id := fmt.Sprint(me, "-", step)
				h.write(event(id, engine.Purchase, me, "", items[rng.IntN(len(items))]), event(id+"v", engine.View, me, "", items[rng.IntN(len(items))]))
				switch rng.IntN(5) {
				case 0:
					h.write(remove(me, id))
				case 1:
					h.write(weighing(float64(1 + rng.IntN(5))))
				default:
					h.ask(engine.Request{Customer: me, Count: 3})
				}
			}
		})
	}
	all.Wait()
	h.settled()
	stop()
	h.counted()
}

// Rows that move under the customer they were merged into change nothing that is cached,
// read anew or counted.
func TestMovedRowsDisturbNobody(t *testing.T) {
	log := &slow{before: func() {}, after: func() {}}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	h.write(
		event("1", engine.Purchase, "", "s1", "red-lamp"), event("2", engine.View, "", "s1", "mug"), event("3", engine.View, "ann", "", "pot"),
		engine.Merge{From: engine.OfSession("s1"), Into: "ann"},
	)
	want, _ := h.ask(engine.Request{Customer: "ann", Explain: engine.ExplainFull})
	log.before = func() { t.Error("a cached state was read again") }
	if moved, err := h.MoveMerged(t.Context()); err != nil || moved != 2 {
		t.Fatalf("moved %d rows (%v), want 2", moved, err)
	}
	for _, who := range []engine.Request{{Customer: "ann"}, {Session: "s1"}} {
		if got, a := h.ask(who); !slices.Equal(got, want) || a.Basis != engine.BasisPersonal {
			t.Errorf("after the move %+v gets %v by %s, before it was %v", who, got, a.Basis, want)
		}
	}
	log.before = func() {}
	h.write(remove("ann", "2")) // lies elsewhere now; the state is read anew
	got, a := h.ask(engine.Request{Customer: "ann"})
	if slices.Contains(got, "red-lamp") || a.Basis != engine.BasisPersonal {
		t.Errorf("read anew: %v by %s", got, a.Basis)
	}
	h.counted()
}
