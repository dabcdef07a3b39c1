// Command session measures the session source on the example sessions of Serenade, the
// first implementation of VMIS-kNN (github.com/bolcom/serenade, assets/example), and
// appends one JSON line a setting to the results:
//
//	go run ./benchmarks/session -serenade DIR
//
// DIR holds example.zip or the files in it. train.txt is indexed; after each click of a
// session of test.txt (-part valid: valid.txt) the source is asked, through the contract
// every source is served by, for the 20 items that come next. Its authors print MRR@20
// 0.3277, HR@20 0.6402, recall 0.4456, precision 0.0680 and coverage 0.2765 for their
// settings, which m 500, k 50, l 2 fit best. Without -m, -k and -l the settings to know
// are run: those, the best of their search (m 1502, k 288, l 4), and our default.
//
//	go run ./benchmarks/session -serenade DIR -tune 600
//
// draws so many settings, judges each on valid.txt, and only the best of them on
// test.txt, with a 95 % interval of MRR@20 by bootstrap over sessions.
package main

import (
	"archive/zip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/session"
)

// report is one measurement.
type report struct {
	Part      string         `json:"part"`
	Params    session.Params `json:"params"`
	Visits    int            `json:"visits"`
	FitMillis int64          `json:"fit_ms"`
	Tried     int            `json:"tried,omitempty"`     // settings that were drawn
	ValidMRR  float64        `json:"valid_mrr,omitempty"` // of the best of them, where it was chosen
	figures
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "session:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir := flag.String("serenade", "", "directory with example.zip of Serenade, or with train.txt, test.txt and valid.txt")
	part := flag.String("part", "test", "what is predicted: test or valid")
	results := flag.String("results", measure.Results, "file to append a JSON line a setting to")
	drawn := flag.Int("tune", 0, "how many settings are drawn and judged on valid.txt, the best of which is run on test.txt")
	seed := flag.Uint64("seed", 1, "what they are drawn from")
	var p session.Params
	flag.IntVar(&p.M, "m", 0, "newest visits compared with")
	flag.IntVar(&p.K, "k", 0, "most similar visits that count")
	flag.IntVar(&p.L, "l", 0, "newest items of the visit that are looked at")
	flag.Float64Var(&p.IDF, "idf", 0, "weight of rarity")
	flag.Parse()
	if *dir == "" {
		return errors.New("no data: give -serenade, see -help")
	}
	if *drawn > 0 {
		return tuneAndJudge(ctx, *dir, *drawn, *seed, *results)
	}
	settings := []session.Params{{M: 500, K: 50, L: 2}, {M: 1502, K: 288, L: 4}, {}}
	if p != (session.Params{}) {
		settings = []session.Params{p}
	}
	train, test, err := load(*dir, *part)
	if err != nil {
		return err
	}
	header()
	for _, p := range settings {
		r, err := fitAndJudge(ctx, train, test, p)
		if err != nil {
			return err
		}
		r.Part = *part
		if err := measure.Append(*results, "session", "serenade-example", r); err != nil {
			return err
		}
	}
	return nil
}

func load(dir, part string) (train, test [][]click, err error) {
	if _, err := os.Stat(filepath.Join(dir, "train.txt")); errors.Is(err, os.ErrNotExist) {
		unpacked, err := unpack(filepath.Join(dir, "example.zip"))
		if err != nil {
			return nil, nil, err
		}
		defer os.RemoveAll(unpacked)
		dir = unpacked
	}
	train, err = read(filepath.Join(dir, "train.txt"))
	if err != nil {
		return nil, nil, err
	}
	test, err = read(filepath.Join(dir, part+".txt"))
	return train, test, err
}

// unpack writes the texts of an archive to a directory of their own.
func unpack(name string) (dir string, err error) {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return "", err
	}
	defer archive.Close()
	dir, err = os.MkdirTemp("", "serenade")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"train.txt", "test.txt", "valid.txt"} {
		if err := copyOut(archive, name, filepath.Join(dir, name)); err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}

func copyOut(archive *zip.ReadCloser, name, to string) error {
	from, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

func fitAndJudge(ctx context.Context, train, test [][]click, p session.Params) (report, error) {
	seqs, ids := sequences(train)
	start := time.Now()
	m, err := session.Fit(ctx, seqs, p)
	if err != nil {
		return report{}, err
	}
	fit := time.Since(start)
	p, f := m.Params(), judge(m, ids, test)
	row(p, f)
	return report{Params: p, Visits: m.Visits(), FitMillis: fit.Milliseconds(), figures: f}, nil
}

func header() {
	fmt.Printf("%6s %5s %3s %5s %17s %8s %8s %8s %8s %8s %8s\n", "m", "k", "l", "idf", "MRR@20", "HR@20", "R@20", "P@20", "coverage", "p50 us", "p90 us")
}

func row(p session.Params, f figures) {
	fmt.Printf("%6d %5d %3d %5.2g %.4f +- %.4f %8.4f %8.4f %8.4f %8.4f %8.1f %8.1f\n",
		p.M, p.K, p.L, p.IDF, f.MRR, (f.MRR95.High-f.MRR95.Low)/2, f.HR, f.Recall, f.Precision, f.Coverage, f.P50, f.P90)
}
