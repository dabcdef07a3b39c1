package offline

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// checkCurve refuses shares that are none.
func (o *Options) checkCurve() error {
	for _, share := range o.Curve {
		if !(share > 0 && share <= 1) {
			return engine.Invalidf(engine.CodeInvalidField, "learning_curve", "shares above 0 and not above 1 are wanted, as in 0.25,0.5,1, not %g", share)
		}
	}
	return nil
}

// curve measures the learning curve: every model fitted again on all that a share of the
// customers did, under the settings chosen on all, and asked the questions of the table.
// Who is asked brings their own history, whether it was learnt from or not, as a new
// customer does. The customers of a smaller share are among those of a larger one.
func (e *evaluation) curve(ctx context.Context, contest *training.Contest, recipe training.Recipe, at []blends, folds []fold) error {
	whole := *contest
	whole.Slices = nil
	shares := slices.Sorted(slices.Values(e.Curve))
	for _, share := range slices.Compact(shares) {
		if share == 1 {
			e.whole(folds)
			continue
		}
		whole.Step = func(what string) { e.step(fmt.Sprintf("%s, learnt from %g %% of the customers", what, 100*share)) }
		all := make([]answers, len(e.Models))
		people := 0
		for i, f := range folds {
			f.known = e.some(f.known, share)
			people = max(people, len(e.Data.histories(f.known)))
			if _, err := e.ask(ctx, &whole, f, false, recipe, at[i], all); err != nil {
				return fmt.Errorf("learn from %g of the customers: %w", share, err)
			}
		}
		for _, a := range all {
			measured := whole.Judge(a.Contender, a.outcomes)
			e.report.Curve = append(e.report.Curve, evaluate.CurvePoint{Model: a.Name, Share: share, Customers: people, Metrics: measured.Report.Metrics})
		}
	}
	return nil
}

// whole adds the points of the table itself. Of several cuts the customers known at the
// last count, as of the other shares.
func (e *evaluation) whole(folds []fold) {
	people := 0
	for _, f := range folds {
		people = max(people, len(e.Data.histories(f.known)))
	}
	for _, m := range e.report.Models {
		if slices.Contains(e.Models, m.Name) {
			e.report.Curve = append(e.report.Curve, evaluate.CurvePoint{Model: m.Name, Share: 1, Customers: people, Metrics: m.Metrics})
		}
	}
}

// some are the rows of a share of the subjects, by a hash of the seed and their names.
func (e *evaluation) some(rows []int, share float64) []int {
	var out []int
	in := make(map[engine.Subject]bool)
	for _, i := range rows {
		who := e.Data.Rows[i].Subject()
		is, known := in[who]
		if !known {
			hash := engine.HashOf(fmt.Sprintf("learning curve %d %s", e.Seed, who))
			is = float64(binary.LittleEndian.Uint64(hash[:8]))/math.MaxUint64 < share
			in[who] = is
		}
		if is {
			out = append(out, i)
		}
	}
	return out
}
