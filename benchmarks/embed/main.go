// Command embed measures behaviour embeddings, by both of their methods and beside
// popularity, at the next click of a shop's session, says how far the methods agree on
// nearest neighbours, and appends one JSON line to the results:
//
//	go run ./benchmarks/embed -yoochoose FOLDER
//
// The folder holds the first 100,000 clicks of Yoochoose as session-rec cut them by time
// (github.com/rn5l/session-rec, yoochoose-clicks-100k_train_full.tsv.gz and _test.tsv.gz);
// they are not shipped. Every click but the first of a test session is asked for once,
// all items of the training sessions are ranked. With "fresh" the items of the session
// so far are left out, as lists leave them out by default; with "any" they are not.
//
// The defaults of engine/embed were chosen by
//
//	go run ./benchmarks/embed -yoochoose FOLDER -search
//
// which changes one setting at a time and judges on the last tenth of the training
// sessions. It does not look at the test sessions.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/training/evaluate"
)

// report is one measurement.
type report struct {
	SHA256   string       `json:"sha256"`
	Sessions int          `json:"sessions"` // of the test
	Models   []row        `json:"models"`
	Overlaps []overlapRow `json:"overlap@10"`
}

// row is how one model did.
type row struct {
	Name       string        `json:"name"`
	Settings   *embed.Params `json:"settings"`
	FitSeconds float64       `json:"fit_seconds"`
	Fresh      score         `json:"fresh"`
	Any        score         `json:"any"`
	model      *embed.Model
}

// score is of one protocol. The comparisons are with popularity, which has none.
type score struct {
	Asked   int                  `json:"asked"`
	HR      float64              `json:"hr@20"`
	MRR     float64              `json:"mrr@20"`
	HRMore  *evaluate.Comparison `json:"hr@20_over_popular,omitempty"`
	MRRMore *evaluate.Comparison `json:"mrr@20_over_popular,omitempty"`
}

// overlapRow is how far two models agree on nearest neighbours.
type overlapRow struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	Items int     `json:"items"`
	Share float64 `json:"share"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	folder := flag.String("yoochoose", "", "folder with yoochoose-clicks-100k_train_full.tsv.gz and _test.tsv.gz")
	results := flag.String("results", measure.Results, "file to append a JSON line to")
	searching := flag.Bool("search", false, "judge settings on the last tenth of the training sessions instead")
	flag.Parse()
	if *folder == "" {
		return errors.New("no data: give -yoochoose, see -help")
	}
	c, err := read(*folder)
	if err != nil {
		return err
	}
	if *searching {
		return search(ctx, c)
	}
	r, err := judgeAll(ctx, c)
	if err != nil {
		return err
	}
	r.print()
	return measure.Append(*results, "embed", "yoochoose-100k", r)
}

// judgeAll judges popularity, skip-gram from three seeds and its closed form on the test
// sessions.
func judgeAll(ctx context.Context, c *clicks) (*report, error) {
	data := sequences(c.train, c.ids)
	l := &report{SHA256: c.sha256, Sessions: len(c.test)}
	base := popularity(data)
	freshBase, anyBase := judge(base, data.Rows, c.test, true), judge(base, data.Rows, c.test, false)
	l.Models = append(l.Models, row{Name: "popular", Fresh: freshBase.score(), Any: anyBase.score()})
	for _, p := range []embed.Params{
		{Method: embed.PPMI, Seed: 1}, {Method: embed.SGNS, Seed: 1}, {Method: embed.SGNS, Seed: 2}, {Method: embed.SGNS, Seed: 3},
	} {
		p.Workers = runtime.GOMAXPROCS(0)
		begun := time.Now()
		m, err := embed.Fit(ctx, data, p)
		if err != nil {
			return nil, err
		}
		took, settings := time.Since(begun).Seconds(), m.Params()
		l.Models = append(l.Models, row{
			Name: fmt.Sprintf("%s, seed %d", p.Method, p.Seed), Settings: &settings, FitSeconds: took, model: m,
			Fresh: judge(embedding(m), data.Rows, c.test, true).over(freshBase),
			Any:   judge(embedding(m), data.Rows, c.test, false).over(anyBase),
		})
	}
	for _, pair := range [][2]int{{2, 1}, {3, 1}, {4, 1}, {2, 3}} {
		a, b := l.Models[pair[0]], l.Models[pair[1]]
		share, items := overlap(a.model, b.model, data, 20)
		l.Overlaps = append(l.Overlaps, overlapRow{a.Name, b.Name, items, share})
	}
	return l, nil
}

// score returns the means.
func (j judged) score() score {
	return score{Asked: j.asked, HR: mean(j.hr), MRR: mean(j.mrr)}
}

// over returns the score of j beside that of base.
func (j judged) over(base judged) score {
	s, r := j.score(), evaluate.Resampling{Seed: 1}
	hr, mrr := r.Compare(j.hr, base.hr), r.Compare(j.mrr, base.mrr)
	s.HRMore, s.MRRMore = &hr, &mrr
	return s
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func (l *report) print() {
	fmt.Printf("%s: %d test sessions, 95 %% intervals by bootstrap over sessions\n\n", "yoochoose-100k", l.Sessions)
	fmt.Printf("%-15s %-6s %7s %7s %7s   %-28s %-28s %s\n", "model", "items", "clicks", "HR@20", "MRR@20", "HR over popular", "MRR over popular", "fit")
	for _, m := range l.Models {
		m.print("fresh", m.Fresh)
		m.print("any", m.Any)
	}
	fmt.Println("\nshare of the 10 nearest neighbours in common, items with 20 clicks or more")
	for _, o := range l.Overlaps {
		fmt.Printf("%-15s %-15s %.3f of %d items\n", o.A, o.B, o.Share, o.Items)
	}
}

func (m row) print(items string, s score) {
	fmt.Printf("%-15s %-6s %7d %7.4f %7.4f   %-28s %-28s %.1f s\n",
		m.Name, items, s.Asked, s.HR, s.MRR, gain(s.HRMore), gain(s.MRRMore), m.FitSeconds)
}

func gain(c *evaluate.Comparison) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%+.4f (%+.4f to %+.4f)", c.Difference, c.Low, c.High)
}
