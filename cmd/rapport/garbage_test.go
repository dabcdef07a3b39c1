package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGarbagePercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 10 << 20: 400, 48 << 20: 200, 96 << 20: 100, 192 << 20: 50, 1 << 40: 35} {
		if got := garbagePercent(live); got != want {
			t.Errorf("of %d MiB in use: %d %%, want %d", live>>20, got, want)
		}
	}
}

// TestBoundGarbageFollowsTheHeap: what is in use grows, and the percentage falls.
func TestBoundGarbageFollowsTheHeap(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "")
	boundGarbage(t.Context())
	large := make([]byte, 512<<20)
	// The cleanup that follows a collection runs in a goroutine of the runtime's.
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		runtime.GC()
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		if now == garbageLeast {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("with 512 MiB in use it stays at %d %%", now)
		}
	}
	runtime.KeepAlive(large)
}
