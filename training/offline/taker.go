package offline

import (
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Taker is handed what an evaluation makes on its way, so that a notebook can go on from
// there. An error ends the evaluation. Its methods are called from one goroutine.
type Taker interface {
	// Split is told the part of every row, once, before anything is fitted. Of rolling
	// cuts it is that of the first cut: what follows is Test, and windows says of each row
	// how many cuts lie before it; nil where there is one cut.
	Split(rows []engine.Row, parts []evaluate.Part, windows []int) error
	// List is told every answer of every model, best first. Scores are nil where there
	// are none: those of another system's lists.
	List(model string, c *training.Case, items []engine.ItemNum, scores []float64) error
	// Source is told every source that was fitted for the test, of rolling cuts those of
	// the last one.
	Source(s model.Source) error
}

// Foreign is another system's answers: of each subject a list, best first. It is
// measured beside the models, on the same cases.
type Foreign struct {
	Name  string
	Lists map[engine.Subject][]engine.ItemNum
}
