// Command memory measures what memory a server takes, and how soon it serves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
)

const usage = `How much memory does a server take, serving and in training, and how soon is it there?

A server in a process of its own on a workspace with a model. Its own memory (RssAnon)
is sampled each second while it answers at a constant rate, until it has stopped rising
(-stands), and while it trains, too; and fifty times a second while it starts. The time to
ready is from its start until it says where it serves, and until the first list has come.

    go run ./benchmarks/memory -quick
    go run ./benchmarks/memory -sets sampleshop,S
    go run ./benchmarks/memory -long`

type options struct {
	sets             string
	rate             float64
	lasts, lastsMost time.Duration
	stands           time.Duration
	trainMost        time.Duration
	rounds, procs    int
	customers        int
	long, quick      bool
	keep, movielens  string
	results          string
	withoutATraining bool
}

type report struct {
	*prepare.Workspace
	Procs       int       `json:"procs"`
	Rate        float64   `json:"rate"`
	Ready       float64   `json:"ready_seconds"`      // median
	FirstList   float64   `json:"first_list_seconds"` // from start
	Starts      []float64 `json:"starts_seconds"`
	Starting    int64     `json:"starting_anon_bytes"` // the most of all starts, until it was ready
	Started     int64     `json:"started_anon_bytes"`  // when it is ready
	Serving     int64     `json:"serving_anon_bytes"`  // the most, without a training, starts too
	ServingLast int64     `json:"serving_last_anon_bytes"`
	ServingTook float64   `json:"serving_seconds"`               // without a training
	StillRising bool      `json:"still_rising"`                  // when that was over
	Training    int64     `json:"training_anon_bytes,omitempty"` // the most, with one
	TrainTook   float64   `json:"training_seconds,omitempty"`
	After       int64     `json:"after_anon_bytes,omitempty"` // some seconds after it
	Samples     []int64   `json:"samples_bytes"`              // one a second, all along
	DiskBytes   int64     `json:"disk_bytes"`
}

