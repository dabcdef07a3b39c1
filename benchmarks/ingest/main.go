// Command ingest measures events over HTTP in batches, and beside them, in the same run,
// raw Badger: the same number of rows under keys of the same shape, with no HTTP, no
// JSON, no checks and nobody who observes.
//
//	go run ./benchmarks/ingest -events 1000000
package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/rapportengine/rapport/benchmarks/measure"
)

type options struct {
	events, batch, connections int
	customers, items           int
	results                    string
}

// pace is how fast events were taken in.
type pace struct {
	Events    int     `json:"events"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	PerCPU    float64 `json:"per_cpu_second"`
}

type report struct {
	Batch       int     `json:"batch"`
	Connections int     `json:"connections"`
	Ours        pace    `json:"rapport"`
	Raw         pace    `json:"raw_badger"`
	Ratio       float64 `json:"cpu_ratio"` // ours to raw Badger's, an event
	PeakBytes   int64   `json:"peak_bytes"`
	DiskBytes   int64   `json:"disk_bytes"`
}

func main() {
	var o options
	flag.IntVar(&o.events, "events", 1_000_000, "how many")
	flag.IntVar(&o.batch, "batch", 1000, "events a request")
	flag.IntVar(&o.connections, "connections", 8, "keep-alive connections")
	flag.IntVar(&o.customers, "customers", 50_000, "who acts")
	flag.IntVar(&o.items, "items", 20_000, "on what")
	flag.StringVar(&o.results, "results", measure.Results, "file to append a JSON line to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	work, err := os.MkdirTemp("", "rapport-bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r := report{Batch: o.batch, Connections: o.connections}
	if err := ours(ctx, o, work, &r); err != nil {
		return fmt.Errorf("rapport: %w", err)
	}
	if r.Raw, err = raw(o, filepath.Join(work, "raw")); err != nil {
		return fmt.Errorf("raw Badger: %w", err)
	}
	r.Ratio = r.Raw.PerCPU / r.Ours.PerCPU
	fmt.Printf("%d events, batches of %d, %d connections\n%-12s %10s %14s\n", o.events, o.batch, o.connections, "", "events/s", "per CPU-second")
	fmt.Printf("%-12s %10.0f %14.0f\n%-12s %10.0f %14.0f\n", "rapport", r.Ours.PerSecond, r.Ours.PerCPU, "raw badger", r.Raw.PerSecond, r.Raw.PerCPU)
	fmt.Printf("CPU of an event: %.1f times raw Badger's; %d MiB on disk, at most %d MiB resident\n", r.Ratio, r.DiskBytes>>20, r.PeakBytes>>20)
	return measure.Append(o.results, "ingest", "synthetic", r)
}

// ours sends the events to a server of its own.
func ours(ctx context.Context, o options, work string, r *report) error {
	binary, dir := filepath.Join(work, "rapport"), filepath.Join(work, "data")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/rapport").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	s, err := measure.StartServer(ctx, binary, "serve", "--dir", dir, "--addr", "127.0.0.1:0", "--train-every", "0")
	if err != nil {
		return err
	}
	load := measure.Load{Addr: s.Addr, Connections: o.connections, Requests: o.events / o.batch}
	began := time.Now().Add(-time.Hour)
	load.Request = func(_, n int) []byte { return o.request(n, began) }
	got, err := load.Run(ctx, s.CPU)
	if err != nil {
		return err
	}
	n := float64(got.Requests * o.batch)
	r.Ours = pace{Events: int(n), Seconds: got.Seconds, PerSecond: n / got.Seconds, PerCPU: n / got.CPU.Seconds()}
	if r.PeakBytes, err = s.PeakBytes(); err != nil {
		return err
	}
	if err := s.Stop(); err != nil {
		return err
	}
	r.DiskBytes, err = measure.DiskBytes(dir)
	return err
}

// subjectOf and itemOf spread events over customers and items.
func (o *options) subjectOf(n int) int { return n * 7919 % o.customers }
func (o *options) itemOf(n int) int    { return n * 104729 % o.items }

// request is one batch as bytes to send.
func (o *options) request(batch int, began time.Time) []byte {
	body := make([]byte, 0, o.batch*120)
	for i := range o.batch {
		n := batch*o.batch + i
		body = fmt.Appendf(body, "{\"event_id\":\"event-%d\",\"type\":\"view\",\"customer_id\":\"customer-%d\",\"item_id\":\"item-%d\",\"at\":\"", n, o.subjectOf(n), o.itemOf(n))
		body = began.Add(time.Duration(n)*time.Millisecond%time.Hour).UTC().AppendFormat(body, time.RFC3339Nano)
		body = append(body, "\"}\n"...)
	}
	head := fmt.Appendf(nil, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n", len(body))
	return append(head, body...)
}

// rowBytes is about what a view takes in the log.
const rowBytes = 48

// raw writes two rows an event, as the log does: one under the customer, one that says
// what came when.
func raw(o options, dir string) (pace, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLoggingLevel(badger.ERROR).WithDetectConflicts(false).
		WithMemTableSize(16 << 20).WithNumMemtables(2).WithNumLevelZeroTables(2).WithNumLevelZeroTablesStall(4).
		WithBlockCacheSize(16 << 20).WithIndexCacheSize(32 << 20).WithValueLogFileSize(64 << 20).WithNumCompactors(2).WithMetricsEnabled(false))
	if err != nil {
		return pace{}, err
	}
	start := time.Now()
	before, err := measure.Self()
	if err != nil {
		return pace{}, err
	}
	for from := 0; from < o.events; from += o.batch {
		if err := db.Update(func(txn *badger.Txn) error { return o.write(txn, from) }); err != nil {
			return pace{}, errors.Join(err, db.Close())
		}
	}
	if err := db.Close(); err != nil {
		return pace{}, err
	}
	after, err := measure.Self()
	took := time.Since(start).Seconds()
	return pace{Events: o.events, Seconds: took, PerSecond: float64(o.events) / took, PerCPU: float64(o.events) / (after - before).Seconds()}, err
}

func (o *options) write(txn *badger.Txn, from int) error {
	for n := from; n < from+o.batch; n++ {
		subject := sha256.Sum256(strconv.AppendInt([]byte("customer-"), int64(o.subjectOf(n)), 10))
		event := sha256.Sum256(strconv.AppendInt([]byte("event-"), int64(n), 10))
		key := append(append([]byte{'e'}, subject[:16]...), event[:16]...)
		key = append(key, 0, 0)
		value := make([]byte, rowBytes)
		copy(value, event[:])
		if err := txn.Set(key, value); err != nil {
			return err
		}
		if err := txn.Set(binary.BigEndian.AppendUint64([]byte{'l'}, uint64(n)), key); err != nil {
			return err
		}
	}
	return nil
}
