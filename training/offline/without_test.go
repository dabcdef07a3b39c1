package offline_test

import (
	"errors"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/offline"
)

// TestBestWithoutASource puts the best beside itself without one and without two of its
// sources.
func TestBestWithoutASource(t *testing.T) {
	o := options(tastes(), "last-out")
	o.Models = []string{"best~ease", "best", "best~ease~factor"}
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, absent := range [][]string{{"ease"}, nil, {"ease", "factor"}} {
		m := report.Models[i]
		if m.Name != o.Models[i] || len(m.Settings) == 0 {
			t.Errorf("%s stands at place %d with weights %v", m.Name, i, m.Settings)
		}
		for _, name := range absent {
			if w, has := m.Settings[name]; has && w != 0. {
				t.Errorf("%s weighs %s with %v", m.Name, name, w)
			}
		}
	}
	if p := report.Paired[0]; p.A != "best" || p.B != "best~ease" {
		t.Errorf("compared first: %s with %s", p.A, p.B)
	}
	var invalid *engine.Invalid
	o.Models = []string{"best~nothing"}
	if _, err := offline.Run(t.Context(), o); !errors.As(err, &invalid) || invalid.Field != "models" {
		t.Errorf("a best without a source there is not: %v", err)
	}
}
