package serving_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// An answer too large to be recorded, here for all that its request excludes, is dropped
// alone.
func TestOneTooLargeCostsNobodyElse(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.View, "ann", "", "mug"))
	var large []engine.ItemID
	for i := range engine.MaxExcluded {
		large = append(large, engine.ItemID(fmt.Sprint(i, strings.Repeat("x", 200))))
	}
	_, before := h.ask(engine.Request{Customer: "ann"})
	_, lost := h.ask(engine.Request{Customer: "ann", Exclude: large})
	_, after := h.ask(engine.Request{Customer: "ann"})
	ended, end := context.WithCancel(t.Context())
	end()
	if err := h.Run(ended); err == nil { // the end writes what is left
		t.Error("nothing is said of what could not be written")
	}
	if f := h.Figures(); f.Dropped != 1 || f.Written != 2 {
		t.Errorf("%d were dropped and %d written, want 1 and 2", f.Dropped, f.Written)
	}
	for id, kept := range map[string]bool{before.RecommendationID: true, lost.RecommendationID: false, after.RecommendationID: true} {
		if _, err := h.Store.Impression(t.Context(), id); (err == nil) != kept {
			t.Errorf("recommendation %s: %v, kept should be %v", id, err, kept)
		}
	}
}
