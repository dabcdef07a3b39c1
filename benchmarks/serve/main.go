// Command serve measures answers over HTTP, and beside them, in turns within the same run,
// what they can be held against.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/benchmarks/rival"
	"github.com/rapportengine/rapport/engine"
)

const usage = `What does an answer cost, and how long does somebody wait for it?

Lists of ten for the customers of a shop, over keep-alive connections, from a server
in a process of its own: CPU time of the server an answer in a closed loop, and waits
in an open one at a share of what the closed loop reached, counted from when each
request was due. Beside it in turns: Gorse's server with its lists computed before, an
empty Gin handler that sends as many bytes, and the kernels alone (fold-in and scan) on
the set's own model. Then what a first answer costs, and answers while people act and
prices change.

    go run ./benchmarks/serve -quick
    go run ./benchmarks/serve -sets sampleshop,S
    go run ./benchmarks/serve -movielens DIR
    go run ./benchmarks/serve -sets sampleshop -gorse sampleshop
    go run ./benchmarks/serve -sets M -profile cpu.pprof`

type options struct {
	sets, gorse, explain string
	connections, rounds  int
	procs, customers     int
	lasts, warm          time.Duration
	openLasts, openWarm  time.Duration
	rate, share          float64
	gorseWait            time.Duration
	keep, by             string
	movielens, profile   string
	results              string
	empty                int
	quick                bool
}

func main() {
	var o options
	flag.StringVar(&o.sets, "sets", "sampleshop,S", "sets to measure, of sampleshop, movielens and those of package gen; with -movielens that too")
	flag.StringVar(&o.gorse, "gorse", "sampleshop,movielens", "sets that Gorse is measured on too; it takes minutes to compute its lists")
	flag.DurationVar(&o.gorseWait, "gorse-wait", 20*time.Minute, "how long to wait for Gorse's lists")
	flag.StringVar(&o.explain, "explain", "none,full", "how much of the why the answers say, one measurement each; the first is held against the rest")
	flag.IntVar(&o.connections, "connections", 32, "keep-alive connections of the closed loop")
	flag.IntVar(&o.customers, "customers", 5000, "customers who ask, at most; all did so twice before anything is counted")
	flag.IntVar(&o.procs, "procs", runtime.NumCPU(), "GOMAXPROCS of each server")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured, in turns; the median by CPU time is told")
	flag.DurationVar(&o.lasts, "lasts", 20*time.Second, "time of one round")
	flag.DurationVar(&o.warm, "warm", 5*time.Second, "time before each that is not counted")
	flag.DurationVar(&o.openLasts, "open-lasts", time.Minute, "time of the open loop; 0: none")
	flag.DurationVar(&o.openWarm, "open-warm", 10*time.Second, "time before it that is not counted")
	flag.Float64Var(&o.rate, "rate", 0, "requests a second of the open loop; 0: -share of the closed loop's")
	flag.Float64Var(&o.share, "share", .5, "share of the closed loop's requests a second that come in the open one")
	flag.StringVar(&o.keep, "keep", "", "directory of what is prepared and kept; default rapport-bench in the temporary one")
	flag.StringVar(&o.by, "by", "", "hash of an earlier binary whose workspaces are taken over where this one has none")
	flag.StringVar(&o.movielens, "movielens", "", "folder with u.data.gz and u.item.gz of MovieLens 100K")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of our server in the closed loop there, and measure nothing else")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line a set to")
	flag.IntVar(&o.empty, "empty", 0, "serve only this many bytes, as the measured process does")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: a tiny set, seconds")
	measure.Main("serve", usage, o.run)
}

func (o *options) run(ctx context.Context) error {
	if o.empty > 0 {
		return load.ServeEmpty(ctx, o.empty)
	}
	if o.quick {
		err := measure.Quick(map[string]string{
			"sets": "tiny", "gorse": "", "rounds": "1", "lasts": "2s", "warm": "500ms", "open-lasts": "2s", "open-warm": "500ms", "results": os.DevNull,
		})
		if err != nil {
			return err
		}
	}
	if o.movielens != "" && !measure.Given("sets") {
		o.sets += "," + prepare.MovieLens
	}
	settings := prepare.Options{Root: o.keep, By: o.by, MovieLens: o.movielens, Say: measure.Say}
	if o.profile != "" {
		return o.profiled(ctx, settings)
	}
	b, err := prepare.Build(ctx, settings, "")
	if err != nil {
		return err
	}
	for set := range strings.SplitSeq(o.sets, ",") {
		r, err := o.set(ctx, b, set)
		if err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
		r.print()
		if err := measure.Append(o.results, "serve", set, r); err != nil {
			return err
		}
	}
	return nil
}

