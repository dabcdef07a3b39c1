// Command fresh measures how soon an answer knows of what just happened, what a training
// beside them does to answers, and how long lists for everybody take.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
)

const usage = `How soon does an answer know of what just happened, and who waits for a training?

A server in a process of its own answers at a constant rate. Meanwhile customers buy the
first item of their lists, at a constant rate too: the time from when the post of the
interaction was due until a list without the item has come, both over HTTP. Then the same
of both beside a training that the server runs, from its begin until some seconds after
its model answers (-after), against those without; and what those waited who came near
that moment, and in the worst second. At last the lists of all customers, as for a mail
run, by rapport recommend.

    go run ./benchmarks/fresh -quick
    go run ./benchmarks/fresh -set S`

type options struct {
	set             string
	rate            float64
	lasts, warm     time.Duration
	procs, probes   int
	customers       int
	trainMost       time.Duration
	after           time.Duration
	keep, movielens string
	results         string
	quick           bool
}

type report struct {
	*prepare.Workspace
	Procs       int       `json:"procs"`
	Fresh       freshness `json:"fresh"` // without a training
	FreshBeside freshness `json:"fresh_beside"`
	Quiet       asked     `json:"quiet"`           // without a training
	Beside      asked     `json:"beside_training"` // from the training's begin until some seconds after its end
	Ratio       float64   `json:"p99_ratio"`       // beside to quiet
	Trained     float64   `json:"training_seconds"`
	Adopted     bool      `json:"training_adopted"` // its model was not refused
	// SwapAt is when the training was over and its model answered, in seconds since the first request
	// beside it. What was due around then is told by itself.
	SwapAt          float64    `json:"swap_at"`
	AroundSeconds   float64    `json:"around_seconds"` // before, and after
	AroundSwap      load.Waits `json:"around_swap"`
	FreshAroundSwap load.Waits `json:"fresh_around_swap"`
	Mail            mail       `json:"mail"`
}

// asked is what those waited who asked for lists.
type asked struct {
	*load.Kept
	Worst load.Second `json:"worst_second"`
}

// around is how near to the swap a request counts as one of those around it.
const around = 5 * time.Second

// mail is a run of rapport recommend --customers all.
type mail struct {
	Customers int          `json:"customers"`
	Cost      measure.Cost `json:"cost"`
	AnonBytes int64        `json:"anon_bytes,omitempty"`
}

func main() {
	var o options
	flag.StringVar(&o.set, "set", "S", "set to measure, of sampleshop, movielens and those of package gen")
	flag.Float64Var(&o.rate, "rate", 500, "requests a second")
	flag.DurationVar(&o.lasts, "lasts", time.Minute, "time of the measurement without a training")
	flag.DurationVar(&o.warm, "warm", 10*time.Second, "time before it that is not counted")
	flag.IntVar(&o.procs, "procs", runtime.NumCPU(), "GOMAXPROCS of the server; a training takes half of them")
	flag.IntVar(&o.probes, "probes", 20, "interactions a second that are followed")
	flag.IntVar(&o.customers, "customers", 5000, "customers who ask, at most")
	flag.DurationVar(&o.trainMost, "train-most", 2*time.Hour, "longest training; one that lasts longer is an error")
	flag.DurationVar(&o.after, "after", 10*time.Second, "time for which the measurement goes on after the training")
	flag.StringVar(&o.keep, "keep", "", "directory of what is prepared and kept; default rapport-bench in the temporary one")
	flag.StringVar(&o.movielens, "movielens", "", "folder with u.data.gz and u.item.gz of MovieLens 100K")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: a tiny set, seconds")
	measure.Main("fresh", usage, o.run)
}

func (o *options) run(ctx context.Context) (err error) {
	if o.quick {
		if err := measure.Quick(map[string]string{"set": "tiny", "lasts": "3s", "warm": "500ms", "after": "2s", "rate": "200", "results": os.DevNull}); err != nil {
			return err
		}
	}
	if o.probes < 1 {
		return fmt.Errorf("%d interactions a second cannot be followed", o.probes)
	}
	b, err := prepare.Build(ctx, prepare.Options{Root: o.keep, MovieLens: o.movielens, Say: measure.Say}, "")
	if err != nil {
		return err
	}
	kept, err := b.Workspace(ctx, o.set)
	if err != nil {
		return err
	}
	w, remove, err := kept.Copy()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r := &report{Workspace: w, Procs: o.procs}
	if err := o.served(ctx, b, w, r); err != nil {
		return err
	}
	measure.Say("%s: lists for all %d customers", o.set, len(w.People()))
	if r.Mail, err = mailRun(ctx, b, w, o.procs); err != nil {
		return err
	}
	r.print()
	return measure.Append(o.results, "fresh", o.set, r)
}

