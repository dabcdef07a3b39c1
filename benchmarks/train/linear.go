package main

import (
	"context"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"gonum.org/v1/gonum/mat"

	"github.com/rapportengine/rapport/benchmarks/gen"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/vector"
)

// easeFit is EASE on the most wanted items.
type easeFit struct {
	Items int      `json:"items"`
	Count cost     `json:"count"` // of pairs
	Solve cost     `json:"solve"` // the inverse, and weights of it
	Fit   cost     `json:"fit"`   // both
	NDCG  float64  `json:"ndcg@10"`
	Gonum *inverse `json:"gonum,omitempty"`
}

// inverse is Gonum's Cholesky inverse of the same matrix, in float64: no counting.
type inverse struct {
	Cost  cost    `json:"inverse"`
	NDCG  float64 `json:"ndcg@10"`
	Ratio float64 `json:"cpu_ratio"` // to our solving
}

func (b *bench) easeFits(ctx context.Context) error {
	for _, n := range b.easeOf {
		data := gen.MostWanted(b.data, n)
		p := neighbour.Params{MaxItems: n, Workers: b.workers}
		out, err := b.easeFit(ctx, data, p)
		if err != nil {
			return err
		}
		fmt.Printf("EASE, %d items: %.2f s (%.2f CPU), of which counting pairs %.2f; NDCG@10 %.4f\n", out.Items, out.Fit.Seconds, out.Fit.CPU, out.Count.CPU, out.NDCG)
		if n <= b.options.gonum || b.long {
			if out.Gonum, err = b.gonumInverse(data, p.WithDefaults().Lambda); err != nil {
				return err
			}
			out.Gonum.Ratio = out.Gonum.Cost.CPU / out.Solve.CPU
			fmt.Printf("Gonum, the inverse alone: %.2f s (%.2f CPU), %.1f times ours; NDCG@10 %.4f\n", out.Gonum.Cost.Seconds, out.Gonum.Cost.CPU, out.Gonum.Ratio, out.Gonum.NDCG)
		}
		b.to.EASE = append(b.to.EASE, *out)
	}
	return nil
}

// easeFit is the median of several fits.
func (b *bench) easeFit(ctx context.Context, data *model.Data, p neighbour.Params) (*easeFit, error) {
	var (
		counts, solves []cost
		m              *neighbour.EASE
	)
	for range b.rounds {
		var pairs *neighbour.Gram
		c, err := measure.Timed(func() (err error) {
			pairs, err = neighbour.Count(ctx, data, p)
			return err
		})
		if err != nil {
			return nil, err
		}
		counts = append(counts, c)
		if c, err = measure.Timed(func() (err error) {
			m, err = pairs.Fit(ctx, p)
			return err
		}); err != nil {
			return nil, err
		}
		solves = append(solves, c)
	}
	out := &easeFit{Items: data.Rows.Len(), Count: measure.MedianCost(counts), Solve: measure.MedianCost(solves), NDCG: b.worth(proposed(m))}
	out.Fit = cost{Seconds: out.Count.Seconds + out.Solve.Seconds, CPU: out.Count.CPU + out.Solve.CPU}
	return out, nil
}

// gonumInverse solves EASE by Gonum: weights -P_ij / P_jj of the inverse P of the pair
// counts with lambda on the diagonal (Steck 2019).
func (b *bench) gonumInverse(data *model.Data, lambda float64) (*inverse, error) {
	n := data.Rows.Len()
	pairs := mat.NewSymDense(n, nil)
	raw := pairs.RawSymmetric()
	for _, cells := range data.Customers {
		for i, a := range cells {
			for _, c := range cells[i:] {
				raw.Data[int(a.Row)*raw.Stride+int(c.Row)]++
			}
		}
	}
	for i := range n {
		pairs.SetSym(i, i, pairs.At(i, i)+lambda)
	}
	var weights mat.SymDense
	c, err := measure.Timed(func() error {
		var chol mat.Cholesky
		if !chol.Factorize(pairs) {
			return vector.ErrNotPositive
		}
		return chol.InverseTo(&weights)
	})
	if err != nil {
		return nil, err
	}
	score := func(_ int, h []engine.Interest, eligible *roaring.Bitmap) []engine.ItemNum {
		sums := make([]float64, n)
		for _, in := range h {
			row, ok := data.Rows.Row(in.Item)
			if !ok {
				continue
			}
			for j := range sums {
				sums[j] -= weights.At(row, j) / weights.At(j, j)
			}
		}
		top := vector.NewTop(depth)
		for j, sum := range sums {
			if num := data.Rows.Num(j); eligible.Contains(uint32(num)) {
				top.Push(num, float32(sum))
			}
		}
		return top.AppendItems(nil)
	}
	return &inverse{Cost: c, NDCG: b.worth(score)}, nil
}

// neighbourFit is item-kNN.
type neighbourFit struct {
	K    int     `json:"k"`
	Fit  cost    `json:"fit"`
	NDCG float64 `json:"ndcg@10"`
}

func (b *bench) itemKNN(ctx context.Context) error {
	p := neighbour.ItemParams{K: 100, Workers: b.workers}
	var (
		each []cost
		m    *neighbour.Items
	)
	for range b.rounds {
		c, err := measure.Timed(func() (err error) {
			m, err = neighbour.FitItems(ctx, b.data, p)
			return err
		})
		if err != nil {
			return err
		}
		each = append(each, c)
	}
	out := &neighbourFit{K: p.K, Fit: measure.MedianCost(each), NDCG: b.worth(proposed(m))}
	b.to.ItemKNN = out
	fmt.Printf("item-kNN, %d neighbours: %.2f s (%.2f CPU); NDCG@10 %.4f\n", out.K, out.Fit.Seconds, out.Fit.CPU, out.NDCG)
	return nil
}