// contestant is one server in one of its ways.
type contestant struct {
	name    string
	server  *measure.Server
	request func(connection, n int) []byte
	rounds  []*load.Loaded
}

// among asks for each of some in turn, every connection from another on.
func among(requests [][]byte) func(connection, n int) []byte {
	return func(connection, n int) []byte { return requests[(connection*7919+n)%len(requests)] }
}

func (o *options) set(ctx context.Context, b *prepare.Binary, set string) (_ *report, err error) {
	kept, err := b.Workspace(ctx, set)
	if err != nil {
		return nil, err
	}
	w, remove, err := kept.Copy() // what people do here is not to be found by others
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r := &report{Workspace: w, Procs: o.procs, Rounds: o.rounds, Explain: make(map[string]*load.Loaded)}
	people := prepare.Some(w.People(), o.customers)
	r.Asked = len(people)
	measure.Say("%s: kernels alone", set)
	l, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	if r.Raw, err = l.kernels(); err != nil {
		return nil, err
	}
	ours, err := b.Serve(ctx, w, o.procs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ours.Stop()) }()
	var all []*contestant
	for explain := range strings.SplitSeq(o.explain, ",") {
		all = append(all, &contestant{name: explain, server: ours, request: among(requests(people, explain))})
	}
	own := len(all)
	measure.Say("%s: everybody asks twice", set)
	if r.First, err = prepare.Everybody(ctx, ours, people); err == nil { // of the first answer nothing is kept
		_, err = prepare.Everybody(ctx, ours, people)
	}
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	empty, err := measure.Command{Name: self, Args: []string{"-empty", fmt.Sprint(r.First.Bytes)}, Procs: o.procs}.Serve(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, empty.Stop()) }()
	all = append(all, &contestant{name: "empty gin", server: empty, request: all[0].request})
	var gorse *contestant
	if strings.Contains(","+o.gorse+",", ","+set+",") {
		if gorse, err = o.rival(ctx, b, w, r); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, gorse.server.Stop()) }()
		all = append(all, gorse)
	}
	if err := o.closed(ctx, set, all); err != nil {
		return nil, err
	}
	for _, c := range all[:own] {
		r.Explain[c.name] = middle(c.rounds)
	}
	r.first, r.Empty = all[0].name, middle(all[own].rounds)
	if gorse != nil {
		r.Gorse = middle(gorse.rounds)
	}
	r.ratios()
	if o.openLasts > 0 {
		half := func(c *contestant) float64 { return o.share * middle(c.rounds).PerSecond }
		rate := o.rate
		if rate == 0 {
			rate = half(all[0])
		}
		if r.Open, err = o.open(ctx, set, all[0], rate); err != nil {
			return nil, err
		}
		if r.EmptyOpen, err = o.open(ctx, set, all[own], rate); err != nil {
			return nil, err
		}
		if gorse != nil {
			if r.GorseOpen, err = o.open(ctx, set, gorse, half(gorse)); err != nil {
				return nil, err
			}
		}
	}
	moving := &contestant{name: "moving", server: ours, request: l.moving(people, set)}
	if err := o.closed(ctx, set, []*contestant{moving}); err != nil {
		return nil, err
	}
	r.Moving = middle(moving.rounds)
	r.PeakBytes, err = ours.PeakBytes()
	return r, err
}

// pricesEvery is of how many requests of a moving shop one changes a price.
const pricesEvery = 1000

// moving are requests to a shop in which everybody looks at something and then asks for
// their list, and prices change meanwhile.
func (l *learnt) moving(people []string, set string) func(connection, n int) []byte {
	run := time.Now().UnixNano()
	var written atomic.Int64 // so that no event's id, and no item's price, is that of before
	return func(connection, n int) []byte {
		k := connection*7919 + n/2
		who, item := people[k%len(people)], string(l.items[k*7907%len(l.items)])
		switch {
		case n%2 == 1:
			return prepare.ListRequest(who)
		case n%pricesEvery == 0:
			return prepare.PriceRequest(item, float64(1+written.Add(1)%1000))
		}
		return prepare.EventRequest(engine.View, fmt.Sprintf("%s-%d-%d", set, run, written.Add(1)), who, item, time.Now())
	}
}

