package filter

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

type (
	// compareNode compares a field with a value; op is never NotEqual.
	compareNode struct {
		field catalogue.Field
		op    catalogue.Op
		with  source
		key   string
	}
	// sharesNode says that the field and the values have one in common.
	sharesNode struct {
		field catalogue.Field
		with  source
		key   string
	}
	// hasNode says that the item has something in the field.
	hasNode struct{ field catalogue.Field }
	// requestNode compares two values of the request: it holds for all items or none.
	requestNode struct {
		op          catalogue.Op
		left, right source
	}
	// requestSharesNode says that two values of the request have one in common.
	requestSharesNode struct{ left, right source }
)

func (x compareNode) items(r *run, among *roaring.Bitmap) set {
	v := x.with.value(r.env)
	switch {
	case v.Type == 0:
		return everyOrNone(r, false)
	case x.field == catalogue.FieldItemID:
		return itemID(r, v)
	case x.op == catalogue.Equal && v.Type&(catalogue.Text|catalogue.Flag) != 0:
		return shared(r.base.Equal(x.field, v))
	}
	if !x.fixed() {
		return owned(ordered(r, x.field, x.op, v, among))
	}
	return shared(r.base.Cached(x.key, func() *roaring.Bitmap { return ordered(r, x.field, x.op, v, nil) }))
}

// ordered finds numbers and dates; a base has no other order.
func ordered(r *run, f catalogue.Field, op catalogue.Op, v catalogue.Value, among *roaring.Bitmap) *roaring.Bitmap {
	if dated := catalogue.ItemFields[f] == catalogue.Time; dated != (v.Type == catalogue.Time) {
		return roaring.New() // a number is never compared with a date
	}
	return r.base.Ordered(f, op, v, among)
}

// itemID returns the item with an id, if the base has it.
func itemID(r *run, v catalogue.Value) set {
	out := roaring.New()
	if n, ok := r.env.Catalogue.IDs().Num(engine.ItemID(v.Text)); ok && r.base.Known().Contains(uint32(n)) {
		out.Add(uint32(n))
	}
	return owned(out)
}

func (x compareNode) holds(r *run, _ engine.ItemNum, it *engine.Item) bool {
	return compares(x.op, catalogue.Of(it, x.field), x.with.value(r.env))
}

func (x compareNode) fixed() bool { return x.with.fixed() && x.field != catalogue.FieldItemID }

// compares reports whether op, which is not NotEqual, holds of two values.
func compares(op catalogue.Op, left, right catalogue.Value) bool {
	if op == catalogue.Equal {
		return left.Equal(right)
	}
	sign, ok := left.Compare(right)
	return ok && op.Holds(sign)
}

func (x sharesNode) items(r *run, among *roaring.Bitmap) set {
	switch only := x.with.static; {
	case x.field == catalogue.FieldItemID:
		out := owned(roaring.New())
		for v := range x.with.values(r.env) {
			if v.Type == catalogue.Text {
				out = out.or(itemID(r, v))
			}
		}
		return out
	case !x.fixed():
		return x.union(r, among)
	case len(only) == 1 && only[0].Type == catalogue.Text && !x.field.Attribute:
		return x.posting(r, only[0])
	}
	return shared(r.base.Cached(x.key, func() *roaring.Bitmap { return x.union(r, nil).Bitmap }))
}

// posting returns the items with one string, in a field every item has: those hold
// either strings or lists, while an attribute may hold both, in different items.
func (x sharesNode) posting(r *run, v catalogue.Value) set {
	if catalogue.ItemFields[x.field] == catalogue.List {
		return shared(r.base.Member(x.field, v.Text))
	}
	return shared(r.base.Equal(x.field, v))
}

// union returns the items that have one of the values.
func (x sharesNode) union(r *run, among *roaring.Bitmap) set {
	out := owned(roaring.New())
	for v := range x.with.values(r.env) {
		switch v.Type {
		case catalogue.Text:
			out = out.or(shared(r.base.Equal(x.field, v))).or(shared(r.base.Member(x.field, v.Text)))
		case catalogue.Flag:
			out = out.or(shared(r.base.Equal(x.field, v)))
		default:
			out = out.or(owned(ordered(r, x.field, catalogue.Equal, v, among)))
		}
	}
	return out
}

func (x sharesNode) holds(r *run, _ engine.ItemNum, it *engine.Item) bool {
	have := catalogue.Of(it, x.field)
	for v := range x.with.values(r.env) {
		if have.Contains(v) {
			return true
		}
	}
	return false
}

func (x sharesNode) fixed() bool { return x.with.fixed() && x.field != catalogue.FieldItemID }

func (x hasNode) items(r *run, _ *roaring.Bitmap) set { return shared(r.base.Given(x.field)) }

func (x hasNode) holds(_ *run, _ engine.ItemNum, it *engine.Item) bool {
	return catalogue.Of(it, x.field).Given()
}

func (x hasNode) fixed() bool { return true }

func (x requestNode) items(r *run, _ *roaring.Bitmap) set { return everyOrNone(r, x.holds(r, 0, nil)) }

func (x requestNode) holds(r *run, _ engine.ItemNum, _ *engine.Item) bool {
	return compares(x.op, x.left.value(r.env), x.right.value(r.env))
}

func (x requestNode) fixed() bool { return false }

func (x requestSharesNode) items(r *run, _ *roaring.Bitmap) set {
	return everyOrNone(r, x.holds(r, 0, nil))
}

func (x requestSharesNode) holds(r *run, _ engine.ItemNum, _ *engine.Item) bool {
	for a := range x.left.values(r.env) {
		for b := range x.right.values(r.env) {
			if a.Equal(b) {
				return true
			}
		}
	}
	return false
}

func (x requestSharesNode) fixed() bool { return false }
