package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine/model"
)

// Cut cuts a timeline, oldest first, into visits: wherever nothing happened for longer
// than gap. The visits are parts of steps, not copies.
func Cut(steps []model.Step, gap time.Duration) [][]model.Step {
	var visits [][]model.Step
	from := 0
	for i := 1; i <= len(steps); i++ {
		if i == len(steps) || steps[i].At.Sub(steps[i-1].At) > gap {
			visits = append(visits, steps[from:i:i])
			from = i
		}
	}
	return visits
}

// visit is one visit as the index knows it: a set of items, and when it ended.
type visit struct {
	rows []uint32 // each once, in the order in which they were last wanted
	end  time.Time
}

// gather cuts the sequences into visits, oldest first; of those that ended together the
// one that came first in the data counts as older. Only what was wanted is kept, visits
// of a single item say nothing of what goes together and are left out, and so is what is
// longer than the quantile.
func gather(ctx context.Context, seqs *model.Sequences, p Params) ([]visit, error) {
	var visits []visit
	var lengths []int
	has, number := make([]int, seqs.Rows.Len()), 0
	for steps := range seqs.All() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("cut timelines into visits: %w", err)
		}
		for _, part := range Cut(steps, p.Gap) {
			number++
			if v := visitOf(part, has, number); len(v.rows) > 1 {
				visits = append(visits, v)
				lengths = append(lengths, len(v.rows))
			}
		}
	}
	if len(visits) == 0 {
		return nil, nil
	}
	slices.Sort(lengths)
	longest := lengths[int(p.Quantile*float64(len(lengths)-1))]
	visits = slices.DeleteFunc(visits, func(v visit) bool { return len(v.rows) > longest })
	slices.SortStableFunc(visits, func(a, b visit) int { return a.end.Compare(b.end) })
	return visits, nil
}

// visitOf returns the distinct items that were wanted in steps, the visit of some number
// above 0. has, by row, is the last visit that held it, and is kept up.
func visitOf(steps []model.Step, has []int, number int) visit {
	var v visit
	for _, s := range slices.Backward(steps) {
		if !(s.Weight > 0) {
			continue
		}
		if len(v.rows) == 0 {
			v.end = s.At
		}
		if has[s.Row] != number {
			has[s.Row] = number
			v.rows = append(v.rows, s.Row)
		}
	}
	slices.Reverse(v.rows)
	return v
}
