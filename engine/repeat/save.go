package repeat

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// version is of the saved form.
const version = 1

// numbers is how many a habit is saved as.
const numbers = kept + 2

// Save implements model.Saver: the numbers of each item, behind those of the shop.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(m.params)
	m.rows.Save(f)
	all := m.shop.appendTo(nil)
	for _, h := range m.habits {
		all = h.appendTo(all)
	}
	f.Float64s(all)
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
	all := f.Float64s(numbers * (saved + 1))
	if err := m.params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	for i := 0; i < len(all); i += numbers {
		if !habitIn(all[i:]).valid() {
			f.Refuse("a share that is not from 0 to 1, or a rate that is not above 0")
			break
		}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	m.rows, m.shop, m.habits = rows, habitIn(all), make([]habit, len(from))
	for row, at := range from {
		m.habits[row] = habitIn(all[numbers*(at+1):])
	}
	return m, nil
}

func (h habit) appendTo(all []float64) []float64 {
	return append(append(all, h.again[:]...), h.shape, h.scale)
}

func habitIn(all []float64) habit {
	h := habit{shape: all[kept], scale: all[kept+1]}
	copy(h.again[:], all)
	return h
}

func (h habit) valid() bool {
	for _, a := range h.again {
		if !(a >= 0 && a <= 1) {
			return false
		}
	}
	return h.shape > 0 && h.scale > 0
}
