package offline

import (
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Plan is what the report of an evaluation will have.
type Plan struct {
	Models  []string          // in the order of the table
	Metrics []evaluate.Metric // slices have those with a value a customer
	Slices  []string          // sorted
}

// plan is known once the cases are there.
func (e *evaluation) plan() Plan {
	p := Plan{Models: slices.Clone(e.Models), Slices: slices.Sorted(maps.Keys(e.parts))}
	for _, f := range e.Foreign {
		p.Models = append(p.Models, f.Name)
	}
	described := e.described()
	for _, m := range e.Metrics() {
		if m.Name != evaluate.Diversity || described {
			p.Metrics = append(p.Metrics, m)
		}
	}
	return p
}

// described reports whether any item says something of itself.
func (e *evaluation) described() bool {
	return slices.ContainsFunc(e.Data.Items, func(i catalogue.Entry) bool { return len(text.ItemTerms(i.Item)) > 0 })
}

// likeness is the cosine of the items' content vectors (of their titles, categories and
// texts), as diversity in serving goes by it. It is nil where nothing is said of any.
func (e *evaluation) likeness() func(a, b engine.ItemNum) (float64, bool) {
	if !e.described() {
		return nil
	}
	content := e.selector.Fitter.Content(e.past)
	return func(a, b engine.ItemNum) (float64, bool) {
		va, vb := content.Row(a), content.Row(b)
		if va == nil || vb == nil {
			return 0, false
		}
		return float64(vector.Dot(va, vb)), true
	}
}
