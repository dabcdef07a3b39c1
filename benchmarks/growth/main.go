// Command growth measures how fits grow with interactions, and answers with items.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/within"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/vector"
)

const usage = `How does the cost grow?

Fits of factors on 1, 2 and 4 million interactions (with -long up to 20), 100 of each
customer and 250 of each item, and answers over 1,000 to a million items, all in this
process, to customers whose state is in memory, with the kernel's search of all items
beside them; over is the answer less 1.5 of that, which 100 µs bound. The slope is that of
the straight line nearest to the points, both axes logarithmic: 1 is growth in proportion.
The plots of benchmarks/README.md are drawn from the newest line of each.

    go run ./benchmarks/growth -quick
    go run ./benchmarks/growth -long`

type options struct {
	dims, epochs, rounds int
	asked, workers       int
	least, most          int
	items                int
	long, quick          bool
	results              string
}

// report holds the points of both curves.
type report struct {
	Dims        int         `json:"dims"`
	Workers     int         `json:"workers"`
	Kernels     string      `json:"kernels"`
	Fits        []fit       `json:"fits"`
	FitSlope    float64     `json:"fit_slope"` // of CPU time
	Answers     []answering `json:"answers"`
	AnswerSlope float64     `json:"answer_slope"`
	ScanSlope   float64     `json:"scan_slope"`
}

// fit is one fit of factors; an iteration is the median.
type fit struct {
	Interactions int          `json:"interactions"`
	Customers    int          `json:"customers"`
	Items        int          `json:"items"`
	Iteration    measure.Cost `json:"iteration"`
	Fit          measure.Cost `json:"fit"`
}

// answering is an answer over so many items, in CPU microseconds, the median of rounds.
type answering struct {
	Items  int     `json:"items"`
	Answer float64 `json:"answer_us"`
	Scan   float64 `json:"scan_us"` // the kernel's search of all vectors
	Over   float64 `json:"over_us"` // the answer less 1.5 of the scan
}

func main() {
	var o options
	flag.IntVar(&o.dims, "dims", 64, "length of factors")
	flag.IntVar(&o.epochs, "epochs", 5, "iterations of each fit")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each answer is measured")
	flag.IntVar(&o.asked, "asked", 100, "customers who ask")
	flag.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "threads of a fit")
	flag.IntVar(&o.least, "least", 1_000_000, "interactions of the smallest fit")
	flag.IntVar(&o.most, "most", 4_000_000, "interactions of the largest fit")
	flag.IntVar(&o.items, "items", 100_000, "items of the largest catalogue")
	flag.BoolVar(&o.long, "long", false, "to 20 million interactions and a million items")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: small fits, seconds")
	measure.Main("growth", usage, o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.quick {
		if err := measure.Quick(map[string]string{"least": "50000", "most": "200000", "items": "10000", "rounds": "3", "asked": "30", "results": os.DevNull}); err != nil {
			return err
		}
	}
	if o.long {
		o.most, o.items = 20_000_000, 1_000_000
	}
	r := &report{Dims: o.dims, Workers: o.workers, Kernels: vector.Path()}
	fmt.Printf("factors of %d dimensions, %d workers, kernels %s\n%14s %10s %8s %12s %12s\n", o.dims, o.workers, r.Kernels, "interactions", "customers", "items", "s/iteration", "CPU")
	for _, n := range steps(o.least, o.most, 2) {
		f, err := o.fit(ctx, n)
		if err != nil {
			return err
		}
		r.Fits = append(r.Fits, f)
		fmt.Printf("%14d %10d %8d %12.3f %12.3f\n", f.Interactions, f.Customers, f.Items, f.Iteration.Seconds, f.Iteration.CPU)
	}
	r.FitSlope = slope(r.Fits, func(f fit) (x, y float64) { return float64(f.Interactions), f.Iteration.CPU })
	fmt.Printf("slope %.2f\n%14s %12s %12s %12s\n", r.FitSlope, "items", "answer µs", "scan µs", "over µs")
	for _, n := range steps(1000, o.items, 10) {
		a, err := o.answer(ctx, n)
		if err != nil {
			return err
		}
		r.Answers = append(r.Answers, a)
		fmt.Printf("%14d %12.1f %12.1f %12.1f\n", a.Items, a.Answer, a.Scan, a.Over)
	}
	r.AnswerSlope = slope(r.Answers, func(a answering) (x, y float64) { return float64(a.Items), a.Answer })
	r.ScanSlope = slope(r.Answers, func(a answering) (x, y float64) { return float64(a.Items), a.Scan })
	fmt.Printf("slope %.2f, of the scan %.2f\n", r.AnswerSlope, r.ScanSlope)
	return measure.Append(o.results, "growth", "generated", r)
}

