package record

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapportengine/rapport/engine"
)

// settle settles what each column means, by the mapping that was given and all of it.
func (d *decoder[T]) settle(columns []string, given, all Mapping) ([]constant, error) {
	if err := checkHeader(columns, given); err != nil {
		return nil, err
	}
	always, err := d.rename(all)
	if err != nil {
		return nil, err
	}
	return always, d.header(columns, always)
}

// checkHeader refuses columns of one name and mappings of columns that are not there.
func checkHeader(columns []string, given Mapping) error {
	seen := make(map[string]struct{}, len(columns))
	for _, name := range columns {
		if strings.ContainsFunc(name, unprintable) || !utf8.ValidString(name) {
			return noText(name)
		}
		_, twice := seen[name]
		seen[name] = struct{}{}
		if name != "" && twice {
			return engine.Invalidf(engine.CodeInvalidField, "header", "two columns are called %q; names that differ are wanted", shorten(name))
		}
	}
	for _, name := range sortedKeys(given.Columns) {
		if !slices.Contains(columns, name) {
			return at("map", unknownName(engine.CodeUnknownField, name, "column", columns))
		}
	}
	return nil
}

// unprintable reports what no name of a column has. Names over two lines are seen.
func unprintable(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }

// noText refuses a name that no table has.
func noText(name string) error {
	if strings.Contains(name, "\x00") {
		return engine.Invalidf(engine.CodeInvalidField, "header", "text in UTF-8 is wanted, got bytes of 0; is the file UTF-16 (iconv -f UTF-16 -t UTF-8), or no text at all?")
	}
	return engine.Invalidf(engine.CodeInvalidField, "header", "names of columns in UTF-8 without control characters are wanted, got %q; is the file text, and compressed once at most?", shorten(name))
}

// header settles the columns. A column without a name is passed over.
func (d *decoder[T]) header(columns []string, always []constant) error {
	d.columns = make([]int, len(columns))
	from := make(map[int]string, len(columns))
	for _, k := range always {
		from[k.field] = "a constant"
	}
	for i, name := range columns {
		d.columns[i] = -1
		if name == "" {
			continue
		}
		f, p := d.column(name)
		if p != nil {
			p.Want += fmt.Sprintf("; say what it is with --map %s=FIELD, or pass over it with --map %s=-", shorten(name), shorten(name))
			return at("header", p)
		}
		if f < 0 {
			continue
		}
		if other, twice := from[f]; twice {
			return engine.Invalidf(engine.CodeInvalidField, "header", "%s and %s both mean %s; pass over one with --map %s=-",
				shorten(other), shorten(name), d.fields[f].name, shorten(name))
		}
		from[f] = name
		d.columns[i] = f
		d.call(f, name)
	}
	return nil
}
