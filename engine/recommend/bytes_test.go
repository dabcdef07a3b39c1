//go:build !race

package recommend_test // under the race detector what is lent is lost at random

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// What an answer allocates to somebody who asked before does not grow with the catalogue, but for
// bitmaps that are the request's own: those are of 8 KiB for every 65,536 items, and a filter of
// the request, or one that looks at the person, leaves one of them, which the sources read. Above
// engine.ExactLimit eligible items the sources propose, a fixed number each, and what the place
// shows is copied but for what is withheld. To lend the memory of such bitmaps Roaring has no way.
func TestBytesOfAnAnswer(t *testing.T) {
	const (
		base      = 12 << 10 // of the answer itself, with its reasons
		asked     = 6 << 10  // more of a filter that is compiled, or looks at a history
		container = 9 << 10  // 8 KiB, and what it hangs on
		proposals = 48 << 10 // of five sources
	)
	sizes := []int{2_000, 20_000, 200_000}
	if testing.Short() {
		sizes = sizes[:2]
	}
	for _, items := range sizes {
		w, who := frugal(items)
		containers, above := (items+1<<16-1)>>16, 0
		if items > engine.ExactLimit {
			above = proposals
		}
		for _, c := range []struct {
			name    string
			filter  string // of the place
			request string // filter of the request
			bitmaps int
		}{
			{name: "no filter"},
			{name: "the place filters", filter: `brand != "bc"`},
			{name: "the request filters, few are left", request: `"ca" in categories`, bitmaps: 1},
			{name: "the request filters, most are left", request: `brand != "bc"`, bitmaps: 1},
			{name: "the place filters by history", filter: `brand != "bc" && !viewed(300m)`, bitmaps: 1},
		} {
			place := open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}, Filter: c.filter})
			in := &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Filter: c.request}, Now: now}
			bitmaps := c.bitmaps
			if above > 0 && c.filter != "" { // what the place shows is runs where nothing filters
				bitmaps = 1
			}
			got, most := bytesOf(func() { ask(t, in) }), base+asked*c.bitmaps+above+bitmaps*containers*container
			t.Logf("%7d items, %-35s %7d bytes, at most %d", items, c.name+":", got, most)
			if got > most {
				t.Errorf("%d items, %s: an answer allocates %d bytes, want at most %d", items, c.name, got, most)
			}
		}
	}
}

// bytesOf returns how many bytes a call of do allocates: the mean of many, after some that make
// what is lent large enough, on one processor, since each lends its own, and without a collection, which
// would let that go.
func bytesOf(do func()) int {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const before, times = 10, 40
	for range before {
		do()
	}
	var from, to runtime.MemStats
	runtime.ReadMemStats(&from)
	for range times {
		do()
	}
	runtime.ReadMemStats(&to)
	return int(to.TotalAlloc-from.TotalAlloc) / times
}

// frugal is a shop of so many items, of which some changed since the bitmaps were made, with five sources,
// and one of its customers, of whom answers keep what they can.
func frugal(items int) (*recommend.World, *recommend.Someone) {
	blend := everything()
	blend[rank.Person] = map[string]rank.Scale{
		"factor": {Weight: 1, SD: 0.2}, "itemknn": {Weight: 0.5, SD: 0.1}, "ease": {Weight: 0.5, SD: 0.1},
		"content": {Weight: 0.5, SD: 0.1}, "popular": {Weight: 0.3, SD: 1},
	}
	w := village(items, upTo(items))
	histories := modeltest.Histories(3, 1000, items, 12)
	m := fitModels(w, histories, blend, 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	who := &recommend.Someone{Bought: roaring.New(), Dismissed: roaring.New()}
	for _, in := range histories[0] {
		row := purchases(w.Catalogue.IDs(), w.Catalogue.IDs().ID(in.Item))[0]
		who.Rows = append(who.Rows, row)
		who.Bought.Add(uint32(row.Num))
	}
	who.Keep()
	var changed []catalogue.Entry
	for n := range 20 {
		num := engine.ItemNum(17 * n)
		item := *w.Catalogue.Item(num)
		item.Price = new(1.5)
		changed = append(changed, catalogue.Entry{Num: num, Item: &item})
	}
	return w.WithRows(who.Rows).WithItems(changed), who
}
