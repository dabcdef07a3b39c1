package training

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/rank"
)

// coldBlend fits factor and profile on a shop whose customers say what they like, with the
// profile told of an attribute, or of none.
func coldBlend(t *testing.T, attributes string) map[string]rank.Scale {
	t.Helper()
	s := coldShop(true)
	for i, p := range s.People {
		likes := []string{"lamps", "mugs"}[i%2]
		s.declare(engine.Customer{ID: engine.CustomerID(p.Subject.ID), Attributes: engine.Attributes{"likes": likes}})
	}
	search, _, err := Search{Factor(factor.Params{Dims: 8}.WithDefaults()), Profile()}.Take(
		map[string]map[string]any{bridge.ProfileName: {"attributes": attributes}})
	if err != nil {
		t.Fatal(err)
	}
	selector := &Selector{Search: search, Fitter: &Fitter{Workers: 2, Seed: 1}}
	sources, recipe, err := selector.Sources(t.Context(), nil, s.Material(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if on := attributes != ""; (len(sources) == 2) != on || (recipe.Of(bridge.ProfileName) != nil) != on {
		t.Fatalf("told of %q, %d sources are fitted", attributes, len(sources))
	}
	return selector.ColdBlend()
}

// TestAttributesEarnTheirWeight holds that attributes are looked at only where the shop
// names them, and weigh something where they tell what people want.
func TestAttributesEarnTheirWeight(t *testing.T) {
	if w := coldBlend(t, "likes")[bridge.ProfileName].Weight; w == 0 {
		t.Error("what people say they like weighs nothing")
	}
	if _, asked := coldBlend(t, "")[bridge.ProfileName]; asked {
		t.Error("nobody named an attribute, and the source is asked")
	}
}
