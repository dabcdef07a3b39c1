package filter

import (
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// known refuses an attribute that no item has.
func (c compiler) known(o operand) error {
	const every = catalogue.Text | catalogue.Number | catalogue.Flag | catalogue.List
	if !o.field.Attribute || c.schema == nil || c.schema.Holds(o.field, every) {
		return nil
	}
	e := refuse(o.at, "no item has the attribute %s; %s", shorten(o.field.Name),
		engine.NearNames(o.field.Name, append(c.schema.AttributeNames(), strings.Split(itemFieldNames(), ", ")...)))
	e.Code = engine.CodeUnknownAttr
	return e
}

// holds reports whether a field can have values of one of the types.
func (c compiler) holds(f catalogue.Field, types catalogue.Types) bool {
	if own, ok := catalogue.ItemFields[f]; ok {
		return own&types != 0
	}
	return c.schema == nil || c.schema.Holds(f, types)
}

// typesOf names what a field holds, for messages.
func (c compiler) typesOf(f catalogue.Field) string {
	types := catalogue.ItemFields[f]
	if types == 0 {
		types = c.schema.TypesOf(f)
	}
	return strings.Join(types.Names(), " or ")
}

// comparable refuses a comparison that no item can fulfil, whatever its value.
func (c compiler) comparable(field operand, op catalogue.Op, with source) error {
	f, name := field.field, field.field.Name
	if op != catalogue.Equal && !c.holds(f, catalogue.Number|catalogue.Time) {
		return refuse(field.at, "%s is a %s, which has no order: compare it with == or in", name, c.typesOf(f))
	}
	if !c.holds(f, catalogue.Text|catalogue.Number|catalogue.Flag|catalogue.Time) {
		return refuse(field.at, "%s is a list: ask for a member, as in \"x\" in %s", name, name)
	}
	if with.scope == nowScope && catalogue.ItemFields[f] != catalogue.Time {
		return refuse(with.at, "%s is a %s, and is not compared with a date", name, c.typesOf(f))
	}
	if !with.fixed() {
		return nil
	}
	v := with.static[0]
	if op != catalogue.Equal && v.Type&(catalogue.Number|catalogue.Time) == 0 {
		return refuse(with.at, "%s compares numbers and dates, not a %s", op, strings.Join(v.Type.Names(), ""))
	}
	if !c.holds(f, v.Type) {
		return refuse(with.at, "%s is a %s, never a %s", name, c.typesOf(f), strings.Join(v.Type.Names(), ""))
	}
	return nil
}

// sharable refuses values that a field never holds, alone or in a list.
func (c compiler) sharable(field operand, with source) error {
	for i, v := range with.static {
		at := with.at
		if with.many {
			at = with.list[i].at
		}
		in := v.Type
		if in == catalogue.Text {
			in |= catalogue.List
		}
		if !c.holds(field.field, in) {
			return refuse(at, "%s is a %s, and never holds a %s", field.field.Name, c.typesOf(field.field), strings.Join(v.Type.Names(), ""))
		}
	}
	return nil
}
