// Command tune compares ways to look for settings on a function whose top is known, with
// the same number of trials each, and appends one JSON line to the results:
//
//	go run ./benchmarks/tune -trials 30
//
// They are ours (package training/tune: a tree-structured Parzen estimator after Bergstra
// et al. 2011), that of github.com/c-bata/goptuna v0.9.0, and chance. The function has
// four settings: two on a logarithmic scale, one of them whole, one on a plain scale and
// one of three words. Goptuna draws from the process's own generator beside its seeds, so
// that its figures move from run to run.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/signal"
	"slices"
	"strconv"

	"github.com/c-bata/goptuna"
	"github.com/c-bata/goptuna/tpe"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/tune"
)

// reached is the best value of every seed, by who looked for it.
type reached map[string][]float64

// report is one run.
type report struct {
	Trials int                `json:"trials"`
	Seeds  int                `json:"seeds"`
	Median map[string]float64 `json:"median"` // of the best values; 1 is the top
	Worst  map[string]float64 `json:"worst"`
}

var words = []string{"a", "b", "c"}

// value is 1 at lambda 0.03, dims 64, power 0.6 and the word b, and falls all around.
func value(lambda, dims, power float64, word string) float64 {
	away := math.Pow(math.Log10(lambda/0.03), 2) + math.Pow(math.Log2(dims/64), 2)/4 + 4*math.Pow(power-0.6, 2)
	if word != "b" {
		away++
	}
	return math.Exp(-away / 3)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "tune:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	trials := flag.Int("trials", 30, "trials of a study")
	seeds := flag.Int("seeds", 31, "studies of each way")
	results := flag.String("results", measure.Results, "file to append a JSON line to")
	flag.Parse()
	all := reached{}
	for seed := range *seeds {
		for name, look := range map[string]func(context.Context, int, uint64) (float64, error){
			"rapport": ours(nil), "random": ours(tune.Random{}), "goptuna": theirs,
		} {
			best, err := look(ctx, *trials, uint64(seed))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", name, seed, err)
			}
			all[name] = append(all[name], best)
		}
	}
	r := report{Trials: *trials, Seeds: *seeds, Median: map[string]float64{}, Worst: map[string]float64{}}
	for _, name := range []string{"rapport", "goptuna", "random"} {
		slices.Sort(all[name])
		r.Median[name], r.Worst[name] = all[name][len(all[name])/2], all[name][0]
		fmt.Printf("%-8s median %.3f, worst %.3f of %d studies of %d trials\n", name, r.Median[name], r.Worst[name], *seeds, *trials)
	}
	return measure.Append(*results, "tune", "known function", r)
}

// objective is the function as our studies ask it.
type objective struct{}

// Value implements tune.Objective.
func (objective) Value(_ context.Context, _ string, settings map[string]string, _ float64) ([]float64, error) {
	var at [3]float64
	for i, name := range []string{"lambda", "dims", "power"} {
		x, err := strconv.ParseFloat(settings[name], 64)
		if err != nil {
			return nil, err
		}
		at[i] = x
	}
	return []float64{value(at[0], at[1], at[2], settings["word"])}, nil
}

// ours looks by a sampler of ours, nil for the one that ships.
func ours(sampler tune.Sampler) func(context.Context, int, uint64) (float64, error) {
	space := []training.Range{
		{Name: "lambda", Low: 1e-4, High: 1, Log: true},
		{Name: "dims", Low: 8, High: 512, Log: true, Whole: true},
		{Name: "power", Low: 0, High: 1},
		{Name: "word", Words: words},
	}
	start := map[string]string{"lambda": "1", "dims": "8", "power": "0", "word": "a"}
	return func(ctx context.Context, trials int, seed uint64) (float64, error) {
		got, err := tune.Run(ctx, objective{}, "known", space, start, tune.Options{Trials: trials, Seed: seed, Sampler: sampler})
		if err != nil {
			return 0, err
		}
		return tune.Best(got).Value, nil
	}
}

// theirs looks by goptuna.
func theirs(_ context.Context, trials int, seed uint64) (float64, error) {
	log.SetOutput(io.Discard) // it tells every trial
	study, err := goptuna.CreateStudy("known",
		goptuna.StudyOptionSampler(tpe.NewSampler(tpe.SamplerOptionSeed(int64(seed)))),
		goptuna.StudyOptionDirection(goptuna.StudyDirectionMaximize),
		goptuna.StudyOptionLogger(nil),
	)
	if err != nil {
		return 0, err
	}
	err = study.Optimize(func(t goptuna.Trial) (float64, error) {
		lambda, err := t.SuggestLogFloat("lambda", 1e-4, 1)
		if err != nil {
			return 0, err
		}
		octaves, err := t.SuggestFloat("dims", 3, 9)
		if err != nil {
			return 0, err
		}
		power, err := t.SuggestFloat("power", 0, 1)
		if err != nil {
			return 0, err
		}
		word, err := t.SuggestCategorical("word", words)
		return value(lambda, math.Round(math.Exp2(octaves)), power, word), err
	}, trials)
	if err != nil {
		return 0, err
	}
	return study.GetBestValue()
}
