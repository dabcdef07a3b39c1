package main

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/engine/vector/svd"
)

// The two graph filters with a closed form. Both begin with the products of normalised
// columns, P = transpose(R~) R~ with R~_ui = |u|^-a |i|^-(1-a), which are sparse.

// turboParams are those of Turbo-CF with its linear filter (Park, Shin and Shin, "Turbo-CF:
// matrix decomposition-free graph filtering for fast recommendation", 2024): P with each
// element to the power S. Its filters of a higher order multiply P by itself, which is
// dense.
type turboParams struct {
	Alpha float64 `json:"alpha"`
	S     float64 `json:"s"`
}

func fitTurbo(_ context.Context, data *model.Data, p turboParams) (model.Source, error) {
	m := productsOf(data, p.Alpha)
	for _, row := range m.values {
		for at, v := range row {
			row[at] = math.Pow(v, p.S)
		}
	}
	return &dense{rows: data.Rows, score: m.addTo}, nil
}

// spectralParams are those of GF-CF (Shen et al., "How powerful is graph convolution for
// recommendation?", 2021, equation 11): P with a = 1/2, and the ideal low-pass filter of
// its first Rank eigenvectors.
type spectralParams struct {
	Rank  int     `json:"rank"`
	Ideal float64 `json:"ideal"` // weight of the low-pass filter
}

func fitSpectral(_ context.Context, data *model.Data, p spectralParams) (model.Source, error) {
	n := data.Rows.Len()
	m := productsOf(data, 0.5)
	root := make([]float64, n)
	for i, cells := range data.ByItem() {
		root[i] = math.Sqrt(float64(len(cells)))
	}
	a := svd.NewSparse(n)
	for _, cells := range data.Customers {
		row := make([]svd.Cell, len(cells))
		for i, c := range cells {
			row[i] = svd.Cell{Column: int32(c.Row), Value: 1 / (root[c.Row] * math.Sqrt(float64(len(cells))))}
		}
		a.Append(row)
	}
	u, _ := svd.Right(a, min(p.Rank, n), rand.New(rand.NewPCG(1, 0)))
	return &dense{rows: data.Rows, score: func(history []int, out []float64) {
		m.addTo(history, out)
		low := make([]float64, u.Width)
		for _, row := range history {
			for k, x := range u.Row(row) {
				low[k] += x / root[row]
			}
		}
		for j := range out {
			sum := 0.0
			for k, x := range u.Row(j) {
				sum += low[k] * x
			}
			out[j] += p.Ideal * sum * root[j]
		}
	}}, nil
}

// matrix is sparse, in rows.
type matrix struct {
	columns [][]uint32
	values  [][]float64
}

func (m *matrix) addTo(history []int, out []float64) {
	for _, row := range history {
		for at, column := range m.columns[row] {
			out[column] += m.values[row][at]
		}
	}
}

// productsOf returns P.
func productsOf(data *model.Data, a float64) *matrix {
	byItem := data.ByItem()
	n := len(byItem)
	m := &matrix{make([][]uint32, n), make([][]float64, n)}
	sums := vector.NewSums(n)
	for i, cells := range byItem {
		for _, u := range cells {
			had := data.Customers[u.Row]
			w := math.Pow(float64(len(had)), -2*a) * math.Pow(float64(len(cells)), a-1)
			for _, c := range had {
				sums.Add(c.Row, w*math.Pow(float64(len(byItem[c.Row])), a-1))
			}
		}
		sums.Drain(func(j int, v float64) {
			m.columns[i], m.values[i] = append(m.columns[i], uint32(j)), append(m.values[i], v)
		})
	}
	return m
}
