package embed

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// Name is the source's name.
const Name = "embed"

// version is of the saved form.
const version = 1

// Model is the fitted source.
type Model struct {
	*Space
	params Params
}

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the model was fitted with; Method is the one taken.
func (m *Model) Params() Params { return m.params }

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
	m.Space = NewSpace(rows, dims, model.Pick(vectors, dims, from), m.params.Causes, m.params.Decay)
	return m, nil
}
