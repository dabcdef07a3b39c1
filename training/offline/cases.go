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
// are new: then nobody could say anything of either. Repeated are those who are not
// asked, as they had all that is held out of them before.
func (e *evaluation) cases(known, held []int, only *roaring.Bitmap) (out []training.Case, repeated []engine.Subject) {
	if e.Sessions {
		asked := make([]bool, len(e.Data.Rows))
		for _, i := range held {
			asked[i] = e.isTarget(&e.Data.Rows[i])
		}
		out, repeated = e.Data.prefixes(e.split.Sorted(known, held), func(row int) bool { return asked[row] }, e.Repeats)
	} else {
		out, repeated = e.Data.cases(known, held, e.isTarget, e.Repeats)
	}
	if only != nil {
		out = slices.DeleteFunc(out, func(c training.Case) bool { return len(newest(c.Who.Rows)) == 0 })
	}
	for i := range out {
		out[i].Only = only
		out[i].Who.Customer = e.Data.customer(out[i].Who.Subject)
	}
	return out, repeated
}

// cases asks every subject with something held out what they did next: known are the
// rows before, held those to predict. Without repeats, items of the history are no
// targets, and who has no other is not asked, but repeated.
func (d *Data) cases(known, held []int, target func(*engine.Row) bool, repeats bool) (out []training.Case, repeated []engine.Subject) {
	past := make(map[engine.Subject][]engine.Row)
	for _, h := range d.histories(known) {
		past[h.subject] = h.rows
	}
	for _, h := range d.histories(held) {
		c := training.Case{Who: training.Known(h.subject, past[h.subject])}
		had := false
		for i := range h.rows {
			r := &h.rows[i]
			if r.Item == "" || !target(r) || slices.Contains(c.Targets, r.Num) {
				continue
			}
			if !repeats && has(c.Who.Rows, r.Num) {
				had = true
				continue
			}
			if len(c.Targets) == 0 {
				c.Now = r.At
			}
			c.Targets = append(c.Targets, r.Num)
		}
		switch {
		case len(c.Targets) > 0:
			out = append(out, c)
		case had:
			repeated = append(repeated, h.subject)
		}
	}
	return out, repeated
}

// prefixes asks of every timeline in the rows for each item that is held, but for the
// first: the history is what stands before it. What somebody just looked at is not
// shown to them again. Without repeats, items of the history are no targets, and a
// timeline that has no other is not asked, but repeated.
func (d *Data) prefixes(rows []int, held func(row int) bool, repeats bool) (out []training.Case, repeated []engine.Subject) {
	for _, h := range d.histories(rows) {
		before, had := len(out), false
		for i := range h.rows {
			r, past := &h.rows[i], h.rows[:i]
			if r.Item == "" || !held(h.index[i]) || len(newest(past)) == 0 {
				continue
			}
			if !repeats && has(past, r.Num) {
				had = true
				continue
			}
			out = append(out, training.Case{
				Who: training.Known(h.subject, past), Now: r.At, Targets: []engine.ItemNum{r.Num},
				Request: engine.Request{Exclude: newest(past)},
			})
		}
		if had && len(out) == before {
			repeated = append(repeated, h.subject)
		}
	}
	return out, repeated
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
