package offline

import (
	"fmt"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

// foreign lays another system's lists beside the cases. Nothing is taken out of a list:
// an item that the customer already has, or that nobody knows, wastes its place, as it
// would have before the customer's eyes. What looks like a mistake of the file is warned
// of.
func (e *evaluation) foreign(f Foreign, contest *training.Contest) []training.Outcome {
	depth := contest.Depth()
	out := make([]training.Outcome, len(contest.Cases))
	var missing, short, strange, known int
	for i := range contest.Cases {
		c := &contest.Cases[i]
		list := f.Lists[c.Who.Subject]
		switch {
		case len(list) == 0:
			missing++
		case len(list) < depth:
			short++
		}
		out[i].Items = list[:min(depth, len(list))]
		if slices.ContainsFunc(out[i].Items, func(n engine.ItemNum) bool { _, ours := e.Data.known[n]; return !ours }) {
			strange++
		}
		if !e.Repeats && holds(out[i].Items, c.Who.Rows) {
			known++
		}
	}
	for _, w := range []struct {
		n    int
		what string
	}{
		{missing, "have no list: each counts as a miss"},
		{short, fmt.Sprintf("have lists of fewer than %d items: the places left empty are misses", depth)},
		{strange, "are shown items that are not in the data, which cannot be hits: are the ids the same?"},
		{known, "are shown items they already have, which cannot be hits: leave these out of the lists, or evaluate with repeats allowed"},
	} {
		if w.n > 0 {
			e.warn("%s: %d of %d customers %s", f.Name, w.n, len(contest.Cases), w.what)
		}
	}
	return out
}

// holds reports whether an item of a list is in a history.
func holds(list []engine.ItemNum, rows []engine.Row) bool {
	had := make(map[engine.ItemNum]bool, len(rows))
	for i := range rows {
		if rows[i].Item != "" {
			had[rows[i].Num] = true
		}
	}
	for _, n := range list {
		if had[n] {
			return true
		}
	}
	return false
}
