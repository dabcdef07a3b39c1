package catalogue

import (
	"fmt"
	"sync"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

func TestAssign(t *testing.T) {
	ids := NewIDs()
	for round := range 2 {
		for i := range 100 {
			n, added := ids.Assign(engine.ItemID(fmt.Sprint(i)))
			if int(n) != i || added != (round == 0) {
				t.Fatalf("round %d: Assign(%d) = %d, %v", round, i, n, added)
			}
		}
	}
	if ids.Len() != 100 || ids.ID(7) != "7" {
		t.Errorf("Len = %d, ID(7) = %q", ids.Len(), ids.ID(7))
	}
	if _, ok := ids.Num("100"); ok {
		t.Error("an id that was never assigned has a number")
	}
}

func TestReserve(t *testing.T) {
	ids := NewIDs()
	ids.Assign("old")
	failed := ids.Reserve()
	failed.Num("lost")
	r := ids.Reserve()
	for _, want := range []struct {
		id    engine.ItemID
		n     engine.ItemNum
		added bool
	}{{"new", 1, true}, {"old", 0, false}, {"new", 1, false}, {"newer", 2, true}} {
		if n, added := r.Num(want.id); n != want.n || added != want.added {
			t.Errorf("Num(%s) = %d, %v; want %d, %v", want.id, n, added, want.n, want.added)
		}
	}
	if _, ok := ids.Num("new"); ok || ids.Len() != 1 {
		t.Error("a reserved number is seen before it is published")
	}
	r.Publish()
	if n, ok := ids.Num("newer"); !ok || n != 2 || ids.Len() != 3 || ids.ID(1) != "new" {
		t.Errorf("after Publish: newer is %d, %v of %d", n, ok, ids.Len())
	}
	if _, ok := ids.Num("lost"); ok {
		t.Error("a reservation that was dropped left a number")
	}
	if n, added := r.Num("next"); n != 3 || !added {
		t.Errorf("a published reservation goes on with %d, %v; want 3, true", n, added)
	}
	ids.Assign("between")
	defer func() {
		if recover() == nil {
			t.Error("Publish after somebody else's Assign did not panic")
		}
	}()
	r.Publish()
}

func TestIDsConcurrently(t *testing.T) {
	ids := NewIDs()
	const count = 2000
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for seen := 0; seen < count; {
				seen = ids.Len()
				if seen == 0 {
					continue
				}
				last := engine.ItemNum(seen - 1)
				if n, ok := ids.Num(ids.ID(last)); !ok || n != last {
					t.Errorf("number %d does not lead back to itself: %d, %v", last, n, ok)
					return
				}
			}
		})
	}
	for i := range count {
		ids.Assign(engine.ItemID(fmt.Sprint(i)))
	}
	readers.Wait()
}
