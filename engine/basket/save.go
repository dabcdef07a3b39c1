package basket

import (
	"fmt"
	"io"
	"slices"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// version is of the saved form.
const version = 1

// Save implements model.Saver. What index computes is not saved.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(m.params)
	m.rows.Save(f)
	of, values := make([]uint32, len(m.cells)), make([]uint32, len(m.cells))
	for i, c := range m.cells {
		of[i], values[i] = c.of, c.share
	}
	f.Uint32s(m.ends)
	f.Uint32s(of)
	f.Uint32s(values)
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
	ends, of := f.Uint32s(-1), f.Uint32s(-1)
	values := f.Uint32s(len(of))
	if err := m.params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if f.Err() == nil {
		if why := unfit(ends, of, values, saved); why != "" {
			f.Refuse(why)
		}
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	m.rows = rows
	m.lay(ends, of, values, from, saved)
	m.index()
	return m, nil
}

// lay takes the saved shares over, each row at its place. A customer of whom nothing is
// known here is nobody to compare with.
func (m *Model) lay(ends, of, values []uint32, from []int, saved int) {
	const unknown = -1
	place := slices.Repeat([]int{unknown}, saved)
	for row, at := range from {
		place[at] = row
	}
	start := uint32(0)
	m.cells = make([]cell, 0, len(of))
	for _, end := range ends {
		before := len(m.cells)
		for i := start; i < end; i++ {
			if to := place[of[i]]; to != unknown {
				m.cells = append(m.cells, cell{uint32(to), values[i]})
			}
		}
		start = end
		if len(m.cells) > before {
			if byRow := func(a, b cell) int { return int(a.of) - int(b.of) }; !slices.IsSortedFunc(m.cells[before:], byRow) {
				slices.SortFunc(m.cells[before:], byRow)
			}
			m.ends = append(m.ends, uint32(len(m.cells)))
		}
	}
}

// unfit says what of saved shares does not fit together, "" for nothing.
func unfit(ends, of, values []uint32, rows int) string {
	if len(ends) > maxCustomers {
		return "more customers than are ever kept"
	}
	start := uint32(0)
	for _, end := range ends {
		if end <= start || int64(end) > int64(len(of)) {
			return "customers that do not follow one another"
		}
		for i := start; i < end; i++ {
			if int64(of[i]) >= int64(rows) || i > start && of[i-1] >= of[i] {
				return "a customer whose items are no ascending rows"
			}
			if values[i] < 1 || values[i] > one {
				return "a share that is not from 0 to 1"
			}
		}
		start = end
	}
	if int(start) != len(of) {
		return "items of no customer"
	}
	return ""
}
