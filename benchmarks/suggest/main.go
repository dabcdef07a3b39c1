// Command suggest measures what a suggestion for a ticket costs, and how long somebody waits
// for it, among many solutions.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/engine/vector"
)

const usage = `How long does a ticket wait for its suggestion among many solutions?

A made-up desk: solutions of some 120 words about topics, for products that customers
own, and tickets that were solved. POST /v1/solutions/suggest over keep-alive connections in an
open loop, of a server in a process of its own that was trained on all that; beside it an
empty handler that sends as many bytes. Waits count from when each request was due.

"engine" is the engine alone behind a handler of this command, once more in a process of its
own: first without the sentence encoder, then with it: the text of each ticket is encoded in its
request, and held against passages whose vectors are made up (true ones of a thousand
passages, mixed): the encoder would take an hour for all. The server over HTTP encodes tickets,
too, and has vectors of the passages that its training waited for.

    go run ./benchmarks/suggest -quick
    go run ./benchmarks/suggest -rate 100 -encoder-rate 20 -lasts 2m`

type options struct {
	fixes, tickets, asked, tokens, count, procs int
	rate, encoderRate                           float64
	warm, lasts                                 time.Duration
	seed                                        uint64
	skip, keep, results                         string
	empty                                       int
	quick, serve                                bool
}

func main() {
	var o options
	flag.IntVar(&o.fixes, "fixes", 100_000, "solutions")
	flag.IntVar(&o.tickets, "tickets", 4_000, "solved tickets to learn from")
	flag.IntVar(&o.asked, "asked", 2_000, "tickets to ask, in turns")
	flag.IntVar(&o.tokens, "tokens", 64, "length of a ticket, in tokens of the sentence encoder")
	flag.IntVar(&o.count, "count", 5, "fixes to answer with")
	flag.IntVar(&o.procs, "procs", 1, "GOMAXPROCS of each server")
	flag.Float64Var(&o.rate, "rate", 50, "requests a second without the encoder, and to the empty handler")
	flag.Float64Var(&o.encoderRate, "encoder-rate", 15, "requests a second with it, and to the server")
	flag.DurationVar(&o.warm, "warm", 10*time.Second, "time before each that is not counted")
	flag.DurationVar(&o.lasts, "lasts", time.Minute, "time of each")
	flag.Uint64Var(&o.seed, "seed", 1, "of the desk")
	flag.StringVar(&o.skip, "skip", "", "http or engine: leave that out")
	flag.StringVar(&o.keep, "keep", "", "directory of what is prepared and kept; default rapport-bench in the temporary one")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.IntVar(&o.empty, "empty", 0, "serve only this many bytes, as the measured process does")
	flag.BoolVar(&o.serve, "serve", false, "serve the engine only, as the measured process does")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: a small desk, seconds")
	measure.Main("suggest", usage, o.run)
}

// report is one run.
type report struct {
	Fixes      int        `json:"fixes"`
	Tickets    int        `json:"tickets"`
	Tokens     int        `json:"tokens"`
	Words      float64    `json:"words"` // of a ticket, in the mean
	Procs      int        `json:"procs"`
	Kernels    string     `json:"kernels"`
	HTTP       *load.Kept `json:"http,omitempty"`
	Bytes      int        `json:"bytes,omitempty"` // of an answer
	Empty      *load.Kept `json:"empty_gin,omitempty"`
	Plain      *load.Kept `json:"engine_without_encoder,omitempty"`
	Engine     *load.Kept `json:"engine_with_encoder,omitempty"`
	AnonBytes  int64      `json:"anon_bytes,omitempty"` // of the server over HTTP
	EngineAnon int64      `json:"engine_anon_bytes,omitempty"`
}

func (o *options) run(ctx context.Context) error {
	if o.empty > 0 {
		return load.ServeEmpty(ctx, o.empty)
	}
	if o.quick {
		err := measure.Quick(map[string]string{
			"fixes": "1000", "tickets": "100", "asked": "50", "warm": "500ms", "lasts": "2s", "results": os.DevNull,
		})
		if err != nil {
			return err
		}
	}
	d, err := invent(o.fixes, o.seed)
	if err != nil {
		return err
	}
	fits := within(o.tokens)
	p := d.past(o.tickets, fits)
	if o.serve {
		a, err := newAnswering(ctx, d, p, o.seed, sentence.New(1))
		if err != nil {
			return err
		}
		return a.serve(ctx)
	}
	r := &report{Fixes: o.fixes, Tickets: o.tickets, Tokens: o.tokens, Procs: o.procs, Kernels: vector.Path()}
	var requests [][]byte
	for _, asked := range d.asked(o.asked, o.count, p, fits) {
		b, err := request(&asked)
		if err != nil {
			return err
		}
		requests = append(requests, b)
		r.Words += float64(len(strings.Fields(asked.Text))) / float64(o.asked)
	}
	if o.skip != "http" {
		if err := o.overHTTP(ctx, d, p, r, requests); err != nil {
			return err
		}
	}
	if o.skip != "engine" {
		if err := o.alone(ctx, r, requests); err != nil {
			return err
		}
	}
	r.print()
	return measure.Append(o.results, "suggest", fmt.Sprint(o.fixes), r)
}