func (o *options) served(ctx context.Context, b *prepare.Binary, w *prepare.Workspace, r *report) (err error) {
	s, err := b.Serve(ctx, w, o.procs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	people := prepare.Some(w.People(), o.customers)
	measure.Say("%s: everybody asks once", o.set)
	if _, err := prepare.Everybody(ctx, s, people); err != nil {
		return err
	}
	measure.Say("%s: %.0f requests/s, and %d interactions/s that are followed", o.set, o.rate, o.probes)
	l := load.Open{Addr: s.Addr, Rate: o.rate, Warm: o.warm, Lasts: o.lasts, CPU: s.CPU}
	if r.Quiet, r.Fresh, _, err = o.follow(ctx, l, "quiet", people); err != nil {
		return err
	}
	measure.Say("%s: the same beside a training", o.set)
	l.Warm, l.Lasts = 0, o.trainMost+o.after // it is warm
	var probed []load.Wait
	trained, err := prepare.TrainBeside(ctx, s, o.trainMost, o.after, func(ctx context.Context, until <-chan struct{}) (err error) {
		l.Until = until
		r.Beside, r.FreshBeside, probed, err = o.follow(ctx, l, "beside", people)
		return err
	})
	if err != nil {
		return err
	}
	r.Ratio = r.Beside.P99 / r.Quiet.P99
	r.Trained, r.Adopted = trained.Seconds, trained.Adopted
	swap := trained.Ended.Sub(r.Beside.Began)
	r.SwapAt, r.AroundSeconds = swap.Seconds(), around.Seconds()
	r.AroundSwap, r.FreshAroundSwap = load.Around(r.Beside.Each, swap, around), load.Around(probed, swap, around)
	return nil
}

// follow loads the server, whose lists people ask for, and follows interactions of theirs as long as
// that lasts. The name is of this run alone.
func (o *options) follow(ctx context.Context, l load.Open, name string, people []string) (a asked, f freshness, probed []load.Wait, err error) {
	requests := make([][]byte, len(people))
	for i, id := range people {
		requests[i] = prepare.ListRequest(id)
	}
	l.Request = func(n int) []byte { return requests[n*7919%len(requests)] }
	p := newProber(l.Addr, name, time.Second/time.Duration(o.probes), people)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		if err := p.run(ctx, over); err != nil {
			stop(fmt.Errorf("following an interaction: %w", err))
		}
	}()
	if a.Kept, err = l.Run(ctx); err != nil {
		stop(err)
	}
	close(over)
	<-ended
	if err := context.Cause(ctx); err != nil { // the first of either
		return a, f, nil, err
	}
	a.Worst = a.WorstSecond()
	f, probed = p.freshness(a.Began)
	return a, f, probed, nil
}

func mailRun(ctx context.Context, b *prepare.Binary, w *prepare.Workspace, procs int) (m mail, err error) {
	out := filepath.Join(filepath.Dir(w.Dir), "lists.ndjson")
	watch, err := measure.Began()
	if err != nil {
		return m, err
	}
	c := measure.Command{Name: b.Name, Args: []string{"recommend", "--customers", "all", "--dir", w.Dir, "--explain", "none", "--out", out}, Procs: procs}
	p, err := c.Start(ctx)
	if err != nil {
		return m, err
	}
	samples := p.Anon(time.Second)
	err = p.Wait()
	for i, n := range samples.Stop() {
		if i > 0 { // the first is of a process that has barely begun
			m.AnonBytes = max(m.AnonBytes, n)
		}
	}
	if err != nil {
		return m, err
	}
	lap, err := watch.Lap()
	m.Cost = measure.Cost{Seconds: lap.Seconds, CPU: p.Cost().Seconds()}
	if err != nil {
		return m, err
	}
	if m.Customers, err = lines(out); err == nil && m.Customers == 0 {
		err = errors.New("nobody got a list")
	}
	return m, err
}

func (r *report) print() {
	fmt.Printf("%s: %d customers, %d items, %d events; GOMAXPROCS=%d\n", r.Set, r.Customers, r.Items, r.Events, r.Procs)
	known := func(name string, f *freshness) {
		fmt.Printf("%-18s interaction to changed answer, %d of them: p50 %.2f, p90 %.2f, p99 %.2f, max %.2f ms; %d answers came before it was known; posted late by %.2f ms at p99\n", name, f.Posted, f.P50, f.P90, f.P99, f.Max, f.Stale, f.LateP99)
	}
	known("without a training", &r.Fresh)
	known("beside one", &r.FreshBeside)
	row := func(name string, a *asked) {
		fmt.Printf("%-18s %.0f requests/s for %.0f s: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f ms; %.0f µs CPU; worst second, after %d s: p99 %.2f, max %.2f ms\n", name, a.Rate, a.Seconds, a.P50, a.P90, a.P99, a.P999, a.Max, a.CPUMicros, a.Worst.At, a.Worst.P99, a.Worst.Max)
	}
	row("without a training", &r.Quiet)
	row("beside one", &r.Beside)
	fmt.Printf("p99 beside a training is %.2f times that without; it took %.0f s, adopted: %v\n", r.Ratio, r.Trained, r.Adopted)
	fmt.Printf("within %.0f s of its end, %.1f s after the first request: p50 %.2f, p99 %.2f, max %.2f ms; interaction to changed answer p50 %.2f, p99 %.2f, max %.2f ms\n", r.AroundSeconds, r.SwapAt, r.AroundSwap.P50, r.AroundSwap.P99, r.AroundSwap.Max, r.FreshAroundSwap.P50, r.FreshAroundSwap.P99, r.FreshAroundSwap.Max)
	fmt.Printf("lists for %d customers: %.1f s (%.1f CPU)", r.Mail.Customers, r.Mail.Cost.Seconds, r.Mail.Cost.CPU)
	if r.Mail.AnonBytes > 0 { // a run of less than a second is never looked at
		fmt.Printf(", at most %d MiB", r.Mail.AnonBytes>>20)
	}
	fmt.Println()
}
