// Command ingest measures how fast events are taken in over HTTP, beside raw Badger.
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
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/benchmarks/rival"
)

const usage = `How fast are interactions taken in, and does an acknowledged one survive a crash?

Events go over HTTP to a server in a process of its own, in batches and one at a time,
and are counted when they are acknowledged. Beside it in the same run: a batch of
Badger with the same rows under keys of the same shape, with no HTTP, no JSON, no
checks and nobody who observes; with -gorse, Gorse's server with SQLite. At the end a
server is killed (SIGKILL) while events come in, started again, and everything that was
acknowledged is looked for in its export.

    go run ./benchmarks/ingest -quick
    go run ./benchmarks/ingest -events 1000000 -gorse`

type options struct {
	events, batch, connections int
	singles, crash, rounds     int
	procs                      int
	customers, items           int
	gorse                      bool
	gorseEvents                int
	keep, results              string
	quick                      bool
}

// pace is how fast events were taken in: the median round by CPU time.
type pace struct {
	Events    int     `json:"events"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	PerCPU    float64 `json:"per_cpu_second"`
	P99       float64 `json:"p99_ms,omitempty"` // of a request
}

type report struct {
	Batch       int   `json:"batch"`
	Connections int   `json:"connections"`
	Procs       int   `json:"procs"`
	Rounds      int   `json:"rounds"`
	Ours        pace  `json:"rapport"`
	Singles     pace  `json:"rapport_singles"`
	Raw         pace  `json:"raw_badger"`
	Gorse       *pace `json:"gorse,omitempty"`
	GorseSingle *pace `json:"gorse_singles,omitempty"`
	// ShareOfRaw is how many events a CPU-second we take in of those that Badger does.
	ShareOfRaw float64 `json:"share_of_raw"`
	PeakBytes  int64   `json:"peak_bytes"`
	DiskBytes  int64   `json:"disk_bytes"`
	Crash      crash   `json:"crash"`
}

func main() {
	var o options
	flag.IntVar(&o.events, "events", 500_000, "events of a round in batches")
	flag.IntVar(&o.batch, "batch", 1000, "events a request")
	flag.IntVar(&o.singles, "singles", 100_000, "events of a round one at a time")
	flag.IntVar(&o.crash, "crash", 200_000, "events under way when the server is killed, at most")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured, in turns")
	flag.IntVar(&o.connections, "connections", 8, "keep-alive connections")
	flag.IntVar(&o.procs, "procs", runtime.NumCPU(), "GOMAXPROCS of each server")
	flag.IntVar(&o.customers, "customers", 50_000, "who acts")
	flag.IntVar(&o.items, "items", 20_000, "on what")
	flag.BoolVar(&o.gorse, "gorse", false, "measure Gorse too")
	flag.IntVar(&o.gorseEvents, "gorse-events", 100_000, "events that Gorse gets in batches; a hundredth of it one at a time")
	flag.StringVar(&o.keep, "keep", "", "directory of what is built and kept; default rapport-bench in the temporary one")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.quick, "quick", false, "a smoke test: few events, seconds")
	measure.Main("ingest", usage, o.run)
}

func (o *options) run(ctx context.Context) (err error) {
	if o.quick {
		err := measure.Quick(map[string]string{"events": "40000", "singles": "4000", "crash": "20000", "rounds": "1", "gorse-events": "5000", "results": os.DevNull})
		if err != nil {
			return err
		}
	}
	b, err := prepare.Build(ctx, prepare.Options{Root: o.keep, Say: measure.Say}, "")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(b.Root, "ingest-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	r := &report{Batch: o.batch, Connections: o.connections, Procs: o.procs, Rounds: o.rounds}
	if err := o.rounded(ctx, b, work, r); err != nil {
		return err
	}
	if o.gorse {
		if err := o.rival(ctx, b, filepath.Join(work, "gorse"), r); err != nil {
			return fmt.Errorf("gorse: %w", err)
		}
	}
	if r.Crash, err = o.crashed(ctx, b, filepath.Join(work, "crash")); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	r.ShareOfRaw = r.Ours.PerCPU / r.Raw.PerCPU
	r.print()
	return measure.Append(o.results, "ingest", "synthetic", r)
}

// rounded measures batches, single events and raw Badger in turns, each round on empty
// stores.
func (o *options) rounded(ctx context.Context, b *prepare.Binary, work string, r *report) error {
	var ours, singles, raws []pace
	for round := range o.rounds {
		dir := filepath.Join(work, fmt.Sprintf("round-%d", round))
		s, err := serve(ctx, b, dir, o.procs)
		if err != nil {
			return err
		}
		began := time.Now().Add(-time.Hour)
		got, err := o.sent(ctx, s, o.events/o.batch, o.batch, func(n int) []byte { return o.request(n*o.batch, o.batch, began) })
		if err != nil {
			return fmt.Errorf("rapport: %w", err)
		}
		ours = append(ours, got)
		if got, err = o.sent(ctx, s, o.singles, 1, func(n int) []byte { return o.request(o.events+n, 1, began) }); err != nil {
			return fmt.Errorf("rapport, one at a time: %w", err)
		}
		singles = append(singles, got)
		peak, err := s.PeakBytes()
		if err := errors.Join(err, s.Stop()); err != nil {
			return err
		}
		r.PeakBytes = max(r.PeakBytes, peak)
		if r.DiskBytes, err = measure.DiskBytes(dir); err != nil {
			return err
		}
		rawly, err := o.raw(filepath.Join(dir, "raw"))
		if err != nil {
			return fmt.Errorf("raw Badger: %w", err)
		}
		raws = append(raws, rawly)
		measure.Say("round %d of %d: batches %.0f per CPU-second, single %.0f a second, raw Badger %.0f per CPU-second", round+1, o.rounds, ours[round].PerCPU, got.PerSecond, rawly.PerCPU)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	by := func(p pace) float64 { return p.PerCPU }
	r.Ours, r.Singles, r.Raw = measure.Median(ours, by), measure.Median(singles, by), measure.Median(raws, by)
	return nil
}

func serve(ctx context.Context, b *prepare.Binary, dir string, procs int) (*measure.Server, error) {
	return b.Serve(ctx, &prepare.Workspace{Dir: dir}, procs)
}

// sent sends so many requests and returns how fast their events were acknowledged.
func (o *options) sent(ctx context.Context, s *measure.Server, requests, events int, request func(n int) []byte) (pace, error) {
	l := load.Closed{Addr: s.Addr, Connections: o.connections, Requests: requests, CPU: s.CPU}
	l.Request = func(_, n int) []byte { return request(n) }
	got, err := l.Run(ctx)
	if err != nil {
		return pace{}, err
	}
	n := float64(got.Requests * events)
	return pace{Events: int(n), Seconds: got.Seconds, PerSecond: n / got.Seconds, PerCPU: n / got.CPU.Seconds(), P99: got.P99}, nil
}

// rival gives Gorse fewer of the same events.
func (o *options) rival(ctx context.Context, b *prepare.Binary, dir string, r *report) error {
	s, err := rival.Empty(ctx, b, dir, o.procs)
	if err != nil {
		return err
	}
	began := time.Now().Add(-time.Hour)
	of := func(from, n int) []byte {
		return rival.Feedback(n, func(i int) (customer, item, at string) {
			n := from + i
			return fmt.Sprint("customer-", o.customerOf(n)), fmt.Sprint("item-", o.itemOf(n)), began.Add(time.Duration(n) * time.Millisecond).UTC().Format(time.RFC3339)
		})
	}
	some, err := o.sent(ctx, s, o.gorseEvents/o.batch, o.batch, func(n int) []byte { return of(n*o.batch, o.batch) })
	if err != nil {
		return errors.Join(err, s.Stop())
	}
	one, err := o.sent(ctx, s, o.gorseEvents/100, 1, func(n int) []byte { return of(o.gorseEvents+n, 1) })
	r.Gorse, r.GorseSingle = &some, &one
	return errors.Join(err, s.Stop())
}

// customerOf and itemOf spread events over customers and items.
func (o *options) customerOf(n int) int { return n * 7919 % o.customers }
func (o *options) itemOf(n int) int     { return n * 104729 % o.items }

// request is the events from one on as bytes to send; one alone is a JSON object.
func (o *options) request(from, count int, began time.Time) []byte {
	body := make([]byte, 0, count*120)
	for n := from; n < from+count; n++ {
		body = fmt.Appendf(body, "{\"event_id\":\"event-%d\",\"type\":\"view\",\"customer_id\":\"customer-%d\",\"item_id\":\"item-%d\",\"at\":\"", n, o.customerOf(n), o.itemOf(n))
		body = began.Add(time.Duration(n)*time.Millisecond%time.Hour).UTC().AppendFormat(body, time.RFC3339Nano)
		body = append(body, "\"}\n"...)
	}
	kind := "application/x-ndjson"
	if count == 1 {
		kind = "application/json"
	}
	head := fmt.Appendf(nil, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", kind, len(body))
	return append(head, body...)
}

func (r *report) print() {
	fmt.Printf("batches of %d, %d connections, GOMAXPROCS=%d, median of %d rounds\n%-22s %10s %10s %14s %8s\n", r.Batch, r.Connections, r.Procs, r.Rounds, "", "events", "events/s", "per CPU-second", "p99 ms")
	row := func(name string, p *pace) {
		if p != nil {
			fmt.Printf("%-22s %10d %10.0f %14.0f %8.2f\n", name, p.Events, p.PerSecond, p.PerCPU, p.P99)
		}
	}
	row("rapport, batches", &r.Ours)
	row("rapport, one by one", &r.Singles)
	row("raw badger", &r.Raw)
	row("gorse, batches", r.Gorse)
	row("gorse, one by one", r.GorseSingle)
	fmt.Printf("%.2f of what raw Badger takes in a CPU-second; %d MiB on disk, at most %d MiB resident\n", r.ShareOfRaw, r.DiskBytes>>20, r.PeakBytes>>20)
	c := &r.Crash
	fmt.Printf("killed after %d events were acknowledged (%d in batches, %d alone): %d of them lost; serving again after %.2f s\n", c.Acknowledged, c.InBatches, c.Acknowledged-c.InBatches, c.Lost, c.Ready)
	if len(c.Examples) > 0 {
		fmt.Println("lost:", strings.Join(c.Examples, " "))
	}
}
