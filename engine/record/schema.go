package record

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rapportengine/rapport/engine"
)

// field is one name of a record and how its value gets into the record.
type field[T any] struct {
	name   string
	set    func(*T, value) problem
	merge  func(*T, value) problem // in a patch, where it is not set
	nested bool                    // in a column it is JSON, and no parameter
}

// schema is what we know of one kind of record. One table serves whole records, patches,
// columns of tables and parameters of URLs alike.
type schema[T any] struct {
	what    string // for messages: "field of an event"
	id      string // name of the field that identifies the record, "" if none does
	fields  []field[T]
	aliases map[string]string // foreign name -> ours
	// rest takes a member that no field is named after, nil refuses it, or, where passes is
	// set, passes over it.
	rest   func(t *T, name string, v value) problem
	passes bool
	// inner takes what comes after the dot in the columns "attributes.colour".
	inner map[string]func(t *T, name string, v value) problem
	check func(t *T) problem // what the fields must be together
	ident func(t *T) *string
	says  func(t *T) bool                // whether it says anything beside the id; nil for schemas no layout repeats
	clone func(T) T                      // shares nothing with its argument
	skip  func(t *T) bool                // whether a record is passed over; nil for none
	past  func(t *T, c *reading) problem // refuses times that are still to come; nil for none
	own   bool                           // see env

	returns bool // see env

	once  sync.Once
	index map[string]int // name or alias -> fields
}

// decoder is a schema in use, with the names and options of one reading.
type decoder[T any] struct {
	schema  *schema[T]
	fields  []field[T]     // of the schema, then those that mappings and columns added
	index   map[string]int // name -> fields; -1 is to be passed over
	called  map[int]string // by field: what the input calls it, where not by its own name
	renamed bool           // index is ours; else the schema's, and not to be changed
	keep    bool           // whether unknown members go to rest
	seen    []uint32       // by field: round in which it was met last
	round   uint32
	met     func(f *field[T], v value) // sees every field that was given; may be nil
	reset   func()                     // called before each record; may be nil
	apart   bool                       // fields are checked apart: the record is but a part of one

	columns []int  // of a table: fields, or -1
	void    string // the cell that stands for nothing, beside the empty one

	known map[string]bool // the records a layout that repeats them has described; else nil
}

// again reports whether a record is one that was described before.
func (d *decoder[T]) again(t *T) bool {
	if d.known == nil || d.schema.says == nil {
		return false
	}
	id := *d.schema.ident(t)
	if d.known[id] {
		return true
	}
	if d.schema.says(t) {
		d.known[id] = true
	}
	return false
}

func (s *schema[T]) decoder() *decoder[T] {
	s.once.Do(func() {
		s.index = make(map[string]int, len(s.fields)+len(s.aliases))
		for i, f := range s.fields {
			s.index[f.name] = i
		}
		for alias, name := range s.aliases {
			if i, known := s.index[name]; known {
				s.index[alias] = i
			}
		}
	})
	return &decoder[T]{schema: s, fields: slices.Clip(s.fields), index: s.index, keep: true, seen: make([]uint32, len(s.fields))}
}

// name makes name stand for field i, in this reading alone.
func (d *decoder[T]) name(name string, i int) {
	if !d.renamed {
		d.index, d.renamed = maps.Clone(d.index), true
	}
	d.index[name] = i
}

// patching makes fields merge where they know how to.
func (d *decoder[T]) patching() {
	d.fields = slices.Clone(d.fields)
	for i, f := range d.fields {
		if f.merge != nil {
			d.fields[i].set = f.merge
		}
	}
}

// column returns the field that a column, parameter or mapped key stands for.
func (d *decoder[T]) column(name string) (int, problem) {
	if i, known := d.index[name]; known {
		return i, nil
	}
	if outer, rest, dotted := strings.Cut(name, "."); dotted && rest != "" {
		if set := d.schema.inner[outer]; set != nil {
			return d.add(name, func(t *T, v value) problem { return set(t, rest, v) }), nil
		}
	}
	if d.schema.rest != nil && d.keep {
		return d.add(name, func(t *T, v value) problem { return d.schema.rest(t, name, v) }), nil
	}
	return 0, unknownName(engine.CodeUnknownField, name, d.schema.what, d.names())
}

func (d *decoder[T]) add(name string, set func(*T, value) problem) int {
	d.fields = append(d.fields, field[T]{name: name, set: set})
	d.seen = append(d.seen, 0)
	d.name(name, len(d.fields)-1)
	return len(d.fields) - 1
}

// call notes what the input calls a field.
func (d *decoder[T]) call(i int, name string) {
	if d.fields[i].name == name {
		return
	}
	if d.called == nil {
		d.called = make(map[int]string)
	}
	d.called[i] = name
}

// nameOf is what the input calls a field.
func (d *decoder[T]) nameOf(i int) string {
	if name, other := d.called[i]; other {
		return name
	}
	return d.fields[i].name
}

