package repeat

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// version is of the saved form.
const version = 1

// Save implements model.Saver: three numbers an item, behind those of the shop.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(m.params)
	m.rows.Save(f)
	numbers := []float64{m.shop.again, m.shop.shape, m.shop.scale}
	for _, h := range m.habits {
		numbers = append(numbers, h.again, h.shape, h.scale)
	}
	f.Float64s(numbers)
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
	numbers := f.Float64s(3 * (saved + 1))
	if err := m.params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	for i := 0; i < len(numbers); i += 3 {
		if h := habitIn(numbers[i:]); !(h.again >= 0 && h.again <= 1 && h.shape > 0 && h.scale > 0) {
			f.Refuse("a share beyond 0 and 1, or a rate that is not above 0")
			break
		}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	m.rows, m.shop, m.habits = rows, habitIn(numbers), make([]habit, len(from))
	for row, at := range from {
		m.habits[row] = habitIn(numbers[3*(at+1):])
	}
	return m, nil
}

func habitIn(n []float64) habit { return habit{n[0], n[1], n[2]} }
