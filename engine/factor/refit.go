package factor

import (
	"context"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// Refit is a fit of data, which has changed since m was fitted, with the settings of m: it
// begins with the items' vectors in m in place of such as chance draws, so that one epoch
// does what takes Fit all that Params has. Customers find their vectors by the items', and
// items that m does not know by the customers'; items that are gone are gone. The result is
// the same for any number of workers. Errors are those of Fit.
//
// Settings are chosen by whole fits: this is for the time between two of these.
func (m *Model) Refit(ctx context.Context, data *model.Data, epochs, workers int) (*Model, error) {
	p := m.params
	p.Workers = workers
	if err := p.check(); err != nil {
		return nil, err
	}
	if epochs < 1 || epochs > maxEpochs {
		return nil, engine.Invalidf(engine.CodeInvalidField, "epochs", "a whole number from 1 to %d, not %d", maxEpochs, epochs)
	}
	f := newFit(data, p)
	for row := range data.Rows.Len() {
		if was, ok := m.rows.Row(data.Rows.Num(row)); ok {
			copy(f.items.vector(row), m.items.vector(was))
		}
	}
	if err := f.run(ctx, epochs, nil); err != nil {
		return nil, err
	}
	return newModel(p, data.Rows, f.items), nil
}
