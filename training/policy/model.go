package policy

import (
	"github.com/rapportengine/rapport/engine/record"
)

// rewards is a model of what an action earns: means that are shrunk towards coarser ones,
// from all rounds to the action, to the action in its position, to those in the context.
type rewards struct {
	overall float64
	levels  [levels]map[cell]float64
}

// levels is how many levels there are below the mean of all rounds.
const levels = 3

// cell is what a mean is of.
type cell struct {
	action   string
	position int
	context  string
}

// at returns the cell of a level.
func (c cell) at(level int) cell {
	switch level {
	case 0:
		return cell{action: c.action}
	case 1:
		return cell{action: c.action, position: c.position}
	}
	return c
}

// fitRewards fits the model on the rounds that are taken.
//
// Each level is a normal model of means by empirical Bayes (Efron and Morris 1975): a cell
// of n rounds with mean y below a coarser estimate q is
//
//	q + b (y - q),  b = t / (t + s/n)
//
// where s is the variance of a reward within cells and t that of the cells' true means
// around the coarser estimates, by the method of moments, 0 where they scatter no more
// than chance has them do. A cell that is all of a coarser one says nothing new.
func fitRewards(log []record.Round, taken func(i int) bool) *rewards {
	m := new(rewards)
	var all moments
	for i := range log {
		if taken(i) {
			all.add(log[i].Reward)
		}
	}
	m.overall = all.mean()
	for level := range m.levels {
		m.levels[level] = m.shrink(log, taken, level)
	}
	return m
}

// moments are the sums of some rewards.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(x float64) { m.n, m.sum, m.squares = m.n+1, m.sum+x, m.squares+x*x }

func (m *moments) mean() float64 {
	if m.n == 0 {
		return 0
	}
	return m.sum / m.n
}

// shrink fits one level on those above it.
func (m *rewards) shrink(log []record.Round, taken func(i int) bool, level int) map[cell]float64 {
	var order []cell // of first appearance, so that sums do not depend on the order of a map
	cells, within := make(map[cell]*moments), make(map[cell]int)
	for i := range log {
		if !taken(i) {
			continue
		}
		c := cellOf(&log[i]).at(level)
		if cells[c] == nil {
			cells[c] = new(moments)
			order = append(order, c)
			within[c.above(level)]++
		}
		cells[c].add(log[i].Reward)
	}
	only := func(c cell) bool { return within[c.above(level)] == 1 }
	var inside, across scatter
	parents := make(map[cell]bool)
	for _, c := range order {
		one := cells[c]
		inside.add(one.squares-one.sum*one.mean(), one.n, 1)
		if away := one.mean() - m.of(c, level); !only(c) {
			across.add(one.n*away*away, one.n, 1)
			parents[c.above(level)] = true
		}
	}
	if inside.rounds <= inside.cells {
		return nil // a round each, which says nothing of chance
	}
	s := inside.of / (inside.rounds - inside.cells)
	t := max(0, (across.of-(across.cells-float64(len(parents)))*s)/max(1, across.rounds))
	out := make(map[cell]float64, len(cells))
	for _, c := range order {
		coarse := m.of(c, level)
		if one := cells[c]; t > 0 && !only(c) {
			coarse += t / (t + s/one.n) * (one.mean() - coarse)
		}
		out[c] = coarse
	}
	return out
}

// scatter is a sum of squares, over rounds in cells.
type scatter struct{ of, rounds, cells float64 }

func (s *scatter) add(of, rounds, cells float64) {
	s.of, s.rounds, s.cells = s.of+of, s.rounds+rounds, s.cells+cells
}

// above returns the cell that a cell of a level lies in, of the level before.
func (c cell) above(level int) cell {
	if level == 0 {
		return cell{}
	}
	return c.at(level - 1)
}

func cellOf(r *record.Round) cell { return cell{r.Action, r.Position, r.Context} }

// of returns what a cell earns by the first levels of the model: the finest of them that
// knows it.
func (m *rewards) of(c cell, first int) float64 {
	for level := first - 1; level >= 0; level-- {
		if mean, known := m.levels[level][c.at(level)]; known {
			return mean
		}
	}
	return m.overall
}
