package embed

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name is the source's name.
const Name = "embed"

// version is of the saved form.
const version = 1

// Model is the fitted source.
type Model struct {
	params  Params
	rows    *model.Rows
	vectors []float32 // rows x Dims, each of length 1
}

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the model was fitted with; Method is the one taken.
func (m *Model) Params() Params { return m.params }

// Rows returns the items that have a vector.
func (m *Model) Rows() *model.Rows { return m.rows }

// Vectors returns all vectors, row by row, dims numbers each, of length 1. Nothing of it
// may be changed.
func (m *Model) Vectors() (rows *model.Rows, dims int, values []float32) {
	return m.rows, m.params.Dims, m.vectors
}

// vector returns the vector of a row, not to be changed.
func (m *Model) vector(row int) []float32 {
	d := m.params.Dims
	return m.vectors[row*d:][:d:d]
}

// Nearest returns the n items whose vectors have the largest cosine with that of item,
// best first, without itself; nil for an item without a vector.
func (m *Model) Nearest(item engine.ItemNum, n int) []vector.Scored {
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

// Save implements model.Saver.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(m.params)
	m.rows.Save(f)
	f.Float32s(m.vectors)
	return f.Close()
}

// Load is the model.Loader of the source.
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	m := &Model{}
	f.JSON(&m.params)
	rows, from, saved := model.LoadRows(f, ids)
	m.params.Workers = 1
	if err := m.params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	dims := m.params.Dims
	vectors := f.Float32s(saved * dims)
	if err := f.Close(); err != nil {
		return nil, err
	}
	m.rows, m.vectors = rows, make([]float32, 0, rows.Len()*dims)
	for _, at := range from {
		m.vectors = append(m.vectors, vectors[at*dims:][:dims]...)
	}
	return m, nil
}
