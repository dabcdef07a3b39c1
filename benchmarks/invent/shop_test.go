package invent_test

import (
	"math"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/benchmarks/invent"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

func TestShop(t *testing.T) {
	shop := invent.Shop{Customers: 2000, Items: 200, Events: 8, Seed: 3}
	histories, again := shop.Histories(catalogue.NewIDs()), shop.Histories(catalogue.NewIDs())
	other := invent.Shop{Customers: 2000, Items: 200, Events: 8, Seed: 4}.Histories(catalogue.NewIDs())
	var events, same float64
	count := make([]int, 200)
	for _, who := range shop.Subjects() {
		rows := histories[who]
		had := make(map[engine.ItemNum]bool)
		for i, r := range rows {
			if had[r.Num] || (i > 0 && r.At.Before(rows[i-1].At)) || r.Item != invent.ID(int(r.Num)) {
				t.Fatalf("%s: %v", who, rows)
			}
			had[r.Num] = true
			count[r.Num]++
		}
		if !slices.EqualFunc(rows, again[who], func(a, b engine.Row) bool { return a.Num == b.Num && a.At.Equal(b.At) }) {
			t.Errorf("%s did something else the second time", who)
		}
		if slices.EqualFunc(rows, other[who], func(a, b engine.Row) bool { return a.Num == b.Num }) {
			same++
		}
		events += float64(len(rows))
	}
	if mean := events / 2000; math.Abs(mean-8) > 0.8 {
		t.Errorf("%.2f events a customer, want about 8", mean)
	}
	if same > 20 {
		t.Errorf("%v customers of another seed did the same", same)
	}
	slices.Sort(count)
	if top := count[199]; top < 5*count[100] {
		t.Errorf("the most popular item was bought %d times, the median one %d", top, count[100])
	}
}
