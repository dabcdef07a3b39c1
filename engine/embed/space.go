package embed

import (
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Space is items as vectors and how a person is placed among them. What the vectors are
// of is not its concern.
type Space struct {
	rows    *model.Rows
	dims    int
	vectors []float32 // rows x dims, each of length 1
	index   *model.Index
	causes  int
	decay   float64
}

// NewSpace returns the space of vectors, row by row, dims numbers each, of length 1. Of a
// history its newest causes items count, each by decay of the one after it.
func NewSpace(rows *model.Rows, dims int, vectors []float32, causes int, decay float64) *Space {
	return &Space{rows, dims, vectors, model.NewIndex(rows, dims, vectors), causes, decay}
}

// Rows returns the items that have a vector.
func (m *Space) Rows() *model.Rows { return m.rows }

// Vectors returns all vectors, row by row, dims numbers each, of length 1. Nothing of it
// may be changed.
func (m *Space) Vectors() (rows *model.Rows, dims int, values []float32) {
	return m.rows, m.dims, m.vectors
}

// vector returns the vector of a row, not to be changed.
func (m *Space) vector(row int) []float32 {
	return m.vectors[row*m.dims:][:m.dims:m.dims]
}

// Nearest returns the n items whose vectors have the largest cosine with that of item,
// best first, without itself; nil for an item without a vector.
func (m *Space) Nearest(item engine.ItemNum, n int) []vector.Scored {
	own, ok := m.rows.Row(item)
	if !ok {
		return nil
	}
	top := vector.NewTop(n)
	for row := range m.rows.Len() {
		if row != own {
			top.Push(m.rows.Num(row), vector.Dot(m.vector(own), m.vector(row)))
		}
	}
	return top.Best()
}
