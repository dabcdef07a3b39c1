// Command doors takes the UCI Online Retail data in by every format and holds what comes
// of it against the file's own totals:
//
//	go run ./benchmarks/doors -uci online_retail.csv.gz
//
// It imports the file as it came, exports it as CSV, NDJSON and Parquet, imports each
// plain, gzipped and by zstd, and exports each again: the rows must be the same bytes. An
// import is killed half-way and run again, which must double nothing. Any difference
// ends it with an error.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// totals are what a file says in sum: returns count against.
type totals struct {
	Rows     int     `json:"rows"`
	Quantity float64 `json:"quantity"`
	Revenue  float64 `json:"revenue"`
}

// door is one way in.
type door struct {
	Form    string  `json:"form"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	SHA256  string  `json:"export_sha256"` // of the Parquet that is exported after it
	totals
}

type report struct {
	File  totals `json:"file"`
	Doors []door `json:"doors"`
}

// house is a built binary and a place for its workspaces.
type house struct {
	binary, work string
}

// preset reads the file as it is published.
const preset = "uci-online-retail"

// original is the form of the file as it came.
const original = "as published"

func main() {
	uci := flag.String("uci", "", "online_retail.csv, may be gzipped")
	results := flag.String("results", measure.Results, "file to append a JSON line to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *uci, *results); err != nil {
		fmt.Fprintln(os.Stderr, "doors:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, uci, results string) error {
	if uci == "" {
		return errors.New("-uci: the file is wanted; get it from the UCI Machine Learning Repository (Online Retail)")
	}
	work, err := os.MkdirTemp("", "rapport-doors-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	h := &house{filepath.Join(work, "rapport"), work}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", h.binary, "./cmd/rapport").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	var r report
	if r.File, err = totalsOf(uci); err != nil {
		return err
	}
	fmt.Printf("the file: %d rows, %.0f pieces, revenue %.2f\n", r.File.Rows, r.File.Quantity, r.File.Revenue)
	first, err := h.pass(ctx, original, uci, "--as", "orders", "--preset", preset)
	if err != nil {
		return err
	}
	r.Doors = append(r.Doors, *first)
	again, err := h.interrupted(ctx, uci, time.Duration(first.Seconds*float64(time.Second)))
	if err != nil {
		return err
	}
	r.Doors = append(r.Doors, *again)
	for _, format := range []string{"csv", "ndjson", "parquet"} {
		file := filepath.Join(work, "events."+format)
		if err := h.rapport(ctx, "export", "--dir", h.dir(original), "--as", "events", "--out", file); err != nil {
			return err
		}
		for _, packed := range []string{"", ".gz", ".zst"} {
			if format == "parquet" && packed != "" {
				continue // it is packed within
			}
			if err := pack(file, packed); err != nil {
				return err
			}
			d, err := h.pass(ctx, format+packed, file+packed, "--as", "events")
			if err != nil {
				return err
			}
			r.Doors = append(r.Doors, *d)
		}
	}
	for _, d := range r.Doors {
		if err := d.compare(r.File, first); err != nil {
			return err
		}
	}
	fmt.Println("every door: the same rows, to the byte, and the file's totals")
	return measure.Append(results, "doors", "uci-online-retail", r)
}

// compare holds a door against the file, and its export against the first one's.
func (d *door) compare(file totals, first *door) error {
	switch {
	case d.Rows != file.Rows, d.Quantity != file.Quantity, math.Abs(d.Revenue-file.Revenue) > 0.005:
		return fmt.Errorf("%s: %+v, the file has %+v", d.Form, d.totals, file)
	case d.SHA256 != first.SHA256:
		return fmt.Errorf("%s: what is exported afterwards differs from what %s exports", d.Form, first.Form)
	}
	return nil
}

func (h *house) dir(name string) string { return filepath.Join(h.work, "data-"+name) }

func (h *house) rapport(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, h.binary, args...)
	cmd.Dir = h.work
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("rapport %v: %w\n%s", args, err, out)
	}
	return nil
}

// pass imports a file into a workspace of its own, and looks at what is in there.
func (h *house) pass(ctx context.Context, form, file string, more ...string) (*door, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	args := append([]string{"import", "--dir", h.dir(form)}, more...)
	if err := h.rapport(ctx, append(args, file)...); err != nil {
		return nil, err
	}
	return h.look(ctx, &door{Form: form, Bytes: info.Size(), Seconds: time.Since(start).Seconds()})
}

// interrupted kills an import when half its time is over, and runs it again.
func (h *house) interrupted(ctx context.Context, file string, took time.Duration) (*door, error) {
	const form = original + ", killed half-way"
	short, cancel := context.WithTimeout(ctx, took/2)
	defer cancel()
	if h.rapport(short, "import", "--dir", h.dir(form), "--as", "orders", "--preset", preset, file) == nil {
		return nil, errors.New("the import that was to be killed ended before")
	}
	return h.pass(ctx, form, file, "--as", "orders", "--preset", preset)
}

// look exports what is in a door's workspace, and sums it.
func (h *house) look(ctx context.Context, d *door) (*door, error) {
	out := filepath.Join(h.work, "look.parquet")
	if err := h.rapport(ctx, "export", "--dir", h.dir(d.Form), "--as", "events", "--out", out); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	d.SHA256 = hex.EncodeToString(sum[:])
	for entry, err := range record.Events(bytes.NewReader(text), record.Options{}) {
		if err != nil {
			return nil, err
		}
		for _, line := range entry.Value.Lines {
			pieces := line.Pieces()
			if line.Type == engine.Return {
				pieces = -pieces
			}
			d.add(pieces, line.Price)
		}
	}
	fmt.Printf("%-24s %8d KiB %6.1f s  %d rows, %.0f pieces, revenue %.2f\n", d.Form, d.Bytes>>10, d.Seconds, d.Rows, d.Quantity, d.Revenue)
	return d, nil
}

func (t *totals) add(pieces, price float64) {
	t.Rows++
	t.Quantity += pieces
	t.Revenue += pieces * price
}

// totalsOf sums the file by its columns, without anything of ours.
func totalsOf(name string) (t totals, err error) {
	f, err := os.Open(name)
	if err != nil {
		return t, err
	}
	defer f.Close()
	var from io.Reader = f
	if filepath.Ext(name) == ".gz" {
		if from, err = gzip.NewReader(f); err != nil {
			return t, err
		}
	}
	rows := csv.NewReader(from)
	at := make(map[string]int)
	head, err := rows.Read()
	if err != nil {
		return t, err
	}
	for i, column := range head {
		at[column] = i
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return t, err
		}
		pieces, err := strconv.ParseFloat(row[at["Quantity"]], 64)
		if err != nil {
			return t, err
		}
		price, err := strconv.ParseFloat(row[at["UnitPrice"]], 64)
		if err != nil {
			return t, err
		}
		t.add(pieces, price)
	}
}

// pack writes a file again, compressed by what its new ending says.
func pack(file, ending string) (err error) {
	if ending == "" {
		return nil
	}
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(file + ending)
	if err != nil {
		return err
	}
	var packed io.WriteCloser = gzip.NewWriter(to)
	if ending == ".zst" {
		if packed, err = zstd.NewWriter(to, zstd.WithEncoderConcurrency(1)); err != nil {
			return err
		}
	}
	_, err = io.Copy(packed, from)
	return errors.Join(err, packed.Close(), to.Close())
}
