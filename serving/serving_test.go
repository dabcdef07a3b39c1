package serving_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
)

// noon is when the tests happen. It lies today because the store's disk forgets
// impressions by the machine's clock.
var noon = time.Now().UTC().Truncate(time.Hour)

// house is a recommender on a real store in memory.
type house struct {
	t *testing.T
	*store.Store
	*serving.Recommender
}

// open starts a house; between, if not nil, stands between the two.
func open(t *testing.T, between func(*store.Store) serving.Log) *house {
	t.Helper()
	now := func() time.Time { return noon }
	s, err := store.Open("", store.Options{InMemory: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	var log serving.Log = s
	if between != nil {
		log = between(s)
	}
	h := &house{t, s, serving.New(log, s.IDs(), serving.Options{Now: now, CacheBytes: 1 << 20})}
	s.Start(t.Context(), h.Observe)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) write(cmds ...engine.Command) {
	h.t.Helper()
	results, err := h.Append(h.t.Context(), cmds)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			h.t.Fatal(r.Err)
		}
	}
}

func event(id string, kind engine.Type, customer engine.CustomerID, session engine.SessionID, item engine.ItemID) engine.Command {
	return engine.RecordEvent{Lines: []engine.Interaction{{EventID: id, Type: kind, Customer: customer, Session: session, Item: item, At: noon.Add(-time.Hour)}}}
}

func product(id engine.ItemID, title string) engine.Command {
	return engine.PutItem{Item: engine.Item{ID: id, Title: title}}
}

// ask returns the ids of a list.
func (h *house) ask(req engine.Request) ([]engine.ItemID, engine.Answer) {
	h.t.Helper()
	a, err := h.Recommend(h.t.Context(), &req)
	if err != nil {
		h.t.Fatalf("Recommend(%+v): %v", req, err)
	}
	ids := make([]engine.ItemID, len(a.Items))
	for i := range a.Items {
		ids[i] = a.Items[i].Item
	}
	return ids, a
}

func shelf(h *house) {
	h.write(
		product("red-lamp", "Red table lamp"), product("blue-lamp", "Blue table lamp"), product("lamp-shade", "Table lamp shade"),
		product("mug", "Coffee mug"), product("pot", "Coffee pot"), product("grinder", "Coffee grinder"),
	)
}

func TestAnEventChangesTheNextAnswer(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	if _, a := h.ask(engine.Request{Customer: "ann"}); a.Basis != engine.BasisEditorial && a.Basis != engine.BasisPopular {
		t.Errorf("a stranger's basis = %s", a.Basis)
	}
	h.write(event("1", engine.Purchase, "ann", "", "red-lamp"))
	got, a := h.ask(engine.Request{Customer: "ann", Count: 2})
	slices.Sort(got)
	if want := []engine.ItemID{"blue-lamp", "lamp-shade"}; !slices.Equal(got, want) || a.Basis != engine.BasisPersonal {
		t.Errorf("after buying a lamp: %v by %s, want %v by personal", got, a.Basis, want)
	}
	h.write(event("2", engine.Dismiss, "ann", "", "blue-lamp"))
	if got, _ := h.ask(engine.Request{Customer: "ann"}); slices.Contains(got, "blue-lamp") || slices.Contains(got, "red-lamp") {
		t.Errorf("what was bought or dismissed is shown again: %v", got)
	}
}

func TestANewItemIsFoundByItsContent(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.View, "ann", "", "mug"), product("saucer", "Coffee mug saucer"))
	if got, _ := h.ask(engine.Request{Customer: "ann", Count: 3}); !slices.Contains(got, "saucer") {
		t.Errorf("a new coffee item is not among %v", got)
	}
	h.write(engine.DeleteItem{ID: "saucer"})
	if got, _ := h.ask(engine.Request{Customer: "ann"}); slices.Contains(got, "saucer") {
		t.Errorf("a deleted item is among %v", got)
	}
}

func TestMergeAndEraseAreSeenAtOnce(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.View, "", "s1", "red-lamp"))
	if _, a := h.ask(engine.Request{Session: "s1"}); a.Basis != engine.BasisSession {
		t.Errorf("basis of a session = %s", a.Basis)
	}
	h.ask(engine.Request{Customer: "ann"}) // now both are cached
	h.write(engine.Merge{From: engine.OfSession("s1"), Into: "ann"})
	if got, a := h.ask(engine.Request{Customer: "ann", Count: 3}); a.Basis != engine.BasisPersonal || !slices.Contains(got, "blue-lamp") {
		t.Errorf("after the merge: %v by %s", got, a.Basis)
	}
	_, shown := h.ask(engine.Request{Customer: "ann"})
	if _, err := h.Replay(t.Context(), shown.RecommendationID); err != nil {
		t.Errorf("Replay of an answer just given: %v", err)
	}
	h.write(engine.Erase{Subject: engine.OfCustomer("ann")})
	for _, who := range []engine.Request{{Customer: "ann"}, {Session: "s1"}} {
		if _, a := h.ask(who); a.Basis == engine.BasisPersonal || a.Basis == engine.BasisSession {
			t.Errorf("after the erase %+v gets a list by %s", who, a.Basis)
		}
	}
	if _, err := h.Replay(t.Context(), shown.RecommendationID); !errors.Is(err, engine.ErrNotFound) {
		t.Errorf("Replay after the erase: %v, want not found", err)
	}
}

