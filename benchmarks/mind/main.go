// Command mind measures how well articles that were shown together are put in order, on
// the impressions of a news site (MIND; Wu et al., ACL 2020), and appends one JSON line to
// the results:
//
//	go run ./benchmarks/mind -data DIR
//
// DIR holds behaviors.tsv.gz and news.tsv.gz. Impressions are taken in the order of time.
// Sources are fitted on everybody's histories and on the clicks of the first 60 %; the
// blends for readers and for strangers, and the baseline, are chosen on the next 20 %;
// then the sources are fitted on all of these and the last 20 % is measured. Each impression's articles are ranked as
// /v1/rank does, with what the site knew at that moment: the counters of showings and
// clicks up to then, the user's history and earlier clicks.
//
// The metrics are those of MIND, means over impressions: AUC with half a point for a tie,
// MRR over all clicked articles, NDCG. Intervals and tests draw users.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// The shares of the impressions that sources learn from before the choice, and before the
// measurement.
const (
	learned = 0.6
	chosen  = 0.8
)

// best is the name of the blend.
const best = "best"

// report is one measurement.
type report struct {
	Learned  int                                  `json:"learned"`
	Chosen   int                                  `json:"chosen_on"`
	Measured int                                  `json:"measured"`
	Seed     uint64                               `json:"seed"`
	Weights  map[rank.Task]map[string]float64     `json:"weights"`
	Baseline string                               `json:"baseline"` // the strongest popularity on what was chosen on
	Models   map[string]map[string]evaluate.Value `json:"models"`
	Paired   []evaluate.Paired                    `json:"paired"` // of the best with each popularity
}

// popularities are what may be the baseline: none knows the person.
var popularities = []string{"popular", "popular_month", "popular_days", "trending", "click_through"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mind:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder := flag.String("data", "", "directory with behaviors.tsv.gz and news.tsv.gz of MIND")
	results := flag.String("results", measure.Results, "file to append a JSON line to")
	seed := flag.Uint64("seed", 0, "start of all that is random")
	flag.Parse()
	if *folder == "" {
		return errors.New("no data: give -data, see -help")
	}
	n, err := read(*folder)
	if err != nil {
		return err
	}
	r, err := n.measure(ctx, *seed)
	if err != nil {
		return err
	}
	r.print()
	return measure.Append(*results, "mind", "mind-sample", r)
}

// measure fits, chooses and measures.
func (n *news) measure(ctx context.Context, seed uint64) (*report, error) {
	first, second := int(learned*float64(len(n.impressions))), int(chosen*float64(len(n.impressions)))
	place, err := recommend.NewPlace(engine.Scenario{Name: "front", Kinds: []engine.Kind{engine.Content}}, nil)
	if err != nil {
		return nil, err
	}
	fitter := &training.Fitter{Workers: runtime.GOMAXPROCS(0), Seed: seed, Step: func(what string) { fmt.Fprintln(os.Stderr, what) }}
	selector := &training.Selector{Search: training.DefaultSearch(), Fitter: fitter, Place: place}
	world, _, err := n.world(ctx, selector, first)
	if err != nil {
		return nil, err
	}
	cases := n.cases(first, second)
	r := &report{Learned: first, Chosen: len(cases), Seed: seed, Weights: map[rank.Task]map[string]float64{}, Models: map[string]map[string]evaluate.Value{}}
	blend := rank.Blend{}
	if blend[rank.Person], _, err = selector.Blend(ctx, world, rank.Person, place, cases); err != nil {
		return nil, err
	}
	if blend[rank.Cold], _, err = selector.Strangers(ctx, world, place, cases, rank.DefaultBlend()[rank.Cold]); err != nil {
		return nil, err
	}
	for task, scales := range blend {
		r.Weights[task] = map[string]float64{}
		for name, s := range scales {
			if s.Weight != 0 {
				r.Weights[task][name] = s.Weight
			}
		}
	}
	most := 0.0
	for _, name := range popularities {
		got, err := judge(world, training.Alone(name), place, cases)
		if err != nil {
			return nil, err
		}
		if mean, _ := (evaluate.Resampling{Resamples: 1}).Mean(got["auc"]); mean > most {
			r.Baseline, most = name, mean
		}
	}
	world, sources, err := n.world(ctx, selector, second)
	if err != nil {
		return nil, err
	}
	cases = n.cases(second, len(n.impressions))
	r.Measured = len(cases)
	return r, r.compare(world, blend, place, cases, append(slices.Clone(popularities), sources...))
}

