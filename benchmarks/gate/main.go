// Command gate measures the gate of training: how often it refuses a model with a planted
// fault, and how often one that is as good as what serves. It prints its progress and
// appends one JSON line to the results:
//
//	go run ./benchmarks/gate
//	go run ./benchmarks/gate -seeds 20 -share 0.4
//
// Every seed is another invented shop (benchmarks/invent). What serves is fitted on all
// of its first nine tenths; each candidate on the same but for its fault; both are asked
// everything that is wanted first in the last tenth, with whole histories. The faults: a
// share of the events missing from the fit, none (another seed of the fit), factors that
// belong to other items, scores that are no numbers, and lists from fewer than half of the items.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/benchmarks/invent"
	"github.com/rapportengine/rapport/benchmarks/measure"
)

// report is what a run found.
type report struct {
	Seeds   int            `json:"seeds"`
	Cases   int            `json:"least_test_customers"`
	Share   float64        `json:"share_missing"`
	Refused map[string]int `json:"refused"`
	// Change is the mean change of NDCG@10 by fault, relative to what serves.
	Change  map[string]float64 `json:"ndcg@10_change"`
	Seconds float64            `json:"seconds"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	seeds := flag.Int("seeds", 100, "how many shops")
	share := flag.Float64("share", 0.3, "of the events that are missing")
	customers := flag.Int("customers", 16_000, "of each shop; half of them want something new in its last tenth")
	items := flag.Int("items", 500, "of each shop")
	events := flag.Float64("events", 8, "of a customer in the mean")
	first := flag.Uint64("seed", 1, "of the first shop")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "goroutines that fit and answer")
	results := flag.String("results", measure.Results, "file to append the JSON line to")
	flag.Parse()
	start := time.Now()
	out := report{Share: *share, Refused: make(map[string]int), Change: make(map[string]float64)}
	for seed := *first; seed < *first+uint64(*seeds); seed++ {
		shop := invent.Shop{Customers: *customers, Items: *items, Events: *events, Seed: seed}
		t, err := newTrial(ctx, shop, *workers)
		if err != nil {
			return err
		}
		verdicts, err := t.all(ctx, *share)
		if err != nil {
			return err
		}
		out.Seeds++
		if out.Cases == 0 || len(t.contest.Cases) < out.Cases {
			out.Cases = len(t.contest.Cases)
		}
		fmt.Printf("shop %d, %d test customers:", seed, len(t.contest.Cases))
		for _, v := range verdicts {
			out.Refused[v.fault] += v.refused
			out.Change[v.fault] += v.change
			fmt.Printf("  %s %s", v.fault, v)
		}
		fmt.Println()
	}
	for fault := range out.Change {
		out.Change[fault] /= float64(out.Seeds)
	}
	out.Seconds = time.Since(start).Seconds()
	fmt.Printf("refused of %d: %v, in %.0f s\n", out.Seeds, out.Refused, out.Seconds)
	return measure.Append(*results, "gate", fmt.Sprintf("invented shops of %d customers, %d items, %g events each", *customers, *items, *events), out)
}
