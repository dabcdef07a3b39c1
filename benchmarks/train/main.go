// Command train measures what fits cost, beside those of Gorse and Gonum, and what they
// are worth on held-out events.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/model"
)

const usage = `What does a fit cost, and what is it worth?

Factors (iALS) by iteration and fold-in, beside Gorse's ALS as a library; EASE beside
Gonum's inverse of the same matrix; item-kNN; behaviour embeddings beside a plain loop.
All on the same generated shop, or on two tables customer_id,item_id,at, with CPU time
and NDCG@10 on one held-out event a customer among all items they had not.

    go run ./benchmarks/train -quick
    go run ./benchmarks/train -set S
    go run ./benchmarks/train -set S -parts factor -steps -1
    go run ./benchmarks/train -train train.csv -test test.csv -parts factor,gorse -tune`

type options struct {
	set, train, test    string
	parts, dims, ease   string
	epochs, rounds      int
	workers, customers  int
	steps               int
	tokens, gonum       int
	tune, long, quick   bool
	results             string
	dimsOf, easeOf      []int
	gorseDims           int
	gorseAlpha, gorseRe float64
}

func main() {
	var o options
	flag.StringVar(&o.set, "set", "S", "generated shop, of package gen")
	flag.StringVar(&o.train, "train", "", "CSV of what is known, instead of -set")
	flag.StringVar(&o.test, "test", "", "CSV of what is held out, with -train")
	flag.StringVar(&o.parts, "parts", "factor,gorse,ease,itemknn,embed", "what to measure")
	flag.StringVar(&o.dims, "dims", "64,128", "lengths of factors")
	flag.StringVar(&o.ease, "ease", "4000,8000", "numbers of items of EASE, the most wanted ones")
	flag.IntVar(&o.gonum, "gonum", 4000, "most items that Gonum inverts; with -long all")
	flag.IntVar(&o.epochs, "epochs", 15, "iterations of factors, ours and Gorse's")
	flag.IntVar(&o.steps, "steps", 0, "steps of an iteration of our factors, 0 for what ships, -1 for exact solutions")
	flag.IntVar(&o.rounds, "rounds", 3, "how often EASE, item-kNN and embeddings are fitted; the median by CPU time is told")
	flag.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "threads of our fits; Gorse's has one")
	flag.IntVar(&o.customers, "customers", 10_000, "customers that a fit's worth is measured on, at most")
	flag.IntVar(&o.tokens, "tokens", 500_000, "steps that embeddings are fitted on, at most")
	flag.IntVar(&o.gorseDims, "gorse-dims", 64, "length of Gorse's factors")
	flag.Float64Var(&o.gorseAlpha, "gorse-alpha", .2, "Gorse's weight of what was not acted on, without -tune")
	flag.Float64Var(&o.gorseRe, "gorse-reg", .06, "Gorse's regularisation, without -tune")
	flag.BoolVar(&o.tune, "tune", false, "choose settings of our factors and of Gorse's on another held-out event, among as many tries each")
	flag.BoolVar(&o.long, "long", false, "with what takes minutes: Gonum at every size")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: a tiny set, seconds")
	measure.Main("train", usage, o.run)
}

// cost keeps the names of what is told apart short.
type cost = measure.Cost

type report struct {
	Customers int           `json:"customers"`
	Items     int           `json:"items"`
	Cells     int           `json:"cells"`
	Asked     int           `json:"asked"` // customers behind each NDCG
	Workers   int           `json:"workers"`
	Epochs    int           `json:"epochs"`
	Factor    []factorFit   `json:"factor,omitempty"`
	Gorse     *gorseFit     `json:"gorse_als,omitempty"`
	GorseTo   float64       `json:"gorse_to_factor,omitempty"` // CPU an iteration, Gorse's to ours of the same length
	EASE      []easeFit     `json:"ease,omitempty"`
	ItemKNN   *neighbourFit `json:"itemknn,omitempty"`
	Embed     *embedFit     `json:"embed,omitempty"`
}

// bench is a shop and what is measured on it.
type bench struct {
	*options
	shop *gen.Shop
	data *model.Data
	to   report
}

func (o *options) run(ctx context.Context) (err error) {
	if o.quick {
		err := measure.Quick(map[string]string{"set": "tiny", "dims": "16,32", "gorse-dims": "32", "ease": "200,400", "epochs": "5", "rounds": "1", "tokens": "20000", "results": os.DevNull})
		if err != nil {
			return err
		}
	}
	if o.dimsOf, err = numbers(o.dims); err != nil {
		return fmt.Errorf("-dims: %w", err)
	}
	if o.easeOf, err = numbers(o.ease); err != nil {
		return fmt.Errorf("-ease: %w", err)
	}
	b := &bench{options: o}
	if b.shop, err = o.open(); err != nil {
		return err
	}
	b.data = b.shop.Data(b.shop.IDs())
	b.to = report{Customers: len(b.data.Customers), Items: b.data.Rows.Len(), Cells: b.data.Cells(), Asked: len(b.asked()), Workers: o.workers, Epochs: o.epochs}
	fmt.Printf("%d customers, %d items, %d cells; %d workers; NDCG@10 of %d customers\n", b.to.Customers, b.to.Items, b.to.Cells, o.workers, b.to.Asked)
	for part := range strings.SplitSeq(o.parts, ",") {
		measure.Say("%s", part)
		do, ok := map[string]func(context.Context) error{"factor": b.factors, "gorse": b.gorse, "ease": b.easeFits, "itemknn": b.itemKNN, "embed": b.embeddings}[part]
		if !ok {
			return fmt.Errorf("-parts: there is no part %q", part)
		}
		if err := do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return measure.Append(o.results, "train", b.shop.Name, b.to)
}

// open returns the shop that the flags name.
func (o *options) open() (*gen.Shop, error) {
	if o.train == "" {
		set, err := gen.Named(o.set)
		if err != nil {
			return nil, err
		}
		measure.Say("generating %s", o.set)
		return gen.New(set), nil
	}
	known, err := os.Open(o.train)
	if err != nil {
		return nil, err
	}
	defer known.Close()
	held, err := os.Open(o.test)
	if err != nil {
		return nil, errors.Join(errors.New("-train goes with -test"), err)
	}
	defer held.Close()
	return gen.Read(known, held)
}

func numbers(list string) ([]int, error) {
	var out []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("whole numbers above 0 with commas between them, not %q", list)
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return out, nil
}
