package catalogue

import (
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Attribute describes an attribute of the items there are.
type Attribute struct {
	Name     string   `json:"name"`
	Types    []string `json:"types"`    // those seen, of "string", "number", "bool" and "list" in this order
	Items    int      `json:"items"`    // how many items have it
	Distinct int      `json:"distinct"` // different values; of a list, different members
	More     bool     `json:"more"`     // there are more than Distinct: counting numbers stopped at MaxDistinct
	Example  any      `json:"example"`  // of the item with the lowest number
}

// MaxDistinct is how far the different numbers of an attribute are counted.
const MaxDistinct = 10_000

// Attributes describes every attribute, by name. It looks at every item that has a
// number: for people, not for requests.
func (s *Snapshot) Attributes() []Attribute {
	b := s.base
	if len(s.changed) > 0 {
		b = b.fold(s.items, s.changed)
	}
	var out []Attribute
	for f, at := range b.fields {
		if !f.Attribute {
			continue
		}
		given := at.given.bitmap()
		a := Attribute{Name: f.Name, Types: at.types().Names(), Items: int(given.GetCardinality())}
		if !given.IsEmpty() {
			a.Example = b.items.at(engine.ItemNum(given.Minimum())).Attributes[f.Name]
		}
		numbers := at.numbers()
		a.More = numbers > MaxDistinct
		a.Distinct = at.texts.len() + at.members.len() + present(at.yes) + present(at.no) + min(numbers, MaxDistinct)
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// numbers counts the different numbers of a field, up to MaxDistinct and one.
func (f *field) numbers() int {
	if f.keys == nil {
		return 0
	}
	seen := make(map[uint64]struct{})
	for _, chunk := range f.keys.chunks {
		if chunk == nil {
			continue
		}
		for _, key := range chunk {
			if key != 0 {
				seen[key] = struct{}{}
			}
			if len(seen) > MaxDistinct {
				return len(seen)
			}
		}
	}
	return len(seen)
}

// Holds reports whether any item has a value of one of these types in the field.
func (s *Snapshot) Holds(f Field, types Types) bool {
	if t, ok := ItemFields[f]; ok {
		return t&types != 0
	}
	if s.base.fields[f].types()&types != 0 {
		return true
	}
	for _, it := range s.Changed() {
		if it != nil && Any(it.Attributes[f.Name]).Type&types != 0 {
			return true
		}
	}
	return false
}

// TypesOf returns the types of the values in the field, none for an attribute that no
// item has.
func (s *Snapshot) TypesOf(f Field) Types {
	var t Types
	for _, one := range [...]Types{Text, Number, Flag, List, Time} {
		if s.Holds(f, one) {
			t |= one
		}
	}
	return t
}

// AttributeNames returns the names of the attributes there are, sorted.
func (s *Snapshot) AttributeNames() []string {
	names := make(map[string]struct{})
	for f := range s.base.fields {
		if f.Attribute {
			names[f.Name] = struct{}{}
		}
	}
	for _, it := range s.Changed() {
		if it != nil {
			for name, v := range it.Attributes {
				if Any(v).Given() {
					names[name] = struct{}{}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