// slow lets a test stand between a read of the log and what becomes of it.
type slow struct {
	*store.Store
	before, after func()
	fail          atomic.Bool
}

func (s *slow) History(ctx context.Context, who engine.Subject) ([]engine.Row, error) {
	if s.fail.Load() {
		return nil, errors.New("the disk is gone")
	}
	s.before()
	rows, err := s.Store.History(ctx, who)
	s.after()
	return rows, err
}

// TestAPanicWhileAStateIsReadLocksNobodyOut: the next request reads the state anew.
func TestAPanicWhileAStateIsReadLocksNobodyOut(t *testing.T) {
	log := &slow{before: func() { panic("a fault") }, after: func() {}}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		_, _ = h.Recommend(t.Context(), &engine.Request{Customer: "ann"})
	}()
	log.before = func() {}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if _, err := h.Recommend(ctx, &engine.Request{Customer: "ann"}); err != nil {
		t.Fatalf("after it: %v", err)
	}
}

func TestNoEventIsMissedOrDoubledWhileAStateIsRead(t *testing.T) {
	for _, moment := range []string{"before", "after"} {
		t.Run("written "+moment+" the read", func(t *testing.T) {
			var h *house
			once := func() { h.write(event("1", engine.Purchase, "ann", "", "red-lamp")) }
			log := &slow{before: func() {}, after: func() {}}
			h = open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
			shelf(h)
			if moment == "before" {
				log.before = once
			} else {
				log.after = once
			}
			for i := range 2 {
				_, a := h.ask(engine.Request{Customer: "ann", Explain: engine.ExplainFull})
				named := 0
				for _, r := range a.Items[0].Reasons {
					if r.Item == "red-lamp" {
						named++
					}
				}
				if a.Basis != engine.BasisPersonal || named != 1 {
					t.Fatalf("answer %d: basis %s, the purchase is named %d times in %+v", i, a.Basis, named, a.Items[0].Reasons)
				}
				log.before, log.after = func() { t.Error("a cached state was read again") }, func() {}
			}
		})
	}
}

func TestAnUnreadableHistoryDegradesByName(t *testing.T) {
	log := &slow{before: func() {}, after: func() {}}
	h := open(t, func(s *store.Store) serving.Log { log.Store = s; return log })
	shelf(h)
	log.fail.Store(true)
	if _, a := h.ask(engine.Request{Customer: "ann"}); !slices.Contains(a.Degraded, "history_unavailable") || len(a.Items) == 0 {
		t.Errorf("degraded = %v with %d items, want history_unavailable with a list", a.Degraded, len(a.Items))
	}
	log.fail.Store(false)
	h.write(event("1", engine.View, "ann", "", "red-lamp"))
	if _, a := h.ask(engine.Request{Customer: "ann"}); a.Basis != engine.BasisPersonal {
		t.Errorf("after the disk came back: basis %s", a.Basis)
	}
}

func TestStatesStayWithinTheirBound(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	for i := range 5000 { // some 4 MB of states into 1 MiB
		h.ask(engine.Request{Customer: engine.CustomerID(fmt.Sprint("c", i))})
	}
	h.write(event("1", engine.View, "c0", "", "mug"))
	if _, a := h.ask(engine.Request{Customer: "c0"}); a.Basis != engine.BasisPersonal {
		t.Errorf("an evicted customer's event is lost: basis %s", a.Basis)
	}
}

// TestSwapKeepsWhatChangesMeanwhile changes items while their vectors are made anew.
func TestSwapKeepsWhatChangesMeanwhile(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	var docs [][]string
	for _, item := range h.World().Catalogue.Items() {
		docs = append(docs, text.ItemTerms(item))
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	writers.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				h.write(product(engine.ItemID(fmt.Sprint("new", i%50)), fmt.Sprint("Coffee thing ", i)))
			}
		}
	})
	for i := range 20 {
		m := recommend.Unfitted()
		h.Swap(recommend.NewModels(i+1, noon, nil, text.Fit(docs, 8, uint64(i)), m.Blend))
	}
	close(stop)
	writers.Wait()
	w := h.World()
	for n, item := range w.Catalogue.Items() {
		want := w.Models.Encoder.Encode(text.ItemTerms(item))
		if got := w.Content.Row(n); !slices.Equal(got, want) {
			t.Fatalf("item %s has a vector of another time", item.ID)
		}
	}
	if w.Models.Version != 20 {
		t.Errorf("version %d serves, want 20", w.Models.Version)
	}
}

