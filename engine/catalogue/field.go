package catalogue

import (
	"github.com/rapportengine/rapport/engine"
)

// field is the postings of one field. It is immutable. An attribute may hold strings
// in some items and numbers in others; each kind of value has its own postings.
type field struct {
	texts   *table // string -> items
	members *table // member of a list -> items; of a category path also its ancestors
	yes, no posting
	keys    *column // numbers or dates
	given   posting
}

// types returns the types of the values there are.
func (f *field) types() Types {
	if f == nil {
		return 0
	}
	var t Types
	if f.texts.len() > 0 {
		t |= Text
	}
	if f.members.len() > 0 {
		t |= List
	}
	if f.keys != nil {
		t |= Number
	}
	if !f.yes.empty() || !f.no.empty() {
		t |= Flag
	}
	return t
}

// fieldDelta gathers what a fold changes in one field.
type fieldDelta struct {
	texts, members map[string]*delta
	yes, no, given delta
	keys           []rekey
}

// change notes that item n had the value before and has after now.
func (d *fieldDelta) change(n uint32, before, after Value) {
	d.note(n, before, false)
	d.note(n, after, true)
	switch b, a := before.Given(), after.Given(); {
	case b && !a:
		d.given.removed = append(d.given.removed, n)
	case a && !b:
		d.given.added = append(d.given.added, n)
	}
	if old, new := before.key(), after.key(); old != new {
		d.keys = append(d.keys, rekey{n, old, new})
	}
}

// note enters or takes out what a value has in the postings.
func (d *fieldDelta) note(n uint32, v Value, add bool) {
	put := func(at *delta) {
		if add {
			at.added = append(at.added, n)
		} else {
			at.removed = append(at.removed, n)
		}
	}
	switch v.Type {
	case Text:
		put(slot(&d.texts, v.Text))
	case Flag:
		if v.Flag {
			put(&d.yes)
		} else {
			put(&d.no)
		}
	case List:
		for m := range v.Members() {
			if !v.paths {
				put(slot(&d.members, m))
				continue
			}
			for a := range Ancestors(m) {
				put(slot(&d.members, a))
			}
		}
	}
}

func slot(m *map[string]*delta, key string) *delta {
	if *m == nil {
		*m = make(map[string]*delta)
	}
	d := (*m)[key]
	if d == nil {
		d = new(delta)
		(*m)[key] = d
	}
	return d
}

// edit returns the field after the changes, nil when nothing is left in it.
func (f *field) edit(d *fieldDelta) *field {
	next := field{}
	if f != nil {
		next = *f
	}
	if len(d.texts) > 0 {
		next.texts = next.texts.edit(d.texts)
	}
	if len(d.members) > 0 {
		next.members = next.members.edit(d.members)
	}
	next.yes, next.no, next.given = next.yes.apply(&d.yes), next.no.apply(&d.no), next.given.apply(&d.given)
	if len(d.keys) > 0 {
		next.keys = next.keys.edit(d.keys)
	}
	if next.types() == 0 {
		return nil
	}
	return &next
}

// apply is edit, which it does not call where nothing changes.
func (p posting) apply(d *delta) posting {
	if len(d.removed)+len(d.added) == 0 {
		return p
	}
	return p.edit(d.removed, d.added)
}

// diff gathers the changes of one item into deltas; nil is an item that is not there.
func diff(deltas map[Field]*fieldDelta, n engine.ItemNum, before, after *engine.Item) {
	value := func(it *engine.Item, f Field) Value {
		if it == nil {
			return Value{}
		}
		return Of(it, f)
	}
	one := func(f Field) {
		b, a := value(before, f), value(after, f)
		if b.same(a) {
			return
		}
		d := deltas[f]
		if d == nil {
			d = new(fieldDelta)
			deltas[f] = d
		}
		d.change(uint32(n), b, a)
	}
	for _, f := range indexed {
		one(f)
	}
	if before != nil {
		for name := range before.Attributes {
			one(Field{name, true})
		}
	}
	if after == nil {
		return
	}
	for name := range after.Attributes {
		if before != nil {
			if _, done := before.Attributes[name]; done {
				continue
			}
		}
		one(Field{name, true})
	}
}
