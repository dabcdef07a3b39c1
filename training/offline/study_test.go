package offline_test

import (
	"errors"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/offline"
)

// TestAStudyValuesSettings tells good settings from senseless ones on the validation
// part, and asks the same cases for every budget alike.
func TestAStudyValuesSettings(t *testing.T) {
	o := options(tastes(), "last-out")
	o.Set = nil
	s, err := offline.NewStudy(o)
	if err != nil {
		t.Fatal(err)
	}
	value := func(lambda string, budget float64) []float64 {
		t.Helper()
		settings := map[string]string{"lambda": lambda, "dims": "4", "epochs": "4"}
		v, err := s.Value(t.Context(), "factor", settings, budget)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	good, bad := value("0.01", 1), value("1e6", 1)
	if len(good) != 200 || stat.Mean(good, nil) < 1.2*stat.Mean(bad, nil) {
		t.Errorf("%d cases: lambda 0.01 reaches %.3f, 1e6 reaches %.3f", len(good), stat.Mean(good, nil), stat.Mean(bad, nil))
	}
	half := value("0.01", 0.5)
	var every2 []float64
	for i := 0; i < len(good); i += 2 {
		every2 = append(every2, good[i])
	}
	if !slices.Equal(half, every2) {
		t.Errorf("half of the budget is %d values that are not every other one of the whole", len(half))
	}
}

func TestAStudySaysWhatIsWrong(t *testing.T) {
	s, err := offline.NewStudy(options(tastes(), "last-out"))
	if err != nil {
		t.Fatal(err)
	}
	var invalid *engine.Invalid
	for _, bad := range []struct {
		kind     string
		settings map[string]string
		budget   float64
	}{
		{"popular", nil, 1},
		{"ease", map[string]string{"gamma": "1"}, 1},
		{"ease", map[string]string{"lambda": "high"}, 1},
		{"ease", nil, 0},
		{"ease", nil, 1.5},
	} {
		if _, err := s.Value(t.Context(), bad.kind, bad.settings, bad.budget); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
