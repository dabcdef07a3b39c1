package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
)

var (
	simSeed  = flag.Uint64("seed", 0, "seed of TestSimulation; 0 runs two of them")
	simSteps = flag.Int("steps", 1000, "steps of TestSimulation, for each seed")
)

// TestSimulation drives the whole house, with a real store on a disk, by a random mix
// of everything that can happen to it, and compares it with a plain reference after
// each step.
func TestSimulation(t *testing.T) {
	seeds := []uint64{*simSeed}
	if *simSeed == 0 {
		seeds = []uint64{1, 2}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { simulate(t, seed, *simSteps) })
	}
}

// clock is time as a value. It starts at the machine's time, by which the disk forgets
// impressions, and runs ahead of it.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

type simulation struct {
	*testing.T
	seed  uint64
	steps int
	step  int
	what  string // the step does
	rng   *rand.Rand
	clock clock

	home     string // directories are made in it
	dir      string
	w        *workspace
	ref      *reference
	sent     [][]engine.Interaction // events with an id, for retries
	ids      []string               // of recommendations
	made     int                    // ids given out
	observed uint64                 // newest sequence number; the committer's, read while it rests
	opened   uint64                 // sequence number at the last start
	counts   map[string]int
	support  *engine.Support // as they were put, nil for never
}

func simulate(t *testing.T, seed uint64, steps int) {
	s := &simulation{T: t, seed: seed, steps: steps, home: t.TempDir(), ref: newReference(), counts: make(map[string]int), rng: rand.New(rand.NewPCG(seed, 15))}
	s.clock.ms.Store(time.Now().UnixMilli())
	s.dir = filepath.Join(s.home, "0")
	s.open()
	defer func() {
		if err := s.w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()
	// One item knows all attributes, so that the expressions of rules always compile.
	s.putItem(engine.Item{ID: "schema", Hidden: true, Attributes: engine.Attributes{"brand": "none", "colours": []string{"none"}}})
	for s.step = 1; s.step <= steps; s.step++ {
		s.advance()
		s.act()
		s.checkSome()
		if s.step%100 == 0 || s.step == steps {
			s.checkAll()
		}
	}
	t.Logf("seed %d: %v", seed, s.counts)
}

// fail ends the test with what is needed to see it again.
func (s *simulation) fail(format string, args ...any) {
	s.Helper()
	s.Fatalf("step %d (replay with -seed=%d -steps=%d): %s: %s", s.step, s.seed, s.steps, s.what, fmt.Sprintf(format, args...))
}

func (s *simulation) must(err error) {
	s.Helper()
	if err != nil {
		s.fail("%v", err)
	}
}

func (s *simulation) advance() {
	switch n := s.rng.IntN(100); {
	case n < 88:
		s.clock.advance(time.Duration(2+s.rng.IntN(30_000)) * time.Millisecond)
	case n < 97:
		s.clock.advance(time.Duration(1+s.rng.IntN(90)) * time.Minute)
	default:
		s.clock.advance(time.Duration(1+s.rng.IntN(72)) * time.Hour)
	}
}

// act does one thing. Weights are per mille.
func (s *simulation) act() {
	acts := []struct {
		weight int
		what   string
		do     func()
	}{
		{300, "event", s.event},
		{50, "batch of events", s.batch},
		{70, "retry", s.retry},
		{8, "event from the future", s.future},
		{250, "request", s.ask},
		{60, "new item", func() { s.putItem(s.item(s.itemID())) }},
		{80, "item change", s.changeItem},
		{20, "item deletion", s.deleteItem},
		{40, "customer", s.customer},
		{25, "merge", s.merge},
		{8, "erasure", s.erase},
		{20, "scenario", s.scenario},
		{20, "ticket", s.ticket},
		{15, "outcome", s.outcome},
		{5, "limits of support", s.limits},
		{8, "model swap", s.swap},
		{6, "training", s.train},
		{5, "rollback", s.rollback},
		{14, "checkpoint", s.checkpoint},
		{8, "restart", s.restart},
		{8, "crash", s.crash},
	}
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	n := s.rng.IntN(total)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			s.what = a.what
			s.counts[a.what]++
			a.do()
			return
		}
	}
}

// open opens the workspace in dir.
func (s *simulation) open() {
	now := s.clock.now
	w, err := assemble(s.Context(), s.dir, parts{
		now: now, random: s.rng.Uint64, cache: 64 << 10, observe: s.watch,
		trainer: training.Options{Search: tinySearch(), Seed: s.seed, Workers: 2, Now: now},
	})
	s.must(err)
	w.run(s.Context(), "writing impressions", w.recommender.Run)
	s.w = w
}

// watch sees that sequence numbers rise without gaps.
func (s *simulation) watch(next func([]engine.Committed)) func([]engine.Committed) {
	return func(group []engine.Committed) {
		for i := range group {
			if group[i].Seq != s.observed+1 {
				s.Errorf("step %d (replay with -seed=%d -steps=%d): observed command %d after %d", s.step, s.seed, s.steps, group[i].Seq, s.observed)
			}
			s.observed = group[i].Seq
		}
		next(group)
	}
}

