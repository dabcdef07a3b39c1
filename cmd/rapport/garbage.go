package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Bounds of the garbage that may lie beside what is in use, unless GOGC says otherwise. A
// collection takes about as long as what is in use is large: on one core some ten
// milliseconds at 40 MB, in which answers wait. By a share alone a small shop collected
// several times a second, and a large one held a fourth of its memory for garbage. Trainings
// have the same bounds: a log and its matrices have few pointers, so that to collect often
// costs little.
const (
	garbageRoom  = 96 << 20 // bytes that are worth waiting for
	garbageLeast = 35       // percent of what is in use: less, and collections cost too much
	garbageMost  = 400      // percent: a process that holds nearly nothing stays small
)

// garbagePercent returns the percentage for a heap of which so many bytes are in use.
func garbagePercent(live uint64) int {
	return int(max(garbageLeast, min(garbageMost, 100*garbageRoom/max(1, live))))
}

// boundGarbage keeps to those bounds until ctx ends: after each collection it sets when the
// next is due.
func boundGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/gogc:percent"}}
	var after func(struct{})
	after = func(struct{}) {
		if ctx.Err() != nil {
			return
		}
		metrics.Read(sample)
		if want := garbagePercent(sample[0].Value.Uint64()); uint64(want) != sample[1].Value.Uint64() {
			debug.SetGCPercent(want)
		}
		type sentinel struct{ _ [16]byte } // dies with the next collection
		runtime.AddCleanup(new(sentinel), after, struct{}{})
	}
	after(struct{}{})
}
