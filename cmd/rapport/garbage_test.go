package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGarbagePercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 10 << 20: 400, 48 << 20: 250, 96 << 20: 125, 192 << 20: 62, 1 << 40: 25} {
		if got := serverBounds.percent(live); got != want {
			t.Errorf("of %d MiB in use: %d %%, want %d", live>>20, got, want)
		}
	}
}

// TestMemoryLimit holds that the limit leaves room for what the percentage lets the heap grow to:
// else every allocation would collect.
func TestMemoryLimit(t *testing.T) {
	for live := uint64(1 << 10); live < 1<<40; live *= 3 {
		for _, b := range []bounds{serverBounds, besideBounds, trainingBounds} {
			grown := live + live*uint64(b.percent(live))/100
			if got := uint64(b.limit(live, 0)); got < grown+min(grown/9, mostFree) || got > grown+min(grown/7, mostFree)+notHeap {
				t.Errorf("of %d bytes in use that grow to %d: a limit of %d", live, grown, got)
			}
			if got := uint64(b.limit(live, live)); got < grown+live {
				t.Errorf("of %d bytes in use that grow to %d, and as many unused: a limit of %d", live, grown, got)
			}
		}
	}
}

// TestBoundGarbageFollowsTheHeap: what is in use grows, and the percentage falls.
func TestBoundGarbageFollowsTheHeap(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "")
	const none = math.MaxInt64 // what tests before this one trained may have left a limit
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(none))
	heap := boundGarbage(t.Context(), trainingBounds)
	large := make([]byte, 768<<20)
	// The cleanup that follows a collection runs in a goroutine of the runtime's.
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		runtime.GC()
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		if now == trainingBounds.least && debug.SetMemoryLimit(-1) < none {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("with 768 MiB in use it stays at %d %%", now)
		}
	}
	tight := func() (percent int, limited bool) {
		percent = debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		return percent, debug.SetMemoryLimit(-1) < none
	}
	heap.keep(serverBounds)
	if percent, limited := tight(); percent != serverBounds.least || limited {
		t.Errorf("a server keeps %d %%, want %d; a limit: %v", percent, serverBounds.least, limited)
	}
	// A training beside it ends with its model taken over.
	trained := heap.training()
	adopted := func() {}
	for _, step := range []struct {
		says    string
		take    func()
		percent int
		limited bool
	}{
		{"one that trains", func() {}, besideBounds.least, true},
		{"one that takes over a model", func() { adopted = heap.adopting() }, besideBounds.least, true},
		{"one that has taken it over", func() { adopted() }, besideBounds.least, true},
		{"one that has trained", func() { trained() }, serverBounds.least, false},
	} {
		step.take()
		if percent, limited := tight(); percent != step.percent || limited != step.limited {
			t.Errorf("%s keeps %d %%, want %d; a limit: %v", step.says, percent, step.percent, limited)
		}
	}
	runtime.KeepAlive(large)
}
