// Command browsing measures what browsing is worth beside purchases, on the filtered
// RetailRocket set (github.com/caserec/Datasets-for-Recommender-Systems), and appends one
// JSON line to the results:
//
//	go run ./benchmarks/browsing -retailrocket DIR
//
// DIR holds view_, add_to_cart_ and purchase_ecommerce.tsv.gz: who did what with which
// item, without times. A share of the pairs of visitor and purchased item is held out,
// and with each the same visitor's views and carts of that item: who bought it looked at
// it first, and a model that may see that reads the answer. Then models learn from
// purchases alone, from carts too, from views too, all under the weights a new shop has,
// and under weights that are chosen on a validation part held out in the same way. The
// same customers are asked each time, and the steps are compared in pairs.
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// Of the pairs of visitor and purchased item, these shares are for the test and for the
// validation.
const (
	testShare  = 0.2
	validShare = 0.15
)

// metric is what weights are chosen by.
var metric = evaluate.Metric{Name: "ndcg", K: 10}

// weights are what a view and a cart count beside a purchase, 0 for not at all.
type weights struct {
	View float64 `json:"view"`
	Cart float64 `json:"add_to_cart"`
}

// tries are the weights the tuned ones are chosen from.
var tries = func() []weights {
	var out []weights
	for _, view := range []float64{0, 0.05, 0.1, 0.2, 0.5, 1} {
		for _, cart := range []float64{0, 0.25, 0.5, 1, 2} {
			out = append(out, weights{view, cart})
		}
	}
	return out
}()

// step is one way to learn, measured.
type step struct {
	Name    string          `json:"name"`
	Weights weights         `json:"weights"`
	Valid   float64         `json:"valid"` // ndcg@10 by which it was chosen, of the tuned ones
	Value   evaluate.Value  `json:"ndcg@10"`
	Paired  evaluate.Paired `json:"against_the_step_before"`

	each []float64
}

