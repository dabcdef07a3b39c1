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
// around those of the coarser cells they lie in; see variances. Where cells scatter no more
// than chance has them do, b is 0. A cell that is all of a coarser one says nothing new.
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
	cells, groups, within := make(map[cell]*moments), make([][]*moments, 0), make(map[cell]int)
	for i := range log {
		if !taken(i) {
			continue
		}
		c := cellOf(&log[i]).at(level)
		if cells[c] == nil {
			cells[c] = new(moments)
			order = append(order, c)
			above := c.above(level)
			group, known := within[above]
			if !known {
				group = len(groups)
				within[above], groups = group, append(groups, nil)
			}
			groups[group] = append(groups[group], cells[c])
		}
		cells[c].add(log[i].Reward)
	}
	s, t, ok := variances(groups)
	if !ok {
		return nil // a round each, which says nothing of chance
	}
	out := make(map[cell]float64, len(cells))
	for _, c := range order {
		coarse := m.of(c, level)
		if one := cells[c]; t > 0 && len(groups[within[c.above(level)]]) > 1 {
			coarse += t / (t + s/one.n) * (one.mean() - coarse)
		}
		out[c] = coarse
	}
	return out
}

// variances returns the variance s of a value within cells, and t of the cells' true means
// around the mean of their group, by the analysis of variance of unequal cells (Henderson
// 1953, method 1): with n values and mean y of a cell, N and Y of its group,
//
//	s = sum of (x - y)^2 / (values - cells)
//	t = (sum of n (y - Y)^2 - (cells - groups) s) / sum over groups of (N - sum of n^2 / N)
//
// Both are unbiased; so t may come out below 0, where chance alone says as much. It is 0
// where every group is one cell, and nothing is ok where every cell is one value.
func variances(groups [][]*moments) (s, t float64, ok bool) {
	var inside, across, values, cells, freedom, below float64
	for _, group := range groups {
		var all moments
		var squares float64
		for _, c := range group {
			all.n, all.sum = all.n+c.n, all.sum+c.sum
			squares += c.n * c.n
			inside += c.squares - c.sum*c.mean()
		}
		for _, c := range group {
			away := c.mean() - all.mean()
			across += c.n * away * away
		}
		values, cells = values+all.n, cells+float64(len(group))
		freedom += float64(len(group) - 1)
		below += all.n - squares/all.n
	}
	if values <= cells {
		return 0, 0, false
	}
	s = inside / (values - cells)
	if freedom == 0 {
		return s, 0, true
	}
	return s, (across - freedom*s) / below, true
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
