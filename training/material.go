package training

import (
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

// Material is what sources are fitted on: a snapshot in the forms they ask for, each
// made when it is first asked for. It belongs to one goroutine.
type Material struct {
	snap      *Snapshot
	data      *model.Data
	sequences *model.Sequences
	fitted    map[string]model.Source
}

// Material returns the snapshot in the forms sources are fitted on.
func (s *Snapshot) Material() *Material { return &Material{snap: s} }

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

// Data returns who wants what: one row an item that somebody wants on balance, one
// customer a subject who wants something.
func (m *Material) Data() *model.Data {
	if m.data == nil {
		var b model.Builder
		for _, history := range m.snap.Interests() {
			b.Add(history)
		}
		m.data = b.Data(m.snap.IDs, 1)
	}
	return m.data
}

// Sequences returns what each customer and session did, in the order of People: oldest
// first, repeats kept, with the rows of Data. Steps of a type without weight, and with
// items nobody wants on balance, are left out, and so is who wanted nothing.
func (m *Material) Sequences() *model.Sequences {
	if m.sequences == nil {
		m.sequences = m.snap.sequences(m.Data().Rows)
	}
	return m.sequences
}

func (s *Snapshot) sequences(items *model.Rows) *model.Sequences {
	out := &model.Sequences{Rows: items}
	var rows []engine.Row
	for _, p := range s.People {
		rows = s.rows(p.Subject, p.events, rows[:0])
		if steps := s.steps(items, rows); wantsAny(steps) {
			out.Of = append(out.Of, steps)
			if last := steps[len(steps)-1].At; last.After(out.Newest) {
				out.Newest = last
			}
		}
	}
	return out
}

// steps are the rows that say something.
func (s *Snapshot) steps(items *model.Rows, rows []engine.Row) []model.Step {
	out := make([]model.Step, 0, len(rows))
	for i := range rows {
		worth := s.Settings.Worth(&rows[i])
		if row, ok := items.Row(rows[i].Num); ok && worth != 0 {
			out = append(out, model.Step{Row: uint32(row), Type: rows[i].Type, At: rows[i].At, Weight: float32(worth)})
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
