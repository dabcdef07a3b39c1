package main

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// inverseParams are those of EASE with a sparse approximate inverse P of A = X'X + lambda
// I, in the manner of SANSA (Spišák et al., "Scalable approximate nonsymmetric
// autoencoder for collaborative filtering", 2023): P = W'W with W triangular and K
// elements a row. SANSA gets W from an incomplete factorisation with dropping, which
// breaks down here unless lambda is large or little is dropped (on movielens-100k 200 of
// 1,432 rows a column were too few for lambda 200). This solves each row of W for itself,
// which cannot break down (factorised sparse approximate inverse; Kolotilina and Yeremin
// 1993):
//
//	A_SS y = e_i,  W_iS = y / sqrt(y_i)
//
// where S are the K items most often wanted with i, of those wanted more than i, and i.
type inverseParams struct {
	Lambda float64 `json:"lambda"`
	K      int     `json:"k"`
}

func fitInverse(_ context.Context, data *model.Data, p inverseParams) (model.Source, error) {
	byItem := data.ByItem()
	n := len(byItem)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(byItem[a]), len(byItem[b])) })
	rank := make([]int, n)
	for at, row := range order {
		rank[row] = at
	}
	counts := together(data, byItem)
	w := &matrix{make([][]uint32, n), make([][]float64, n)}       // rows of W
	columns := &matrix{make([][]uint32, n), make([][]float64, n)} // and its columns
	diagonal := make([]float64, n)                                // of P
	place := make([]int, n)
	for i := range n {
		top := vector.NewTop(p.K)
		for at, j := range counts.columns[i] {
			if rank[j] > rank[i] {
				top.Push(engine.ItemNum(j), float32(counts.values[i][at]))
			}
		}
		s := append(top.AppendItems(nil), engine.ItemNum(i))
		y, err := solveLast(counts, s, place, p.Lambda)
		if err != nil {
			return nil, err
		}
		for at, j := range s {
			v := y[at] / math.Sqrt(y[len(y)-1])
			w.columns[i], w.values[i] = append(w.columns[i], uint32(j)), append(w.values[i], v)
			columns.columns[j], columns.values[j] = append(columns.columns[j], uint32(i)), append(columns.values[j], v)
			diagonal[j] += v * v
		}
	}
	sums := vector.NewSums(n)
	return &dense{rows: data.Rows, score: func(history []int, out []float64) {
		for _, row := range history {
			for at, i := range columns.columns[row] {
				sums.Add(i, columns.values[row][at])
			}
		}
		sums.Drain(func(i int, y float64) {
			for at, j := range w.columns[i] {
				out[j] -= y * w.values[i][at]
			}
		})
		for j := range out {
			out[j] /= diagonal[j]
		}
	}}, nil
}

// solveLast solves A_SS y = e for the last of the items s; place is scratch of zeros.
func solveLast(counts *matrix, s []engine.ItemNum, place []int, lambda float64) ([]float64, error) {
	for at, row := range s {
		place[row] = at + 1
	}
	a := vector.NewSym(len(s))
	for at, row := range s {
		for k, j := range counts.columns[row] {
			if to := place[j] - 1; to >= 0 {
				a.Set(at, to, counts.values[row][k])
			}
		}
	}
	for _, row := range s {
		place[row] = 0
	}
	a.AddDiagonal(lambda)
	if err := a.Factorise(); err != nil {
		return nil, err
	}
	y := make([]float64, len(s))
	y[len(s)-1] = 1
	a.Solve(y)
	return y, nil
}

// together counts how many customers want both of two items.
func together(data *model.Data, byItem [][]model.Cell) *matrix {
	n := len(byItem)
	m := &matrix{make([][]uint32, n), make([][]float64, n)}
	sums := vector.NewSums(n)
	for i, cells := range byItem {
		for _, u := range cells {
			for _, c := range data.Customers[u.Row] {
				sums.Add(c.Row, 1)
			}
		}
		sums.Drain(func(j int, v float64) {
			m.columns[i], m.values[i] = append(m.columns[i], uint32(j)), append(m.values[i], v)
		})
	}
	return m
}
