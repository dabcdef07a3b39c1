package main

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

const depth = 10

var ndcg = evaluate.Metric{Name: "ndcg", K: depth}

// asked are the customers that worth is measured on, evenly spread.
func (b *bench) asked() []int {
	n := min(b.options.customers, b.shop.Customers)
	out := make([]int, n)
	for i := range out {
		out[i] = i * b.shop.Customers / n
	}
	return out
}

// worth is the mean NDCG@10 of lists that do not hold what a customer had.
func (b *bench) worth(list func(worker int, history []engine.Interest, eligible *roaring.Bitmap) []engine.ItemNum) float64 {
	return b.worthOf(b.shop.History, func(c int) uint32 { return b.shop.Held(c).Item }, list)
}

func (b *bench) worthOf(history func(c int) []engine.Interest, held func(c int) uint32, list func(int, []engine.Interest, *roaring.Bitmap) []engine.ItemNum) float64 {
	asked := b.asked()
	values := make([]float64, len(asked))
	all := roaring.New()
	all.AddRange(0, uint64(b.shop.Items))
	vector.Fork(b.workers, len(asked), func(worker, i int) {
		h := history(asked[i])
		eligible := all.Clone()
		for _, in := range h {
			eligible.Remove(uint32(in.Item))
		}
		target := []engine.ItemNum{engine.ItemNum(held(asked[i]))}
		values[i] = ndcg.Of(evaluate.Judge(list(worker, h, eligible), target, nil))
	})
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / math.Max(1, float64(len(values)))
}

// proposed are the lists of a source.
func proposed(s model.Source) func(int, []engine.Interest, *roaring.Bitmap) []engine.ItemNum {
	return func(_ int, h []engine.Interest, eligible *roaring.Bitmap) []engine.ItemNum {
		return s.Open(&model.Query{History: h}).Propose(eligible, depth, nil)
	}
}
