package solution

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// columns are the fixes that solved tickets say something of, in a row, with what became of
// them: what an answer reads of all of them.
type columns struct {
	fixes     []engine.ItemNum // ascending
	tried     []counts
	byProduct map[string][]cell[counts]
	sums      [places][]float64 // how many tickets with such a place known each ended
	seldom    [places][]float64 // the habit of where each ended none
	byValue   [places]map[string][]cell[float64]
	trials    [][]columnTrial // by the head's question
}

// cell is what is known of one column.
type cell[T any] struct {
	column int
	of     T
}

type columnTrial struct {
	column int
	solved bool
}

// column returns the place of a fix.
func (c *columns) column(n engine.ItemNum) (int, bool) { return slices.BinarySearch(c.fixes, n) }

// lay makes the columns.
func (k *Knowledge) lay() {
	c := &columns{fixes: slices.Clone(k.Fixes), byProduct: make(map[string][]cell[counts])}
	for n := range k.Outcomes.byFix { // habits are of fixes that solved
		c.fixes = append(c.fixes, n)
	}
	slices.Sort(c.fixes)
	c.fixes = slices.Compact(c.fixes)
	c.tried = make([]counts, len(c.fixes))
	for i, n := range c.fixes {
		c.tried[i] = k.Outcomes.byFix[n]
	}
	for at, of := range k.Outcomes.byPlace {
		if i, is := c.column(at.fix); is {
			c.byProduct[at.product] = append(c.byProduct[at.product], cell[counts]{i, of})
		}
	}
	for f := range places {
		c.sums[f], c.byValue[f] = make([]float64, len(c.fixes)), make(map[string][]cell[float64])
		for n, values := range k.Habits.fixes[f] {
			i, is := c.column(n)
			if !is {
				continue
			}
			for value, times := range values {
				c.sums[f][i] += times // whole numbers: the order changes nothing
				c.byValue[f][value] = append(c.byValue[f][value], cell[float64]{i, times})
			}
		}
	}
	for f := range places {
		c.seldom[f] = make([]float64, len(c.fixes))
		for i, all := range c.sums[f] {
			c.seldom[f][i] = habit(0, all, 1)
		}
	}
	c.trials = make([][]columnTrial, len(k.trials))
	for i, trials := range k.trials {
		for _, t := range trials {
			if at, is := c.column(t.Fix); is {
				c.trials[i] = append(c.trials[i], columnTrial{at, t.Solved})
			}
		}
	}
	k.columns = c
}

// trialled is what became of all fixes in tickets like one, by column.
type trialled struct {
	local  []counts          // in tickets by how like they are, to the 4th power
	at     []counts          // in tickets about its product
	here   [places][]float64 // how many tickets of its place each ended; empty where that is unknown
	shares [places]float64   // of all tickets that were ended
}

// trialled sets t, in the room it has.
func (k *Knowledge) trialled(t *trialled, row []float32, p Place) {
	n := len(k.columns.fixes)
	t.local, t.at = zeros(t.local, n), zeros(t.at, n)
	for f := range t.here {
		t.here[f] = t.here[f][:0]
	}
	if k.Outcomes.failures {
		for i, trials := range k.columns.trials {
			square := float64(row[i]) * float64(row[i])
			for _, of := range trials {
				t.local[of.column].add(of.solved, square*square)
			}
		}
	}
	for _, c := range k.columns.byProduct[p.product] {
		t.at[c.column] = c.of
	}
	for f, v := range p.values() {
		if v == "" || k.Habits.all[f] == 0 {
			continue
		}
		t.here[f], t.shares[f] = zeros(t.here[f], n), k.Habits.share(f, v)
		for _, c := range k.columns.byValue[f][v] {
			t.here[f][c.column] = c.of
		}
	}
}

// tries reports whether any fix is known to have been tried: else none is fresh among others.
func (l *learnt) tries() bool { return l.Knowledge != nil && len(l.Knowledge.columns.fixes) > 0 }

// placed fills what became of a fix where it was tried.
func (l *learnt) placed(c *candidate) {
	if l.Knowledge == nil {
		return
	}
	if column, is := l.Knowledge.columns.column(c.num); is && !l.Own.hides(c.num) {
		l.placedAt(c, column)
		return
	}
	if l.tries() {
		c.values[Fresh], c.values[FreshWords] = 1, c.values[Words]
	}
	c.values[Outcome] = l.Knowledge.Outcomes.scaled(counts{}, counts{}, l.place.product != "", counts{})
}

// placedAt is placed of the fix of a column.
func (l *learnt) placedAt(c *candidate, column int) {
	k := l.Knowledge
	tried, at := k.columns.tried[column], l.trialled.at[column]
	own := l.Own.trials(c.num)
	for _, t := range own {
		tried.add(t.Solved, -1)
		if l.place.product != "" && l.place.product == l.Own.Solved.Place.product {
			at.add(t.Solved, -1)
		}
	}
	c.values[Outcome] = k.Outcomes.scaled(tried, at, l.place.product != "", l.trialled.local[column])
	for f, kind := range [places]Evidence{ByProduct, ByAge, ByChannel} {
		if len(l.trialled.here[f]) == 0 {
			continue
		}
		here, all := l.trialled.here[f][column], k.columns.sums[f][column]
		if here == 0 && own == nil {
			c.values[kind] = k.columns.seldom[f][column]
			continue
		}
		for _, t := range own {
			if t.Solved && l.Own.Solved.Place.values()[f] == l.place.values()[f] {
				here, all = here-1, all-1
			}
		}
		c.values[kind] = habit(here, all, l.trialled.shares[f])
	}
}

// trials are those of a fix on the ticket itself.
func (o *Own) trials(fix engine.ItemNum) (out []Trial) {
	if o == nil {
		return nil
	}
	for _, t := range o.Solved.Trials {
		if t.Fix == fix {
			out = append(out, t)
		}
	}
	return out
}
