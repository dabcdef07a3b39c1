package main

import (
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// metrics are those of MIND, one value an impression.
var metrics = []string{"auc", "mrr", "ndcg@5", "ndcg@10"}

// set returns items as a set of their numbers.
func (n *news) set(items []engine.ItemID) *roaring.Bitmap {
	out := roaring.New()
	for _, id := range items {
		num, _ := n.ids.Num(id)
		out.Add(uint32(num))
	}
	return out
}

// judge ranks every case under a blend and returns the metrics' values, one a case.
func judge(w *recommend.World, blend rank.Blend, place *recommend.Place, cases []training.Case) (map[string][]float64, error) {
	w = w.WithModels(w.Models.WithBlend(blend), w.Content)
	values := map[string][]float64{}
	for i := range cases {
		c := &cases[i]
		var shown []engine.ItemID
		for _, num := range c.Only.ToArray() {
			shown = append(shown, w.Catalogue.IDs().ID(engine.ItemNum(num)))
		}
		answer, err := recommend.Rank(&recommend.Input{
			World: w.WithCounters(c.Counters), Place: place, Someone: &c.Who, Request: &c.Request, Now: c.Now,
		}, shown)
		if err != nil {
			return nil, err
		}
		for metric, v := range judgeOne(answer.Items, c.Targets) {
			values[metric] = append(values[metric], v)
		}
	}
	return values, nil
}

// judgeOne returns the metrics of one list that holds all that was shown.
func judgeOne(list []engine.Recommended, clicked []engine.ItemNum) map[string]float64 {
	wanted := map[engine.ItemNum]bool{}
	for _, n := range clicked {
		wanted[n] = true
	}
	var better, pairs, reciprocal float64
	var gain, ideal [2]float64 // of 5 and of 10
	depth := [2]int{5, 10}
	for i, item := range list {
		for d, k := range depth {
			discount := 1 / math.Log2(float64(i+2))
			if i < k && i < len(clicked) {
				ideal[d] += discount
			}
			if i < k && wanted[item.Num] {
				gain[d] += discount
			}
		}
		if !wanted[item.Num] {
			continue
		}
		reciprocal += 1 / float64(i+1)
		for _, other := range list {
			if wanted[other.Num] {
				continue
			}
			pairs++
			if item.Score > other.Score {
				better++
			} else if item.Score == other.Score {
				better += 0.5
			}
		}
	}
	return map[string]float64{
		"auc": better / pairs, "mrr": reciprocal / float64(len(clicked)),
		"ndcg@5": gain[0] / ideal[0], "ndcg@10": gain[1] / ideal[1],
	}
}

// compare measures every source alone and the blend, and the blend beside each
// popularity.
func (r *report) compare(w *recommend.World, blend rank.Blend, place *recommend.Place, cases []training.Case, names []string) error {
	draws := evaluate.Resampling{Seed: r.Seed}
	whose := users(cases)
	top, err := judge(w, blend, place, cases)
	if err != nil {
		return err
	}
	r.add(best, top, whose)
	for _, name := range names {
		got, err := judge(w, training.Alone(name), place, cases)
		if err != nil {
			return err
		}
		r.add(name, got, whose)
		if !slices.Contains(popularities, name) {
			continue
		}
		for _, metric := range metrics {
			r.Paired = append(r.Paired, evaluate.Paired{A: best, B: name, Metric: metric, Comparison: draws.CompareBy(top[metric], got[metric], whose)})
		}
	}
	return nil
}

// add notes what a model reached.
func (r *report) add(name string, values map[string][]float64, whose []int) {
	r.Models[name] = map[string]evaluate.Value{}
	for _, metric := range metrics {
		mean, interval := evaluate.Resampling{Seed: r.Seed}.MeanBy(values[metric], whose)
		r.Models[name][metric] = evaluate.Value{Value: mean, Interval: &interval}
	}
}

// users numbers whose case each is.
func users(cases []training.Case) []int {
	number := map[engine.Subject]int{}
	out := make([]int, len(cases))
	for i := range cases {
		who := cases[i].Who.Subject
		if _, known := number[who]; !known {
			number[who] = len(number)
		}
		out[i] = number[who]
	}
	return out
}

func keys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }
