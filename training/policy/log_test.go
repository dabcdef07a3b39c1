package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// A log and a policy are bounded, and the error names the bound.
func TestLimits(t *testing.T) {
	log, rows := Log{Max: 2}, Rows{Max: 2}
	for i := range 3 {
		for what, err := range map[string]error{"rounds": log.Add(record.Round{Action: "a"}), "rows": rows.Add(record.Probability{Action: "a"})} {
			invalid, is := errors.AsType[*engine.Invalid](err)
			if i < 2 && err != nil || i == 2 && (!is || invalid.Code != engine.CodeLimitExceeded || !strings.Contains(err.Error(), "more than 2 "+what)) {
				t.Errorf("%s, number %d: %v", what, i, err)
			}
		}
	}
	if len(log.Rounds()) != 2 || len(rows.All()) != 2 {
		t.Errorf("%d rounds and %d rows are held, want 2", len(log.Rounds()), len(rows.All()))
	}
}

// A name is held once, whichever rows and columns have it, and rounds come back as they
// were.
func TestLogHoldsNamesOnce(t *testing.T) {
	var log Log
	var want []record.Round
	for i := range 4 {
		r := record.Round{ID: strings.Clone("x"), Action: strings.Clone("lamp"), Context: strings.Clone("x"), Position: i, Reward: 1, Propensity: 0.5}
		want = append(want, r)
		if err := log.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	got := log.Rounds()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, r := range got {
		if unsafe.StringData(r.Action) != unsafe.StringData(got[0].Action) || unsafe.StringData(r.Context) != unsafe.StringData(got[0].ID) {
			t.Error("one name is held twice")
		}
	}
}
