package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"pgregory.net/rapid"
)

func TestRecommendationIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		subj := engine.OfCustomer(engine.CustomerID(rapid.String().Draw(t, "id"))).Hash()
		at := time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "ms")).UTC()
		random := rapid.Uint64().Draw(t, "random")
		id := engine.NewRecommendationID(subj, at, random)
		gotSubj, rec, gotAt, err := engine.ParseRecommendationID(id)
		if err != nil || gotSubj != subj || !gotAt.Equal(at) {
			t.Fatalf("ParseRecommendationID(%q) = %v, %v, %v: want %v, %v", id, gotSubj, gotAt, err, subj, at)
		}
		other := engine.NewRecommendationID(subj, at, random+1)
		if _, otherRec, _, _ := engine.ParseRecommendationID(other); otherRec == rec || other == id {
			t.Fatalf("two random numbers gave one id, %q", id)
		}
	})
}

func TestRecommendationIDRefusesWhatItDidNotMake(t *testing.T) {
	good := engine.NewRecommendationID(engine.HashOf("a"), time.UnixMilli(1), 2)
	for _, bad := range []string{"", "rec-1", good[:42], good + "A", good + "=", "!" + good[1:], good[:42] + "B"} {
		_, _, _, err := engine.ParseRecommendationID(bad)
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("ParseRecommendationID(%q): error %v, want *engine.Invalid", bad, err)
		}
	}
}
