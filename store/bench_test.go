//go:build unix

package store_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

// BenchmarkAppend stores views in batches of 1,000, by 5,000 customers on 2,000 items,
// and says how many a second of CPU time takes, compaction included.
func BenchmarkAppend(b *testing.B) {
	for _, ids := range []bool{false, true} {
		b.Run(fmt.Sprintf("event_ids=%v", ids), func(b *testing.B) {
			s, err := store.Open(b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			s.Start(b.Context(), nil)
			at := time.Now().Add(-time.Hour)
			n := 0
			used := cpuTime()
			for b.Loop() {
				cmds := make([]engine.Command, 1000)
				for i := range cmds {
					n++
					event := engine.Interaction{
						Type: engine.View, At: at,
						Customer: engine.CustomerID(fmt.Sprintf("customer-%d", n*7919%5000)),
						Item:     engine.ItemID(fmt.Sprintf("item-%d", n*104729%2000)),
					}
					if ids {
						event.EventID = fmt.Sprintf("event-%d", n)
					}
					cmds[i] = engine.RecordEvent{Lines: []engine.Interaction{event}}
				}
				if _, err := s.Append(b.Context(), cmds); err != nil {
					b.Fatal(err)
				}
			}
			used = cpuTime() - used
			b.ReportMetric(float64(n)/used.Seconds(), "events/cpu-s")
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// cpuTime is what this process has used so far, all threads.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHistory reads histories of 100 rows, from disk or Badger's cache.
func BenchmarkHistory(b *testing.B) {
	s, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	s.Start(b.Context(), nil)
	const customers = 2000
	for batch := range 200 {
		cmds := make([]engine.Command, 1000)
		for i := range cmds {
			n := batch*1000 + i
			cmds[i] = engine.RecordEvent{Lines: []engine.Interaction{{
				Type: engine.View, Item: engine.ItemID(fmt.Sprintf("item-%d", n%500)),
				Customer: engine.CustomerID(fmt.Sprintf("customer-%d", n%customers)),
			}}}
		}
		if _, err := s.Append(b.Context(), cmds); err != nil {
			b.Fatal(err)
		}
	}
	n := 0
	for b.Loop() {
		n++
		rows, err := s.History(b.Context(), engine.OfCustomer(engine.CustomerID(fmt.Sprintf("customer-%d", n*7919%customers))))
		if err != nil || len(rows) != 100 {
			b.Fatalf("%d rows, %v", len(rows), err)
		}
	}
}
