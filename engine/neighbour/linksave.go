package neighbour

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// Save implements model.Saver: 8 bytes a weight.
func (m *Links[P]) Save(w io.Writer) error {
	f := model.NewWriter(w, m.Name(), m.version())
	f.JSON(m.params)
	m.rows.Save(f)
	m.adds.Save(f)
	return f.Close()
}

func (m *Links[P]) version() uint32 {
	_, version := m.params.source()
	return version
}

// loadLinks reads what Save wrote.
func loadLinks[P settings[P]](r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	read := &Links[P]{}
	f, err := model.NewReader(r, read.Name(), read.version())
	if err != nil {
		return nil, err
	}
	f.JSON(&read.params)
	rows, from, saved := model.LoadRows(f, ids)
	adds := model.LoadEdges(f, saved)
	read.params = read.params.WithDefaults()
	if err := read.params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return newLinks(read.params, rows, adds.Laid(from, saved)), nil
}
