// Command filter measures an answer over many items, by how many pass the request's
// filter.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/within"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/vector"
)

const usage = `What does a filter cost, and is the list still the best there is?

A million items with attributes and factors learnt from events, in this process. For
100, 50, 10, 1 and 0.1 % of them eligible, by a filter on an attribute that has nothing
to do with taste: CPU time of an answer of the engine (filter, what was bought left
out, search, arrangement) to somebody whose state is in memory; of the first one, for
which their history is folded in, too; of one whose filter has a number that no request
had before; and of one whose filter has a number of the customer's own record. Recall@10
against a scan of all eligible in floats, and beside it the kernels alone: a search of the bytes of all rows under a mask, and of
the eligible rows by their numbers.

    go run ./benchmarks/filter -quick
    go run ./benchmarks/filter -items 1000000`

type options struct {
	items, customers, events int
	dims, epochs             int
	asked, rounds            int
	keep, results            string
	quick                    bool
}

// shares are the parts of the catalogue that pass, by the bound on the aisle.
var shares = []struct {
	share float64
	below int
}{{1, gen.Aisles}, {.5, gen.Aisles / 2}, {.1, gen.Aisles / 10}, {.01, gen.Aisles / 100}, {.001, gen.Aisles / 1000}}

type report struct {
	Items   int          `json:"items"`
	Dims    int          `json:"dims"`
	Asked   int          `json:"asked"`
	Rounds  int          `json:"rounds"`
	Kernels string       `json:"kernels"`
	Fit     measure.Cost `json:"fit"`
	At      []point      `json:"at"`
}

// point is one share of eligible items; times are CPU microseconds of one thread, the
// median of the rounds.
type point struct {
	Share    float64 `json:"share"`
	Eligible int     `json:"eligible"`
	Answer   float64 `json:"answer_us"`
	First    float64 `json:"first_us"`            // an answer that folds the history in
	Unseen   float64 `json:"unseen_us,omitempty"` // an answer by a filter that no request had before
	Own      float64 `json:"own_us,omitempty"`    // an answer by a filter on a number of the customer's record
	P99      float64 `json:"p99_us"`              // of Answer, on the wall
	Scan     float64 `json:"scan_us"`             // kernel: bytes of all rows under a mask
	List     float64 `json:"list_us"`             // kernel: the eligible rows by number
	Over     float64 `json:"over_us"`             // the answer less 1.5 of the better kernel
	Recall   float64 `json:"recall@10"`
	Exact    float64 `json:"exact"` // share of answers that say they are
	Full     float64 `json:"full"`  // share of answers with ten items
}

