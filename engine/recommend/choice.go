package recommend

import (
	"math"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/filter"
	"github.com/rapportengine/rapport/engine/rank"
)

// choice is what may be in a list: all of some items but for a few.
type choice struct {
	all     *roaring.Bitmap            // may be shared: not to be changed
	items   []engine.ItemNum           // the same, ascending; nil where they were not listed
	without *roaring.Bitmap            // may not be in the list; nil for none
	count   int                        // of those that may
	commons *[2]atomic.Pointer[common] // where items are those of a stock; by task: any, cold
	heard   *heard                     // what was heard of items before; nil where that is not known
}

// choiceOf returns the choice of exactly some items.
func choiceOf(items *roaring.Bitmap) *choice {
	return &choice{all: items, count: int(items.GetCardinality())}
}

// bitmap returns the items that may be in the list, not to be changed.
func (c *choice) bitmap() *roaring.Bitmap {
	if c.without == nil {
		return c.all
	}
	if c.without.GetCardinality() > takenOneByOne {
		return roaring.AndNot(c.all, c.without)
	}
	left := c.all.Clone()
	for it := c.without.Iterator(); it.HasNext(); {
		left.Remove(it.Next())
	}
	return left
}

// takenOneByOne is up to how many items are taken from a set one by one: runs stay runs,
// where a difference of sets would write out each stretch that loses an item.
const takenOneByOne = 256

// scored appends the items that may be in the list with their sums, which are those of items.
func (c *choice) scored(items []engine.ItemNum, sums []float64, out []rank.Scored) []rank.Scored {
	from := 0
	if c.without != nil {
		for it := c.without.Iterator(); it.HasNext() && from < len(items); {
			n := engine.ItemNum(it.Next())
			to := from + sort.Search(len(items)-from, func(i int) bool { return items[from+i] >= n })
			out = appendScored(out, items[from:to], sums[from:to])
			if from = to; from < len(items) && items[from] == n {
				from++
			}
		}
	}
	return appendScored(out, items[from:], sums[from:])
}

func appendScored(out []rank.Scored, items []engine.ItemNum, sums []float64) []rank.Scored {
	sums = sums[:len(items)]
	for i, n := range items {
		out = append(out, rank.Scored{Item: n, Score: sums[i]})
	}
	return out
}

// stock is what a place may show to anybody: what is left after its own rules, of one
// catalogue while no date of an item passes. It is made once for all who ask. A place that
// nobody asks for any more keeps no catalogue in memory.
type stock struct {
	catalogue weak.Pointer[catalogue.Snapshot]
	admitted  *roaring.Bitmap // by the base's dates: another one when one of them passes
	from, to  int64           // times between which none of a changed item passes
	choice
}

// stocks keeps the newest stock of a place. One makes it, while all others who need it wait: as many
// would else be made as there are processors. That takes half a millisecond of 131,072 items, so that
// who waits need not ask whether anybody still waits for them.
type stocks struct {
	making sync.Mutex
	newest atomic.Pointer[stock]
}

// stock returns what the place may show whoever asks; nil where that hangs on the request
// or the person.
func (in *Input) stock(o *orders) (*stock, error) {
	if len(in.Request.Kinds) > 0 || in.Request.Filter != "" || in.Place.filter != nil && !in.Place.filter.Fixed() {
		return nil, nil
	}
	at := &in.Place.stocks
	if in.Offline {
		at = &in.Place.offline
	}
	gate := catalogue.Gate{Now: in.Now, Audience: in.Place.Scenario.Audience, AnyStock: in.Offline}
	now, admitted := catalogue.Nanos(in.Now), in.World.Catalogue.Base().Admitted(gate)
	of := weak.Make(in.World.Catalogue)
	made := func() *stock {
		if s := at.newest.Load(); s != nil && s.catalogue == of && s.admitted == admitted && s.from <= now && now < s.to {
			return s
		}
		return nil
	}
	if s := made(); s != nil {
		return s, nil
	}
	at.making.Lock()
	defer at.making.Unlock()
	if s := made(); s != nil {
		return s, nil
	}
	env := &filter.Env{Catalogue: in.World.Catalogue, Now: in.Now}
	all, err := filter.Eligible(env, &filter.Rules{Kinds: o.kinds, Filters: o.filters, Audience: gate.Audience, IgnoreLive: in.Offline})
	if err != nil {
		return nil, err
	}
	all.RunOptimize()
	s := &stock{catalogue: of, admitted: admitted, choice: *choiceOf(all)}
	s.from, s.to = in.World.still(now)
	if s.count <= engine.ExactLimit {
		s.items, s.commons = itemsOf(all, nil), new([2]atomic.Pointer[common])
	}
	at.newest.Store(s)
	return s, nil
}

// still returns the times around now between which no date passes of an item that the
// catalogue's base does not have as it is.
func (w *World) still(now int64) (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	for _, item := range w.Catalogue.Changed() {
		if item == nil {
			continue
		}
		for _, date := range [...]*time.Time{item.Published, item.Expires} {
			switch {
			case date == nil:
			case catalogue.Nanos(*date) <= now:
				from = max(from, catalogue.Nanos(*date))
			default:
				to = min(to, catalogue.Nanos(*date))
			}
		}
	}
	return from, to
}

// eligible are the items that may be in the list: of what the place shows to anybody
// those that nothing withholds from this person, else by all rules anew.
func (in *Input) eligible(o *orders) (*choice, error) {
	rules := in.rules(o)
	if in.Only == nil && len(rules.Preferences.MutedCategories) == 0 {
		s, err := in.stock(o)
		if err != nil {
			return nil, err
		}
		if s != nil {
			c := &in.scratch().eligible
			*c = s.choice
			if c.without = filter.Withheld(in.env(), rules); c.without != nil {
				c.count -= int(c.without.AndCardinality(c.all))
			}
			return c, nil
		}
	}
	eligible, err := filter.Eligible(in.env(), rules)
	if err != nil {
		return nil, err
	}
	if in.Only != nil {
		eligible.And(in.Only)
	}
	return choiceOf(eligible), nil
}

// itemsOf appends the items of a bitmap to out, ascending.
func itemsOf(b *roaring.Bitmap, out []engine.ItemNum) []engine.ItemNum {
	out = slices.Grow(out, int(b.GetCardinality()))
	var buf [256]uint32
	it := b.ManyIterator()
	for n := it.NextMany(buf[:]); n > 0; n = it.NextMany(buf[:]) {
		for _, num := range buf[:n] {
			out = append(out, engine.ItemNum(num))
		}
	}
	return out
}
