package basket

import (
	"cmp"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// deed is an item that was bought or given back.
type deed struct {
	item uint32 // a row at the fit, an item number in a query
	back bool
	at   time.Time
}

// bought returns the purchases and returns among the steps of a customer.
func bought(steps []model.Step) []deed {
	var out []deed
	for _, s := range steps {
		if s.Type == engine.Purchase || s.Type == engine.Return {
			out = append(out, deed{s.Row, s.Type == engine.Return, s.At})
		}
	}
	return out
}

// lastDeed returns when something was last bought or given back; any is false where
// nothing ever was.
func lastDeed(steps []model.Step) (at time.Time, any bool) {
	for _, s := range slices.Backward(steps) {
		if s.Type == engine.Purchase || s.Type == engine.Return {
			return s.At, true
		}
	}
	return at, false
}

// boughtIn returns the purchases and returns among the rows of a history.
func boughtIn(rows []engine.Row) []deed {
	count := 0
	for i := range rows {
		if isDeed(&rows[i]) {
			count++
		}
	}
	out := make([]deed, 0, count)
	for i := range rows {
		if r := &rows[i]; isDeed(r) {
			out = append(out, deed{uint32(r.Num), r.Type == engine.Return, r.At})
		}
	}
	return out
}

func isDeed(r *engine.Row) bool {
	return r.Item != "" && (r.Type == engine.Purchase || r.Type == engine.Return)
}

// baskets returns what was bought at each moment, oldest first, every item of a basket
// once and ascending. What was given back is taken out of the newest basket up to then
// that has it; a basket of which nothing is left was none. The deeds are sorted in place.
func baskets(deeds []deed) [][]uint32 {
	slices.SortFunc(deeds, func(a, b deed) int {
		switch {
		case !a.at.Equal(b.at):
			return a.at.Compare(b.at)
		case a.back != b.back && b.back:
			return -1
		case a.back != b.back:
			return 1
		}
		return cmp.Compare(a.item, b.item)
	})
	var out [][]uint32
	items := make([]uint32, 0, len(deeds)) // of all baskets, one after another
	for i, d := range deeds {
		same := i > 0 && d.at.Equal(deeds[i-1].at)
		switch {
		case same && d.back == deeds[i-1].back && d.item == deeds[i-1].item:
			// another line of the same order
		case d.back:
			takeBack(out, d.item)
		default:
			items = append(items, d.item)
			if same { // what is bought at a moment stands before what is given back then
				last := &out[len(out)-1]
				*last = items[len(items)-1-len(*last):]
			} else {
				out = append(out, items[len(items)-1:])
			}
		}
	}
	return slices.DeleteFunc(out, func(items []uint32) bool { return len(items) == 0 })
}

// takeBack takes an item out of the newest basket that has it.
func takeBack(all [][]uint32, item uint32) {
	for i, items := range slices.Backward(all) {
		if at, has := slices.BinarySearch(items, item); has {
			all[i] = slices.Delete(items, at, at+1)
			return
		}
	}
}

// share is how much of a customer's buying an item is.
type share struct {
	item  uint32
	value float64 // above 0, at most 1
}

// shares adds up what the baskets say of each item, ascending by item. An item's sum is in
// the order of time, whatever the items' numbers.
func (p Params) shares(baskets [][]uint32) []share {
	count := 0
	for _, items := range baskets {
		count += len(items)
	}
	lines := make([]uint64, 0, count) // an item and its basket
	weights := make([]float64, len(baskets))
	for i, items := range baskets {
		weights[i] = p.weight(i, len(baskets))
		for _, item := range items {
			lines = append(lines, uint64(item)<<32|uint64(i))
		}
	}
	slices.Sort(lines)
	out := make([]share, 0, count)
	for _, line := range lines {
		item, weight := uint32(line>>32), weights[uint32(line)]
		if n := len(out); n > 0 && out[n-1].item == item {
			out[n-1].value += weight
		} else {
			out = append(out, share{item, weight})
		}
	}
	return out
}