func main() {
	var o options
	flag.IntVar(&o.items, "items", 1_000_000, "items of the shop")
	flag.IntVar(&o.customers, "customers", 100_000, "customers the factors are learnt from")
	flag.IntVar(&o.events, "events", 8_000_000, "events they are learnt from")
	flag.IntVar(&o.dims, "dims", 64, "length of factors")
	flag.IntVar(&o.epochs, "epochs", 4, "iterations of the fit")
	flag.IntVar(&o.asked, "asked", 200, "customers who ask")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured")
	flag.StringVar(&o.keep, "keep", filepath.Join(os.TempDir(), "rapport-bench"), "directory of factors that are kept; \"\" keeps none")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: few items, seconds")
	measure.Main("filter", usage, o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.quick {
		err := measure.Quick(map[string]string{"items": "60000", "customers": "3000", "events": "200000", "epochs": "2", "asked": "50", "rounds": "1", "results": os.DevNull})
		if err != nil {
			return err
		}
	}
	measure.Say("making a shop of %d items", o.items)
	s, err := within.New(ctx, within.Options{
		Set:     gen.Set{Name: "filter", Customers: o.customers, Items: o.items, Events: o.events, Seed: 6},
		Factors: factor.Params{Dims: o.dims, Epochs: o.epochs, Workers: 2}, Keep: o.keep,
	})
	if err != nil {
		return err
	}
	r := &report{Items: o.items, Dims: o.dims, Asked: o.asked, Rounds: o.rounds, Kernels: vector.Path(), Fit: s.Fit}
	var people []within.Person
	for i := range o.asked {
		people = append(people, s.Person(i*o.customers/o.asked))
	}
	fmt.Printf("%d items, %d of them with a vector of %d; %d customers, median of %d rounds; kernels %s\n", o.items, s.Table.Len(), o.dims, o.asked, o.rounds, r.Kernels)
	fmt.Printf("%8s %9s %10s %9s %9s %9s %9s %9s %9s %9s %9s %6s %6s\n", "eligible", "items", "answer µs", "p99 µs", "first µs", "unseen µs", "own µs", "scan µs", "list µs", "over µs", "recall@10", "exact", "full")
	for _, at := range shares {
		p, err := o.at(ctx, s, people, at.share, at.below)
		if err != nil {
			return err
		}
		r.At = append(r.At, p)
		fmt.Printf("%7.1f%% %9d %10.1f %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %9.4f %6.2f %6.2f\n", 100*p.Share, p.Eligible, p.Answer, p.P99, p.First, p.Unseen, p.Own, p.Scan, p.List, p.Over, p.Recall, p.Exact, p.Full)
	}
	return measure.Append(o.results, "filter", "generated", r)
}

// at measures one share.
func (o *options) at(ctx context.Context, s *within.Shop, people []within.Person, share float64, below int) (p point, err error) {
	filtered := below < gen.Aisles
	filter := ""
	if filtered {
		filter = "aisle < " + strconv.Itoa(below)
	}
	p = point{Share: share}
	items, rows := s.Eligible(float64(below))
	p.Eligible = len(items)
	if err := o.truth(s, people, filter, items, &p); err != nil {
		return p, err
	}
	unseen := numbersBelow(below)
	own := make([]within.Person, len(people)) // each with a number that nobody else has
	for i, who := range people {
		own[i] = who.With(engine.Attributes{"aisles": unseen()})
	}
	mask := maskOf(s.Table.Len(), rows)
	var search vector.Search
	var waits []time.Duration
	ways := []struct {
		into *float64
		who  []within.Person
		do   func(within.Person) error
	}{
		{&p.Answer, people, func(who within.Person) error { return s.Ask(who, filter) }},
		{&p.First, nil, func(who within.Person) error { return s.Ask(who, filter) }},
		{&p.Scan, people, func(who within.Person) error {
			s.Table.Best(&search, who.Vector, 10, mask)
			return ctx.Err()
		}},
		{&p.List, people, func(who within.Person) error {
			s.Table.BestOf(&search, who.Vector, 10, rows)
			return ctx.Err()
		}},
		{&p.Unseen, people, func(who within.Person) error {
			return s.Ask(who, "aisle < "+strconv.FormatFloat(unseen(), 'f', -1, 64))
		}},
		{&p.Own, own, func(who within.Person) error { return s.Ask(who, "aisle < customer.aisles") }},
	}
	if !filtered { // there is nothing to compare with
		ways = ways[:4]
	}
	took := make([][]float64, len(ways))
	for range o.rounds {
		for i, way := range ways {
			who, counted := way.who, (*[]time.Duration)(nil)
			switch {
			case i == 0:
				counted = &waits
			case who == nil: // nothing is made of their state
				for _, p := range people {
					who = append(who, p.Again())
				}
			}
			measured, err := o.each(who, counted, way.do)
			if err != nil {
				return p, err
			}
			took[i] = append(took[i], measured)
		}
	}
	for i, way := range ways {
		*way.into = measure.Median(took[i], func(t float64) float64 { return t })
	}
	p.Over = p.Answer - 1.5*min(p.Scan, p.List)
	slices.Sort(waits)
	p.P99 = float64(waits[len(waits)*99/100].Nanoseconds()) / 1e3
	return p, nil
}

// numbersBelow returns numbers, none of them twice, that are above the same aisles as a bound.
func numbersBelow(bound int) func() float64 {
	n := 0
	return func() float64 {
		n++
		return float64(bound) - .5 + float64(n)/1e6
	}
}

// each does something for everybody and returns the CPU time of one, in microseconds.
func (o *options) each(people []within.Person, waits *[]time.Duration, do func(within.Person) error) (float64, error) {
	c, err := measure.Timed(func() error {
		for _, who := range people {
			start := time.Now()
			if err := do(who); err != nil {
				return err
			}
			if waits != nil {
				*waits = append(*waits, time.Since(start))
			}
		}
		return nil
	})
	return c.CPU * 1e6 / float64(len(people)), err
}

// truth compares the answers with a scan in floats of what is eligible and was not bought.
func (o *options) truth(s *within.Shop, people []within.Person, filter string, items []engine.ItemNum, p *point) error {
	found, wanted := 0, 0
	for _, who := range people {
		answer, err := s.Answer(who, filter)
		if err != nil {
			return err
		}
		top := vector.NewTop(10)
		for _, item := range items {
			if !who.Bought.Contains(uint32(item)) {
				top.Push(item, s.Score(who, item))
			}
		}
		best := top.Best()
		wanted += len(best)
		for _, b := range best {
			if slices.ContainsFunc(answer.Items, func(r engine.Recommended) bool { return r.Num == b.Item }) {
				found++
			}
		}
		if answer.Exact {
			p.Exact++
		}
		if len(answer.Items) == 10 {
			p.Full++
		}
	}
	n := float64(len(people))
	p.Recall, p.Exact, p.Full = float64(found)/float64(max(1, wanted)), p.Exact/n, p.Full/n
	return nil
}

// maskOf has a bit for each of some rows.
func maskOf(n int, rows []uint32) []uint64 {
	mask := make([]uint64, (n+bits.UintSize-1)/bits.UintSize)
	for _, r := range rows {
		mask[r/64] |= 1 << (r % 64)
	}
	return mask
}
