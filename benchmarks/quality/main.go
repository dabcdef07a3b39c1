// Command quality measures the models on public data, beside popularity, and appends one
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
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// line is one measurement, as it stands in the results.
type line struct {
	Benchmark string           `json:"benchmark"`
	Data      string           `json:"data"`
	At        time.Time        `json:"at"`
	Go        string           `json:"go"`
	CPUs      int              `json:"cpus"`
	Report    *evaluate.Report `json:"report"`
}

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
	results := flag.String("results", "benchmarks/results.jsonl", "file to append a JSON line a data set to")
	seeds := flag.Uint64("seeds", 3, "how many seeds, from 1 on: factors start at random")
	flag.Parse()
	measured := false
	for _, name := range []string{"movielens-100k", "movielens-latest-small"} {
		if *files[name] == "" {
			continue
		}
		measured = true
		for seed := uint64(1); seed <= *seeds; seed++ {
			if err := measure(ctx, name, *files[name], seed, *results); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if !measured {
		return errors.New("no data: give -movielens100k or -movielens, see -help")
	}
	return nil
}

func measure(ctx context.Context, name, file string, seed uint64, results string) error {
	data, err := read(file)
	if err != nil {
		return err
	}
	rule, err := evaluate.ParseRule("last-out")
	if err != nil {
		return err
	}
	report, err := offline.Run(ctx, offline.Options{
		Data: data, Rule: rule, Models: []string{"popular", "factor", "ease", offline.Best}, K: []int{10, 20},
		Settings: engine.DefaultSettings(), Seed: seed, Workers: runtime.GOMAXPROCS(0), Commit: revision(),
		Step: func(what string) { fmt.Fprintln(os.Stderr, name, "seed", seed, what) },
	})
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, seed %d\n", name, seed)
	if err := report.WriteTable(os.Stdout); err != nil {
		return err
	}
	out, err := os.OpenFile(results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = json.NewEncoder(out).Encode(line{"quality", name, time.Now().UTC(), runtime.Version(), runtime.NumCPU(), report})
	return errors.Join(err, out.Close())
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

// revision is the commit this was built from, "" where nobody knows.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
