package neighbour

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// cause is an item of a history with weights, and how much it counts.
type cause struct {
	row    int
	weight float64
}

// causesBy is all that causes hang on beside the query: sources with the same share them.
type causesBy struct {
	rows   *model.Rows
	recent float64
}

// causesOf returns what the person wanted and has rows, each once, newest first: the i-th
// from 0 counts recent^i. Anchors count alike. Recent 0, of models saved before there was
// the setting, is 1.
func causesOf(q *model.Query, rows *model.Rows, recent float64) []cause {
	if recent = recentOf(recent); len(q.Anchors) > 0 {
		recent = 1
	}
	all := q.Causes()
	out, weight := make([]cause, 0, len(all)), 1.0
	for _, in := range all {
		row, ok := rows.Row(in.Item)
		if !ok || !(in.Weight > 0) || (len(q.Anchors) > 0 && slices.ContainsFunc(out, func(c cause) bool { return c.row == row })) {
			continue // a history has each item once, anchors may not
		}
		out = append(out, cause{row, weight})
		weight *= recent
	}
	return out
}

// recentOf returns the decay that a setting means.
func recentOf(recent float64) float64 {
	if recent == 0 {
		return 1
	}
	return recent
}

// checkRecent refuses a decay that is none.
func checkRecent(recent float64) error {
	if !(recent >= 0 && recent <= 1) {
		return engine.Invalidf(engine.CodeInvalidField, "recent", "a number above 0, up to 1, not %v", recent)
	}
	return nil
}
