package model

import (
	"sync"
	"testing"
)

// TestShare holds that each model's is made once a query where it is shared, that all get
// the same, also those who ask at once, and that nothing is shared where nobody said so.
func TestShare(t *testing.T) {
	type maker struct{ made int }
	q, one, other := &Query{Shared: new(Shared)}, new(maker), new(maker)
	ask := func(q *Query, by *maker) *int {
		return Share(q, by, func() *int { by.made++; return new(int) })
	}
	if a, b := ask(q, one), ask(q, one); a != b || one.made != 1 {
		t.Errorf("made %d times, the same: %v", one.made, a == b)
	}
	if ask(q, other) == ask(q, one) || other.made != 1 {
		t.Error("two models share what one made")
	}
	if ask(&Query{Shared: new(Shared)}, one); one.made != 2 {
		t.Error("another query got what was made of this")
	}
	if a, b := ask(&Query{}, one), ask(&Query{}, one); a == b || one.made != 4 {
		t.Error("shared where nobody shares")
	}
	var group sync.WaitGroup
	q, got := &Query{Shared: new(Shared)}, [8]*int{}
	for i := range got {
		group.Go(func() { got[i] = Share(q, one, func() *int { return new(int) }) })
	}
	group.Wait()
	for _, g := range got {
		if g != got[0] {
			t.Fatal("who asked at once got different ones")
		}
	}
}
