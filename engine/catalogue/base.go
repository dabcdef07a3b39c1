package catalogue

import (
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
)

// Base is the indexed part of a snapshot: which items have which value. Many snapshots
// share one; what has changed since it was made is in Snapshot.Changed, and is to be
// looked at item by item. It answers alike for ever and is safe for concurrent use.
// Bitmaps it returns are shared unless said otherwise: not to be changed.
type Base struct {
	items  items
	known  *roaring.Bitmap
	fields map[Field]*field

	shelf  [shelves]*roaring.Bitmap
	flips  []flip
	window atomic.Pointer[window] // the last one asked for

	cache cache
}

func newBase() *Base {
	b := &Base{known: roaring.New()}
	for i := range b.shelf {
		b.shelf[i] = roaring.New()
	}
	return b
}

// fold returns the base of the items after the changes of the numbers in changed,
// which ascend.
func (b *Base) fold(after items, changed []engine.ItemNum) *Base {
	next := &Base{items: after, known: b.known.Clone(), fields: make(map[Field]*field, len(b.fields))}
	deltas := make(map[Field]*fieldDelta)
	for _, n := range changed {
		was, is := b.items.at(n), after.at(n)
		if is != nil {
			next.known.Add(uint32(n))
		} else {
			next.known.Remove(uint32(n))
		}
		if was != is {
			diff(deltas, n, was, is)
		}
	}
	next.known.RunOptimize() // nearly all numbers are items: a few runs
	for f, at := range b.fields {
		next.fields[f] = at
	}
	for f, d := range deltas {
		if at := next.fields[f].edit(d); at != nil {
			next.fields[f] = at
		} else {
			delete(next.fields, f)
		}
	}
	next.restock(b, changed)
	return next
}

// Known returns the items there are.
func (b *Base) Known() *roaring.Bitmap { return b.known }

// Given returns the items that have something in the field.
func (b *Base) Given(f Field) *roaring.Bitmap {
	if f == FieldItemID {
		return b.known
	}
	at := b.fields[f]
	if at == nil {
		return none
	}
	return at.given.bitmap()
}

// Equal returns the items whose value in the field is the string or bool v. Numbers and
// dates are found by Ordered, an item's id by IDs.
func (b *Base) Equal(f Field, v Value) *roaring.Bitmap {
	at := b.fields[f]
	if at == nil {
		return none
	}
	switch v.Type {
	case Text:
		return at.texts.get(v.Text).bitmap()
	case Flag:
		if v.Flag {
			return at.yes.bitmap()
		}
		return at.no.bitmap()
	}
	return none
}

// Member returns the items whose list in the field has the member. Categories have
// their ancestors too.
func (b *Base) Member(f Field, member string) *roaring.Bitmap {
	at := b.fields[f]
	if at == nil {
		return roaring.New()
	}
	return at.members.get(member).bitmap()
}

// Ordered returns the items among those given (nil: all) whose number or date stands in
// this order to v; op is not NotEqual. Of other items it may say anything. For all
// items it is worth keeping where the question comes again (Cached). The bitmap is the
// caller's.
func (b *Base) Ordered(f Field, op Op, v Value, among *roaring.Bitmap) *roaring.Bitmap {
	at, key := b.fields[f], v.key()
	if at == nil || key == 0 {
		return roaring.New()
	}
	return at.keys.compare(op, key, among)
}

// none is an empty bitmap that nobody changes.
var none = roaring.New()
