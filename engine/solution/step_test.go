package solution

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func TestDecide(t *testing.T) {
	fixes := make([]engine.Recommended, 2)
	for _, c := range []struct {
		name string
		in   Input
		said Suggestion
		want engine.Action
	}{
		{"sure", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionAnswer},
		{"half sure", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.5, Calibrated: true}, engine.ActionAsk},
		{"unsure", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.1, Calibrated: true}, engine.ActionEscalate},
		{"nothing fits", Input{Text: "my lamp is dark"}, Suggestion{Fixes: nil, Chance: 0, Calibrated: true}, engine.ActionEscalate},
		{"not calibrated", Input{Text: "my lamp is dark"}, Suggestion{Fixes: fixes, Chance: 0.99, Calibrated: false}, engine.ActionAsk},
		{"one try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1}}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionAnswer},
		{"the second try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1, 2}}, Suggestion{Fixes: fixes, Chance: 0.8, Calibrated: true}, engine.ActionEscalate},
		{"furious", Input{Text: "you are disgusting liars, this is the WORST shop!!"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionEscalate},
		{"a lawyer", Input{Text: "then my lawyers will write to you"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionEscalate},
		{"a phrase", Input{Text: "my mother passed away and the parcel is for her"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionEscalate},
		{"words of a phrase apart", Input{Text: "I passed by and went away"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAnswer},
		{"a court is no courtesy", Input{Text: "as a courtesy please send a bulb"}, Suggestion{Fixes: fixes, Chance: 0.9, Calibrated: true}, engine.ActionAnswer},
	} {
		limits := DefaultLimits()
		if got := limits.Decide(&c.in, &c.said); got.Action != c.want || len(got.Because) == 0 {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}
