// Command quality measures the models on public data, beside popularity and Gorse, and appends one
// JSON line a data set to the results:
//
//	go run ./benchmarks/quality -movielens100k u.data.gz -movielens ratings.csv.gz -results benchmarks/results.jsonl
//
// Ratings of 4 and above count, each customer's last one is held out (the one before it
// chooses settings and blend), all items are ranked. The data are research-licensed and
// not shipped: get them from grouplens.org.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
	"github.com/rapportengine/rapport/training/peer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	files := map[string]*string{
		"movielens-100k":         flag.String("movielens100k", "", "u.data of MovieLens 100K, may be gzipped"),
		"movielens-latest-small": flag.String("movielens", "", "ratings.csv of MovieLens latest-small, may be gzipped"),
	}
	results := flag.String("results", measure.Results, "file to append a JSON line a data set to")
	seeds := flag.Uint64("seeds", 3, "how many seeds, from 1 on: factors start at random")
	flag.Parse()
	measured := false
	for _, name := range []string{"movielens-100k", "movielens-latest-small"} {
		if *files[name] == "" {
			continue
		}
		measured = true
		for seed := uint64(1); seed <= *seeds; seed++ {
			if err := evaluated(ctx, name, *files[name], seed, *results); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if !measured {
		return errors.New("no data: give -movielens100k or -movielens, see -help")
	}
	return nil
}

func evaluated(ctx context.Context, name, file string, seed uint64, results string) error {
	data, err := read(file)
	if err != nil {
		return err
	}
	rule, err := evaluate.ParseRule("last-out")
	if err != nil {
		return err
	}
	report, err := offline.Run(ctx, offline.Options{
		Data: data, Rule: rule, Models: []string{"popular", peer.BPR, peer.ALS, "factor", "ease", "itemknn", "embed", "session", offline.Best}, K: []int{10, 20},
		Settings: engine.DefaultSettings(), Seed: seed, Workers: runtime.GOMAXPROCS(0), Commit: measure.Revision(),
		Step: func(what string) { fmt.Fprintln(os.Stderr, name, "seed", seed, what) },
	})
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, seed %d\n", name, seed)
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	return measure.Append(results, "quality", name, report)
}

// read returns the ratings of 4 and above.
func read(name string) (*offline.Data, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	var data offline.Data
	for entry, err := range record.Events(io.TeeReader(f, sum), record.Options{Preset: "movielens", Type: engine.Rating}) {
		if err != nil {
			return nil, err
		}
		if entry.Value.Lines[0].Value >= 4 {
			data.AddEvent(entry.Value)
		}
	}
	data.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return &data, nil
}
