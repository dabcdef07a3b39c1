package training_test

import (
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
)

// TestSettingsAreAskedAtEachTraining gives the one type that there is a weight between two
// trainings.
func TestSettingsAreAskedAtEachTraining(t *testing.T) {
	s := shop(t, 5)
	var settings engine.Settings // no type weighs anything
	var last *recommend.Models
	tr := training.New(s, func(m *recommend.Models) { last = m }, training.Options{
		Search: small(), Seed: 1, Workers: 1, SettingsNow: func() engine.Settings { return settings },
	})
	for _, fitted := range []int{0, 2} {
		if _, err := tr.Now(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := len(last.Fitted); got != fitted {
			t.Errorf("%d sources are fitted under %v, want %d", got, settings, fitted)
		}
		settings = engine.DefaultSettings()
	}
}
