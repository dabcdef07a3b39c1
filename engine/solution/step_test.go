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
		want Action
	}{
		{"sure", Input{Text: "my lamp is dark"}, Suggestion{fixes, 0.8, true}, Reply},
		{"half sure", Input{Text: "my lamp is dark"}, Suggestion{fixes, 0.5, true}, Ask},
		{"unsure", Input{Text: "my lamp is dark"}, Suggestion{fixes, 0.1, true}, Escalate},
		{"nothing fits", Input{Text: "my lamp is dark"}, Suggestion{nil, 0, true}, Escalate},
		{"not calibrated", Input{Text: "my lamp is dark"}, Suggestion{fixes, 0.99, false}, Ask},
		{"one try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1}}, Suggestion{fixes, 0.8, true}, Reply},
		{"the second try failed", Input{Text: "still dark", Tried: []engine.ItemNum{1, 2}}, Suggestion{fixes, 0.8, true}, Escalate},
		{"furious", Input{Text: "you are disgusting liars, this is the WORST shop!!"}, Suggestion{fixes, 0.9, true}, Escalate},
		{"a lawyer", Input{Text: "then my lawyers will write to you"}, Suggestion{fixes, 0.9, true}, Escalate},
		{"a phrase", Input{Text: "my mother passed away and the parcel is for her"}, Suggestion{fixes, 0.9, true}, Escalate},
		{"words of a phrase apart", Input{Text: "I passed by and went away"}, Suggestion{fixes, 0.9, true}, Reply},
		{"a court is no courtesy", Input{Text: "as a courtesy please send a bulb"}, Suggestion{fixes, 0.9, true}, Reply},
	} {
		limits := DefaultLimits()
		if got := limits.Decide(&c.in, &c.said); got.Action != c.want || len(got.Because) == 0 {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}