// overHTTP measures the product's server, and the empty handler beside it.
func (o *options) overHTTP(ctx context.Context, d *desk, p past, r *report, requests [][]byte) (err error) {
	set := fmt.Sprintf("desk-%d-%d-%d-%d", o.fixes, o.tickets, o.tokens, o.seed)
	made := map[string]func() (*prepare.Made, error){set: func() (*prepare.Made, error) { return d.made(p), nil }}
	b, err := prepare.Build(ctx, prepare.Options{Root: o.keep, Say: measure.Say, Made: made}, "")
	if err != nil {
		return err
	}
	w, err := b.Workspace(ctx, set)
	if err != nil {
		return err
	}
	s, err := b.Serve(ctx, w, o.procs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if r.Bytes, err = everything(ctx, s, requests); err != nil {
		return err
	}
	if r.HTTP, err = o.load(ctx, "rapport", s, requests, o.encoderRate); err != nil {
		return err
	}
	if r.AnonBytes, err = s.AnonBytes(); err != nil {
		return err
	}
	empty, err := o.self(ctx, "-empty", fmt.Sprint(r.Bytes))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, empty.Stop()) }()
	r.Empty, err = o.load(ctx, "empty gin", empty, requests, o.rate)
	return err
}

// alone measures the engine alone, without and with sentence vectors.
func (o *options) alone(ctx context.Context, r *report, requests [][]byte) (err error) {
	s, err := o.self(ctx, "-serve", "-fixes", fmt.Sprint(o.fixes), "-tickets", fmt.Sprint(o.tickets), "-tokens", fmt.Sprint(o.tokens), "-seed", fmt.Sprint(o.seed))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if _, err = everything(ctx, s, requests[:min(len(requests), 200)]); err != nil {
		return err
	}
	plain := make([][]byte, len(requests))
	for i, request := range requests {
		plain[i] = bytes.Replace(request, []byte(suggestPath), []byte(plainPath), 1)
	}
	if r.Plain, err = o.load(ctx, "engine without encoder", s, plain, o.rate); err != nil {
		return err
	}
	if r.Engine, err = o.load(ctx, "engine with encoder", s, requests, o.encoderRate); err != nil {
		return err
	}
	r.EngineAnon, err = s.AnonBytes()
	return err
}

// self starts this program once more.
func (o *options) self(ctx context.Context, args ...string) (*measure.Server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return measure.Command{Name: self, Args: args, Procs: o.procs, Heard: nil}.Serve(ctx)
}

// everything asks each ticket once, so that nothing is read for the first time later, and
// returns the mean length of an answer.
func everything(ctx context.Context, s *measure.Server, requests [][]byte) (int, error) {
	l := load.Closed{Addr: s.Addr, Connections: 1, Requests: len(requests), CPU: s.CPU}
	l.Request = func(_, n int) []byte { return requests[n] }
	got, err := l.Run(ctx)
	if err != nil {
		return 0, err
	}
	return got.Bytes, nil
}

func (o *options) load(ctx context.Context, name string, s *measure.Server, requests [][]byte, rate float64) (*load.Kept, error) {
	measure.Say("%s: %.0f requests/s for %s", name, rate, o.warm+o.lasts)
	l := load.Open{Addr: s.Addr, Rate: rate, Warm: o.warm, Lasts: o.lasts, CPU: s.CPU, Connections: 32}
	l.Request = func(n int) []byte { return requests[n%len(requests)] }
	return l.Run(ctx)
}

func (r *report) print() {
	fmt.Printf("%d solutions, %d solved tickets; tickets of %d tokens, %.0f words; GOMAXPROCS=%d, kernels %s\n", r.Fixes, r.Tickets, r.Tokens, r.Words, r.Procs, r.Kernels)
	fmt.Printf("%-22s %10s %8s %8s %8s %8s %10s\n", "", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "late p99", "CPU µs")
	row := func(name string, k *load.Kept) {
		if k != nil {
			fmt.Printf("%-22s %10.0f %8.2f %8.2f %8.2f %8.2f %10.1f\n", name, k.Rate, k.P50, k.P99, k.P999, k.LateP99, k.CPUMicros)
		}
	}
	row("rapport", r.HTTP)
	row("empty gin", r.Empty)
	row("engine without encoder", r.Plain)
	row("engine with encoder", r.Engine)
	fmt.Printf("memory: rapport %d MiB, engine with encoder %d MiB\n", r.AnonBytes>>20, r.EngineAnon>>20)
}
