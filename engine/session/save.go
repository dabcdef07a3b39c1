package session

import (
	"fmt"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// version is of the saved form.
const version = 2

// head is the first section of a saved model.
type head struct {
	Params Params `json:"params"`
	Pairs  uint64 `json:"pairs"`
}

// Save implements model.Saver. What index computes is not saved.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(head{m.params, m.pairs})
	m.rows.Save(f)
	f.Uint32s(m.counts)
	f.Uint32s(m.visits.ends)
	f.Uint32s(m.visits.all)
	f.Float32s(m.worth)
	return f.Close()
}

// Load is the model.Loader of the source.
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	var h head
	f.JSON(&h)
	rows, from, saved := model.LoadRows(f, ids)
	counts := f.Uint32s(saved)
	visits, worth := table{ends: f.Uint32s(-1), all: f.Uint32s(-1)}, f.Float32s(-1)
	if err := h.Params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if why := unfit(visits, worth, counts, h.Pairs); why != "" {
		f.Refuse(why)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	m := &Model{params: h.Params, rows: rows, pairs: h.Pairs, counts: make([]uint32, len(from)), worth: worth}
	place := make([]uint32, saved)
	for i := range place {
		place[i] = unknown
	}
	for row, at := range from {
		m.counts[row] = counts[at]
		place[at] = uint32(row)
	}
	if m.visits = visits; !model.AsSaved(from, saved) {
		m.lay(visits, place)
	}
	m.index()
	return m, nil
}

// lay takes the saved visits over, each row at its place. A visit keeps its number also
// where nothing of it is known here.
func (m *Model) lay(saved table, place []uint32) {
	m.visits = newTable(saved.len(), len(saved.all))
	var list []uint32
	for i := range saved.len() {
		list = list[:0]
		for _, row := range saved.of(uint32(i)) {
			if place[row] != unknown {
				list = append(list, place[row])
			}
		}
		m.visits.add(list...)
	}
}

// unfit says what of a saved index does not fit together, "" for nothing.
func unfit(visits table, worth []float32, counts []uint32, pairs uint64) string {
	sum := uint64(0)
	for _, c := range counts {
		sum += uint64(c)
		if c == 0 {
			return "an item without visits"
		}
	}
	if sum > pairs {
		return "items of more visits than there were"
	}
	end := uint32(0)
	for _, e := range visits.ends {
		if e < end || int64(e) > int64(len(visits.all)) {
			return "visits that do not follow one another"
		}
		end = e
	}
	if int(end) != len(visits.all) {
		return "items of no visit"
	}
	if len(worth) != 0 && len(worth) != visits.len() {
		return "as many worths as there are not visits"
	}
	for _, w := range worth {
		if !(w >= 0 && w <= 1) {
			return "a visit that is not worth 0 to 1"
		}
	}
	has := make([]int, len(counts)) // the last visit with a row, from 1
	for i := range visits.len() {
		for _, row := range visits.of(uint32(i)) {
			if int64(row) >= int64(len(counts)) || has[row] == i+1 {
				return "a visit whose items are no distinct rows"
			}
			has[row] = i + 1
		}
	}
	return ""
}
