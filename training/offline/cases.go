package offline

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// choosingPrefixes is on how many prefixes of sessions settings are chosen at most: they
// are many, and alike.
const choosingPrefixes = 4000

// cases are the questions of a part: of each customer what they did next, in sessions
// each next item.
func (e *evaluation) cases(of evaluate.Part) []training.Case {
	before := []evaluate.Part{evaluate.Train, evaluate.Valid}[:of]
	if e.Sessions {
		limit := 0
		if of == evaluate.Valid {
			limit = choosingPrefixes
		}
		held := func(row int) bool { return e.split.Parts[row] == of && e.isTarget(&e.Data.Rows[row]) }
		return training.Pick(e.Data.prefixes(e.split.Rows(append(slices.Clone(before), of)...), held, e.Repeats), limit)
	}
	return e.Data.cases(e.split.Rows(before...), e.split.Rows(of), e.isTarget, e.Repeats)
}

// cases asks every subject with something held out what they did next: known are the
// rows before, held those to predict. Without repeats, items of the history are no
// targets.
func (d *Data) cases(known, held []int, target func(*engine.Row) bool, repeats bool) []training.Case {
	past := make(map[engine.Subject][]engine.Row)
	for _, h := range d.histories(known) {
		past[h.subject] = h.rows
	}
	var out []training.Case
	for _, h := range d.histories(held) {
		c := training.Case{Who: training.Known(h.subject, past[h.subject])}
		for i := range h.rows {
			r := &h.rows[i]
			if r.Item == "" || !target(r) || slices.Contains(c.Targets, r.Num) {
				continue
			}
			if !repeats && has(c.Who.Rows, r.Num) {
				continue
			}
			if len(c.Targets) == 0 {
				c.Now = r.At
			}
			c.Targets = append(c.Targets, r.Num)
		}
		if len(c.Targets) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// prefixes asks of every timeline in the rows for each item that is held, but for the
// first: the history is what stands before it. What somebody just looked at is not
// shown to them again. Without repeats, items of the history are no targets.
func (d *Data) prefixes(rows []int, held func(row int) bool, repeats bool) []training.Case {
	var out []training.Case
	for _, h := range d.histories(rows) {
		for i := range h.rows {
			r, before := &h.rows[i], h.rows[:i]
			if r.Item == "" || !held(h.index[i]) || len(newest(before)) == 0 {
				continue
			}
			if !repeats && has(before, r.Num) {
				continue
			}
			out = append(out, training.Case{
				Who: training.Known(h.subject, before), Now: r.At, Targets: []engine.ItemNum{r.Num},
				Request: engine.Request{Exclude: newest(before)},
			})
		}
	}
	return out
}

// newest returns the last item of a history.
func newest(rows []engine.Row) []engine.ItemID {
	for _, r := range slices.Backward(rows) {
		if r.Item != "" {
			return []engine.ItemID{r.Item}
		}
	}
	return nil
}

// has reports whether an item is in a history.
func has(rows []engine.Row, item engine.ItemNum) bool {
	return slices.ContainsFunc(rows, func(r engine.Row) bool { return r.Item != "" && r.Num == item })
}

// bySession returns the same rows with each session as its own subject: whose it was is
// forgotten. Rows without a session stay with their customer.
func (d *Data) bySession() *Data {
	out := *d
	out.Rows = slices.Clone(d.Rows)
	for i := range out.Rows {
		if out.Rows[i].Session != "" {
			out.Rows[i].Customer = ""
		}
	}
	return &out
}