// try gives commands to the store.
func (s *simulation) try(cmds ...engine.Command) []engine.Result {
	before := s.w.store.Seq()
	results, err := s.w.store.Append(s.Context(), cmds)
	s.must(err)
	for _, r := range results {
		if r.Seq != 0 && r.Seq <= before {
			s.fail("command %d was acknowledged after %d", r.Seq, before)
		}
		before = max(before, r.Seq)
	}
	return results
}

// do is try for commands that are right.
func (s *simulation) do(cmds ...engine.Command) []engine.Result {
	results := s.try(cmds...)
	for i, r := range results {
		if r.Err != nil {
			s.fail("%T %+v was refused: %v", cmds[i], cmds[i], r.Err)
		}
	}
	return results
}

func (s *simulation) chance(percent int) bool { return s.rng.IntN(100) < percent }

func pick[T any](s *simulation, from ...T) T { return from[s.rng.IntN(len(from))] }

// name returns one of the first few names more often than of the later ones.
func (s *simulation) name(prefix string, n int) string {
	return fmt.Sprintf("%s%d", prefix, min(s.rng.IntN(n), s.rng.IntN(n)))
}

func (s *simulation) itemID() engine.ItemID     { return engine.ItemID(s.name("i", 120)) }
func (s *simulation) person() engine.CustomerID { return engine.CustomerID(s.name("c", 24)) }
func (s *simulation) visit() engine.SessionID   { return engine.SessionID(s.name("s", 30)) }

// restart ends the process in order and starts another.
func (s *simulation) restart() {
	switch s.rng.IntN(12) {
	case 0: // the checkpoint is damaged
		s.must(s.w.stopTasks(s.Context()))
		s.must(s.w.store.SaveCheckpoint(s.Context(), s.observed, countersName, []byte("not counters")))
		s.ref.damaged = true
		s.must(s.w.store.Close())
	case 1: // the tail does not reach back to it
		s.must(s.w.stopTasks(s.Context()))
		s.must(s.w.store.TrimTail(s.Context(), s.observed+1))
		s.ref.trimmed = s.observed + 1
		s.ref.damaged = s.ref.damaged || s.ref.savedSeq < s.observed
		s.must(s.w.store.Close())
	default:
		s.must(s.w.Close())
		s.ref.checkpoint(s.observed)
	}
	s.reopen()
}

// crash goes on with a copy of the directory as it is at this moment.
func (s *simulation) crash() {
	next := filepath.Join(s.home, fmt.Sprint(s.step))
	s.must(snapshot(next, s.dir))
	s.must(s.w.stopTasks(s.Context()))
	s.must(s.w.store.Close())
	s.must(os.RemoveAll(s.dir))
	s.dir = next
	for _, i := range s.ref.shown {
		i.maybe = true
	}
	s.reopen()
}

// reopen starts the next process and checks what it begins with.
func (s *simulation) reopen() {
	s.ref.restart()
	s.open()
	s.opened = s.observed
	if seq := s.w.store.Seq(); seq != s.observed {
		s.fail("the store begins at %d, the newest command was %d", seq, s.observed)
	}
	s.checkCounters()
	s.checkModel()
	s.checkAll()
}

// swap makes other models serve, while items change.
func (s *simulation) swap() {
	models := recommend.Unfitted()
	if s.chance(50) {
		if latest, _, err := s.w.trainer.Latest(s.Context()); err != nil {
			s.fail("Latest: %v", err)
		} else if latest != nil {
			models = latest
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.w.recommender.Swap(models)
	}()
	for range 3 {
		s.putItem(s.item(s.itemID()))
	}
	<-done
	if got := s.w.recommender.World().Models; got != models {
		s.fail("model %d serves, want %d", got.Version, models.Version)
	}
}

// train trains on what there is.
func (s *simulation) train() {
	report, err := s.w.trainer.Now(s.Context(), nil)
	if errors.Is(err, training.ErrRefused) {
		return
	}
	s.must(err)
	if s.ref.modelSeen[report.Version] {
		s.fail("version %d comes a second time", report.Version)
	}
	s.ref.modelSeen[report.Version] = true
	if got := s.w.recommender.World().Models.Version; got != report.Version {
		s.fail("model %d serves after the training of %d", got, report.Version)
	}
	s.checkModel()
}

func (s *simulation) rollback() {
	list, err := s.w.trainer.Models(s.Context())
	s.must(err)
	if len(list) == 0 {
		return
	}
	s.must(s.w.trainer.Rollback(s.Context(), pick(s, list...).Version))
	s.checkModel()
}

// checkModel sees that the current model is what serves.
func (s *simulation) checkModel() {
	list, err := s.w.trainer.Models(s.Context())
	s.must(err)
	if len(list) > engine.ModelsKept {
		s.fail("%d models are kept", len(list))
	}
	want, _, err := s.w.store.Current(s.Context())
	s.must(err)
	if got := s.w.recommender.World().Models.Version; got != want {
		s.fail("model %d serves, %d is current", got, want)
	}
}

// checkpoint saves the counters and lets most of the tail go.
func (s *simulation) checkpoint() {
	s.must(s.w.checkpoint(s.Context()))
	s.ref.checkpoint(s.observed)
	if s.chance(50) {
		below := s.observed + 1 - min(s.observed, uint64(s.rng.IntN(60)))
		s.must(s.w.store.TrimTail(s.Context(), below))
		s.ref.trimmed = max(s.ref.trimmed, below)
	}
}
