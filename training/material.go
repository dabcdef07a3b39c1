package training

import (
	"maps"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

// Material is what sources are fitted on: a snapshot in the forms they ask for, each
// made when it is first asked for. It belongs to one goroutine.
type Material struct {
	snap      *Snapshot
	rows      *model.Rows // of data
	data      *model.Data
	part      bool // data are not all that the snapshot says
	sequences *model.Sequences
	fitted    map[string]model.Source // by the recipe at hand
	earlier   map[fitted]model.Source // by any recipe
}

// fitted is all that a source hangs on beside its material.
type fitted struct {
	kind   string
	params any
	over   model.Source
	seed   uint64
}

// Material returns the snapshot in the forms sources are fitted on.
func (s *Snapshot) Material() *Material { return &Material{snap: s} }

// without returns the material without some wanted items: what Data then holds, and who
// their content is compared with. It is for sources that are fitted on these.
func (m *Material) without(items map[engine.ItemNum]bool) *Material {
	data := m.Data()
	var rest []int
	for row := range data.Rows.Len() {
		if !items[data.Rows.Num(row)] {
			rest = append(rest, row)
		}
	}
	only := data.Only(rest)
	return &Material{snap: m.snap, rows: only.Rows, data: only, part: true}
}

// Encoder returns the content encoder of the snapshot's items.
func (m *Material) Encoder(f *Fitter) *text.Encoder { return f.Encoder(m.snap) }

// Content returns the content vectors of the snapshot's items.
func (m *Material) Content(f *Fitter) *text.Vectors { return f.Content(m.snap) }

// Fitted returns the source of a name that was fitted on this material before, by the
// same recipe or as the best of its tries; nil for none. A kind that builds on another
// stands after it.
func (m *Material) Fitted(name string) model.Source { return m.fitted[name] }

// keep makes a source known to the kinds that are fitted after it.
func (m *Material) keep(source model.Source) {
	if m.fitted == nil {
		m.fitted = make(map[string]model.Source)
	}
	m.fitted[source.Name()] = source
}

// drop lets go of the sources that a recipe does not fit with the same settings.
func (m *Material) drop(but Recipe) {
	m.fitted = nil
	maps.DeleteFunc(m.earlier, func(f fitted, _ model.Source) bool {
		return !slices.ContainsFunc(but.Sources, func(s Setting) bool { return s.Kind.Name == f.kind && s.Params == f.params })
	})
}

// Data returns who wants what: one row an item that somebody wants on balance, one
// customer a subject who wants something.
func (m *Material) Data() *model.Data {
	if m.data == nil {
		b := model.NewBuilder(m.snap.Events)
		for _, history := range m.snap.Interests() {
			b.Add(history)
		}
		m.data = b.Data(m.snap.IDs, 1)
		if m.rows != nil {
			m.data.Rows = m.rows // they are the same
		}
		m.rows = m.data.Rows
	}
	return m.data
}

// Rows are those of Data: none where nobody wants anything.
func (m *Material) Rows() *model.Rows {
	if m.rows == nil {
		m.Data()
	}
	return m.rows
}

// Sequences returns what each customer and session did, in the order of People: oldest
// first, repeats kept, with the rows of Data. Steps of a type without weight, and with
// items nobody wants on balance, are left out, and so is who wanted nothing. Data are
// let go: what is fitted on order stands after what is fitted on them.
func (m *Material) Sequences() *model.Sequences {
	if m.sequences == nil {
		m.sequences = m.snap.sequences(m.Rows())
	}
	if !m.part {
		m.data = nil
	}
	return m.sequences
}

func (s *Snapshot) sequences(items *model.Rows) *model.Sequences {
	of := &timelines{snap: s, rows: items}
	out := &model.Sequences{Rows: items, Of: of}
	var steps []model.Step
	for i := range s.People {
		if steps = of.steps(i, steps); wantsAny(steps) {
			of.people = append(of.people, uint32(i))
			if last := steps[len(steps)-1].At; last.After(out.Newest) {
				out.Newest = last
			}
		}
	}
	return out
}

// timelines are the steps of a snapshot's people, which are made when they are asked for:
// in memory they would take more than twice what the events do.
type timelines struct {
	snap   *Snapshot
	rows   *model.Rows
	people []uint32 // who wanted something, as places in People
}

// Len implements model.Timelines.
func (t *timelines) Len() int { return len(t.people) }

// Steps implements model.Timelines.
func (t *timelines) Steps(i int, room []model.Step) []model.Step {
	return t.steps(int(t.people[i]), room)
}

// steps are the events of somebody that say something, written to room.
func (t *timelines) steps(person int, room []model.Step) []model.Step {
	events := t.snap.People[person].events
	out := slices.Grow(room[:0], len(events))
	for i := range events {
		e := &events[i]
		worth := t.snap.worth(e)
		if row, ok := t.rows.Row(e.item); ok && worth != 0 {
			out = append(out, model.Step{Row: uint32(row), Type: t.snap.types.of(e), At: time.Unix(0, e.at).UTC(), Weight: float32(worth)})
		}
	}
	return out
}

func wantsAny(steps []model.Step) bool {
	for _, s := range steps {
		if s.Weight > 0 {
			return true
		}
	}
	return false
}
