// Command fit measures how long fits take on a set of many customers, and how long
// evaluating a model on it takes apart from fitting, and appends one JSON line to the
// results:
//
//	go run ./benchmarks/fit -train train.csv -test test.csv
//
// The files have the columns customer_id, item_id, at. Factors are fitted by steps of
// conjugate gradients (what ships) and by exact solutions; EASE on the items most are
// fond of; the evaluation ranks all items for some of the customers.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// cost is what something took: CPU of all cores together.
type cost struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
}

// report is one run.
type report struct {
	Customers  int             `json:"customers"`
	Items      int             `json:"items"`
	Cells      int             `json:"cells"`
	Workers    int             `json:"workers"`
	Dims       int             `json:"dims"`
	Epoch      cost            `json:"factor_epoch"`       // median, by steps
	EpochExact cost            `json:"factor_epoch_exact"` // median
	EASEItems  int             `json:"ease_items"`
	EASE       cost            `json:"ease"`
	Asked      int             `json:"asked"` // customers
	Measuring  map[string]cost `json:"measuring"`
}

type options struct {
	train, test, results string
	dims, epochs         int
	ease, asked          int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.train, "train", "", "CSV that models are fitted on")
	flag.StringVar(&o.test, "test", "", "CSV of what is predicted")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.IntVar(&o.dims, "dims", 128, "length of factors")
	flag.IntVar(&o.epochs, "epochs", 5, "epochs that are timed")
	flag.IntVar(&o.ease, "ease", 3000, "items that EASE is fitted on")
	flag.IntVar(&o.asked, "customers", 6000, "customers that models are measured on")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "fit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.train == "" || o.test == "" {
		return errors.New("no data: give -train and -test, see -help")
	}
	var data offline.Data
	if err := read(&data, o.train, evaluate.Train, 0); err != nil {
		return err
	}
	cells := matrix(&data)
	r := report{Customers: len(cells.Customers), Items: cells.Rows.Len(), Cells: cells.Cells(), Workers: runtime.GOMAXPROCS(0), Dims: o.dims, EASEItems: o.ease, Asked: o.asked}
	var err error
	if r.Epoch, err = epochs(ctx, cells, factor.Params{Dims: o.dims, Epochs: o.epochs, Workers: r.Workers}); err != nil {
		return err
	}
	if r.EpochExact, err = epochs(ctx, cells, factor.Params{Dims: o.dims, Epochs: o.epochs, Workers: r.Workers, Steps: -1}); err != nil {
		return err
	}
	fmt.Printf("%d customers, %d items, %d cells; %d workers\n", r.Customers, r.Items, r.Cells, r.Workers)
	fmt.Printf("factors, %d dimensions: %.2f s an epoch (%.2f CPU); solved exactly %.2f (%.2f CPU)\n", r.Dims, r.Epoch.Seconds, r.Epoch.CPU, r.EpochExact.Seconds, r.EpochExact.CPU)
	some := gen.MostWanted(cells, o.ease)
	if r.EASE, err = timed(func() error {
		_, err := neighbour.Fit(ctx, some, neighbour.Params{Workers: r.Workers})
		return err
	}); err != nil {
		return err
	}
	fmt.Printf("EASE, %d items: %.2f s (%.2f CPU)\n", some.Rows.Len(), r.EASE.Seconds, r.EASE.CPU)
	if err := read(&data, o.test, evaluate.Test, o.asked); err != nil {
		return err
	}
	if r.Measuring, err = measured(ctx, &data); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Measuring)) {
		c := r.Measuring[name]
		fmt.Printf("measuring %s on %d customers: %.2f s (%.2f CPU)\n", name, o.asked, c.Seconds, c.CPU)
	}
	return measure.Append(o.results, "fit", filepath.Base(o.train), r)
}

// matrix is who wants what.
func matrix(data *offline.Data) *model.Data {
	histories := make(map[engine.CustomerID][]engine.Row)
	var order []engine.CustomerID
	for _, row := range data.Rows {
		if histories[row.Customer] == nil {
			order = append(order, row.Customer)
		}
		histories[row.Customer] = append(histories[row.Customer], row)
	}
	snap := training.NewSnapshot(data.IDs(), engine.DefaultSettings())
	for _, who := range order {
		snap.Add(engine.OfCustomer(who), histories[who])
	}
	return snap.Material().Data()
}

// epochs is the median cost of an epoch.
func epochs(ctx context.Context, data *model.Data, p factor.Params) (cost, error) {
	var each []cost
	at, err := now()
	if err != nil {
		return cost{}, err
	}
	_, err = factor.Fit(ctx, data, p, func(int) error {
		next, err := now()
		each, at = append(each, next.since(at)), next
		return err
	})
	if err != nil {
		return cost{}, err
	}
	slices.SortFunc(each, func(a, b cost) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return each[len(each)/2], nil
}

// measured evaluates some models and returns what each took apart from its fit.
func measured(ctx context.Context, data *offline.Data) (map[string]cost, error) {
	out := make(map[string]cost)
	var (
		name string
		from instant
		bad  error
	)
	end := func(next string) {
		at, err := now()
		bad = errors.Join(bad, err)
		if name != "" {
			out[name] = at.since(from)
		}
		name, from = next, at
	}
	models := []string{"popular", "factor", neighbour.ItemName}
	_, err := offline.Run(ctx, offline.Options{
		Data: data, Models: models, Settings: engine.DefaultSettings(), Workers: runtime.GOMAXPROCS(0), Commit: measure.Revision(),
		Step: func(what string) {
			model, _ := strings.CutPrefix(what, "measuring ")
			if !slices.Contains(models, model) || model == what {
				model = ""
			}
			end(model)
		},
	})
	end("")
	return out, errors.Join(err, bad)
}

// instant is a moment and the CPU time used until then.
type instant struct {
	at  time.Time
	cpu time.Duration
}

func now() (instant, error) {
	cpu, err := measure.Self()
	return instant{time.Now(), cpu}, err
}

func (i instant) since(before instant) cost {
	return cost{i.at.Sub(before.at).Seconds(), (i.cpu - before.cpu).Seconds()}
}

func timed(do func() error) (cost, error) {
	from, err := now()
	if err != nil {
		return cost{}, err
	}
	if err := do(); err != nil {
		return cost{}, err
	}
	to, err := now()
	return to.since(from), err
}

// read adds the events of a file, of so many customers; 0 for all.
func read(data *offline.Data, name string, part evaluate.Part, customers int) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	seen := make(map[engine.CustomerID]bool)
	for entry, err := range record.Events(f, record.Options{Type: engine.Rating}) {
		if err != nil {
			return err
		}
		seen[entry.Value.Lines[0].Customer] = true
		if customers > 0 && len(seen) > customers {
			break
		}
		data.AddEvent(entry.Value)
		data.Parts = append(data.Parts, part)
	}
	return nil
}
