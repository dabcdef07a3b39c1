package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine/catalogue"
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

// visits are what a fit goes by, in two pieces: of twenty million steps
// a list for each took 438 MB while they were made.
type visits struct {
	rows []uint32 // of one visit after the other
	list []visit
}

// visit is one visit as the index knows it: a set of items, and when it ended.
type visit struct {
	end   int64  // in nanoseconds since 1970
	from  uint32 // where its rows begin
	items uint32
}

// of returns the rows of a visit, each once, in the order in which they were last wanted.
func (v *visits) of(one visit) []uint32 { return v.rows[one.from:][:one.items] }

// gather cuts the sequences into visits, oldest first; of those that ended together the
// one that came first in the data counts as older. Only what was wanted is kept, visits
// of a single item say nothing of what goes together and are left out, and so is what is
// longer than the quantile.
func gather(ctx context.Context, seqs *model.Sequences, p Params) (*visits, error) {
	v := new(visits)
	var lengths []int // how many visits are so long
	has, number := make([]int, seqs.Rows.Len()), 0
	for steps := range seqs.All() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("cut timelines into visits: %w", err)
		}
		for _, part := range Cut(steps, p.Gap) {
			number++
			if items := v.add(part, has, number); items > 0 {
				for len(lengths) <= items {
					lengths = append(lengths, 0)
				}
				lengths[items]++
			}
		}
	}
	longest, left := 0, int(p.Quantile*float64(len(v.list)-1))+1 // of so many none is longer
	for left > 0 && longest < len(lengths)-1 {
		longest++
		left -= lengths[longest]
	}
	v.list = slices.DeleteFunc(v.list, func(v visit) bool { return int(v.items) > longest })
	slices.SortStableFunc(v.list, func(a, b visit) int { return cmp.Compare(a.end, b.end) })
	return v, nil
}

// add adds the visit of some number above 0 with the distinct items that were wanted in steps, and
// returns how many; none where there are fewer than two. has, by row, is the last visit that held
// it, and is kept up.
func (v *visits) add(steps []model.Step, has []int, number int) int {
	one := visit{from: uint32(len(v.rows))}
	for _, s := range slices.Backward(steps) {
		if !(s.Weight > 0) {
			continue
		}
		if one.items == 0 {
			one.end = catalogue.Nanos(s.At)
		}
		if has[s.Row] != number {
			has[s.Row] = number
			v.rows = append(v.rows, s.Row)
			one.items++
		}
	}
	if one.items < 2 {
		v.rows = v.rows[:one.from]
		return 0
	}
	slices.Reverse(v.of(one))
	v.list = append(v.list, one)
	return int(one.items)
}
