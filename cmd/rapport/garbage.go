package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// bounds are of the garbage that may lie beside what is in use, unless GOGC says otherwise.
type bounds struct {
	room  uint64 // bytes that are worth waiting for
	least int    // percent of what is in use: less, and collections cost too much
	most  int    // percent: a process that holds nearly nothing stays small
	// tight has what is free go back to the system as soon as there is more than the bounds
	// allow for, and not some time later. Its price are pages to be had anew.
	tight bool
}

// Of a server a collection takes about as long as what is in use is large: on one core some ten
// milliseconds at 40 MB, in which answers wait. By a share alone a small shop collected
// several times a second, and a large one held a fourth of its memory for garbage. A training
// keeps nobody waiting, and a log and its matrices have few pointers, so that to collect often
// costs little; but its memory stands beside that of the server, which makes room for it: it
// collects twice as often meanwhile. While a server starts, nearly all that it takes stays, and
// nobody has asked yet.
var (
	startBounds    = bounds{room: 256 << 20, least: 35, most: 400}
	serverBounds   = bounds{room: 120 << 20, least: 25, most: 400}
	besideBounds   = bounds{room: 60 << 20, least: 12, most: 400, tight: true}
	trainingBounds = bounds{room: 32 << 20, least: 5, most: 400, tight: true}
)

// percent returns the percentage for a heap of which so many bytes are in use.
func (b bounds) percent(live uint64) int {
	return int(max(uint64(b.least), min(uint64(b.most), 100*b.room/max(1, live))))
}

// limit returns from how many bytes of all memory on what is free goes back at once: what the
// heap may grow to until the next collection, what lies unused between objects and at least an
// eighth for it, up to mostFree, and what is not heap. Were it nearer, each allocation would
// collect.
func (b bounds) limit(live, unused uint64) int64 {
	grown := live + live*uint64(b.percent(live))/100
	return int64(grown + max(min(grown/8, mostFree), unused) + notHeap)
}

// mostFree is how much of a large heap need not be in use: an eighth of three gigabytes is more than
// most of what a training has at once.
const mostFree = 128 << 20

// notHeap is more than stacks and the runtime's own tables take in a small process; in a large
// one these grow with the heap, to some hundredths of it.
const notHeap = 24 << 20

// garbage keeps a process to bounds. Nil, for who sets GOGC, keeps to none.
type garbage struct {
	asked int64 // GOMEMLIMIT, else none

	mu     sync.Mutex // guards all below
	bounds bounds
	sample []metrics.Sample
}

// boundGarbage keeps to bounds until ctx ends: after each collection it sets when the
// next is due.
func boundGarbage(ctx context.Context, b bounds) *garbage {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	g := &garbage{
		asked:  debug.SetMemoryLimit(-1),
		bounds: b,
		sample: []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}, {Name: "/memory/classes/heap/unused:bytes"}},
	}
	var after func(struct{})
	after = func(struct{}) {
		if ctx.Err() != nil {
			return
		}
		g.set()
		type sentinel struct{ _ [16]byte } // dies with the next collection
		runtime.AddCleanup(new(sentinel), after, struct{}{})
	}
	after(struct{}{})
	return g
}

// keep keeps to other bounds from now on, and returns those of before.
func (g *garbage) keep(b bounds) (before bounds) {
	if g == nil {
		return before
	}
	g.mu.Lock()
	before, g.bounds = g.bounds, b
	g.mu.Unlock()
	g.set()
	return before
}

// set has the next collection come when the bounds say.
func (g *garbage) set() {
	g.mu.Lock()
	defer g.mu.Unlock()
	metrics.Read(g.sample)
	live, limit := g.sample[0].Value.Uint64(), g.asked
	if want := g.bounds.percent(live); uint64(want) != g.sample[1].Value.Uint64() {
		debug.SetGCPercent(want)
	}
	if g.bounds.tight {
		limit = min(limit, g.bounds.limit(live, g.sample[2].Value.Uint64()))
	}
	debug.SetMemoryLimit(limit)
}

// training has a server keep less garbage while something else needs memory, and give back at once
// what is free.
func (g *garbage) training() (done func()) {
	before := g.keep(besideBounds)
	return func() { g.keep(before) }
}

// adopting has a server that takes over a model keep as little garbage as beside a training, and give
// back what the model before it took: a store builds its tables in several times what it writes, and two
// models are in memory at once. By a training's own bounds a server collected twice as often meanwhile,
// while answers waited.
func (g *garbage) adopting() (done func()) {
	before := g.keep(besideBounds)
	return func() {
		if g != nil {
			debug.FreeOSMemory()
		}
		g.keep(before)
	}
}
