package main

import (
	"math"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// depth is how far down a list is looked at.
const depth = 10

// ndcg asks a source every question among all items but those of the history, and
// returns the mean NDCG@10 and the mean microseconds of an answer.
func ndcg(src model.Source, rows *model.Rows, questions []question) (mean, micros float64) {
	var items []engine.ItemNum
	scores := make([]float32, rows.Len())
	var took time.Duration
	for _, q := range questions {
		items = items[:0]
		had := make(map[engine.ItemNum]bool, len(q.query.History))
		for _, in := range q.query.History {
			had[in.Item] = true
		}
		for row := range rows.Len() {
			if n := rows.Num(row); !had[n] {
				items = append(items, n)
			}
		}
		start := time.Now()
		src.Open(&q.query).Score(items, scores)
		took += time.Since(start)
		top := vector.NewTop(depth)
		for i, item := range items {
			top.Push(item, scores[i])
		}
		gain, ideal := 0.0, 0.0
		for i, s := range top.Best() {
			if slices.Contains(q.targets, s.Item) {
				gain += 1 / math.Log2(float64(i+2))
			}
		}
		for i := range min(depth, len(q.targets)) {
			ideal += 1 / math.Log2(float64(i+2))
		}
		mean += gain / ideal / float64(len(questions))
	}
	return mean, float64(took.Microseconds()) / float64(len(questions))
}

// cost is what a fit took.
type cost struct {
	CPUSeconds float64 `json:"fit_cpu_seconds"`
	Megabytes  float64 `json:"fit_megabytes"` // most of the heap above what was there before
}

// costOf runs a fit, looking at the heap every few milliseconds.
func costOf(fit func() error) (cost, error) {
	runtime.GC()
	before, began := heap(), cpu()
	most := before
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				most = max(most, heap())
			}
		}
	})
	err := fit()
	took := cpu() - began
	close(done)
	watch.Wait()
	most = max(most, heap())
	return cost{took.Seconds(), float64(most-before) / 1e6}, err
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// cpu is the time this process has worked.
func cpu() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
