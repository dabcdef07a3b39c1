package catalogue

import (
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Field names what an item can be asked about: a field every item has, or one of the
// shop's own attributes. The two may share a name.
type Field struct {
	Name      string
	Attribute bool
}

// The fields every item has.
var (
	FieldItemID     = Field{Name: "item_id"}
	FieldKind       = Field{Name: "kind"}
	FieldCategories = Field{Name: "categories"}
	FieldPrice      = Field{Name: "price"}
	FieldCurrency   = Field{Name: "currency"}
	FieldStock      = Field{Name: "stock"}
	FieldLanguage   = Field{Name: "language"}
	FieldGroup      = Field{Name: "group_id"}
	FieldVisibility = Field{Name: "visibility"}
	FieldAppliesTo  = Field{Name: "applies_to"}
	FieldHidden     = Field{Name: "hidden"}
	FieldSensitive  = Field{Name: "sensitive"}
	FieldPublished  = Field{Name: "published"}
	FieldExpires    = Field{Name: "expires"}
)

// ItemFields are the fields every item has with the type of their values.
var ItemFields = map[Field]Types{
	FieldItemID: Text, FieldKind: Text, FieldCategories: List, FieldPrice: Number, FieldCurrency: Text,
	FieldStock: Number, FieldLanguage: Text, FieldGroup: Text, FieldVisibility: Text, FieldAppliesTo: List,
	FieldHidden: Flag, FieldSensitive: Flag, FieldPublished: Time, FieldExpires: Time,
}

// indexed are the item fields that have postings; an item's id is found in IDs.
var indexed = []Field{
	FieldKind, FieldCategories, FieldPrice, FieldCurrency, FieldStock, FieldLanguage, FieldGroup,
	FieldVisibility, FieldAppliesTo, FieldHidden, FieldSensitive, FieldPublished, FieldExpires,
}

// Types is a set of value types.
type Types uint8

// The types of values.
const (
	Text Types = 1 << iota
	Number
	Flag
	List
	Time
)

// Names returns the types' names as callers know them, in a fixed order.
func (t Types) Names() []string {
	var out []string
	for i, name := range [...]string{"string", "number", "bool", "list", "date"} {
		if t&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// Value is what an item has in a field. The zero Value is nothing: the item does not
// have the field.
type Value struct {
	Type   Types // none or one
	Text   string
	Number float64
	Flag   bool
	Nanos  int64 // of a Time, see Nanos

	members []string
	items   []engine.ItemID // instead of members: applies_to
	paths   bool            // members are category paths, and each stands for its ancestors too
}

// TextValue returns a string value.
func TextValue(s string) Value { return Value{Type: Text, Text: s} }

// NumberValue returns a number value; NaN is no value.
func NumberValue(x float64) Value {
	switch {
	case math.IsNaN(x):
		return Value{}
	case x == 0:
		x = 0 // not -0, whose bits differ though it compares equal
	}
	return Value{Type: Number, Number: x}
}

// FlagValue returns a bool value.
func FlagValue(b bool) Value { return Value{Type: Flag, Flag: b} }

// ListValue returns a list value.
func ListValue(members []string) Value { return Value{Type: List, members: members} }

// IDsValue returns a list value of item ids.
func IDsValue(ids []engine.ItemID) Value { return Value{Type: List, items: ids} }

// TimeValue returns a date value.
func TimeValue(t time.Time) Value { return Value{Type: Time, Nanos: Nanos(t)} }

// Nanos returns t in nanoseconds since 1970, held within what an int64 can say: dates
// before 1678 and after 2262 count as those bounds.
func Nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case s <= math.MinInt64/int64(time.Second):
		return math.MinInt64 + 1
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// Of returns what an item has in a field. A kind and a visibility that are not given
// have their default, stock that is not given is unlimited: more than any number.
// Empty strings of an item's own fields are not given.
func Of(it *engine.Item, f Field) Value {
	if f.Attribute {
		return Any(it.Attributes[f.Name])
	}
	switch f {
	case FieldItemID:
		return TextValue(string(it.ID))
	case FieldKind:
		return TextValue(string(it.KindOrProduct()))
	case FieldCategories:
		return Value{Type: List, members: it.Categories, paths: true}
	case FieldPrice:
		if it.Price != nil {
			return NumberValue(*it.Price)
		}
	case FieldCurrency:
		return given(it.Currency)
	case FieldStock:
		if it.Stock == nil {
			return NumberValue(math.Inf(1))
		}
		return NumberValue(float64(*it.Stock))
	case FieldLanguage:
		return given(it.Language)
	case FieldGroup:
		return given(it.GroupID)
	case FieldVisibility:
		if it.Visibility == "" {
			return TextValue(string(engine.Public))
		}
		return TextValue(string(it.Visibility))
	case FieldAppliesTo:
		return Value{Type: List, items: it.AppliesTo}
	case FieldHidden:
		return FlagValue(it.Hidden)
	case FieldSensitive:
		return FlagValue(it.Sensitive)
	case FieldPublished:
		return date(it.Published)
	case FieldExpires:
		return date(it.Expires)
	}
	return Value{}
}

func given(s string) Value {
	if s == "" {
		return Value{}
	}
	return TextValue(s)
}

func date(t *time.Time) Value {
	if t == nil {
		return Value{}
	}
	return TimeValue(*t)
}

// Any returns the value of an attribute, of an item or a customer.
func Any(v any) Value {
	switch v := v.(type) {
	case string:
		return TextValue(v)
	case float64:
		return NumberValue(v)
	case bool:
		return FlagValue(v)
	case []string:
		return ListValue(v)
	}
	return Value{}
}

// Given reports whether there is anything in v: a list without members and unlimited
// stock have nothing to give.
func (v Value) Given() bool {
	switch v.Type {
	case 0:
		return false
	case List:
		return len(v.members)+len(v.items) > 0
	case Number:
		return !math.IsInf(v.Number, 1)
	}
	return true
}

// Equal reports whether v and w are the same string, number, bool or date.
func (v Value) Equal(w Value) bool {
	if v.Type != w.Type {
		return false
	}
	switch v.Type {
	case Text:
		return v.Text == w.Text
	case Number:
		return v.Number == w.Number
	case Flag:
		return v.Flag == w.Flag
	case Time:
		return v.Nanos == w.Nanos
	}
	return false
}

// Contains reports whether w is v, or a string among the members of the list v. A
// category path contains itself and its ancestors: "shoes/running" also "shoes".
func (v Value) Contains(w Value) bool {
	if v.Type != List {
		return v.Equal(w)
	}
	if w.Type != Text {
		return false
	}
	if v.paths {
		return slices.ContainsFunc(v.members, func(path string) bool { return Under(path, w.Text) })
	}
	return slices.Contains(v.members, w.Text) || slices.Contains(v.items, engine.ItemID(w.Text))
}

// Compare orders two numbers or two dates; ok is false where there is no order.
func (v Value) Compare(w Value) (sign int, ok bool) {
	a, b := v.key(), w.key()
	if a == 0 || b == 0 || v.Type != w.Type {
		return 0, false
	}
	switch {
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

// Members yields the members of a list value as they were given, ancestors not added;
// of a string, the string itself.
func (v Value) Members() iter.Seq[string] {
	return func(yield func(string) bool) {
		if v.Type == Text && !yield(v.Text) {
			return
		}
		for _, m := range v.members {
			if !yield(m) {
				return
			}
		}
		for _, id := range v.items {
			if !yield(string(id)) {
				return
			}
		}
	}
}

// same reports whether v and w would be indexed alike.
func (v Value) same(w Value) bool {
	if v.Type == List && w.Type == List {
		return slices.Equal(v.members, w.members) && slices.Equal(v.items, w.items)
	}
	return v.Type == w.Type && (v.Type == 0 || v.Equal(w))
}

// key returns a number or a date as 64 bits that order as the values do: the bits of a
// float64 order its magnitude, so that the sign bit is flipped and, below zero, all
// the others too. The key of anything else is 0, which no number or date has: it would
// be a NaN, and a date that Nanos does not give.
func (v Value) key() uint64 {
	switch v.Type {
	case Number:
		bits := math.Float64bits(v.Number)
		if bits>>63 != 0 {
			return ^bits
		}
		return bits | 1<<63
	case Time:
		return uint64(v.Nanos) ^ 1<<63
	}
	return 0
}

// Ancestors yields a category path and every path above it, topmost first:
// "shoes", "shoes/running".
func Ancestors(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 1; i < len(path); i++ {
			if path[i] == '/' && !yield(path[:i]) {
				return
			}
		}
		yield(path)
	}
}

// Under reports whether path is category or lies below it.
func Under(path, category string) bool {
	return path == category ||
		category != "" && len(path) > len(category) && path[len(category)] == '/' && strings.HasPrefix(path, category)
}