// steps are least, least x by, and so on to most, which is one of them.
func steps(least, most, by int) []int {
	var out []int
	for n := least; n < most; n *= by {
		out = append(out, n)
	}
	return append(out, most)
}

// fit fits once on about so many interactions: 100 of a customer, 250 of an item, as in S.
func (o *options) fit(ctx context.Context, interactions int) (fit, error) {
	measure.Say("%d interactions", interactions)
	shop := gen.New(gen.Set{Name: "growth", Customers: max(1, interactions/100), Items: max(1, interactions/250), Events: interactions, Seed: 8})
	data := shop.Data(shop.IDs())
	f := fit{Interactions: data.Cells(), Customers: len(data.Customers), Items: data.Rows.Len()}
	watch, err := measure.Began()
	if err != nil {
		return f, err
	}
	lap := watch
	var each []measure.Cost
	_, err = factor.Fit(ctx, data, factor.Params{Dims: o.dims, Epochs: o.epochs, Workers: o.workers}, func(int) error {
		c, err := lap.Lap()
		each = append(each, c)
		return err
	})
	if err != nil {
		return f, err
	}
	f.Iteration = measure.MedianCost(each)
	f.Fit, err = watch.Lap()
	return f, err
}

// answer measures answers over so many items, learnt from eight interactions each.
func (o *options) answer(ctx context.Context, items int) (a answering, err error) {
	measure.Say("%d items", items)
	s, err := within.New(ctx, within.Options{
		Set:     gen.Set{Name: "growth", Customers: max(100, items/10), Items: items, Events: max(5000, 8*items), Seed: 9},
		Factors: factor.Params{Dims: o.dims, Epochs: 2, Workers: o.workers},
	})
	if err != nil {
		return a, err
	}
	var people []within.Person
	for i := range o.asked {
		people = append(people, s.Person(i*s.Customers/o.asked))
	}
	a.Items = items
	if a.Answer, err = o.micros(people, func(p within.Person) error {
		_, err := s.Answer(p, "")
		return err
	}); err != nil {
		return a, err
	}
	var search vector.Search
	a.Scan, err = o.micros(people, func(p within.Person) error {
		s.Table.Best(&search, p.Vector, 10, nil)
		return ctx.Err()
	})
	a.Over = a.Answer - 1.5*a.Scan
	return a, err
}

// micros is the median CPU time of something done for one of some people. A round lasts a
// while, so that the clock of the process is fine enough.
func (o *options) micros(people []within.Person, do func(within.Person) error) (float64, error) {
	var each []float64
	for range o.rounds {
		n := 0
		c, err := measure.Timed(func() error {
			for start := time.Now(); n < len(people) || time.Since(start) < 100*time.Millisecond; n++ {
				if err := do(people[n%len(people)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		each = append(each, c.CPU*1e6/float64(n))
	}
	return measure.Median(each, func(t float64) float64 { return t }), nil
}

// slope is that of the least-squares line through the points' logarithms.
func slope[T any](points []T, at func(T) (x, y float64)) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, p := range points {
		x, y := at(p)
		x, y = math.Log(x), math.Log(y)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