// inWords says of a problem with a whole record which field it is in the input's own words.
func (d *decoder[T]) inWords(p problem) problem {
	if p == nil || d.called == nil {
		return p
	}
	end := strings.IndexAny(p.Field, ".[")
	if end < 0 {
		end = len(p.Field)
	}
	if i, known := d.index[p.Field[:end]]; known && i >= 0 {
		p.Field = d.nameOf(i) + p.Field[end:]
	}
	return p
}

// names returns the fields' own names, for suggestions.
func (d *decoder[T]) names() []string {
	out := make([]string, 0, len(d.fields))
	for _, f := range d.fields {
		out = append(out, f.name)
	}
	return out
}

// object decodes the members of v into t.
func (d *decoder[T]) object(t *T, v value) problem {
	if v.kind != object {
		return v.wrong("an object")
	}
	d.round++
	var others map[string]struct{}
	for w := v.walk(); ; {
		m, more, p := w.member()
		if p != nil || !more {
			return p
		}
		i, known := d.index[m.name]
		if known {
			if i < 0 {
				continue
			}
			if p := d.set(t, i, m.value); p != nil {
				return at(shorten(m.name), p)
			}
			continue
		}
		if d.schema.passes {
			continue
		}
		if d.schema.rest == nil || !d.keep {
			return unknownName(engine.CodeUnknownField, m.name, d.schema.what, d.names())
		}
		if others == nil {
			others = make(map[string]struct{}, 8)
		}
		if _, twice := others[m.name]; twice {
			return at(shorten(m.name), twiceGiven())
		}
		others[m.name] = struct{}{}
		if p := d.schema.rest(t, m.name, m.value); p != nil {
			return at(shorten(m.name), p)
		}
	}
}

// set decodes v into field i.
func (d *decoder[T]) set(t *T, i int, v value) (p problem) {
	f := &d.fields[i]
	if f.nested && v.kind == cell {
		if v, p = v.json(); p != nil {
			return p
		}
	}
	if d.seen[i] == d.round {
		return refuse("the field %s is given twice, by this or another of its names; once is wanted", f.name)
	}
	d.seen[i] = d.round
	if d.met != nil {
		d.met(f, v)
	}
	return f.set(t, v)
}

// part decodes an object within a record by a schema of its own.
func part[T any](s *schema[T], t *T, v value) problem {
	if v.kind == null {
		return nil
	}
	if p := s.decoder().object(t, v); p != nil {
		return p
	}
	if s.check != nil {
		return s.check(t)
	}
	return nil
}

// parts decodes a list of objects.
func parts[T any](s *schema[T], limit int, v value) ([]T, problem) {
	var out []T
	d := s.decoder()
	p := v.each(limit, "a list of objects", func(_ int, e value) problem {
		var t T
		if p := d.object(&t, e); p != nil {
			return p
		}
		if s.check != nil {
			if p := s.check(&t); p != nil {
				return p
			}
		}
		out = append(out, t)
		return nil
	})
	return out, p
}

// missing asks for a field that was not given.
func missing(name, format string, args ...any) problem {
	return engine.Invalidf(engine.CodeMissingField, name, format, args...)
}

// The makers below are fields of common types.

func textField[T any, S ~string](name string, limit int, into func(*T) *S) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.str(limit)
		*into(t) = S(s)
		return p
	}}
}

func idField[T any, S ~string](name string, into func(*T) *S) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.id()
		*into(t) = S(s)
		return p
	}}
}

func enumField[T any, S ~string](name string, into func(*T) *S, known ...string) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.oneOf(known...)
		*into(t) = S(s)
		return p
	}}
}

// wordField is a name of our own making: see word.
func wordField[T any, S ~string](name string, into func(*T) *S) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		s, p := v.word(nil)
		*into(t) = S(s)
		return p
	}}
}

// word decodes a type, a kind or a name of ours, after looking it up among aliases.
func (v value) word(aliases map[string]string) (string, problem) {
	s, p := v.str(engine.MaxIDBytes)
	if p != nil || v.kind == null {
		return "", p
	}
	if name, foreign := aliases[s]; foreign {
		s = name
	}
	if !isWord(s) {
		return "", refuse("lower-case letters, digits, _ and - are wanted, a letter first, at most 64, got %q", shorten(s))
	}
	return s, nil
}

// isWord reports whether s is of the form [a-z][a-z0-9_-]{0,63}.
func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '_' && c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func numberField[T any](name string, into func(*T) *float64, low float64) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		f, p := v.atLeast(low)
		*into(t) = f
		return p
	}}
}

func wholeField[T any](name string, into func(*T) *int, low, high int64) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		n, p := v.integer(low, high)
		*into(t) = int(n)
		return p
	}}
}

func truthField[T any](name string, into func(*T) *bool) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		b, p := v.truth()
		*into(t) = b
		return p
	}}
}

func idsField[T any, S ~string](name string, limit int, into func(*T) *[]S) field[T] {
	return field[T]{name: name, set: func(t *T, v value) problem {
		list, p := ids[S](v, limit)
		*into(t) = list
		return p
	}}
}
