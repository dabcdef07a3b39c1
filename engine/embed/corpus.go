package embed

import (
	"math"

	"github.com/rapportengine/rapport/engine/model"
)

// corpus is the sentences of a fit: the wanted steps, repeats directly after each other
// being one, of the items that have enough of them. Every sentence has two steps or
// more, and every row stands in one.
type corpus struct {
	rows   *model.Rows
	steps  []uint32 // rows
	starts []int    // of the sentences in steps, and the end of the last
	counts []int    // of the steps, by row
}

// sentence returns the rows of one sentence.
func (c *corpus) sentence(i int) []uint32 { return c.steps[c.starts[i]:c.starts[i+1]] }

// sentences returns how many there are.
func (c *corpus) sentences() int { return len(c.starts) - 1 }

func newCorpus(data *model.Sequences, minCount int) *corpus {
	enough := countSteps(data)
	c := &corpus{starts: []int{0}}
	used := make([]bool, data.Rows.Len())
	for sequence := range data.All() {
		from := len(c.steps)
		for _, step := range sequence {
			if step.Weight > 0 && enough[step.Row] >= minCount {
				c.push(from, step.Row)
			}
		}
		if len(c.steps)-from < 2 {
			c.steps = c.steps[:from]
			continue
		}
		for _, row := range c.steps[from:] {
			used[row] = true
		}
		c.starts = append(c.starts, len(c.steps))
	}
	c.number(data.Rows, used)
	return c
}

// some returns the corpus of about so many steps: evenly picked sentences where there are
// more.
func (c *corpus) some(steps int) *corpus {
	if len(c.steps) <= steps {
		return c
	}
	out, used := &corpus{starts: []int{0}}, make([]bool, c.rows.Len())
	share := float64(steps) / float64(len(c.steps))
	for i := range c.sentences() {
		if int(float64(i+1)*share) == int(float64(i)*share) {
			continue
		}
		for _, row := range c.sentence(i) {
			out.steps = append(out.steps, row)
			used[row] = true
		}
		out.starts = append(out.starts, len(out.steps))
	}
	out.number(c.rows, used)
	return out
}

// push appends a step to the sentence that began at from, unless it repeats the last.
func (c *corpus) push(from int, row uint32) {
	if last := len(c.steps) - 1; last >= from && c.steps[last] == row {
		return
	}
	c.steps = append(c.steps, row)
}

// number gives rows to the items that are used, and counts them.
func (c *corpus) number(all *model.Rows, used []bool) {
	var kept []int
	to := make([]uint32, len(used))
	for row, is := range used {
		if is {
			to[row] = uint32(len(kept))
			kept = append(kept, row)
		}
	}
	c.rows = all.Subset(kept)
	c.counts = make([]int, len(kept))
	for i, row := range c.steps {
		c.steps[i] = to[row]
		c.counts[to[row]]++
	}
}

// countSteps returns how many wanted steps each item has, direct repeats as one.
func countSteps(data *model.Sequences) []int {
	counts := make([]int, data.Rows.Len())
	for sequence := range data.All() {
		last := -1
		for _, step := range sequence {
			if !(step.Weight > 0) {
				continue
			}
			if int(step.Row) != last {
				counts[step.Row]++
			}
			last = int(step.Row)
		}
	}
	return counts
}

// keep returns the chance of each row's steps to stay when frequent items are thinned
// out (Mikolov et al. 2013, equation 5).
func (c *corpus) keep(subsample float64) []float64 {
	keep := make([]float64, len(c.counts))
	for row, count := range c.counts {
		share := float64(count) / float64(len(c.steps))
		keep[row] = min(1, math.Sqrt(subsample/share))
	}
	return keep
}
