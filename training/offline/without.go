package offline

import (
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
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
