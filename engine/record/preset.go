package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// layout is one kind of file of a known data set. A file is recognised by its header,
// or, where it has none, by its delimiter and number of columns.
type layout struct {
	preset    string
	of        string         // what of schema
	header    []string       // names that must be there
	objects   bool           // also objects, whose keys mapping names
	delimiter byte           // of a file without a header
	twice     bool           // the delimiter is written twice, and quotes are letters
	columns   []string       // of a file without a header
	texts     bool           // a file without a header has cells that are no numbers
	mapping   string         // as by ParseMapping
	suffixed  bool           // columns that are not mapped are attributes, name:type
	void      string         // a cell that stands for nothing
	sep       string         // between the parts of a list, "" for |
	zone      *time.Location // of its times, where the caller names none
	clock     string         // how its times are written beside RFC 3339, by package time
	latin1    bool           // its texts are ISO 8859-1
	once      bool           // many rows describe one record; the first that says something counts
}

// Presets returns the names that Options.Preset may have.
func Presets() []string {
	var names []string
	for _, l := range layouts {
		names = append(names, l.preset)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// presetDelimiter returns what separates the cells of the preset's files, given the
// first line: that of a layout without header whose number of columns fits.
func presetDelimiter(preset, what string, line []byte) (delimiter byte, twice bool) {
	for _, l := range layouts {
		if l.preset != preset || l.of != what || l.columns == nil {
			continue
		}
		n := countOutside(line, l.delimiter)
		if l.twice {
			n = bytes.Count(line, []byte{l.delimiter, l.delimiter})
		}
		if len(l.columns) == 1+n {
			return l.delimiter, l.twice
		}
	}
	return 0, false
}

// layoutOf finds the layout of a file by its first row.
func layoutOf(preset, what string, first []string, delimiter byte) (layout, error) {
	if !slices.Contains(Presets(), preset) {
		return layout{}, unknownName(engine.CodeInvalidField, preset, "preset", Presets())
	}
	var other []string
	for _, l := range layouts {
		switch {
		case l.preset != preset || !l.fits(first, delimiter):
		case l.of == what:
			return l, nil
		default:
			other = append(other, strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(l.of, "field of "), "an "), "a ")+"s")
		}
	}
	want := "map its columns by hand"
	if other != nil {
		want = "it holds " + strings.Join(slices.Compact(other), " or ")
	}
	return layout{}, engine.Invalidf(engine.CodeInvalidField, "preset", "the first line fits no file of this kind that the preset %s knows; %s", preset, want)
}

// layoutOfObjects finds the layout of objects, whose keys are not known before.
func layoutOfObjects(preset, what string) (layout, error) {
	if !slices.Contains(Presets(), preset) {
		return layout{}, unknownName(engine.CodeInvalidField, preset, "preset", Presets())
	}
	for _, l := range layouts {
		if l.preset == preset && l.of == what && l.objects {
			return l, nil
		}
	}
	return layout{}, engine.Invalidf(engine.CodeInvalidField, "preset", "the preset %s knows no JSON of this kind, only tables; map its fields by hand", preset)
}

// fits reports whether a first row is one of the layout's.
func (l layout) fits(first []string, delimiter byte) bool {
	if l.header != nil {
		return !slices.ContainsFunc(l.header, func(name string) bool { return !slices.Contains(first, name) })
	}
	return l.columns != nil && l.delimiter == delimiter && len(first) == len(l.columns) && !l.named(first)
}

// named reports whether a first row is a header after all: the first value of these
// files is a number, and in most of them all are.
func (l layout) named(first []string) bool {
	if l.texts {
		first = first[:1]
	}
	return slices.ContainsFunc(first, func(s string) bool { return s != "" && !plainNumber(s) })
}

// attributes maps the columns that a suffixed layout does not name: RecBole writes what
// a column is behind its name.
func (l layout) attributes(columns []string, m Mapping) {
	as := map[string]string{"float": ":number", "token_seq": ":list"}
	for _, column := range columns {
		name, suffix, _ := cutLast(column, ":")
		if _, mapped := m.Columns[column]; l.suffixed && !mapped && column != "" {
			m.Columns[column] = "attributes." + name + as[suffix]
		}
	}
}

// preset returns the mapping of the caller laid over that of a preset, and the layout
// the preset takes the file for.
func (d *decoder[T]) preset(c *reading, first []string, delimiter byte) (Mapping, layout, error) {
	if c.o.Preset == "" {
		return c.o.Mapping, layout{}, nil
	}
	l, err := layoutOf(c.o.Preset, d.schema.what, first, delimiter)
	if err != nil {
		return Mapping{}, l, err
	}
	return d.by(l, c, first)
}

// by takes a file for what a layout says.
func (d *decoder[T]) by(l layout, c *reading, columns []string) (Mapping, layout, error) {
	known, err := ParseMapping(l.mapping)
	if err != nil {
		return Mapping{}, l, err
	}
	l.attributes(columns, known)
	if c.env.zone == nil {
		c.env.zone = l.zone
	}
	c.env.clock, c.env.latin1 = l.clock, l.latin1
	if l.sep != "" {
		c.env.sep = l.sep
	}
	d.void = l.void
	if l.once {
		d.known = make(map[string]bool)
	}
	return c.o.Mapping.over(known), l, nil
}
