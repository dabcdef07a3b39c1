package bridge

import (
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

func TestPlacesAsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p places
		want := make(map[engine.ItemNum]*place)
		num := rapid.Custom(func(t *rapid.T) engine.ItemNum {
			return engine.ItemNum(rapid.SampledFrom([]int{0, 250, 1 << 16}).Draw(t, "near") + rapid.IntRange(0, 12).Draw(t, "more"))
		})
		for range rapid.IntRange(0, 20).Draw(t, "sets") {
			n, to := num.Draw(t, "item"), new(place)
			p.set(n, to)
			want[n] = to
		}
		for range 20 {
			if n := num.Draw(t, "asked"); p.of(n) != want[n] {
				t.Fatalf("item %d has the place %p, want %p", n, p.of(n), want[n])
			}
		}
	})
}

// TestPlacesAtOnce sets places of many pages from several goroutines: none is lost. Run it
// with -race.
func TestPlacesAtOnce(t *testing.T) {
	const each = 2000
	var p places
	var group sync.WaitGroup
	for g := range engine.ItemNum(4) {
		group.Go(func() {
			for i := range engine.ItemNum(each) {
				p.set(4*i+g, &place{vector: []float32{float32(4*i + g)}})
				p.of(4 * (each - i))
			}
		})
	}
	group.Wait()
	for n := range engine.ItemNum(4 * each) {
		if got := p.of(n); got == nil || got.vector[0] != float32(n) {
			t.Fatalf("item %d has the place %v", n, got)
		}
	}
}

// TestOneFoldIn holds that a history which factor folded in is not folded in again in the
// same answer.
func TestOneFoldIn(t *testing.T) {
	s := newShop(t)
	m, err := Fit(t.Context(), s.base, s.content, Params{})
	if err != nil {
		t.Fatal(err)
	}
	same := func(q *model.Query) bool {
		return &s.base.Person(q).Vector()[0] == &m.Open(q).(*scorer).person.Vector()[0]
	}
	q := *s.contract().Queries[1]
	if same(&q) {
		t.Error("queries share what nobody shares")
	}
	if q.Shared = new(model.Shared); !same(&q) {
		t.Error("a history was folded in twice")
	}
}
