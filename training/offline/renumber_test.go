package offline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/offline"
)

// TestRenumberForgetsTheOrderOfTheFile reads the same purchases forwards and backwards.
func TestRenumberForgetsTheOrderOfTheFile(t *testing.T) {
	read := func(backwards bool, seed uint64) map[engine.ItemID]engine.ItemNum {
		events := make([]engine.RecordEvent, 30)
		for i := range events {
			events[i] = bought(i, i, time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC))
		}
		if backwards {
			slices.Reverse(events)
		}
		var d offline.Data
		for _, e := range events {
			d.AddEvent(e)
		}
		d.Renumber(seed)
		out := make(map[engine.ItemID]engine.ItemNum)
		for i, e := range d.Items {
			out[e.Item.ID] = e.Num
			if int(e.Num) != i || d.IDs().ID(e.Num) != e.Item.ID {
				t.Fatalf("item %d is %s with number %d, which is %s", i, e.Item.ID, e.Num, d.IDs().ID(e.Num))
			}
		}
		for _, r := range d.Rows {
			if out[r.Item] != r.Num {
				t.Fatalf("a row with %s has number %d, want %d", r.Item, r.Num, out[r.Item])
			}
		}
		return out
	}
	forwards, other := read(false, 1), read(false, 2)
	same, moved := 0, 0
	for id, n := range read(true, 1) {
		if forwards[id] == n {
			same++
		}
		if other[id] != n {
			moved++
		}
	}
	if same != 30 || moved < 15 {
		t.Errorf("%d of 30 have the same number from a file the other way round, %d another under another seed", same, moved)
	}
}
