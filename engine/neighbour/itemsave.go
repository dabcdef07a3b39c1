package neighbour

import (
	"fmt"
	"io"
	"slices"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// itemVersion is of the saved form of item-kNN.
const itemVersion = 1

// Save implements model.Saver: 8 bytes a neighbour.
func (m *Items) Save(w io.Writer) error {
	f := model.NewWriter(w, ItemName, itemVersion)
	f.JSON(m.params)
	m.rows.Save(f)
	f.Uint32s(m.ends)
	f.Uint32s(m.to)
	f.Float32s(m.similarity)
	return f.Close()
}

// LoadItems is the model.Loader of item-kNN.
func LoadItems(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, ItemName, itemVersion)
	if err != nil {
		return nil, err
	}
	read := &Items{}
	f.JSON(&read.params)
	rows, from, saved := model.LoadRows(f, ids)
	read.ends = f.Uint32s(saved)
	read.to = f.Uint32s(-1)
	read.similarity = f.Float32s(len(read.to))
	p := read.params
	p.Workers = 1
	if err := p.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if f.Err() == nil && !read.fits(saved) {
		f.Refuse("neighbours that do not fit to the items")
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return read.relaid(rows, from, saved), nil
}

// fits reports whether the lists of neighbours follow one another, and each names rows,
// ascending.
func (m *Items) fits(rows int) bool {
	end := uint32(0)
	for _, e := range m.ends {
		if e < end || int64(e) > int64(len(m.to)) {
			return false
		}
		list := m.to[end:e]
		for i, row := range list {
			if int64(row) >= int64(rows) || i > 0 && list[i-1] >= row {
				return false
			}
		}
		end = e
	}
	return int(end) == len(m.to)
}

// relaid returns what was read with its rows in the order of the numbers here.
func (m *Items) relaid(rows *model.Rows, from []int, saved int) *Items {
	place := make([]int, saved)
	for i := range place {
		place[i] = -1
	}
	for row, at := range from {
		place[at] = row
	}
	nearest := make([][]link, len(from))
	for at, cause := range place {
		if cause < 0 {
			continue
		}
		to, similarity := m.linksOf(at)
		for i, was := range to {
			if row := place[was]; row >= 0 {
				nearest[row] = append(nearest[row], link{uint32(cause), similarity[i]})
			}
		}
	}
	for _, links := range nearest {
		slices.SortFunc(links, func(a, b link) int { return int(a.row) - int(b.row) })
	}
	return newItems(m.params, rows, nearest)
}
