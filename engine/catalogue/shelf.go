package catalogue

import (
	"cmp"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
)

// Gate says which items may be shown: when, to whom, and whether today's stock and
// hidden flags count.
type Gate struct {
	Now      time.Time
	Audience engine.Visibility // engine.AgentOnly sees every item, anybody else the public ones
	AnyStock bool              // items that are hidden or out of stock pass
}

// Admits reports whether the item passes.
func (g Gate) Admits(it *engine.Item) bool {
	return onShelf(it, g.shelf()) && shown(it, Nanos(g.Now))
}

// The shelves: the items that pass every check but that of their dates.
const (
	publicShelf = iota // public, in stock, not hidden
	agentShelf         // in stock, not hidden
	publicAny          // public
	agentAny           // all
	shelves
)

func (g Gate) shelf() int {
	i := publicShelf
	if g.Audience == engine.AgentOnly {
		i = agentShelf
	}
	if g.AnyStock {
		i += publicAny
	}
	return i
}

func onShelf(it *engine.Item, shelf int) bool {
	public := it.Visibility == "" || it.Visibility == engine.Public
	if !public && (shelf == publicShelf || shelf == publicAny) {
		return false
	}
	return shelf >= publicAny || !it.Hidden && it.InStock()
}

// shown is Item.ShownAt in the clamped time of Nanos, as the flips have it.
func shown(it *engine.Item, now int64) bool {
	return (it.Published == nil || now >= Nanos(*it.Published)) && (it.Expires == nil || now < Nanos(*it.Expires))
}

// flip is a time at which the dates of an item may open or close it.
type flip struct {
	at int64
	n  engine.ItemNum
}

func byTime(a, b flip) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n))
}

// window is what the dates say between two flips. Requests come in the order of time,
// so that nearly all find the last window or one a few flips further; a time before it
// is found the same way backwards.
type window struct {
	now    int64           // a time inside it
	passed int             // how many flips are at or before now
	closed *roaring.Bitmap // items not yet published or already expired
	open   [shelves]atomic.Pointer[roaring.Bitmap]
}

// Admitted returns the items that pass the gate.
func (b *Base) Admitted(g Gate) *roaring.Bitmap {
	i := g.shelf()
	w := b.at(Nanos(g.Now))
	if w.closed.IsEmpty() {
		return b.shelf[i]
	}
	if open := w.open[i].Load(); open != nil {
		return open
	}
	open := roaring.AndNot(b.shelf[i], w.closed)
	w.open[i].Store(open)
	return open
}

// at returns the window of a time.
func (b *Base) at(now int64) *window {
	passed := b.passed(now)
	w := b.window.Load()
	if w != nil && w.passed == passed {
		return w
	}
	next := &window{now: now, passed: passed, closed: roaring.New()}
	crossed := b.flips
	if w != nil {
		next.closed = w.closed.Clone()
		crossed = b.flips[min(w.passed, passed):max(w.passed, passed)]
	}
	for _, f := range crossed {
		mark(next.closed, f.n, !b.items.shown(f.n, now))
	}
	b.window.Store(next)
	return next
}

// passed counts the flips at or before now.
func (b *Base) passed(now int64) int {
	return sort.Search(len(b.flips), func(i int) bool { return b.flips[i].at > now })
}

func mark(set *roaring.Bitmap, n engine.ItemNum, in bool) {
	if in {
		set.Add(uint32(n))
	} else {
		set.Remove(uint32(n))
	}
}

// restock makes the shelves and flips of b, whose items are set, from those of the base
// before and the numbers that changed.
func (b *Base) restock(before *Base, changed []engine.ItemNum) {
	for i := range b.shelf {
		b.shelf[i] = before.shelf[i].Clone()
	}
	var gone, fresh []flip
	for _, n := range changed {
		was, is := before.items.at(n), b.items.at(n)
		for i := range b.shelf {
			mark(b.shelf[i], n, is != nil && onShelf(is, i))
		}
		gone, fresh = flipsOf(was, n, gone), flipsOf(is, n, fresh)
	}
	b.flips = before.flips
	if len(gone)+len(fresh) > 0 {
		b.flips = merge(before.flips, gone, fresh)
	}
	if w := before.window.Load(); w != nil { // spares the next request a walk over all flips
		next := &window{now: w.now, passed: b.passed(w.now), closed: w.closed.Clone()}
		for _, n := range changed {
			it := b.items.at(n)
			mark(next.closed, n, it != nil && !shown(it, w.now))
		}
		b.window.Store(next)
	}
}

// flipsOf appends the flips of an item, which may be nil.
func flipsOf(it *engine.Item, n engine.ItemNum, out []flip) []flip {
	if it == nil {
		return out
	}
	for _, t := range [...]*time.Time{it.Published, it.Expires} {
		if t != nil {
			out = append(out, flip{Nanos(*t), n})
		}
	}
	return out
}

// merge returns the flips without those that are gone, each of which is among them,
// and with the fresh ones. What lies between is copied in whole stretches.
func merge(flips, gone, fresh []flip) []flip {
	slices.SortFunc(gone, byTime)
	slices.SortFunc(fresh, byTime)
	out := make([]flip, 0, len(flips)+len(fresh)-len(gone))
	for len(gone)+len(fresh) > 0 {
		leaves := len(fresh) == 0 || len(gone) > 0 && byTime(gone[0], fresh[0]) <= 0
		from := &fresh
		if leaves {
			from = &gone
		}
		next := (*from)[0]
		*from = (*from)[1:]
		stretch, _ := slices.BinarySearchFunc(flips, next, byTime)
		out, flips = append(out, flips[:stretch]...), flips[stretch:]
		if leaves {
			flips = flips[1:]
		} else {
			out = append(out, next)
		}
	}
	return append(out, flips...)
}