// report is one run.
type report struct {
	Model     string `json:"model"`
	Judge     string `json:"chosen_by"` // the model that weights are chosen with
	Seed      uint64 `json:"seed"`
	Customers int    `json:"customers"`
	Steps     []step `json:"steps"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "browsing:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir := flag.String("retailrocket", "", "directory with the three files")
	results := flag.String("results", measure.Results, "file to append a JSON line to")
	seed := flag.Uint64("seed", 0, "which pairs are held out, and the start of all that is random")
	name := flag.String("model", offline.Best, "model that is measured")
	judge := flag.String("judge", "factor", "model that weights are chosen with")
	flag.Parse()
	if *dir == "" {
		return errors.New("no data: give -retailrocket, see -help")
	}
	rows, err := read(*dir)
	if err != nil {
		return err
	}
	parts := holdOut(rows, *seed)
	r := report{Model: *name, Judge: *judge, Seed: *seed}
	usual := engine.DefaultSettings().Types
	view, cart := usual[engine.View].Weight, usual[engine.AddToCart].Weight
	tuned, reached, err := tune(ctx, rows, parts, *judge, *seed)
	if err != nil {
		return err
	}
	r.Steps = []step{
		{Name: "purchases"},
		{Name: "and carts", Weights: weights{Cart: cart}},
		{Name: "and views", Weights: weights{View: view, Cart: cart}},
		{Name: "tuned", Weights: tuned, Valid: reached},
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.each, err = measured(ctx, rows, parts, s.Weights, *name, *seed); err != nil {
			return err
		}
		sampling := evaluate.Resampling{Seed: *seed}
		mean, interval := sampling.Mean(s.each)
		s.Value = evaluate.Value{Value: mean, Interval: &interval}
		fmt.Printf("%-10s view %.2f cart %.2f: %s %.4f [%.4f, %.4f]", s.Name, s.Weights.View, s.Weights.Cart, metric, mean, interval.Low, interval.High)
		if i > 0 {
			before := &r.Steps[i-1]
			s.Paired = evaluate.Paired{A: s.Name, B: before.Name, Metric: metric.String(), Comparison: sampling.Compare(s.each, before.each)}
			fmt.Printf(", %+.4f [%+.4f, %+.4f] p %.4f", s.Paired.Difference, s.Paired.Low, s.Paired.High, s.Paired.P)
		}
		fmt.Println()
	}
	r.Customers = len(r.Steps[0].each)
	return measure.Append(*results, "browsing", "retailrocket-filtered", r)
}

// pair is what is held out as a whole.
type pair struct {
	who  engine.CustomerID
	item engine.ItemID
}

// holdOut deals the pairs with a purchase, and all rows of a pair with it.
func holdOut(rows []engine.Interaction, seed uint64) []evaluate.Part {
	rng := rand.New(rand.NewPCG(seed, 1))
	of := make(map[pair]evaluate.Part)
	for _, row := range rows {
		p := pair{row.Customer, row.Item}
		if _, dealt := of[p]; dealt || row.Type != engine.Purchase {
			continue
		}
		switch u := rng.Float64(); {
		case u < testShare:
			of[p] = evaluate.Test
		case u < testShare+validShare:
			of[p] = evaluate.Valid
		default:
			of[p] = evaluate.Train
		}
	}
	parts := make([]evaluate.Part, len(rows))
	for i, row := range rows {
		parts[i] = of[pair{row.Customer, row.Item}] // the rest is for training
	}
	return parts
}

// options are those of one evaluation. Every one has data of its own, with the same
// rows.
func options(rows []engine.Interaction, parts []evaluate.Part, w weights, seed uint64) offline.Options {
	settings := engine.DefaultSettings()
	settings.Types = map[engine.Type]engine.TypeSetting{engine.Purchase: {Weight: 1}}
	if w.Cart > 0 {
		settings.Types[engine.AddToCart] = engine.TypeSetting{Weight: w.Cart}
	}
	if w.View > 0 {
		settings.Types[engine.View] = engine.TypeSetting{Weight: w.View}
	}
	data := &offline.Data{Parts: parts}
	for _, row := range rows {
		data.AddEvent(engine.RecordEvent{Lines: []engine.Interaction{row}})
	}
	return offline.Options{
		Data: data, Settings: settings, Target: engine.Purchase, K: []int{metric.K}, Seed: seed,
		Workers: runtime.GOMAXPROCS(0), Commit: measure.Revision(),
	}
}

// tune returns the weights under which one model does best on the validation part.
func tune(ctx context.Context, rows []engine.Interaction, parts []evaluate.Part, judge string, seed uint64) (best weights, reached float64, err error) {
	for _, w := range tries {
		o := options(rows, parts, w, seed)
		o.Models = []string{judge}
		study, err := offline.NewStudy(o)
		if err != nil {
			return best, 0, err
		}
		values, err := study.Value(ctx, judge, nil, 1)
		if err != nil {
			return best, 0, err
		}
		mean, _ := (evaluate.Resampling{Resamples: 1}).Mean(values)
		fmt.Fprintf(os.Stderr, "view %.2f cart %.2f: %.4f on the validation part\n", w.View, w.Cart, mean)
		if mean > reached {
			best, reached = w, mean
		}
	}
	return best, reached, nil
}

// measured is what the model reaches for each customer.
func measured(ctx context.Context, rows []engine.Interaction, parts []evaluate.Part, w weights, name string, seed uint64) ([]float64, error) {
	o := options(rows, parts, w, seed)
	o.Models = []string{name}
	var taken each
	o.Taker = &taken
	start := time.Now()
	o.Step = func(what string) { fmt.Fprintf(os.Stderr, "%5.0f s: %s\n", time.Since(start).Seconds(), what) }
	_, err := offline.Run(ctx, o)
	return taken, err
}

// each takes the metric of every case.
type each []float64

// Split implements offline.Taker.
func (*each) Split([]engine.Row, []evaluate.Part, []int) error { return nil }

// Source implements offline.Taker.
func (*each) Source(model.Source) error { return nil }

// List implements offline.Taker.
func (e *each) List(_ string, c *training.Case, items []engine.ItemNum, _ []float64) error {
	*e = append(*e, metric.Of(evaluate.Judge(items, c.Targets, nil)))
	return nil
}

// read returns the rows of the three files, purchases first. Without times all of them
// are of one age.
func read(dir string) ([]engine.Interaction, error) {
	var out []engine.Interaction
	for _, name := range []string{"purchase", "add_to_cart", "view"} {
		rows, err := readFile(filepath.Join(dir, name+"_ecommerce.tsv.gz"), engine.Type(name))
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func readFile(name string, kind engine.Type) (rows []engine.Interaction, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	mapping, err := record.ParseMapping("visitorid=customer_id,itemid=item_id,event=-")
	if err != nil {
		return nil, err
	}
	for entry, err := range record.Events(plain, record.Options{Mapping: mapping, Type: kind, Base: time.Unix(0, 0)}) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, entry.Value.Lines...)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s holds no events", name)
	}
	return rows, nil
}
