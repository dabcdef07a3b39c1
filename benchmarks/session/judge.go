package main

import (
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/training/evaluate"
)

// length is that of the lists.
const length = 20

// figures are means over all prefixes of the test sessions, as Serenade's evaluator
// computes them.
type figures struct {
	Predictions int               `json:"predictions"`
	MRR         float64           `json:"mrr"`       // 1/rank of the next item
	MRR95       evaluate.Interval `json:"mrr_95"`    // its interval, over sessions
	HR          float64           `json:"hr"`        // share of lists with the next item
	Recall      float64           `json:"recall"`    // items of the list that are still to come, a click that comes
	Precision   float64           `json:"precision"` // share of the list that is still to come
	Coverage    float64           `json:"coverage"`  // share of all items that some list has
	P50         float64           `json:"p50_microseconds"`
	P90         float64           `json:"p90_microseconds"`
}

// judge asks for the list after each click of each session but the last, and compares it
// with what was clicked next.
func judge(src model.Source, ids *catalogue.IDs, sessions [][]click) figures {
	var f figures
	var times []time.Duration
	all := roaring.New()
	all.AddRange(0, uint64(ids.Len()))
	shown := roaring.New()
	var reached []float64 // 1/rank of each prediction
	var whose []int       // the session of each, numbered
	for i, session := range sessions {
		for n := 1; n < len(session); n++ {
			q := &model.Query{History: history(session[:n], ids), Now: session[n-1].at}
			newest := uint32(q.History[0].Item)
			known := all.CheckedRemove(newest)
			start := time.Now()
			list := src.Open(q).Propose(all, length, nil)
			times = append(times, time.Since(start))
			if known {
				all.Add(newest)
			}
			before := f.MRR
			f.count(list, numbers(session[n:], ids))
			reached, whose = append(reached, f.MRR-before), append(whose, i)
			for _, item := range list {
				shown.Add(uint32(item))
			}
		}
	}
	n := float64(f.Predictions)
	_, f.MRR95 = evaluate.Resampling{Seed: 1}.MeanBy(reached, whose)
	f.MRR, f.HR, f.Recall, f.Precision = f.MRR/n, f.HR/n, f.Recall/n, f.Precision/n
	f.Coverage = float64(shown.GetCardinality()) / float64(ids.Len())
	f.P50 = float64(quantile(times, 0.5)) / float64(time.Microsecond)
	f.P90 = float64(quantile(times, 0.9)) / float64(time.Microsecond)
	return f
}

// numbers returns the items of clicks, repeats included.
func numbers(clicks []click, ids *catalogue.IDs) []engine.ItemNum {
	items := make([]engine.ItemNum, len(clicks))
	for i, c := range clicks {
		items[i] = strange
		if num, ok := ids.Num(c.item); ok {
			items[i] = num
		}
	}
	return items
}

// count adds one list.
func (f *figures) count(list, next []engine.ItemNum) {
	f.Predictions++
	if rank := slices.Index(list, next[0]); rank >= 0 {
		f.MRR += 1 / float64(rank+1)
		f.HR++
	}
	hits := 0
	for _, item := range list {
		if slices.Contains(next, item) {
			hits++
		}
	}
	f.Recall += float64(hits) / float64(len(next))
	f.Precision += float64(hits) / length
}