// rival is Gorse, asked for the customers it has lists for.
func (o *options) rival(ctx context.Context, b *prepare.Binary, w *prepare.Workspace, r *report) (*contestant, error) {
	g, err := rival.Prepare(ctx, b, w, o.gorseWait)
	if err != nil {
		return nil, err
	}
	r.GorsePrepared, r.GorseListed = g.Prepared, len(g.Listed)
	c := &contestant{name: "gorse"}
	if c.server, err = g.Serve(ctx, o.procs, o.gorseWait); err != nil {
		return nil, err
	}
	listed := prepare.Some(g.Listed, o.customers)
	requests := make([][]byte, len(listed))
	for i, id := range listed {
		requests[i] = rival.Request(id)
	}
	c.request = among(requests)
	return c, nil
}

// closed measures all in turns.
func (o *options) closed(ctx context.Context, set string, all []*contestant) error {
	for round := range o.rounds {
		for _, c := range all {
			l := load.Closed{Addr: c.server.Addr, Connections: o.connections, Warm: o.warm, Lasts: o.lasts, CPU: c.server.CPU, Request: c.request}
			got, err := l.Run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			measure.Say("%s: round %d of %d, %s: %.0f requests/s, %.1f µs CPU", set, round+1, o.rounds, c.name, got.PerSecond, got.CPUMicros)
			c.rounds = append(c.rounds, got)
		}
	}
	return nil
}

// open measures at a constant rate.
func (o *options) open(ctx context.Context, set string, c *contestant, rate float64) (*load.Kept, error) {
	measure.Say("%s: %.0f requests/s to %s for %s", set, rate, c.name, o.openWarm+o.openLasts)
	l := load.Open{Addr: c.server.Addr, Rate: rate, Warm: o.openWarm, Lasts: o.openLasts, CPU: c.server.CPU}
	l.Request = func(n int) []byte { return c.request(0, n*7919) }
	return l.Run(ctx)
}

func middle(rounds []*load.Loaded) *load.Loaded {
	return measure.Median(rounds, func(l *load.Loaded) float64 { return l.CPUMicros })
}

func requests(people []string, explain string) [][]byte {
	out := make([][]byte, len(people))
	for i, id := range people {
		out[i] = prepare.ListRequestExplained(id, engine.Explain(explain))
	}
	return out
}

// profiled serves a workspace by a binary with a door for profiles, which the product has
// none of.
func (o *options) profiled(ctx context.Context, settings prepare.Options) error {
	b, err := prepare.Build(ctx, settings, "")
	if err != nil {
		return err
	}
	set, explain := strings.Split(o.sets, ",")[0], strings.Split(o.explain, ",")[0]
	w, err := b.Workspace(ctx, set)
	if err != nil {
		return err
	}
	overlay, remove, err := profileDoor()
	if err != nil {
		return err
	}
	defer remove()
	if b, err = prepare.Build(ctx, settings, overlay); err != nil {
		return err
	}
	name, err := filepath.Abs(o.profile)
	if err != nil {
		return err
	}
	people := prepare.Some(w.People(), o.customers)
	c := &contestant{name: explain, request: among(requests(people, explain))}
	socket := name + ".socket"
	if err := os.Setenv(profileSocket, socket); err != nil {
		return err
	}
	defer os.Remove(socket)
	if c.server, err = b.Serve(ctx, w, o.procs); err != nil {
		return err
	}
	if _, err := prepare.Everybody(ctx, c.server, people); err != nil {
		return errors.Join(err, c.server.Stop())
	}
	fetched := make(chan error, 1)
	go func() { fetched <- fetchProfile(ctx, name, socket, o.lasts) }()
	o.rounds, o.warm = 1, profileAfter
	o.lasts += time.Second
	err = o.closed(ctx, set, []*contestant{c})
	return errors.Join(err, <-fetched, c.server.Stop())
}
