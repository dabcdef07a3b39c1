package serving

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Scenarios returns all places, by name.
func (r *Recommender) Scenarios() []engine.Scenario {
	s := r.shop.Load()
	var out []engine.Scenario
	for _, name := range slices.Sorted(maps.Keys(s.scenarios)) {
		out = append(out, s.scenarios[name].Scenario)
	}
	return out
}

// Scenario returns one place; engine.ErrNotFound for none.
func (r *Recommender) Scenario(name string) (engine.Scenario, error) {
	s, found := r.shop.Load().scenarios[name]
	if !found {
		return engine.Scenario{}, fmt.Errorf("scenario %q: %w", name, engine.ErrNotFound)
	}
	return s.Scenario, nil
}

// ScenarioFor returns the place that a request is answered under, which it names or means;
// engine.ErrNotFound where it names none there is.
func (r *Recommender) ScenarioFor(req *engine.Request) (engine.Scenario, error) {
	return r.Scenario(placeName(req))
}

// CheckScenario refuses a scenario whose expressions do not compile against today's
// catalogue, or that would be one too many.
func (r *Recommender) CheckScenario(s engine.Scenario) error {
	shop := r.shop.Load()
	if _, known := shop.scenarios[s.Name]; !known && len(shop.scenarios) >= engine.MaxScenarios {
		return engine.Invalidf(engine.CodeLimitExceeded, "name", "there are %d scenarios, the most a workspace can have", engine.MaxScenarios)
	}
	_, err := recommend.NewPlace(s, shop.Catalogue)
	return err
}

func (s *shop) scenarioNames() string {
	return strings.Join(slices.Sorted(maps.Keys(s.scenarios)), ", ")
}
