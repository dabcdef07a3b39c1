// Command serve measures answers over HTTP on the demo's shop, and beside them, in turns
// within the same run, an empty Gin handler that sends as many bytes: what the network
// and the framework cost alone.
//
//	go run ./benchmarks/serve -seconds 60 -connections 32
//
// Load and server share the machine; the CPU time is the server's own.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/cmd/rapport/sampleshop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

type options struct {
	connections, rounds int
	lasts, warm         time.Duration
	explain, results    string
	empty               int
}

// report is what stands in the results: the median round of each by CPU time.
type report struct {
	Connections int             `json:"connections"`
	Rounds      int             `json:"rounds"`
	Explain     string          `json:"explain"`
	Ours        *measure.Loaded `json:"rapport"`
	Empty       *measure.Loaded `json:"empty_gin"`
	Ratio       float64         `json:"cpu_ratio"` // ours to the empty handler's
	PeakBytes   int64           `json:"peak_bytes"`
}

func main() {
	var o options
	flag.IntVar(&o.connections, "connections", 32, "keep-alive connections")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured, in turns")
	flag.DurationVar(&o.lasts, "lasts", time.Minute, "time of one round")
	flag.DurationVar(&o.warm, "warm", 5*time.Second, "time before one that is not counted")
	flag.StringVar(&o.explain, "explain", "sources", "none, sources or full")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.IntVar(&o.empty, "empty", 0, "serve only this many bytes, as the measured process does")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := run
	if o.empty > 0 {
		do = serveEmpty
	}
	if err := do(ctx, o); err != nil && !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// serveEmpty answers every request with the same bytes.
func serveEmpty(ctx context.Context, o options) error {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	body := []byte(`"` + strings.Repeat("x", max(0, o.empty-2)) + `"`)
	e.GET("/*any", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) })
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return server.Serve(l)
}

func run(ctx context.Context, o options) error {
	work, err := os.MkdirTemp("", "rapport-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	binary := filepath.Join(work, "rapport")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/rapport").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	ours, err := measure.StartServer(ctx, binary, "demo", "--dir", filepath.Join(work, "data"), "--addr", "127.0.0.1:0")
	if err != nil {
		return err
	}
	paths, err := requests(o.explain)
	if err != nil {
		return err
	}
	load := measure.Load{Addr: ours.Addr, Connections: o.connections, Warm: o.warm, Lasts: 2 * time.Second}
	load.Request = func(connection, n int) []byte { return paths[(connection*7919+n)%len(paths)] }
	first, err := load.Run(ctx, ours.CPU) // everybody once, and how long an answer is
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	empty, err := measure.StartServer(ctx, self, "-empty", fmt.Sprint(first.Bytes))
	if err != nil {
		return err
	}
	load.Lasts = o.lasts
	var rounds [2][]*measure.Loaded
	for range o.rounds {
		for i, s := range []*measure.Server{ours, empty} {
			load.Addr = s.Addr
			got, err := load.Run(ctx, s.CPU)
			if err != nil {
				return err
			}
			rounds[i] = append(rounds[i], got)
		}
	}
	r := report{Connections: o.connections, Rounds: o.rounds, Explain: o.explain, Ours: median(rounds[0]), Empty: median(rounds[1])}
	r.Ratio = r.Ours.CPUMicros / r.Empty.CPUMicros
	if r.PeakBytes, err = ours.PeakBytes(); err != nil {
		return err
	}
	if err := errors.Join(ours.Stop(), empty.Stop()); err != nil {
		return err
	}
	table(o, r)
	return measure.Append(o.results, "serve", "sampleshop", r)
}

func median(rounds []*measure.Loaded) *measure.Loaded {
	slices.SortFunc(rounds, func(a, b *measure.Loaded) int { return cmp.Compare(a.CPUMicros, b.CPUMicros) })
	return rounds[len(rounds)/2]
}

func table(o options, r report) {
	fmt.Printf("%d connections, explain=%s, median of %d rounds of %s\n", o.connections, o.explain, o.rounds, o.lasts)
	fmt.Printf("%-10s %10s %14s %8s %8s %8s %8s %7s\n", "", "requests/s", "per CPU-second", "CPU µs", "p50 ms", "p99 ms", "p99.9 ms", "bytes")
	for _, row := range []struct {
		name string
		*measure.Loaded
	}{{"rapport", r.Ours}, {"empty gin", r.Empty}} {
		fmt.Printf("%-10s %10.0f %14.0f %8.1f %8.2f %8.2f %8.2f %7d\n", row.name, row.PerSecond, row.PerCPU, row.CPUMicros, row.P50, row.P99, row.P999, row.Bytes)
	}
	fmt.Printf("CPU of an answer: %.1f times the empty handler's; at most %d MiB resident\n", r.Ratio, r.PeakBytes>>20)
}

// requests are the lists of all the shop's customers, as bytes to send.
func requests(explain string) ([][]byte, error) {
	seen := make(map[engine.CustomerID]bool)
	var out [][]byte
	for _, f := range sampleshop.Files {
		if f.As != "events" {
			continue
		}
		r, err := sampleshop.Open(f.Name)
		if err != nil {
			return nil, err
		}
		for entry, err := range record.Events(r, record.Options{}) {
			if err != nil {
				return nil, errors.Join(err, r.Close())
			}
			id := entry.Value.Lines[0].Customer
			if seen[id] || id == "" {
				continue
			}
			seen[id] = true
			out = append(out, fmt.Appendf(nil, "GET /v1/customers/%s/recommendations?count=10&explain=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", id, explain))
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the sample shop has no customers")
	}
	return out, nil
}
