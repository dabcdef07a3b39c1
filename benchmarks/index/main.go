// Command index tries whether an index finds learnt factors faster than the scan of bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/within"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/vector"
)

const usage = `Is an index worth it?

Factors of a million items, learnt from events, and customers who ask for the best ten of
what they have not had. Beside the scan of bytes: what the product does, the longest rows
first, which is exact; and an inverted file (k-means, the clusters whose centres score
best are scanned, in bytes, too), by how many clusters are probed, with recall@10 and its
build; and what bounds that are exact leave to scan: by the lengths of rows, and by
clusters' centres and radii. An index ships if it takes at most half of the scan's CPU
time at recall .99, and is built in a tenth of the fit's (docs/decisions/012).

    go run ./benchmarks/index -quick
    go run ./benchmarks/index`

type options struct {
	items, customers, events int
	dims, epochs             int
	clusters, passes, sample int
	asked                    int
	keep, results            string
	quick                    bool
}

type report struct {
	Items    int          `json:"items"` // with a vector
	Events   int          `json:"events"`
	Dims     int          `json:"dims"`
	Asked    int          `json:"asked"`
	Kernels  string       `json:"kernels"`
	Fit      measure.Cost `json:"fit"` // zero where the factors were kept
	Epochs   int          `json:"epochs"`
	Table    measure.Cost `json:"table"` // the bytes' build
	Scan     float64      `json:"scan_us"`
	Longest  float64      `json:"longest_first_us"`
	Distinct int          `json:"distinct_items"` // in all lists together
	Clusters int          `json:"clusters"`
	Build    measure.Cost `json:"build"` // of the inverted file
	Probes   []probe      `json:"probes"`
	// Share of rows that cannot be left out by a bound, given the tenth best score.
	ByLength  float64 `json:"rows_left_by_length"`
	ByCluster float64 `json:"rows_left_by_cluster"`
}

// probe is a search of some clusters; the time is CPU microseconds of one thread.
type probe struct {
	Probes int     `json:"probes"`
	Search float64 `json:"search_us"`
	Rows   float64 `json:"rows"` // share of all that were looked at
	Recall float64 `json:"recall@10"`
	Faster float64 `json:"scan_to_search"`
}

const wanted = 10

func main() {
	var o options
	flag.IntVar(&o.items, "items", 1_000_000, "items of the shop")
	flag.IntVar(&o.customers, "customers", 200_000, "customers the factors are learnt from")
	flag.IntVar(&o.events, "events", 20_000_000, "events they are learnt from")
	flag.IntVar(&o.dims, "dims", 64, "length of factors")
	flag.IntVar(&o.epochs, "epochs", 8, "iterations of the fit")
	flag.IntVar(&o.clusters, "clusters", 1024, "clusters of the inverted file")
	flag.IntVar(&o.passes, "passes", 8, "passes of k-means over the sample")
	flag.IntVar(&o.sample, "sample", 128, "rows a cluster in the sample of k-means")
	flag.IntVar(&o.asked, "asked", 300, "customers who ask")
	flag.StringVar(&o.keep, "keep", filepath.Join(os.TempDir(), "rapport-bench"), "directory of factors that are kept; \"\" keeps none")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: few items, seconds")
	measure.Main("index", usage, o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.quick {
		err := measure.Quick(map[string]string{"items": "20000", "customers": "3000", "events": "200000", "epochs": "2", "clusters": "64", "asked": "50", "results": os.DevNull})
		if err != nil {
			return err
		}
	}
	f, err := within.Fitted(ctx, within.Options{
		Set:     gen.Set{Name: "index", Customers: o.customers, Items: o.items, Events: o.events, Seed: 12},
		Factors: factor.Params{Dims: o.dims, Epochs: o.epochs, Workers: 2}, Keep: o.keep,
	})
	if err != nil {
		return err
	}
	_, dims, rows := f.Model.Vectors()
	r := &report{Items: len(rows) / dims, Events: o.events, Dims: dims, Asked: o.asked, Kernels: vector.Path(), Fit: f.Cost, Epochs: o.epochs, Clusters: o.clusters}
	queries := make([]query, o.asked)
	for i := range queries {
		queries[i] = newQuery(f, i*o.customers/o.asked)
	}
	var table *vector.Table
	if r.Table, err = measure.Timed(func() error { table = vector.NewTable(rows, dims); return nil }); err != nil {
		return err
	}
	truth := make([][]vector.Scored, len(queries))
	scanned := newScan(table)
	distinct := make(map[engine.ItemNum]bool)
	for i := range queries {
		truth[i] = slices.Clone(scanned.best(&queries[i]))
		for _, t := range truth[i] {
			distinct[t.Item] = true
		}
	}
	r.Distinct = len(distinct)
	scan := func(q *query) { scanned.best(q) }
	longest := func(q *query) { f.Model.Best(q.eligible, q.vector, wanted, nil) }
	fmt.Printf("%d items of %d dimensions, learnt from %d events in %d iterations (%.1f CPU s); kernels %s\n", r.Items, dims, o.events, o.epochs, r.Fit.CPU, r.Kernels)
	file := &inverted{dims: dims}
	if r.Build, err = measure.Timed(func() error { return file.build(ctx, rows, o) }); err != nil {
		return err
	}
	r.ByLength, r.ByCluster = leftByLength(rows, dims, queries, truth), file.left(queries, truth)
	fmt.Printf("bytes built in %.2f CPU s; %d clusters in %.2f\n", r.Table.CPU, o.clusters, r.Build.CPU)
	if r.Longest, err = each(queries, longest); err != nil {
		return err
	}
	fmt.Printf("%d different items in %d lists; longest first %.1f µs\n", r.Distinct, len(queries), r.Longest)
	fmt.Printf("exact bounds leave %.1f %% of the rows by their lengths, %.1f %% by clusters\n", 100*r.ByLength, 100*r.ByCluster)
	fmt.Printf("%8s %10s %10s %8s %10s %8s\n", "probes", "search µs", "scan µs", "rows", "recall@10", "faster")
	var scans []float64
	for probes := 1; probes <= o.clusters; probes *= 2 {
		p := probe{Probes: probes}
		file.judge(&p, queries, truth)
		beside, err := each(queries, scan) // in turns: whoever else is on the machine is so for both
		if err != nil {
			return err
		}
		scans = append(scans, beside)
		if p.Search, err = each(queries, func(q *query) { file.search(q, probes) }); err != nil {
			return err
		}
		p.Faster = beside / p.Search
		r.Probes = append(r.Probes, p)
		fmt.Printf("%8d %10.1f %10.1f %7.1f%% %10.4f %8.2f\n", p.Probes, p.Search, beside, 100*p.Rows, p.Recall, p.Faster)
		if p.Recall > .999 {
			break
		}
	}
	r.Scan = measure.Median(scans, func(t float64) float64 { return t })
	return measure.Append(o.results, "index", "generated", r)
}

// each is the CPU time of something done for one query, in microseconds: the median of
// rounds.
func each(queries []query, do func(q *query)) (float64, error) {
	var rounds []float64
	for range 3 {
		n := 0
		c, err := measure.Timed(func() error {
			for start := time.Now(); n < len(queries) || time.Since(start) < 100*time.Millisecond; n++ {
				do(&queries[n%len(queries)])
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		rounds = append(rounds, c.CPU*1e6/float64(n))
	}
	return measure.Median(rounds, func(t float64) float64 { return t }), nil
}
