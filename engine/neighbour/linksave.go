package neighbour

import (
	"fmt"
	"io"
	"slices"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// Save implements model.Saver: 8 bytes a weight.
func (m *Links[P]) Save(w io.Writer) error {
	f := model.NewWriter(w, m.Name(), m.version())
	f.JSON(m.params)
	m.rows.Save(f)
	f.Uint32s(m.ends)
	f.Uint32s(m.to)
	f.Float32s(m.weights)
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
	read.ends = f.Uint32s(saved)
	read.to = f.Uint32s(-1)
	read.weights = f.Float32s(len(read.to))
	read.params = read.params.WithDefaults()
	if err := read.params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if f.Err() == nil && !read.fits(saved) {
		f.Refuse("weights that do not fit to the items")
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return read.relaid(rows, from, saved), nil
}

// fits reports whether the lists of links follow one another, and each names rows,
// ascending.
func (m *Links[P]) fits(rows int) bool {
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
func (m *Links[P]) relaid(rows *model.Rows, from []int, saved int) *Links[P] {
	place := make([]int, saved)
	for i := range place {
		place[i] = -1
	}
	for row, at := range from {
		place[at] = row
	}
	scoredBy := make([][]link, len(from))
	for at, cause := range place {
		if cause < 0 {
			continue
		}
		to, weights := m.linksOf(at)
		for i, was := range to {
			if row := place[was]; row >= 0 {
				scoredBy[row] = append(scoredBy[row], link{uint32(cause), weights[i]})
			}
		}
	}
	for _, links := range scoredBy {
		slices.SortFunc(links, byRow)
	}
	return newLinks(m.params, rows, scoredBy)
}
