package modeltest

import (
	"fmt"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// Learner runs the checkerboard every source that learns from behaviour must solve
// (the idea is that of implicit's RecommenderBaseTestMixin): even customers want the
// even items, odd the odd ones, and each one's own number is held back. It must come
// first.
func Learner(t *testing.T, fit func(data *model.Data) model.Source) {
	t.Helper()
	const size = 40
	ids := Items(size)
	seen := Checkerboard(size)
	var b model.Builder
	for _, history := range seen {
		b.Add(history)
	}
	src := fit(b.Data(ids, 1))
	for u, history := range seen {
		var unseen []engine.ItemNum
		for n := range engine.ItemNum(size) {
			if int(n) == u || int(n)%2 != u%2 {
				unseen = append(unseen, n)
			}
		}
		got := src.Open(&model.Query{History: history}).Propose(bitmap(unseen), 5, nil)
		if len(got) == 0 || int(got[0]) != u {
			t.Errorf("customer %d: proposed %v, want item %d first", u, got, u)
		}
	}
}

// Items returns a table of the ids item-0, item-1 and so on.
func Items(count int) *catalogue.IDs {
	ids := catalogue.NewIDs()
	for n := range count {
		ids.Assign(engine.ItemID(fmt.Sprintf("item-%d", n)))
	}
	return ids
}

// Rows returns a world of so many items, all with rows, and three more that have none.
func Rows(count int) (*model.Rows, *catalogue.IDs) {
	ids := Items(count + 3)
	nums := make([]engine.ItemNum, count)
	for i := range nums {
		nums[i] = engine.ItemNum(i)
	}
	return model.NewRows(nums, ids), ids
}

// Checkerboard returns the histories of Learner.
func Checkerboard(size int) [][]engine.Interest {
	seen := make([][]engine.Interest, size)
	for u := range seen {
		for n := u % 2; n < size; n += 2 {
			if n != u {
				seen[u] = append(seen[u], engine.Interest{Item: engine.ItemNum(n), Weight: 1})
			}
		}
	}
	return seen
}
