package recommend

import (
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
)

// placeIn returns the first place from at on, in items that ascend, whose item is n or above.
func placeIn(items []engine.ItemNum, n engine.ItemNum) (place int, is bool) {
	if on := int64(n) - int64(items[0]); uint64(on) < uint64(len(items)) && items[on] == n {
		return int(on), true // none is missing in between
	}
	return slices.BinarySearch(items, n)
}

// each calls yield with the places of those of items, which ascend, that the iterator has
// next, and moves it on behind them.
func each(it roaring.IntPeekable, items []engine.ItemNum, yield func(place int)) {
	it.AdvanceIfNeeded(uint32(items[0]))
	for last := uint32(items[len(items)-1]); it.HasNext() && it.PeekNext() <= last; {
		if place, is := placeIn(items, engine.ItemNum(it.Next())); is {
			yield(place)
		}
	}
}

// withheld are the items of a choice that may not be in the list.
type withheld struct {
	items *roaring.Bitmap // nil for none
	it    roaring.IntPeekable
}

func withheldFrom(c *choice) withheld {
	w := withheld{items: c.without}
	if w.items != nil {
		w.it = w.items.Iterator()
	}
	return w
}

func (w *withheld) has(n engine.ItemNum) bool { return w.items != nil && w.items.Contains(uint32(n)) }

// strike makes the sums of those withheld lower than any. Items come in order.
func (w *withheld) strike(sums []float32, items []engine.ItemNum) {
	if w.it != nil {
		each(w.it, items, func(place int) { sums[place] = float32(math.Inf(-1)) })
	}
}

// liftedItems are the items of a lift that are yet to come.
type liftedItems struct {
	it  roaring.IntPeekable
	add float32
}

func (l *liftedItems) addTo(sums []float32, items []engine.ItemNum) {
	each(l.it, items, func(place int) { sums[place] += l.add })
}
