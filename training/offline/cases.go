package offline

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

// choosingCases is on how many questions settings are chosen at most, evenly picked:
// more would make the choice of every try slow and hardly surer.
const choosingCases = 4000

// cases are the questions of what is held out: of each customer what they did next, in
// sessions each next item. Somebody without a past is asked for too, unless the items
// are new: then nobody could say anything of either.
func (e *evaluation) cases(known, held []int, only *roaring.Bitmap) []training.Case {
	var out []training.Case
	if e.Sessions {
		asked := make([]bool, len(e.Data.Rows))
		for _, i := range held {
			asked[i] = e.isTarget(&e.Data.Rows[i])
		}
		out = e.Data.prefixes(e.split.Sorted(known, held), func(row int) bool { return asked[row] }, e.Repeats)
	} else {
		out = e.Data.cases(known, held, e.isTarget, e.Repeats)
	}
	if only != nil {
		out = slices.DeleteFunc(out, func(c training.Case) bool { return len(newest(c.Who.Rows)) == 0 })
	}
	for i := range out {
		out[i].Only = only
		out[i].Who.Customer = e.Data.customer(out[i].Who.Subject)
	}
	return out
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

// bySession returns the same rows with each session as its own subject: what its
// customer did otherwise is forgotten. Rows without a session stay with their customer.
func (d *Data) bySession() *Data {
	out := *d
	out.Rows, out.owner = slices.Clone(d.Rows), make(map[engine.Subject]engine.CustomerID)
	for i := range out.Rows {
		r := &out.Rows[i]
		if r.Session == "" {
			continue
		}
		customer := r.Customer
		r.Customer = ""
		if customer != "" {
			out.owner[r.Subject()] = customer
		}
	}
	return &out
}
