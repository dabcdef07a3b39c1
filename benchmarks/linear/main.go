// Command linear measures linear models of item to item weights on catalogues that are
// too large for dense EASE, and beside it on one that is not, and appends one JSON line a
// data set to the results:
//
//	go run ./benchmarks/linear -data DIR
//
// DIR holds movielens-100k, uci-online-retail, s3rec-sequences (Beauty) and
// lastfm-hetrec2011 as their sources give them, gzipped; they are not shipped. Of each
// model the settings that are best on the validation part (a sample of 2,000 customers)
// are fitted on all but the test part and judged on that, all items ranked but those of
// the history: NDCG@10. The splits are last-out (movielens-100k, of four stars and more;
// Beauty), time at 80 % (uci-online-retail, only what is new to a customer) and 20 % of
// the rows at random (lastfm).
//
// What of it serves is in engine/neighbour: ridge is ahead on the test part of each set
// that is too large for EASE, and answers ten times as fast as a sparse inverse. The
// others stay here, as the record of the choice; RP3beta adds no more to ridge than
// item-kNN does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
)

// kind is a model with the settings it is tried with.
type kind struct {
	name  string
	tries []try
}

// try is a model with settings.
type try struct {
	settings any
	fit      func(ctx context.Context, data *model.Data) (model.Source, error)
}

func kindOf[P any, S model.Source](name string, fit func(context.Context, *model.Data, P) (S, error), tries ...P) kind {
	k := kind{name: name}
	for _, p := range tries {
		k.tries = append(k.tries, try{p, func(ctx context.Context, data *model.Data) (model.Source, error) { return fit(ctx, data, p) }})
	}
	return k
}

func kinds(items int) []kind {
	workers := runtime.GOMAXPROCS(0)
	var cosines []neighbour.ItemParams
	for _, w := range []neighbour.Weighting{neighbour.Plain, neighbour.TFIDF, neighbour.BM25} {
		for _, k := range []int{20, 100, 300} {
			for _, shrink := range []float64{-1, 20, 100} {
				cosines = append(cosines, neighbour.ItemParams{Weighting: w, K: k, Shrink: shrink, Workers: workers})
			}
		}
	}
	var ridges []neighbour.RidgeParams
	for _, k := range []int{50, 100} {
		for _, lambda := range []float64{10, 20, 50, 100, 200} {
			for _, shrink := range []float64{-1, 20} {
				ridges = append(ridges, neighbour.RidgeParams{K: k, Lambda: lambda, Shrink: shrink, Workers: workers})
			}
		}
	}
	var paths []pathParams
	for _, alpha := range []float64{0.4, 0.7, 1} {
		for _, beta := range []float64{0, 0.2, 0.4, 0.7} {
			for _, k := range []int{100, 500} {
				paths = append(paths, pathParams{Alpha: alpha, Beta: beta, K: k})
			}
		}
	}
	var turbos []turboParams
	for _, alpha := range []float64{0.4, 0.5, 0.6} {
		for _, s := range []float64{0.7, 1, 1.4} {
			turbos = append(turbos, turboParams{alpha, s})
		}
	}
	var spectra []spectralParams
	for _, rank := range []int{64, 256} {
		for _, ideal := range []float64{0.1, 0.3, 1} {
			spectra = append(spectra, spectralParams{rank, ideal})
		}
	}
	var inverses []inverseParams
	for _, k := range []int{50, 200} {
		for _, lambda := range []float64{5, 20, 50, 100, 200, 500} {
			inverses = append(inverses, inverseParams{lambda, k})
		}
	}
	var eases []neighbour.Params
	for _, lambda := range []float64{20, 50, 100, 200, 500, 1000} {
		eases = append(eases, neighbour.Params{Lambda: lambda, MaxItems: max(items, 1), Workers: workers})
	}
	return []kind{
		kindOf(neighbour.Name, neighbour.Fit, eases...),
		kindOf(neighbour.ItemName, neighbour.FitItems, cosines...),
		kindOf(neighbour.RidgeName, neighbour.FitRidge, ridges...),
		kindOf("rp3beta", fitPaths, paths...),
		kindOf("inverse", fitInverse, inverses...),
		kindOf("gf-cf", fitSpectral, spectra...),
		kindOf("turbo-cf", fitTurbo, turbos...),
	}
}

// report is one data set measured.
type report struct {
	Items     int   `json:"items"`
	Customers int   `json:"customers"`
	Questions int   `json:"questions"`
	Models    []row `json:"models"`
	// Pairs are ridge with each other model beside it, by the weight best on validation.
	Pairs []pairRow `json:"pairs"`
}

// pairRow is how ridge does together with another model.
type pairRow struct {
	Other  string  `json:"other"`
	Weight float64 `json:"weight"` // of the other, 0 if it only makes it worse
	Valid  float64 `json:"valid_ndcg@10"`
	Test   float64 `json:"ndcg@10"`
}

