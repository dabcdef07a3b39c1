// Command repeat measures buy again on public purchases and appends one JSON line a data
// set to the results:
//
//	go run ./benchmarks/repeat -uci online_retail.csv.gz -completejourney transactions_sample.csv.gz
//
// The source is fitted on what was bought before a cut, 30 days before the end unless told
// otherwise. Asked at the moment of each customer's first order after it, the source ranks
// what that customer had bought before the cut; what of it is in the order is to be found.
// Beside it stand ranking by how often and by how lately each was bought, and by chance.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/shop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/repeat"
)

// length is that of the lists.
const length = 10

// report is one measurement: what each way of ranking reaches.
type report struct {
	Params    repeat.Params      `json:"params"`
	Days      int                `json:"days"`
	Customers int                `json:"customers"`
	Recall    map[string]float64 `json:"recall_at_10"`
	NDCG      map[string]float64 `json:"ndcg_at_10"`
	// Ahead is by how much the recall of the source lies above that of frequency, and
	// AheadError the standard error of that mean over customers.
	Ahead      float64 `json:"ahead_of_frequency"`
	AheadError float64 `json:"ahead_of_frequency_standard_error"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "repeat:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	sets := shop.Sets()
	results := flag.String("results", measure.Results, "file to append a JSON line a data set to")
	cutDays := flag.Int("days", 30, "days before the end of the data at which the cut lies")
	var p repeat.Params
	flag.Float64Var(&p.Prior, "prior", 0, "average repeat customers added to those of each item")
	flag.Float64Var(&p.Soon, "soon", 0, "how far the rule for what was bought just now is followed, up to 1; below 0 not")
	flag.DurationVar(&p.Horizon, "horizon", 0, "time within which a purchase is hoped for")
	flag.Parse()
	measured := false
	for _, set := range sets {
		if *set.File == "" {
			continue
		}
		measured = true
		r, err := judge(ctx, *set.File, set.Columns, *cutDays, p)
		if err != nil {
			return err
		}
		r.print(set.Name)
		if err := measure.Append(*results, "repeat", set.Name, r); err != nil {
			return err
		}
	}
	if !measured {
		return errors.New("no data: give -uci or -completejourney, see -help")
	}
	return nil
}

// ways are the rankings that are compared.
var ways = []string{repeat.Name, "frequency", "recency", "chance"}

func judge(ctx context.Context, file string, c shop.Columns, cutDays int, p repeat.Params) (*report, error) {
	s, err := shop.Read(file, c)
	if err != nil {
		return nil, err
	}
	cut := s.Newest.AddDate(0, 0, -cutDays)
	m, err := repeat.Fit(ctx, until(s, cut), p)
	if err != nil {
		return nil, err
	}
	r := &report{Params: m.Params(), Days: cutDays, Recall: map[string]float64{}, NDCG: map[string]float64{}}
	var ahead []float64
	for _, rows := range s.Customers {
		before, basket := next(rows, cut)
		if len(before) == 0 || len(basket) == 0 {
			continue
		}
		now := basket[0].At
		history := engine.DefaultSettings().Interests(before, now, engine.MaxHistory)
		again := repeats(history, basket)
		if len(again) == 0 {
			continue
		}
		r.Customers++
		recall := map[string]float64{}
		for _, way := range ways {
			hits, gain := found(rank(way, m, history, now), again)
			recall[way] = hits / float64(len(again))
			r.Recall[way] += recall[way]
			r.NDCG[way] += gain
		}
		ahead = append(ahead, recall[repeat.Name]-recall["frequency"])
	}
	if r.Customers == 0 {
		return nil, errors.New("nobody buys anything again after the cut: give fewer -days")
	}
	for _, way := range ways {
		r.Recall[way] /= float64(r.Customers)
		r.NDCG[way] /= float64(r.Customers)
	}
	r.Ahead, r.AheadError = meanAndError(ahead)
	return r, nil
}

// repeats returns the items of a basket that are in the history.
func repeats(history []engine.Interest, basket []engine.Row) map[engine.ItemNum]bool {
	again := map[engine.ItemNum]bool{}
	for _, r := range basket {
		if slices.ContainsFunc(history, func(in engine.Interest) bool { return in.Item == r.Num }) {
			again[r.Num] = true
		}
	}
	return again
}

// rank returns the best of the history in one way. The source is asked through the
// contract all sources are served by.
func rank(way string, m *repeat.Model, history []engine.Interest, now time.Time) []engine.ItemNum {
	if way == repeat.Name {
		eligible := roaring.New()
		for _, in := range history {
			eligible.Add(uint32(in.Item))
		}
		return m.Open(&model.Query{History: history, Now: now}).Propose(eligible, length, nil)
	}
	sorted := slices.SortedStableFunc(slices.Values(history), func(a, b engine.Interest) int {
		switch way {
		case "frequency":
			return cmp.Or(cmp.Compare(b.Bought, a.Bought), b.LastBought.Compare(a.LastBought), cmp.Compare(a.Item, b.Item))
		case "recency":
			return cmp.Or(b.LastBought.Compare(a.LastBought), cmp.Compare(b.Bought, a.Bought), cmp.Compare(a.Item, b.Item))
		}
		return cmp.Compare(a.Item*2654435761, b.Item*2654435761) // a fixed disorder
	})
	list := make([]engine.ItemNum, 0, length)
	for _, in := range sorted[:min(length, len(sorted))] {
		list = append(list, in.Item)
	}
	return list
}

// found returns how many of the wanted items a list has, and its NDCG.
func found(list []engine.ItemNum, wanted map[engine.ItemNum]bool) (hits, ndcg float64) {
	ideal := 0.0
	for i := range length {
		discount := 1 / math.Log2(float64(i+2))
		if i < len(wanted) {
			ideal += discount
		}
		if i < len(list) && wanted[list[i]] {
			hits++
			ndcg += discount
		}
	}
	return hits, ndcg / ideal
}

func meanAndError(values []float64) (mean, standardError float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		standardError += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(standardError / n / max(n-1, 1))
}

func (r *report) print(name string) {
	fmt.Printf("%s: %d customers, cut %d days before the end\n%-12s %10s %10s\n", name, r.Customers, r.Days, "", "recall@10", "NDCG@10")
	for _, way := range ways {
		fmt.Printf("%-12s %10.4f %10.4f\n", way, r.Recall[way], r.NDCG[way])
	}
	fmt.Printf("ahead of frequency in recall: %.4f, standard error %.4f\n\n", r.Ahead, r.AheadError)
}
