// Command basket measures next baskets on public purchases and appends one JSON line a
// data set to the results:
//
//	go run ./benchmarks/basket -uci online_retail.csv.gz -completejourney transactions_sample.csv.gz
//
// Of every customer with three orders or more the last is held out and all of its items
// are to be found, bought before or not; settings and blend are chosen on the order before
// it. All items are ranked through the code that serves. best~tifu is the blend without
// that source.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/shop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "basket:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	sets := shop.Sets()
	results := flag.String("results", measure.Results, "file to append a JSON line a data set to")
	models := flag.String("models", "popular,buy_again,tifu,best,best~tifu", "models, separated by commas")
	set := flag.String("set", "", "settings that are fixed, separated by commas, as in tifu.k=100")
	repeats := flag.Bool("repeats", true, "whether what was bought before may be recommended and predicted")
	seed := flag.Uint64("seed", 0, "start of all that is random")
	flag.Parse()
	o := offline.Options{
		Baskets: true, Repeats: *repeats, K: []int{10, 20}, Models: strings.Split(*models, ","), Seed: *seed,
		Settings: engine.DefaultSettings(), Workers: runtime.GOMAXPROCS(0),
		Step: func(what string) { fmt.Fprintln(os.Stderr, what) },
	}
	if *set != "" {
		o.Set = strings.Split(*set, ",")
	}
	measured := false
	for _, s := range sets {
		if *s.File == "" {
			continue
		}
		measured = true
		report, err := judge(ctx, *s.File, s.Columns, o)
		if err != nil {
			return err
		}
		fmt.Println(s.Name)
		if err := report.WriteTable(os.Stdout); err != nil {
			return err
		}
		if err := measure.Append(*results, "basket", s.Name, report); err != nil {
			return err
		}
	}
	if !measured {
		return errors.New("no data: give -uci or -completejourney, see -help")
	}
	return nil
}

// judge evaluates on the purchases of a file.
func judge(ctx context.Context, file string, c shop.Columns, o offline.Options) (*evaluate.Report, error) {
	s, err := shop.Read(file, c)
	if err != nil {
		return nil, err
	}
	o.Data = &offline.Data{}
	for _, rows := range s.Customers {
		for i := range rows {
			o.Data.AddEvent(engine.RecordEvent{Lines: []engine.Interaction{rows[i].Interaction}})
		}
	}
	if o.Rule, err = evaluate.ParseRule("last-out"); err != nil {
		return nil, err
	}
	return offline.Run(ctx, o)
}