// TestOldModelsGoWithASwap asks for somebody who never comes back: what models made of
// their state must not hold the models that answer no longer.
func TestOldModelsGoWithASwap(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.View, "ann", "", "mug"))
	next := func(version int) *recommend.Models {
		m := recommend.Unfitted()
		return recommend.NewModels(version, noon, nil, m.Encoder, m.Blend)
	}
	h.Swap(next(1))
	if _, a := h.ask(engine.Request{Customer: "ann"}); a.Basis != engine.BasisPersonal {
		t.Fatalf("nothing is made of a history: basis %s", a.Basis)
	}
	old := weak.Make(h.World().Models)
	h.Swap(next(2))
	runtime.GC()
	if old.Value() != nil {
		t.Error("the models of before the swap are still in memory")
	}
	if _, a := h.ask(engine.Request{Customer: "ann"}); a.Basis != engine.BasisPersonal {
		t.Errorf("after the swap nothing is made of a history: basis %s", a.Basis)
	}
}

func TestImpressionsAreWrittenBehindTheAnswers(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Run(ctx) }()
	no := false
	_, silent := h.ask(engine.Request{Customer: "ann", Record: &no})
	_, a := h.ask(engine.Request{Customer: "ann", Count: 2})
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if silent.RecommendationID != "" {
		t.Errorf("record=false left %s", silent.RecommendationID)
	}
	kept, err := h.Impression(t.Context(), a.RecommendationID)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Request.Customer != "ann" || len(kept.Answer.Items) != 2 || kept.Answer.Items[1].Item != a.Items[1].Item || kept.Answer.Items[0].Score != a.Items[0].Score {
		t.Errorf("kept %+v of %+v", kept, a)
	}
	if h.Dropped() != 0 {
		t.Errorf("%d were dropped", h.Dropped())
	}
}

func TestAnAnswerAsOfThen(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.Purchase, "ann", "", "red-lamp")) // an hour before noon
	before := noon.Add(-2 * time.Hour)
	got, a := h.ask(engine.Request{Customer: "ann", Context: engine.Context{At: &before}})
	if a.Basis == engine.BasisPersonal || !slices.Contains(got, "red-lamp") {
		t.Errorf("before the purchase: %v by %s, want it unknown", got, a.Basis)
	}
	if got, a := h.ask(engine.Request{Customer: "ann", Context: engine.Context{At: &noon}}); a.Basis != engine.BasisPersonal || slices.Contains(got, "red-lamp") {
		t.Errorf("after it: %v by %s", got, a.Basis)
	}
}

func TestScenarios(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	mine := engine.Scenario{Name: "home", Filter: `item_id != "mug"`}
	if err := h.CheckScenario(mine); err != nil {
		t.Fatal(err)
	}
	h.write(engine.PutScenario{Scenario: mine})
	if got, _ := h.ask(engine.Request{}); slices.Contains(got, "mug") || len(got) != 5 {
		t.Errorf("home without mugs = %v", got)
	}
	h.write(engine.DeleteScenario{Name: "home"})
	if got, _ := h.ask(engine.Request{}); len(got) != 6 {
		t.Errorf("home as it comes = %v", got)
	}
	var invalid *engine.Invalid
	if _, err := h.Recommend(t.Context(), &engine.Request{Scenario: "nowhere"}); !errors.As(err, &invalid) || invalid.Field != "scenario" {
		t.Errorf("an unknown scenario gives %v", err)
	}
	if err := h.CheckScenario(engine.Scenario{Name: "x", Filter: `colour == "red"`}); !errors.As(err, &invalid) || invalid.Code != engine.CodeUnknownAttr {
		t.Errorf("an unknown attribute gives %v", err)
	}
}

// TestSimulation mixes writes, swaps and requests from several goroutines, under -race;
// after each answer what must always hold.
func TestSimulation(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(7, uint64(worker)))
			me := engine.CustomerID(fmt.Sprint("u", worker))
			bought := make(map[engine.ItemID]bool)
			items := []engine.ItemID{"red-lamp", "blue-lamp", "lamp-shade", "mug", "pot", "grinder"}
			for step := range 300 {
				item := items[rng.IntN(len(items))]
				switch rng.IntN(8) {
				case 0:
					h.write(event(fmt.Sprint(me, step), engine.Purchase, me, "", item))
					bought[item] = true
				case 1:
					h.write(product(item, fmt.Sprint("Thing ", step)))
				case 2:
					h.Swap(recommend.Unfitted())
				case 3:
					h.write(engine.Erase{Subject: engine.OfCustomer(me)})
					clear(bought)
				default:
					got, a := h.ask(engine.Request{Customer: me, Count: 3})
					if want := min(3, len(items)-len(bought)); len(got) != want {
						t.Errorf("step %d: %d items, want %d (%+v)", step, len(got), want, a)
					}
					for _, id := range got {
						if bought[id] {
							t.Errorf("step %d: %s was bought and is shown", step, id)
						}
					}
				}
			}
		})
	}
	all.Wait()
}
