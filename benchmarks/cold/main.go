// Command cold measures how well items are ranked that nobody had yet, on product texts
// and sequences of Amazon's office products (github.com/AkaliKong/MiniOneRec), and appends
// one JSON line a seed to the results:
//
//	go run ./benchmarks/cold -data DIR/Office_Products
//
// DIR holds Office_Products_items.jsonl.gz and Office_Products_sequences.tsv.gz. Of the
// items a fifth, drawn by the seed, is cold: all that was done with them is taken out of
// the log, of which the sources are then fitted and chosen by the code that trains. For
// each customer who had cold items, and warm ones, the cold items are ranked, among cold
// items alone, by the sources that serve, asked with the warm ones as history; targets
// are the cold ones they had. Popularity knows nothing of these, and is random. Titles, texts and brands of all items are known.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// figure is a mean over customers with its 95 % interval.
type figure struct {
	NDCG float64 `json:"ndcg@10"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// report is one seed, or the mean of all of them.
type report struct {
	Seed      uint64                `json:"seed,omitempty"`   // 0: all seeds, each customer of each once
	Share     float64               `json:"cold_share"`       // of the items
	Cold      int                   `json:"cold_items"`       // that are ranked
	Customers int                   `json:"customers"`        // who had some of them
	Chosen    map[string]rank.Scale `json:"chosen,omitempty"` // how new items are ranked, by validation
	Settings  bridge.Params         `json:"mapped"`
	Valid     float64               `json:"valid_ndcg@10"` // on items hidden for validation
	NDCG      map[string]figure     `json:"by"`
	// WarmChanged is how many scores of warm items differ, in any bit, from those
	// without any source of new items.
	WarmChanged int     `json:"warm_scores_changed"`
	FitSeconds  float64 `json:"fit_seconds"`
}

// names are the ways to rank, in the order of the table.
var names = []string{"random", "content", "nearest", "mapped ridge", "mapped near", "sum", "chosen"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "cold:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	data := flag.String("data", "", "path of the set without its endings, such as DIR/Office_Products")
	first := flag.Uint64("seed", 1, "of the first draw of cold items; the others count on from it")
	seeds := flag.Uint64("seeds", 3, "how many draws")
	share := flag.Float64("share", 0.2, "share of the items that are cold")
	workers := flag.Int("workers", 2, "goroutines")
	results := flag.String("results", measure.Results, "file to append a JSON line a seed to")
	flag.Parse()
	if *data == "" {
		return errors.New("no data: give -data, see -help")
	}
	w, err := load(*data)
	if err != nil {
		return err
	}
	fmt.Printf("%d items, %d customers, %d pairs\n%6s", len(w.items), len(w.customers), w.pairs, "seed")
	for _, name := range names {
		fmt.Printf(" %12s", name)
	}
	fmt.Println()
	all := &report{Share: *share, NDCG: make(map[string]figure)}
	values := make(map[string][]float64)
	for seed := *first; seed < *first+*seeds; seed++ {
		c := divide(w, seed, *share)
		r, each, err := c.measure(ctx, seed, *workers)
		if err != nil {
			return err
		}
		r.Share = *share
		all.Cold, all.Customers, all.WarmChanged = all.Cold+r.Cold, all.Customers+r.Customers, all.WarmChanged+r.WarmChanged
		for name, of := range each {
			values[name] = append(values[name], of...)
		}
		r.print()
		if err := measure.Append(*results, "cold", filepath.Base(*data), r); err != nil {
			return err
		}
	}
	all.NDCG = figures(values)
	all.print()
	return measure.Append(*results, "cold", filepath.Base(*data), all)
}

func (r *report) print() {
	label := "all"
	if r.Seed > 0 {
		label = fmt.Sprint(r.Seed)
	}
	fmt.Printf("%6s", label)
	for _, name := range names {
		fmt.Printf(" %12.4f", r.NDCG[name].NDCG)
	}
	chosen := r.NDCG["chosen"]
	fmt.Printf("   chosen [%.4f, %.4f], %d warm scores changed", chosen.Low, chosen.High, r.WarmChanged)
	for _, name := range slices.Sorted(maps.Keys(r.Chosen)) {
		fmt.Printf("; %s %.2f", name, r.Chosen[name].Weight)
	}
	fmt.Println()
}

func figures(values map[string][]float64) map[string]figure {
	out := make(map[string]figure)
	for name, of := range values {
		mean, interval := evaluate.Resampling{Seed: 1}.Mean(of)
		out[name] = figure{mean, interval.Low, interval.High}
	}
	return out
}

// division is the world without what was done with its cold items.
type division struct {
	*world
	snap  *training.Snapshot
	cold  []engine.ItemNum // ascending
	warm  []engine.ItemNum
	cases []question
}

// question is a customer: what of theirs is known, and which cold items they had.
type question struct {
	history []engine.Interest
	targets []engine.ItemNum
}

// divide draws the cold items.
func divide(w *world, seed uint64, share float64) *division {
	d := &division{world: w, snap: training.NewSnapshot(w.ids, engine.DefaultSettings())}
	d.snap.Items = d.snap.Items.With(w.items)
	isCold := make(map[engine.ItemNum]bool)
	for k, i := range rand.New(rand.NewPCG(seed, 1)).Perm(len(w.items)) {
		if n := w.items[i].Num; float64(k) < share*float64(len(w.items)) {
			isCold[n] = true
			d.cold = append(d.cold, n)
		} else {
			d.warm = append(d.warm, n)
		}
	}
	slices.Sort(d.cold)
	slices.Sort(d.warm)
	at := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC) // the set has no times: all is worth the same
	for i, had := range w.customers {
		var q question
		var rows []engine.Row
		for _, n := range had {
			if isCold[n] {
				q.targets = append(q.targets, n)
				continue
			}
			row := engine.Row{Num: n}
			row.Item, row.Type, row.At = w.ids.ID(n), engine.Purchase, at
			rows = append(rows, row)
		}
		d.snap.Add(engine.Subject{Kind: engine.CustomerSubject, ID: fmt.Sprint(i)}, rows)
		q.history = d.snap.Settings.Interests(rows, at, engine.MaxHistory)
		if len(q.history) > 0 && len(q.targets) > 0 {
			d.cases = append(d.cases, q)
		}
	}
	return d
}

// voice is a source and its scale.
type voice struct {
	model.Source
	rank.Scale
}

func (d *division) measure(ctx context.Context, seed uint64, workers int) (*report, map[string][]float64, error) {
	start := time.Now()
	m := d.snap.Material()
	selector := &training.Selector{
		Search: training.DefaultSearch().Only([]string{factor.Name, bridge.Name}),
		Fitter: &training.Fitter{Workers: workers, Seed: seed},
	}
	vectors := m.Content(selector.Fitter)
	models := recommend.NewModels(0, d.snap.Newest, nil, vectors.Encoder(), rank.DefaultBlend())
	fitted, recipe, err := selector.Sources(ctx, d.snap.World(models), m, nil)
	if err != nil {
		return nil, nil, err
	}
	how := selector.Newcomers()
	if how == nil {
		return nil, nil, errors.New("too few customers had hidden items")
	}
	r := &report{Seed: seed, Cold: len(d.cold), Customers: len(d.cases), Chosen: how.Scales, Valid: how.NDCG, FitSeconds: time.Since(start).Seconds()}
	base, mapped := fitted[0].(*factor.Model), fitted[1]
	r.Settings = recipe.Sources[1].Params.(bridge.Params)
	ridge, err := bridge.Fit(ctx, base, vectors, bridge.Params{Near: bridge.Regression})
	if err != nil {
		return nil, nil, err
	}
	near, err := bridge.Fit(ctx, base, vectors, bridge.Params{})
	if err != nil {
		return nil, nil, err
	}
	known := roaring.New()
	for row := range base.Rows().Len() {
		known.Add(uint32(base.Rows().Num(row)))
	}
	alone := func(s model.Source) []voice { return []voice{{s, rank.Scale{Weight: 1, SD: 1}}} }
	seen := content.NewKnown(known)
	mean, nearest := content.Newcomers{Known: seen}, content.Nearest{Known: seen}
	var chosen []voice
	for _, s := range []model.Source{mean, nearest, mapped} {
		if scale, ok := how.Scales[s.Name()]; ok {
			chosen = append(chosen, voice{s, scale})
		}
	}
	ways := map[string][]voice{
		"content": alone(mean), "nearest": alone(nearest), "mapped ridge": alone(ridge), "mapped near": alone(near),
		"sum":    {{nearest, rank.Scale{Weight: 1, SD: 0.15}}, {near, rank.Scale{Weight: 0.5, SD: 0.03}}},
		"chosen": chosen,
	}
	each := make(map[string][]float64)
	rng := rand.New(rand.NewPCG(seed, 2))
	for _, c := range d.cases {
		q := &model.Query{History: c.history, Content: vectors, Now: d.snap.Newest}
		for name, voices := range ways {
			each[name] = append(each[name], c.judge(scored(voices, q, d.cold)))
		}
		random := scored(nil, q, d.cold)
		for i := range random {
			random[i].Score = rng.Float64()
		}
		each["random"] = append(each["random"], c.judge(random))
		r.WarmChanged += changed(base, chosen, q, d.warm)
	}
	r.NDCG = figures(each)
	return r, each, nil
}

// scored is what some sources say together of some items.
func scored(voices []voice, q *model.Query, items []engine.ItemNum) []rank.Scored {
	sums, raw := make([]float64, len(items)), make([]float32, len(items))
	for _, v := range voices {
		v.Open(q).Score(items, raw)
		v.AddTo(sums, raw)
	}
	out := make([]rank.Scored, len(items))
	for i, n := range items {
		out[i] = rank.Scored{Item: n, Score: sums[i]}
	}
	return out
}

var ndcg = evaluate.Metric{Name: "ndcg", K: 10}

// judge is the metric of the ten best.
func (c *question) judge(scored []rank.Scored) float64 {
	top := vector.NewTop(ndcg.K)
	for _, s := range scored {
		top.Push(s.Item, float32(s.Score))
	}
	return ndcg.Of(evaluate.Judge(top.AppendItems(nil), c.targets, nil))
}

// changed counts the warm items that score otherwise where new ones are ranked too.
func changed(base model.Source, fresh []voice, q *model.Query, warm []engine.ItemNum) int {
	alone := []voice{{base, rank.Scale{Weight: 1, Mean: 0.01, SD: 0.03}}}
	before, after := scored(alone, q, warm), scored(append(alone, fresh...), q, warm)
	count := 0
	for i := range before {
		if _, known := base.(*factor.Model).Rows().Row(warm[i]); known && math.Float64bits(before[i].Score) != math.Float64bits(after[i].Score) {
			count++
		}
	}
	return count
}
