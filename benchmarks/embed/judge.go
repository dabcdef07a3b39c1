package main

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// length is of the lists that are judged.
const length = 20

// proposer gives the best items of eligible after what was clicked, newest first, each
// once.
type proposer func(history []engine.Interest, eligible *roaring.Bitmap) []engine.ItemNum

func embedding(m *embed.Model) proposer {
	return func(history []engine.Interest, eligible *roaring.Bitmap) []engine.ItemNum {
		return m.Open(&model.Query{History: history}).Propose(eligible, length, nil)
	}
}

// popularity proposes what was clicked most in the sessions of the fit.
func popularity(data *model.Sequences) proposer {
	counts := make([]float32, data.Rows.Len())
	for steps := range data.All() {
		for _, s := range steps {
			counts[s.Row]++
		}
	}
	return func(_ []engine.Interest, eligible *roaring.Bitmap) []engine.ItemNum {
		top := vector.NewTop(length)
		data.Rows.Each(eligible, func(row int, n engine.ItemNum) { top.Push(n, counts[row]) })
		return top.AppendItems(nil)
	}
}

// judged is how one model did, by session: sums over its clicks, times sessions over
// all clicks, so that the mean over sessions is the mean over clicks.
type judged struct {
	hr, mrr []float64
	asked   int
}

// judge asks for the next item after every prefix of every session. All items of the fit
// are ranked; with fresh those of the prefix are left out, from lists and as answers.
func judge(propose proposer, rows *model.Rows, sessions []session, fresh bool) judged {
	all := roaring.New()
	for row := range rows.Len() {
		all.Add(uint32(rows.Num(row)))
	}
	j := judged{hr: make([]float64, len(sessions)), mrr: make([]float64, len(sessions))}
	for i, s := range sessions {
		for at := 1; at < len(s.items); at++ {
			prefix, next := s.items[:at], s.items[at]
			eligible := all
			if fresh {
				if slices.Contains(prefix, next) {
					continue
				}
				eligible = all.Clone()
				for _, item := range prefix {
					eligible.Remove(uint32(item))
				}
			}
			j.asked++
			if place := slices.Index(propose(history(prefix), eligible), next); place >= 0 {
				j.hr[i]++
				j.mrr[i] += 1 / float64(place+1)
			}
		}
	}
	for i := range sessions {
		j.hr[i] *= float64(len(sessions)) / float64(j.asked)
		j.mrr[i] *= float64(len(sessions)) / float64(j.asked)
	}
	return j
}

// history returns the items of a prefix, newest first, each once.
func history(prefix []engine.ItemNum) []engine.Interest {
	var out []engine.Interest
	for i := len(prefix) - 1; i >= 0; i-- {
		if !slices.Contains(prefix[i+1:], prefix[i]) {
			out = append(out, engine.Interest{Item: prefix[i], Weight: 1})
		}
	}
	return out
}

// overlap returns the mean share of the 10 nearest neighbours that two models have in
// common, over the items with at least clicks clicks that both know, and how many
// those are.
func overlap(a, b *embed.Model, data *model.Sequences, clicks int) (share float64, items int) {
	const nearest = 10
	counts := make([]int, data.Rows.Len())
	for steps := range data.All() {
		for _, s := range steps {
			counts[s.Row]++
		}
	}
	for row, count := range counts {
		if count < clicks {
			continue
		}
		x, y := a.Nearest(data.Rows.Num(row), nearest), b.Nearest(data.Rows.Num(row), nearest)
		if x == nil || y == nil {
			continue
		}
		items++
		for _, n := range x {
			if slices.ContainsFunc(y, func(o vector.Scored) bool { return o.Item == n.Item }) {
				share += 1.0 / nearest
			}
		}
	}
	return share / float64(max(items, 1)), items
}
