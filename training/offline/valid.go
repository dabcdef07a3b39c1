package offline

import (
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
)

// carve takes a validation part off the training part where the given files have none: of
// sessions the newest tenth, of customers the last wish of each (with Baskets the last
// basket). Without one there would be nothing to choose settings and the blend on. Where
// nothing can be taken off there is none.
func (e *evaluation) carve() {
	if e.Data.Parts == nil || slices.Contains(e.split.Parts, evaluate.Valid) {
		return
	}
	rule := evaluate.Rule{Name: "last-out", Target: e.isTarget, Baskets: e.Baskets}
	if e.Sessions {
		rule = evaluate.Rule{Name: "time", Share: 0.9, Target: e.isTarget, Whole: true}
	}
	train := e.split.Rows(evaluate.Train)
	rows := make([]engine.Row, len(train))
	for i, row := range train {
		rows[i] = e.Data.Rows[row]
	}
	split, err := rule.Split(rows)
	if err != nil {
		return // all of one moment
	}
	for i, row := range train {
		if split.Parts[i] == evaluate.Test {
			e.split.Parts[row] = evaluate.Valid
			e.carved = rule.String()
		}
	}
}