// row is how one model did.
type row struct {
	Name     string  `json:"name"`
	Settings any     `json:"settings"`
	Valid    float64 `json:"valid_ndcg@10"`
	Test     float64 `json:"ndcg@10"`
	Micros   float64 `json:"answer_us"`
	cost
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "linear:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	data, results string
	sets, models  string
	dense, trials bool
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.data, "data", "", "directory with the data sets")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line a data set to")
	flag.StringVar(&o.sets, "sets", "", "only these data sets, as in beauty,lastfm")
	flag.StringVar(&o.models, "models", "", "only these models, as in ridge,inverse")
	flag.BoolVar(&o.dense, "dense", false, "fit dense EASE also on more than 5,000 items: minutes, and gigabytes")
	flag.BoolVar(&o.trials, "trials", false, "print every trial on the validation part")
	flag.Parse()
	if o.data == "" {
		return errors.New("no data: give -data, see -help")
	}
	for _, s := range sets {
		if o.sets != "" && !slices.Contains(strings.Split(o.sets, ","), s.name) {
			continue
		}
		r, err := o.measure(ctx, &s)
		if err != nil {
			return err
		}
		if err := measure.Append(o.results, "linear", s.name, r); err != nil {
			return err
		}
	}
	return nil
}

// mostDense is up to how many items dense EASE is fitted without being asked to.
const mostDense = 5000

func (o *options) measure(ctx context.Context, s *set) (*report, error) {
	p, err := s.load(o.data)
	if err != nil {
		return nil, err
	}
	const all, some = 1 << 30, 2000
	early, choosing := p.before(valid, some)
	late, asked := p.before(test, all)
	r := &report{Items: late.Rows.Len(), Customers: len(late.Customers), Questions: len(asked)}
	fmt.Printf("%s: %d items, %d customers, %d asked\n%-10s %8s %8s %8s %8s %8s  %s\n",
		s.name, r.Items, r.Customers, r.Questions, "model", "valid", "NDCG@10", "CPU s", "MB", "us", "settings")
	var tried []try
	for _, k := range kinds(r.Items) {
		if o.models != "" && !slices.Contains(strings.Split(o.models, ","), k.name) || k.name == neighbour.Name && r.Items > mostDense && !o.dense {
			continue
		}
		best, value, err := o.choose(ctx, k, early, choosing)
		if err != nil {
			return nil, err
		}
		row := row{Name: k.name, Settings: best.settings, Valid: value}
		var src model.Source
		row.cost, err = costOf(func() (err error) { src, err = best.fit(ctx, late); return err })
		if err != nil {
			return nil, err
		}
		row.Test, row.Micros = ndcg(src, late.Rows, asked)
		r.Models, tried = append(r.Models, row), append(tried, best)
		fmt.Printf("%-10s %8.4f %8.4f %8.2f %8.1f %8.1f  %s\n", k.name, row.Valid, row.Test, row.CPUSeconds, row.Megabytes, row.Micros, text(row.Settings))
	}
	first := slices.IndexFunc(r.Models, func(m row) bool { return m.Name == neighbour.RidgeName })
	for i, other := range tried {
		if first < 0 || i == first {
			continue
		}
		p, err := beside(ctx, tried[first], other, exam{early, choosing}, exam{late, asked})
		if err != nil {
			return nil, err
		}
		p.Other = r.Models[i].Name
		r.Pairs = append(r.Pairs, p)
		fmt.Printf("ridge + %-10s %8.4f %8.4f  weight %g\n", p.Other, p.Valid, p.Test, p.Weight)
	}
	return r, nil
}

// exam is what a fit sees and is then asked.
type exam struct {
	data  *model.Data
	asked []question
}

// beside chooses the weight of b beside a on the first exam and tries it on the second.
func beside(ctx context.Context, a, b try, valid, test exam) (best pairRow, err error) {
	both := func(e exam) (*pair, error) {
		p := &pair{}
		if p.a, err = a.fit(ctx, e.data); err != nil {
			return nil, err
		}
		if p.b, err = b.fit(ctx, e.data); err != nil {
			return nil, err
		}
		p.sdA, p.sdB = spread(p.a, e.data.Rows, e.asked), spread(p.b, e.data.Rows, e.asked)
		return p, nil
	}
	p, err := both(valid)
	if err != nil {
		return best, err
	}
	best.Valid = -1
	for _, w := range []float64{0, 0.1, 0.25, 0.5, 1, 2} {
		p.weight = w
		if v, _ := ndcg(p, valid.data.Rows, valid.asked); v > best.Valid {
			best.Weight, best.Valid = w, v
		}
	}
	if p, err = both(test); err != nil {
		return best, err
	}
	p.weight = best.Weight
	best.Test, _ = ndcg(p, test.data.Rows, test.asked)
	return best, nil
}

// choose returns the settings that are best on the validation part.
func (o *options) choose(ctx context.Context, k kind, data *model.Data, questions []question) (best try, value float64, err error) {
	value = -1
	for _, t := range k.tries {
		src, err := t.fit(ctx, data)
		if err != nil {
			return best, 0, err
		}
		v, _ := ndcg(src, data.Rows, questions)
		if o.trials {
			fmt.Printf("  %-10s %8.4f  %s\n", k.name, v, text(t.settings))
		}
		if v > value {
			best, value = t, v
		}
	}
	return best, value, nil
}

func text(settings any) string {
	data, err := json.Marshal(settings)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