// world is the site with sources fitted on the first impressions, and their names.
func (n *news) world(ctx context.Context, s *training.Selector, impressions int) (*recommend.World, []string, error) {
	snap := training.NewSnapshot(n.ids, engine.DefaultSettings())
	snap.Items = snap.Items.With(n.items)
	clicks := map[engine.CustomerID][]engine.Row{}
	for i := range n.impressions[:impressions] {
		one := &n.impressions[i]
		clicks[one.user] = append(clicks[one.user], n.rows(one)...)
	}
	for _, user := range n.users {
		snap.Add(engine.OfCustomer(user), append(n.past(user), clicks[user]...))
	}
	material := snap.Material()
	recipe := s.Default(material)
	sources, err := s.Fitter.All(ctx, material, recipe)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, source := range sources {
		names = append(names, source.Name())
	}
	models := recommend.NewModels(1, snap.Newest, recipe.Serving(sources), s.Fitter.Encoder(snap), rank.DefaultBlend())
	return snap.World(models), names, nil
}

// cases are the impressions from one place to another, each with what was known then.
func (n *news) cases(from, to int) []training.Case {
	counters := tally.New(engine.DefaultSettings())
	rows := map[engine.CustomerID][]engine.Row{}
	for _, user := range n.users {
		rows[user] = n.past(user)
		counters = counters.With(rows[user])
	}
	var out []training.Case
	for i := range n.impressions[:to] {
		one := &n.impressions[i]
		if i >= from && len(one.clicked) > 0 && len(one.clicked) < len(one.shown) {
			out = append(out, n.ask(one, slices.Clone(rows[one.user]), counters))
		}
		said := n.rows(one)
		rows[one.user] = append(rows[one.user], said...)
		counters = counters.With(said)
	}
	return out
}

// ask is the question in which order an impression's articles go.
func (n *news) ask(i *impression, rows []engine.Row, counters *tally.Counters) training.Case {
	c := training.Case{
		Who: training.Known(engine.OfCustomer(i.user), rows), Now: i.at, Counters: counters,
		Request: engine.Request{Explain: engine.ExplainNone}, Only: n.set(i.shown),
	}
	for _, num := range n.set(i.clicked).ToArray() {
		c.Targets = append(c.Targets, engine.ItemNum(num))
	}
	return c
}

func (r *report) print() {
	fmt.Printf("learned from %d impressions, chosen on %d, measured on %d; weights %v\n", r.Learned, r.Chosen, r.Measured, r.Weights)
	fmt.Printf("%-16s %s\n", "", strings.Join(metrics, "                   "))
	for _, name := range append(slices.Clone(popularities), best) {
		r.line(name)
	}
	for _, name := range slices.Sorted(keys(r.Models)) {
		if name != best && !slices.Contains(popularities, name) {
			r.line(name)
		}
	}
	fmt.Printf("the strongest popularity where it was chosen: %s\n", r.Baseline)
	for _, p := range r.Paired {
		fmt.Printf("%s vs %s: %s %+.4f [%+.4f, %+.4f], p = %.4f\n", p.A, p.B, p.Metric, p.Difference, p.Low, p.High, p.P)
	}
}

func (r *report) line(name string) {
	fmt.Printf("%-16s", name)
	for _, metric := range metrics {
		v := r.Models[name][metric]
		fmt.Printf(" %.4f [%.4f, %.4f]", v.Value, v.Low, v.High)
	}
	fmt.Println()
}
