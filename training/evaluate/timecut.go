package evaluate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// byTime cuts all rows at one moment, and the older ones at another.
func (r Rule) byTime(rows []engine.Row, s Split) error {
	share := r.Share
	line := r.timeline(rows, s.Order)
	var test int
	if r.Cut.IsZero() {
		test = cutAt(line.order, share, line.together)
	} else {
		test, _ = slices.BinarySearchFunc(line.order, r.Cut, func(i int, cut time.Time) int { return line.moment(i).Compare(cut) })
		if share == 0 {
			share = validFrom
		}
	}
	if outside := test == 0 || test == len(line.order); outside && !r.Cut.IsZero() && len(line.order) > 0 {
		first, last := line.moment(line.order[0]), line.moment(line.order[len(line.order)-1])
		return engine.Invalidf(engine.CodeInvalidField, "split", "%s leaves %d of %d interactions to learn from; they are from %s to %s: cut after the first of them, and not after the last", r, test, len(rows), first.Format(time.RFC3339), last.Format(time.RFC3339))
	} else if outside {
		return engine.Invalidf(engine.CodeInvalidField, "split", "%s leaves %d of %d interactions to learn from; both sides need some, and those of one moment stay together", r, test, len(rows))
	}
	line.part(s.Parts, share, test)
	return nil
}

// validFrom is the share of what may be learnt from that is older than the validation,
// where the rule says none.
const validFrom = 0.8

// rolling cuts all rows at several moments, and those before the first at another.
func (r Rule) rolling(rows []engine.Row, s *Split) error {
	line := r.timeline(rows, s.Order)
	var targets []int // places in the order
	for at, i := range line.order {
		if r.target(&rows[i]) {
			targets = append(targets, at)
		}
	}
	s.Windows = make([]int, len(rows))
	var first, last int
	for c := range r.Cuts {
		at := 0
		if len(targets) > 0 {
			at = targets[(r.Cuts+c)*len(targets)/(2*r.Cuts)]
		}
		for at > 0 && line.together(line.order[at-1], line.order[at]) {
			at--
		}
		if at <= last {
			return engine.Invalidf(engine.CodeInvalidField, "split", "%s: cuts %d and %d fall on one moment, and what happened at one moment stays together; ask for fewer cuts", r, c, c+1)
		}
		if last = at; c == 0 {
			first = at
		}
		for _, i := range line.order[at:] {
			s.Windows[i] = c + 1
		}
	}
	line.part(s.Parts, validFrom, first)
	return nil
}

// timeline is the rows as a cut in time meets them.
type timeline struct {
	rows  []engine.Row
	order []int
	last  []int // of each row the one that says when it counts
}

func (r Rule) timeline(rows []engine.Row, order []int) *timeline {
	standing, last := r.standing(rows, order)
	return &timeline{rows, standing, last}
}

func (l *timeline) moment(i int) time.Time { return l.rows[l.last[i]].At }

// together reports whether no cut may part two rows.
func (l *timeline) together(i, j int) bool {
	return l.last[i] == l.last[j] || (!l.moment(i).IsZero() && l.moment(i).Equal(l.moment(j)))
}

// part makes what stands from test on the test, and of what stands before it all but the
// share the validation; none where all of it is of one moment.
func (l *timeline) part(parts []Part, share float64, test int) {
	valid := cutAt(l.order[:test], share, l.together)
	if valid == 0 {
		valid = test
	}
	for at, i := range l.order {
		switch {
		case at >= test:
			parts[i] = Test
		case at >= valid:
			parts[i] = Valid
		}
	}
}

// standing returns the rows in the order in which a cut in time meets them, and of each
// row the one that says when it counts: itself, or the newest of its timeline.
func (r Rule) standing(rows []engine.Row, order []int) (standing, last []int) {
	last = make([]int, len(rows))
	if !r.Whole {
		for i := range last {
			last[i] = i
		}
		return order, last
	}
	newest := map[engine.Subject]int{}
	place := make([]int, len(rows))
	for at, i := range order {
		newest[unitOf(&rows[i], r.Unit)] = i
		place[i] = at
	}
	for i := range last {
		last[i] = newest[unitOf(&rows[i], r.Unit)]
	}
	standing = slices.Clone(order)
	slices.SortStableFunc(standing, func(i, j int) int { return cmp.Compare(place[last[i]], place[last[j]]) })
	return standing, last
}

// cutAt returns the place in order before which the given share of rows lies, moved to
// the first row of those that stay together; 0 if there is no such place.
func cutAt(order []int, share float64, together func(i, j int) bool) int {
	if len(order) < 2 {
		return 0
	}
	at := min(max(int(math.Round(share*float64(len(order)))), 1), len(order)-1)
	for at > 0 && together(order[at-1], order[at]) {
		at--
	}
	return at
}
