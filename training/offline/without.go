package offline

import (
	"context"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
)

// less stands between Best and a source that its blend may not use: "best~embed" is the
// best of everything but embed. Beside Best it says, paired, whether a source earns its
// place.
const less = "~"

// isBest reports whether a model is the best of all sources, or of all but some.
func isBest(model string) bool {
	return model == Best || strings.HasPrefix(model, Best+less)
}

// missing are the sources that the blend of a best may not use.
func missing(model string) []string { return strings.Split(model, less)[1:] }

// checkMissing refuses a best without sources there are not.
func checkMissing(model string) error {
	sources := slices.DeleteFunc(ModelNames(), isBest)
	for _, name := range missing(model) {
		if !slices.Contains(sources, name) {
			return engine.Invalidf(engine.CodeInvalidField, "models", "there is no source %q to leave out in %s; there are %s", name, model, strings.Join(sources, ", "))
		}
	}
	return nil
}

// chooseWithout chooses the blends of those models that are the best of all but some
// sources, as that of the best is chosen, strangers' lists with it: customers nobody knows
// are no reason for a difference.
func (e *evaluation) chooseWithout(ctx context.Context, w *recommend.World, cases []training.Case) error {
	e.without = make(map[string]rank.Blend)
	for _, name := range e.Models {
		if !isBest(name) || name == Best {
			continue
		}
		selector := e.selector
		selector.Without = slices.Concat(selector.Without, missing(name))
		blend := rank.DefaultBlend()
		blend[rank.Cold] = selector.ColdBlend()
		if err := chooseBlend(ctx, &selector, w, cases, blend); err != nil {
			return err
		}
		e.without[name] = blend
	}
	return nil
}
