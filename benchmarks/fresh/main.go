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

A server in a process of its own answers at a constant rate. Meanwhile somebody buys the
first item of their list, over and over: the time from the post of the interaction until
a list without the item has come, both over HTTP. Then the same rate beside a training
that the server runs, against the rate without. At last the lists of all customers, as
for a mail run, by rapport recommend.

    go run ./benchmarks/fresh -quick
    go run ./benchmarks/fresh -set S`

type options struct {
	set             string
	rate            float64
	lasts, warm     time.Duration
	procs, probes   int
	customers       int
	trainMost       time.Duration
	keep, movielens string
	results         string
	quick           bool
}

type report struct {
	*prepare.Workspace
	Procs    int        `json:"procs"`
	Fresh    freshness  `json:"fresh"`
	Quiet    *load.Kept `json:"quiet"`           // without a training; with the posts
	Beside   *load.Kept `json:"beside_training"` // while the server trains
	Ratio    float64    `json:"p99_ratio"`       // beside to quiet
	Trained  float64    `json:"training_seconds"`
	AllAlong bool       `json:"training_all_along"` // it had not ended when the measurement did
	Mail     mail       `json:"mail"`
}

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
	flag.DurationVar(&o.lasts, "lasts", time.Minute, "time of each measurement")
	flag.DurationVar(&o.warm, "warm", 10*time.Second, "time before each that is not counted")
	flag.IntVar(&o.procs, "procs", runtime.NumCPU(), "GOMAXPROCS of the server; a training takes half of them")
	flag.IntVar(&o.probes, "probes", 20, "interactions a second that are followed")
	flag.IntVar(&o.customers, "customers", 5000, "customers who ask, at most")
	flag.DurationVar(&o.trainMost, "train-most", 2*time.Hour, "longest wait for the end of the training before the mail run")
	flag.StringVar(&o.keep, "keep", "", "directory of what is prepared and kept; default rapport-bench in the temporary one")
	flag.StringVar(&o.movielens, "movielens", "", "folder with u.data.gz and u.item.gz of MovieLens 100K")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: a tiny set, seconds")
	measure.Main("fresh", usage, o.run)
}

func (o *options) run(ctx context.Context) (err error) {
	if o.quick {
		if err := measure.Quick(map[string]string{"set": "tiny", "lasts": "3s", "warm": "500ms", "rate": "200", "results": os.DevNull}); err != nil {
			return err
		}
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
	probing, stop := context.WithTimeout(ctx, o.warm+o.lasts)
	defer stop()
	probed := make(chan error, 1)
	go func() {
		var err error
		r.Fresh, err = o.probe(probing, s, people)
		probed <- err
	}()
	if r.Quiet, err = o.open(ctx, s, people); err != nil {
		return errors.Join(err, <-probed)
	}
	if err := <-probed; err != nil {
		return fmt.Errorf("following an interaction: %w", err)
	}
	measure.Say("%s: the same beside a training", o.set)
	start := time.Now()
	t, err := prepare.Train(ctx, s)
	if err != nil {
		return err
	}
	if r.Beside, err = o.open(ctx, s, people); err != nil {
		return err
	}
	r.Ratio = r.Beside.P99 / r.Quiet.P99
	if r.AllAlong, _, err = t.Running(ctx); err != nil {
		return err
	}
	waiting, enough := context.WithTimeout(ctx, o.trainMost)
	defer enough()
	err = t.Wait(waiting)
	r.Trained = time.Since(start).Seconds()
	return err
}

// open asks at the rate.
func (o *options) open(ctx context.Context, s *measure.Server, people []string) (*load.Kept, error) {
	requests := make([][]byte, len(people))
	for i, id := range people {
		requests[i] = prepare.ListRequest(id)
	}
	l := load.Open{Addr: s.Addr, Rate: o.rate, Warm: o.warm, Lasts: o.lasts, CPU: s.CPU}
	l.Request = func(n int) []byte { return requests[n*7919%len(requests)] }
	return l.Run(ctx)
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
	samples := p.Anon()
	err = p.Wait()
	for i, n := range samples() {
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
	f := &r.Fresh
	fmt.Printf("interaction to changed answer, %d of them: p50 %.2f, p90 %.2f, p99 %.2f, max %.2f ms; %d answers came before it was known\n", f.Posted, f.P50, f.P90, f.P99, f.Max, f.Stale)
	row := func(name string, k *load.Kept) {
		fmt.Printf("%-18s %.0f requests/s for %.0f s: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f ms; %.0f µs CPU\n", name, k.Rate, k.Seconds, k.P50, k.P90, k.P99, k.P999, k.Max, k.CPUMicros)
	}
	row("without a training", r.Quiet)
	row("beside one", r.Beside)
	fmt.Printf("p99 beside a training is %.2f times that without; it took %.0f s, all along: %v\n", r.Ratio, r.Trained, r.AllAlong)
	fmt.Printf("lists for %d customers: %.1f s (%.1f CPU)", r.Mail.Customers, r.Mail.Cost.Seconds, r.Mail.Cost.CPU)
	if r.Mail.AnonBytes > 0 { // a run of less than a second is never looked at
		fmt.Printf(", at most %d MiB", r.Mail.AnonBytes>>20)
	}
	fmt.Println()
}
