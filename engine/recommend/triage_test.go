package recommend

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// TestPriorityIsNotLowered holds that what a shop's tickets taught makes a grave ticket no less
// urgent than words make it, and stands otherwise.
func TestPriorityIsNotLowered(t *testing.T) {
	chance := func(x float64) *float64 { return &x }
	learnt := func(name string, others ...string) *engine.Verdict {
		v := &engine.Verdict{Value: name, Chance: chance(0.9), By: engine.ByTickets}
		for _, o := range others {
			v.Others = append(v.Others, engine.Likely{Value: o, Chance: 0.05})
		}
		return v
	}
	for _, c := range []struct {
		name   string
		learnt *engine.Verdict
		grave  bool
		want   string
		by     engine.By
	}{
		{"nothing learnt", nil, true, engine.PriorityHigh, engine.ByWords},
		{"learnt to wait", learnt("low", "normal"), true, engine.PriorityHigh, engine.ByWords},
		{"the shop's own name", learnt("low", "Urgent"), true, "Urgent", engine.ByWords},
		{"a name that nobody knows", learnt("tier three"), true, engine.PriorityHigh, engine.ByWords},
		{"learnt to be urgent", learnt("Critical", "low"), true, "Critical", engine.ByTickets},
		{"not grave", learnt("low"), false, "low", engine.ByTickets},
	} {
		words := &engine.Verdict{Value: engine.PriorityHigh, By: engine.ByWords, Because: []engine.Sign{{Text: "it sounds very upset"}}}
		got := atLeast(words, c.learnt, c.grave)
		if got.Value != c.want || got.By != c.by {
			t.Errorf("%s: %s by %s, want %s by %s", c.name, got.Value, got.By, c.want, c.by)
		}
		if c.learnt != nil && got.By == engine.ByWords && (len(got.Others) == 0 || got.Chance != nil || len(got.Because) == 0) {
			t.Errorf("%s: %+v does not say what was learnt, and why it does not stand", c.name, got)
		}
	}
}
