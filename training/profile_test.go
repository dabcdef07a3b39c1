package training

import (
	"fmt"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/rank"
)

// coldBlend fits factor and profile on a shop whose customers say what they like, or only
// how they are numbered, with the profile told of an attribute, or of none.
func coldBlend(t *testing.T, telling bool, attributes string) map[string]rank.Scale {
	t.Helper()
	s := coldShop(true)
	for i, p := range s.People {
		c := engine.Customer{ID: engine.CustomerID(p.Subject.ID), Attributes: engine.Attributes{"likes": fmt.Sprint("group ", i/30)}}
		if telling {
			c.Attributes["likes"] = []string{"lamps", "mugs"}[i%2]
		}
		s.declare(c)
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
// names them, and weigh more where they tell what people want.
func TestAttributesEarnTheirWeight(t *testing.T) {
	told, untold := coldBlend(t, true, "likes")[bridge.ProfileName].Weight, coldBlend(t, false, "likes")[bridge.ProfileName].Weight
	if told == 0 || told <= untold {
		t.Errorf("what people say they like weighs %v, what tells nothing %v", told, untold)
	}
	if _, asked := coldBlend(t, true, "")[bridge.ProfileName]; asked {
		t.Error("nobody named an attribute, and the source is asked")
	}
}
