package training

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training/evaluate"
)

// ErrRefused is wrapped by the error of a training whose result was not good enough.
var ErrRefused = errors.New("model refused")

// The gate: how much worse a candidate may be than what serves now.
const (
	worstRelative = -0.02 // refused when the whole interval of the difference lies below
	worstCoverage = 0.5   // of the incumbent's
)

// coverage is what part of the catalogue lists show.
var coverage = evaluate.Metric{Name: "coverage", K: 10}

// gateMetrics are what the gate looks at.
var gateMetrics = []evaluate.Metric{blendMetric, coverage}

// GateMetrics are what a contest must measure for Judge.
func GateMetrics() []evaluate.Metric { return gateMetrics }

// Judge refuses a candidate that was measured beside what serves, on the same cases, and
// says why: its error wraps ErrRefused. On too few cases nothing is refused.
func Judge(candidate, incumbent *Measured) error {
	n := len(candidate.Each[blendMetric])
	if n < gateLeast {
		return nil
	}
	base := incumbent.Report.Metrics[blendMetric.String()].Value
	diff := (evaluate.Resampling{}).Compare(candidate.Each[blendMetric], incumbent.Each[blendMetric])
	if base > 0 && diff.High/base < worstRelative {
		return fmt.Errorf("%s %+.1f %% [%+.1f, %+.1f] on %d held-out customers against the model that serves: %w",
			blendMetric, 100*diff.Difference/base, 100*diff.Low/base, 100*diff.High/base, n, ErrRefused)
	}
	had, has := incumbent.Report.Metrics[coverage.String()].Value, candidate.Report.Metrics[coverage.String()].Value
	if has < worstCoverage*had {
		return fmt.Errorf("%s fell from %.3f to %.3f, to less than half: %w", coverage, had, has, ErrRefused)
	}
	return nil
}

// soundCases is on how many histories Sound is asked of a finished model at most; of large
// catalogues, of which it scores every item, on soundFewest.
const (
	soundCases  = 200
	soundFewest = 20
)

// soundIn returns on how many histories Sound is asked in a catalogue of so many items.
func soundIn(items int) int {
	return min(soundCases, max(soundFewest, soundCases*lookedAt/max(1, items)))
}

// Sound refuses models of which a source says of any item what is no finite number: its
// error wraps ErrRefused.
func Sound(ctx context.Context, w *recommend.World, place *recommend.Place, cases []Case, workers int) error {
	sources := w.Models.Sources()
	return put(ctx, w, place, cases, workers, func(_ int, in *recommend.Input) error {
		raw, err := recommend.Raw(in, recommend.Look{})
		if err != nil {
			return err
		}
		for s, scores := range raw.By {
			for j, x := range scores {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
					return fmt.Errorf("%s scores item %q with %v: %w", sources[s].Name(), w.Catalogue.IDs().ID(raw.Items[j]), x, ErrRefused)
				}
			}
		}
		return nil
	})
}

// somebody returns the newest histories of some people as questions without an answer.
func (s *Snapshot) somebody(limit int) []Case {
	people := Pick(s.People, limit)
	cases := make([]Case, len(people))
	for i, p := range people {
		cases[i] = Case{Who: recommend.Someone{Subject: p.Subject}, Now: s.Newest, past: &past{snap: s, events: p.events}}
	}
	return cases
}
