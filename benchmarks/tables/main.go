// Command tables measures all models on public data sets, beside Gorse's, one table a
// set and protocol, and appends one JSON line a table to the results:
//
//	go run ./benchmarks/tables -data DIR -only lastfm,beauty
//
// DIR holds the sets in folders of their own, as published (gzipped files are read as
// they are); without -only all that are there are measured. Settings and blend are chosen
// on the validation part, all items are ranked. Most sets may be used for research only
// and none is shipped. The sets are
//
//	movielens-latest-small  MovieLens latest-small (Harper and Konstan 2015), ratings of 4 and above
//	movielens-100k          MovieLens 100K, ratings of 4 and above
//	lastfm-hetrec2011       HetRec 2011 Last.fm 2K (Cantador et al. 2011)
//	uci-online-retail       Online Retail (Chen, Sain and Guo 2012), orders of known customers
//	s3rec-sequences         Amazon Beauty, 5-core sequences (Zhou et al. 2020)
//	yoochoose-100k-clicks   the first 100,000 clicks of RecSys Challenge 2015, as sessions
//	serenade-example        the example sessions of Serenade (Kersbergen et al. 2022)
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
	"github.com/rapportengine/rapport/training/peer"
)

// table is one set under one protocol.
type table struct {
	name, folder string
	split        string // empty: the data come in parts
	read         func(folder string) (*offline.Data, error)
	sessions     bool
	models       []string // empty: all that suit, and those beside them
	repeats      bool
}

var tables = []table{
	{name: "movielens-small", folder: "movielens-latest-small", split: "last-out", read: movielensSmall},
	{name: "movielens-small-rolling", folder: "movielens-latest-small", split: "rolling:5", read: movielensSmall},
	{name: "movielens-100k", folder: "movielens-100k", split: "last-out", read: movielens100K},
	{name: "movielens-100k-rolling", folder: "movielens-100k", split: "rolling:5", read: movielens100K},
	{name: "lastfm", folder: "lastfm-hetrec2011", split: "random:0.8", read: lastfm},
	{name: "uci", folder: "uci-online-retail", split: "time:0.8", read: uci},
	{name: "uci-repeats", folder: "uci-online-retail", split: "time:0.8", read: uci, repeats: true, models: repeating},
	{name: "beauty", folder: "s3rec-sequences", split: "last-out", read: beauty},
	{name: "yoochoose", folder: "yoochoose-100k-clicks", read: yoochoose, sessions: true},
	{name: "serenade", folder: "serenade-example", read: serenade, sessions: true},
}

// repeating are the models that are looked at where repeats count. Gorse's, which are built
// to find what is new, and take longer than all others together, are not among them.
var repeating = []string{
	"content", "popular", "popular_month", "popular_days", "factor", "ease", "ridge", "embed", "session", "markov", "rules",
	"buy_again", "tifu", offline.Best,
}

type options struct {
	data, results string
	only, models  []string
	set           []string
	seed          uint64
	page          string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.data, "data", "", "directory with the folders of the sets")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line a table to")
	flag.Uint64Var(&o.seed, "seed", 0, "start of all that is random")
	only := flag.String("only", "", "tables, separated by commas; empty for all whose data are there")
	models := flag.String("models", "", "models, separated by commas; empty for all of ours that suit and, but for sessions, Gorse's")
	set := flag.String("set", "", "settings that are fixed, separated by commas, as in ease.lambda=100")
	flag.StringVar(&o.page, "page", "", "measure nothing, and write the newest results as a page of Markdown")
	flag.Parse()
	o.only, o.models, o.set = list(*only), list(*models), list(*set)
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "tables:", err)
		os.Exit(1)
	}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func run(ctx context.Context, o options) error {
	if o.page != "" {
		return writePage(o.results, o.page)
	}
	if o.data == "" {
		return errors.New("no data: give -data, see -help")
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(tables, func(t table) bool { return t.name == name }) {
			return fmt.Errorf("there is no table %q", name)
		}
	}
	measured := false
	for _, t := range tables {
		folder := filepath.Join(o.data, t.folder)
		if _, err := os.Stat(folder); len(o.only) == 0 && err != nil || len(o.only) > 0 && !slices.Contains(o.only, t.name) {
			continue
		}
		if err := t.measure(ctx, folder, o); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		measured = true
	}
	if !measured {
		return fmt.Errorf("%s holds none of the sets, see -help", o.data)
	}
	return nil
}

func (t *table) measure(ctx context.Context, folder string, o options) error {
	data, err := t.read(folder)
	if err != nil {
		return err
	}
	var rule evaluate.Rule
	if t.split != "" {
		if rule, err = evaluate.ParseRule(t.split); err != nil {
			return err
		}
		rule.Seed = o.seed
	}
	start := time.Now()
	report, err := offline.Run(ctx, offline.Options{
		Data: data, Rule: rule, Models: t.chosen(o), More: t.beside(), K: t.cuts(), Sessions: t.sessions, Repeats: t.repeats, Set: o.set,
		Settings: engine.DefaultSettings(), Seed: o.seed, Workers: runtime.GOMAXPROCS(0), Commit: measure.Revision(),
		Step: func(what string) {
			fmt.Fprintf(os.Stderr, "%s %5.0f s: %s\n", t.name, time.Since(start).Seconds(), what)
		},
	})
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n", t.name)
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	t.verdict(report)
	return measure.Append(o.results, "tables", t.name, slim(report))
}

// slim is the report without its slices, which the terminal has shown: a line of results
// is some kilobytes then, not some hundred.
func slim(r *evaluate.Report) *evaluate.Report {
	out := *r
	out.Models = slices.Clone(r.Models)
	for i := range out.Models {
		out.Models[i].Slices = nil
	}
	return &out
}

// chosen are the models asked for by flag, or by the table.
func (t *table) chosen(o options) []string {
	if len(o.models) > 0 {
		return o.models
	}
	return t.models
}

// beside are the models that stand beside all of ours that suit: Gorse's, which has none
// of sessions, where item-kNN is the baseline that the literature knows.
func (t *table) beside() []string {
	if t.sessions {
		return []string{neighbour.ItemName}
	}
	return peer.Names()
}

func (t *table) cuts() []int {
	if t.sessions {
		return []int{20, 10} // as the literature on sessions does
	}
	return []int{10, 20}
}

// verdict says how the best stands beside the strongest other model.
func (t *table) verdict(r *evaluate.Report) {
	behind := slices.MinFunc(append(r.Paired, evaluate.Paired{B: "nobody"}), func(a, b evaluate.Paired) int { return cmp.Compare(a.High, b.High) })
	if behind.High < 0 {
		fmt.Printf("best is behind %s in %s: %+.4f [%+.4f, %+.4f]\n", behind.B, behind.Metric, behind.Difference, behind.Low, behind.High)
		return
	}
	fmt.Println("best is behind no model by an interval that lies under zero")
}