func main() {
	var o options
	flag.StringVar(&o.sets, "sets", "S", "sets to measure, of sampleshop, movielens and those of package gen")
	flag.BoolVar(&o.long, "long", false, "with L, whose training takes long")
	flag.Float64Var(&o.rate, "rate", 500, "requests a second")
	flag.DurationVar(&o.lasts, "lasts", 30*time.Second, "time of serving without a training, at least")
	flag.DurationVar(&o.stands, "stands", 20*time.Second, "time for which the highest moment has to stand before serving without a training ends")
	flag.DurationVar(&o.lastsMost, "lasts-most", 5*time.Minute, "time of serving without a training, at most")
	flag.DurationVar(&o.trainMost, "train-most", 2*time.Hour, "longest training; one that lasts longer is an error")
	flag.IntVar(&o.rounds, "rounds", 3, "starts; the median time is told")
	flag.IntVar(&o.procs, "procs", runtime.NumCPU(), "GOMAXPROCS of the server")
	flag.IntVar(&o.customers, "customers", 50_000, "customers who ask, at most")
	flag.BoolVar(&o.withoutATraining, "no-training", false, "leave out the training")
	flag.StringVar(&o.keep, "keep", "", "directory of what is prepared and kept; default rapport-bench in the temporary one")
	flag.StringVar(&o.movielens, "movielens", "", "folder with u.data.gz and u.item.gz of MovieLens 100K")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line a set to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: a tiny set, seconds")
	measure.Main("memory", usage, o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.quick {
		if err := measure.Quick(map[string]string{"sets": "tiny", "lasts": "3s", "stands": "2s", "lasts-most": "10s", "rounds": "1", "rate": "200", "results": os.DevNull}); err != nil {
			return err
		}
	}
	if o.long {
		o.sets += ",L"
	}
	b, err := prepare.Build(ctx, prepare.Options{Root: o.keep, MovieLens: o.movielens, Say: measure.Say}, "")
	if err != nil {
		return err
	}
	for set := range strings.SplitSeq(o.sets, ",") {
		r, err := o.set(ctx, b, set)
		if err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
		r.print()
		if err := measure.Append(o.results, "memory", set, r); err != nil {
			return err
		}
	}
	return nil
}

func (o *options) set(ctx context.Context, b *prepare.Binary, set string) (_ *report, err error) {
	kept, err := b.Workspace(ctx, set)
	if err != nil {
		return nil, err
	}
	w, remove, err := kept.Copy() // a training would leave a model in what others measure
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r := &report{Workspace: w, Procs: o.procs, Rate: o.rate}
	if r.DiskBytes, err = measure.DiskBytes(w.Dir); err != nil {
		return nil, err
	}
	people := prepare.Some(w.People(), o.customers)
	var s *measure.Server
	var firsts []float64
	for round := range o.rounds {
		measure.Say("%s: start %d of %d", set, round+1, o.rounds)
		start := time.Now()
		if s, err = b.Serve(ctx, w, o.procs); err != nil {
			return nil, err
		}
		r.Starting = max(r.Starting, s.StartingAnon)
		if r.Started, err = s.AnonBytes(); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
		if _, err := prepare.Everybody(ctx, s, people[:1]); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
		r.Starts, firsts = append(r.Starts, s.Ready.Seconds()), append(firsts, time.Since(start).Seconds())
		if round < o.rounds-1 {
			if err := s.Stop(); err != nil {
				return nil, err
			}
		}
	}
	itself := func(t float64) float64 { return t }
	r.Ready, r.FirstList = measure.Median(r.Starts, itself), measure.Median(firsts, itself)
	defer func() { err = errors.Join(err, s.Stop()) }()
	return r, o.watch(ctx, s, people, r)
}

// serve asks for lists at the rate until that is told to end.
type serve func(ctx context.Context, most time.Duration, until <-chan struct{}) error

// watch samples a server's memory while it answers, and then while it trains, too.
func (o *options) watch(ctx context.Context, s *measure.Server, people []string, r *report) error {
	measure.Say("%s: serving %.0f requests/s", r.Set, o.rate)
	samples := s.Anon(time.Second)
	n := 0
	serve := func(ctx context.Context, most time.Duration, until <-chan struct{}) error {
		l := load.Open{Addr: s.Addr, Rate: o.rate, Lasts: most, Until: until}
		l.Request = func(int) []byte { n++; return prepare.ListRequest(people[n*7919%len(people)]) }
		_, err := l.Run(ctx)
		return err
	}
	serving, err := o.settle(ctx, s, samples, serve, r)
	if err == nil && !o.withoutATraining {
		err = o.train(ctx, s, serve, r)
	}
	r.Samples = samples.Stop()
	if err != nil {
		return err
	}
	r.Serving = max(r.Starting, r.ServingLast, slices.Max(append(serving, 0)))
	if !o.withoutATraining {
		r.Training = slices.Max(append(slices.Clone(r.Samples), 0))
	}
	return nil
}

// settle serves without a training until memory has stopped rising, or for as long as is allowed, and
// returns the samples of that time.
func (o *options) settle(ctx context.Context, s *measure.Server, samples *measure.Sampler, serve serve, r *report) ([]int64, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	start, settled := time.Now(), make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for time.Since(start) < o.lasts || stood(samples.Taken()) < int(o.stands.Seconds()) {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		close(settled)
	}()
	if err := serve(ctx, max(o.lasts, o.lastsMost), settled); err != nil {
		return nil, err
	}
	var err error
	r.ServingTook = time.Since(start).Seconds()
	r.ServingLast, err = s.AnonBytes()
	serving := samples.Taken()
	r.StillRising = stood(serving) < int(o.stands.Seconds())
	return serving, err
}

// stood is how many samples ago there was the highest moment that none since has exceeded by more than
// a hundredth. Memory that creeps up moves it, too, as soon as it has crept so far.
func stood(samples []int64) int {
	top := 0
	for i, n := range samples {
		if float64(n) > 1.01*float64(samples[top]) {
			top = i
		}
	}
	return max(0, len(samples)-1-top)
}

func (o *options) train(ctx context.Context, s *measure.Server, serve serve, r *report) error {
	measure.Say("%s: training beside %.0f requests/s", r.Set, o.rate)
	after := min(o.lasts, 10*time.Second)
	trained, err := prepare.TrainBeside(ctx, s, o.trainMost, after, func(ctx context.Context, until <-chan struct{}) error {
		return serve(ctx, o.trainMost+after, until)
	})
	if err != nil {
		return err
	}
	r.TrainTook = trained.Seconds
	r.After, err = s.AnonBytes()
	return err
}

func (r *report) print() {
	mib := func(n int64) int64 { return n >> 20 }
	fmt.Printf("%s: %d customers, %d items, %d events; %d MiB on disk, GOMAXPROCS=%d\n", r.Set, r.Customers, r.Items, r.Events, mib(r.DiskBytes), r.Procs)
	fmt.Printf("ready after %.2f s, the first list after %.2f s; %d MiB then, at most %d MiB before\n", r.Ready, r.FirstList, mib(r.Started), mib(r.Starting))
	fmt.Printf("serving %.0f requests/s for %.0f s: at most %d MiB, its start too, %d MiB at the end; still rising: %v\n", r.Rate, r.ServingTook, mib(r.Serving), mib(r.ServingLast), r.StillRising)
	if r.TrainTook > 0 {
		fmt.Printf("training for %.0f s beside them: at most %d MiB; %d MiB after it; `rapport train` alone took %.0f s (%.0f CPU) and at most %d MiB\n\n",
			r.TrainTook, mib(r.Training), mib(r.After), r.Train.Seconds, r.Train.CPU, mib(r.TrainAnon))
	}
}
