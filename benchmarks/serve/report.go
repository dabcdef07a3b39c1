package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/prepare"
)

// report is one set, as it stands in the results: of each the median round by CPU time.
type report struct {
	*prepare.Workspace
	Procs         int                     `json:"procs"`
	Rounds        int                     `json:"rounds"`
	Asked         int                     `json:"asked"` // customers who ask
	Explain       map[string]*load.Loaded `json:"explain"`
	Empty         *load.Loaded            `json:"empty_gin"`
	Gorse         *load.Loaded            `json:"gorse,omitempty"`
	GorsePrepared float64                 `json:"gorse_prepared_seconds,omitempty"`
	GorseListed   int                     `json:"gorse_listed,omitempty"` // customers it had a list for by then
	Raw           raw                     `json:"kernels"`
	Line          float64                 `json:"line_us"` // empty handler + 2 x (scan + fold-in)
	Ratios        ratios                  `json:"ratios"`
	Open          *load.Kept              `json:"open,omitempty"`
	EmptyOpen     *load.Kept              `json:"empty_gin_open,omitempty"` // at the rate of Open
	GorseOpen     *load.Kept              `json:"gorse_open,omitempty"`     // at a share of its own capacity
	// First is of the first answer to everybody who asks, over two connections, after a start:
	// their history is read from the disk, and nothing is kept of them.
	First *load.Loaded `json:"first_answers"`
	// Moving is of requests of which every other one posts a view of who asks next.
	Moving    *load.Loaded `json:"moving"`
	PeakBytes int64        `json:"peak_bytes"`

	first string // of Explain
}

// ratios are CPU time to CPU time.
type ratios struct {
	ToEmpty float64 `json:"to_empty"`           // an answer to an empty one
	ToLine  float64 `json:"to_line"`            // an answer to the line
	Full    float64 `json:"full,omitempty"`     // with full reasons to without
	Gorse   float64 `json:"gorse_to,omitempty"` // Gorse's lookup to our answer
}

func (r *report) ratios() {
	first := r.Explain[r.first].CPUMicros
	r.Line = r.Empty.CPUMicros + 2*(r.Raw.Scan+r.Raw.Fold)
	r.Ratios.ToEmpty, r.Ratios.ToLine = first/r.Empty.CPUMicros, first/r.Line
	if full, ok := r.Explain["full"]; ok && r.first != "full" {
		r.Ratios.Full = full.CPUMicros / first
	}
	if r.Gorse != nil {
		r.Ratios.Gorse = r.Gorse.CPUMicros / first
	}
}

func (r *report) print() {
	fmt.Printf("%s: %d customers (%d ask), %d items, %d events; GOMAXPROCS=%d, %d connections, median of %d rounds of %.0f s\n",
		r.Set, r.Customers, r.Asked, r.Items, r.Events, r.Procs, r.Empty.Connections, r.Rounds, r.Empty.Seconds)
	fmt.Printf("%-18s %10s %14s %8s %8s %8s %8s %7s\n", "", "requests/s", "per CPU-second", "CPU µs", "p50 ms", "p99 ms", "p99.9 ms", "bytes")
	row := func(name string, l *load.Loaded) {
		fmt.Printf("%-18s %10.0f %14.0f %8.1f %8.2f %8.2f %8.2f %7d\n", name, l.PerSecond, l.PerCPU, l.CPUMicros, l.P50, l.P99, l.P999, l.Bytes)
	}
	row("rapport, "+r.first, r.Explain[r.first])
	for _, name := range slices.Sorted(maps.Keys(r.Explain)) {
		if name != r.first {
			row("rapport, "+name, r.Explain[name])
		}
	}
	if r.Gorse != nil {
		row("gorse", r.Gorse)
	}
	row("empty gin", r.Empty)
	row("first answers", r.First)
	row("moving shop", r.Moving)
	fmt.Printf("kernels alone: scan of %d x %d %.1f µs, fold-in of %d items %.1f µs; the line is %.1f µs\n", r.Raw.Items, r.Raw.Dims, r.Raw.Scan, r.Raw.History, r.Raw.Fold, r.Line)
	fmt.Printf("CPU of an answer: %.1f times the empty handler's, %.1f times the line", r.Ratios.ToEmpty, r.Ratios.ToLine)
	if r.Ratios.Full > 0 {
		fmt.Printf("; with full reasons %.2f times that", r.Ratios.Full)
	}
	if r.Gorse != nil {
		fmt.Printf("; Gorse's is %.2f times ours (lists for %d after %.0f s)", r.Ratios.Gorse, r.GorseListed, r.GorsePrepared)
	}
	fmt.Println()
	waits := func(name string, k *load.Kept) {
		if k != nil {
			fmt.Printf("open loop, %s, %.0f requests/s for %.0f s after %.0f: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f ms (sent late by %.2f at p99); %.1f µs CPU\n",
				name, k.Rate, k.Seconds, k.WarmSeconds, k.P50, k.P90, k.P99, k.P999, k.Max, k.LateP99, k.CPUMicros)
		}
	}
	waits("rapport", r.Open)
	waits("empty gin", r.EmptyOpen)
	waits("Gorse", r.GorseOpen)
	fmt.Printf("at most %d MiB resident\n\n", r.PeakBytes>>20)
}
