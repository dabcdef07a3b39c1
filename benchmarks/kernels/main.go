// Command kernels measures the arithmetic of engine/vector, once for every set of kernels
// this processor can run (plain Go, AVX2, AVX-512), and appends one JSON line to the
// results:
//
//	go run ./benchmarks/kernels
//	go run ./benchmarks/kernels -long    # inverses of 8,000, and gonum at every size
//
// All figures are CPU time of all threads, the least of several rounds, on one goroutine:
// another program on the same cores hardly moves them. Beside them stand the physical
// limits: how fast memory is read (bytes.IndexByte over 512 MiB), and with it what a scan
// of a million rows would take if it did nothing but read them; gonum for inverses.
//
// The kernels on 64 and 128 dimensions run on data in the cache; *_50 are 50 rows of a
// matrix, as a history of 50 items has, and solve_50 is its normal equations, made and
// solved in float64. Scans look for the best 10: "floats" scores all
// rows and selects, "floats_16" is scoring 16 queries a pass, a query; "table" reads bytes
// and scores in floats what can be among the best, with the same result as "floats".
// Inverses are of counts of what people want together, by Zipf's law, with lambda 100 on
// the diagonal, as EASE inverts them; residual is the largest element of A*inverse - I in
// float64, weights the largest difference of EASE's weights from those in float64.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/vector"
)

// report is one run.
type report struct {
	ReadGBps float64          `json:"read_gb_per_second"`
	ReadScan map[string]limit `json:"scan_limits_us"`
	Paths    map[string]*path `json:"paths"`
	Gonum    map[int]float64  `json:"gonum_inverse_cpu_seconds"`
	Double   map[int]float64  `json:"float64_inverse_cpu_seconds"`
}

// limit is what reading the rows of a scan takes, in microseconds.
type limit struct {
	Floats float64 `json:"floats"`
	Bytes  float64 `json:"bytes"`
}

// path is what one set of kernels reaches.
type path struct {
	Nanoseconds map[string]float64   `json:"ns_per_call"`
	Scans       map[string]float64   `json:"scan_us"`
	Gflops      map[string]float64   `json:"gflops"`
	Inverses    map[int]inverse      `json:"inverses"`
	Found       map[string]candidate `json:"table,omitempty"`
}

type inverse struct {
	CPU      float64 `json:"cpu_seconds"`
	Residual float64 `json:"residual,omitempty"`         // of float32
	Double   float64 `json:"residual_float64,omitempty"` // of Square
	Weights  float64 `json:"weights,omitempty"`
	Same10   float64 `json:"same_best_10,omitempty"` // share of the ten largest weights of an item that are the same
}

// candidate says what a table takes beside its floats, to build and to hold.
type candidate struct {
	BuildCPU float64 `json:"build_cpu_seconds"`
}

type options struct {
	results string
	long    bool
	only    string // measure this process's kernels, and print them as JSON
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.BoolVar(&o.long, "long", false, "inverses of 8,000 too, and gonum at every size: some ten minutes")
	flag.StringVar(&o.only, "only", "", "for the command's own use")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.only != "" {
		if err := vector.Use(o.only); err != nil {
			return err
		}
		p, err := measured(ctx, o)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(p)
	}
	r := &report{Paths: map[string]*path{}, ReadScan: map[string]limit{}}
	if err := r.limits(); err != nil {
		return err
	}
	if err := r.doubles(ctx, o.long); err != nil {
		return err
	}
	for _, name := range vector.Paths() {
		p, err := child(ctx, name, o)
		if err != nil {
			return fmt.Errorf("measure %s: %w", name, err)
		}
		r.Paths[name] = p
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return errors.Join(out.Encode(r), measure.Append(o.results, "kernels", "random", r))
}

// child measures one set of kernels in a process of its own, as they are chosen once.
func child(ctx context.Context, name string, o options) (*path, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self, "-only", name, fmt.Sprintf("-long=%v", o.long))
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, err
	}
	p := &path{}
	return p, json.Unmarshal(out, p)
}
