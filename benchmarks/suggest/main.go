// Command suggest measures what a suggestion for a ticket costs, and how long somebody waits
// for it, among many solutions.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
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
request. So does the server over HTTP, which is measured once it has the vectors of all passages.
These are made up for both (true ones of a passage of each topic, mixed): the encoder takes an hour
of a core for all. With -encode the server has them made, and that is waited for.

Preparing takes minutes and is kept, by the binary. -by HASH takes over what an earlier binary
prepared, as it stands behind "rapport-" in the directory of what is kept.

    go run ./benchmarks/suggest -quick
    go run ./benchmarks/suggest -rate 100 -encoder-rate 20 -lasts 2m`

type options struct {
	fixes, tickets, asked, tokens, count, procs int
	rate, encoderRate                           float64
	warm, lasts                                 time.Duration
	seed                                        uint64
	wait                                        time.Duration
	skip, keep, by, results                     string
	empty                                       int
	quick, serve, encode                        bool
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
	flag.StringVar(&o.by, "by", "", "hash of an earlier binary whose workspace is taken over where this one has none")
	flag.BoolVar(&o.encode, "encode", false, "have the server make true vectors of all passages")
	flag.DurationVar(&o.wait, "wait", 30*time.Minute, "how long the server may take to have the vectors of all passages")
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
	fill := func(ctx context.Context, dir string) error {
		g, err := d.guess(ctx, sentence.New(runtime.GOMAXPROCS(0)), o.seed)
		if err != nil {
			return err
		}
		return g.keep(ctx, dir)
	}
	if o.encode {
		set, fill = set+"-encoded", nil
	}
	made := map[string]func() (*prepare.Made, error){set: func() (*prepare.Made, error) { return d.made(p, fill), nil }}
	b, err := prepare.Build(ctx, prepare.Options{Root: o.keep, Say: measure.Say, Made: made, By: o.by}, "")
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
	if err := encoded(ctx, s, o.wait); err != nil {
		return err
	}
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

const (
	lookEvery = time.Second
	sayEvery  = 20 * time.Second
)

// encoded waits until a server has the vectors of all passages.
func encoded(ctx context.Context, s *measure.Server, most time.Duration) error {
	began, said := time.Now(), time.Time{}
	for {
		left, err := unencoded(ctx, s)
		switch {
		case err != nil || left == 0:
			return err
		case time.Since(began) > most:
			return fmt.Errorf("after %s %d fixes have no vectors yet: give it more time with -wait", most, left)
		case time.Since(said) > sayEvery:
			measure.Say("rapport: %d fixes have no vectors yet", left)
			said = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// unencoded asks a server of how many fixes there are no vectors yet.
func unencoded(ctx context.Context, s *measure.Server) (left int, err error) {
	conn, err := load.Dial(ctx, s.Addr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	status, body, err := conn.Ask([]byte("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %.200s", status, body)
	}
	var says struct {
		Unencoded *int   `json:"fixes_unencoded"`
		Model     uint64 `json:"model_version"`
	}
	if err = errors.Join(err, json.Unmarshal(body, &says)); err != nil {
		return 0, err
	}
	if says.Unencoded == nil {
		return 0, fmt.Errorf("it does not say of how many fixes there are no vectors: %.200s", body)
	}
	if says.Model == 0 {
		return 0, errors.New("it has no model that it can read, and would be measured beside its first training: leave out -by, or train the workspace with this binary first")
	}
	return *says.Unencoded, nil
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
	fmt.Printf("%-22s %10s %8s %8s %8s %8s %10s\n", "", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "late p99", "CPU ms")
	row := func(name string, k *load.Kept) {
		if k != nil {
			fmt.Printf("%-22s %10.0f %8.2f %8.2f %8.2f %8.2f %10.2f\n", name, k.Rate, k.P50, k.P99, k.P999, k.LateP99, k.CPUMicros/1000)
		}
	}
	row("rapport", r.HTTP)
	row("empty gin", r.Empty)
	row("engine without encoder", r.Plain)
	row("engine with encoder", r.Engine)
	fmt.Printf("memory: rapport %d MiB, engine with encoder %d MiB\n", r.AnonBytes>>20, r.EngineAnon>>20)
}
