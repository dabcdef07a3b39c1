package serving_test

import (
	"math"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/tally"
)

// An event that is observed once more than it is stored counts twice, until the counters
// are counted again.
func TestRecountMendsWhatCameTwice(t *testing.T) {
	h := open(t, nil)
	shelf(h)
	h.write(event("1", engine.Purchase, "ann", "", "mug"))
	mug, _ := h.World().Catalogue.IDs().Num("mug")
	value := func() float64 { return h.World().Counters.Value(mug, tally.Month, noon) }
	once := value()
	rows, err := h.Store.History(t.Context(), engine.OfCustomer("ann"))
	if err != nil {
		t.Fatal(err)
	}
	h.Observe([]engine.Committed{{Seq: h.Store.Seq() + 1, At: noon, Rows: rows, Subject: engine.OfCustomer("ann")}})
	if twice := value(); math.Abs(twice-2*once) > 1e-9 {
		t.Fatalf("observed twice, the mug counts %v, once it was %v", twice, once)
	}
	stop := h.run()
	defer stop()
	h.Recount()
	for range 2000 {
		if math.Abs(value()-once) < 1e-9 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.counted()
}
