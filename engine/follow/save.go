package follow

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// version is of the saved form.
const version = 1

// Save implements model.Saver: 8 bytes a follower.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, m.name, version)
	f.JSON(m.params)
	m.rows.Save(f)
	f.Uint32s(m.ends)
	f.Uint32s(m.to)
	f.Float32s(m.strength)
	return f.Close()
}

// LoadMarkov is the model.Loader of the source "markov".
func LoadMarkov(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	return load(MarkovName, r, ids)
}

// Load is the model.Loader of the source "rules".
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) { return load(RulesName, r, ids) }

func load(name string, r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, name, version)
	if err != nil {
		return nil, err
	}
	read := &Model{name: name}
	f.JSON(&read.params)
	read.params.Workers = 1
	rows, from, saved := model.LoadRows(f, ids)
	read.ends = f.Uint32s(saved)
	read.to = f.Uint32s(-1)
	read.strength = f.Float32s(len(read.to))
	if err := read.params.check(name); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if f.Err() == nil && !read.fits(saved) {
		f.Refuse("followers that do not fit to the items")
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return read.relaid(rows, from, saved), nil
}

// fits reports whether the lists of followers come one after another, and each names
// rows, ascending.
func (m *Model) fits(rows int) bool {
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
func (m *Model) relaid(rows *model.Rows, from []int, saved int) *Model {
	place := make([]int, saved)
	for i := range place {
		place[i] = -1
	}
	for row, at := range from {
		place[at] = row
	}
	out := &Model{name: m.name, params: m.params, rows: rows}
	out.sums.New = func() any { return vector.NewSums(rows.Len()) }
	for _, at := range from {
		to, strength := m.followers(uint32(at))
		var list []follower
		for i, was := range to {
			if row := place[was]; row >= 0 {
				list = append(list, follower{uint32(row), strength[i]})
			}
		}
		slices.SortFunc(list, func(a, b follower) int { return cmp.Compare(a.row, b.row) })
		for _, l := range list {
			out.to, out.strength = append(out.to, l.row), append(out.strength, l.strength)
		}
		out.ends = append(out.ends, uint32(len(out.to)))
	}
	return out
}
