package record

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Mapping says what the columns of a table, or the keys of its objects, mean to us.
type Mapping struct {
	// Columns gives the field a column is; "" passes over the column.
	Columns map[string]string
	// Constants gives fields that are the same in every record. An object that says
	// otherwise itself comes first; a table with a column for such a field is refused.
	Constants map[string]string
}

// ParseMapping reads "column=field,column=field,field:=text". "column=-" passes over a
// column. Columns of a table without a header are called 1, 2, 3 and so on, and the
// table is taken to have none where all columns are called so.
func ParseMapping(s string) (Mapping, error) {
	m := Mapping{Columns: map[string]string{}, Constants: map[string]string{}}
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if name, text, is := strings.Cut(part, ":="); is && name != "" && !strings.Contains(name, "=") {
			if _, twice := m.Constants[name]; twice {
				return Mapping{}, engine.Invalidf(engine.CodeInvalidField, "map", "%s is given two constants; one is wanted", name)
			}
			m.Constants[name] = text
			continue
		}
		// The last sign, for columns may have one in their name.
		i := strings.LastIndexByte(part, '=')
		if i <= 0 || i == len(part)-1 {
			return Mapping{}, engine.Invalidf(engine.CodeInvalidField, "map", "column=field or field:=text is wanted, got %q", shorten(part))
		}
		column, to := part[:i], part[i+1:]
		if _, twice := m.Columns[column]; twice {
			return Mapping{}, engine.Invalidf(engine.CodeInvalidField, "map", "the column %s is mapped twice; once is wanted", column)
		}
		if to == "-" {
			to = ""
		}
		m.Columns[column] = to
	}
	return m, nil
}

// over returns m laid over below: what m says counts.
func (m Mapping) over(below Mapping) Mapping {
	out := Mapping{Columns: map[string]string{}, Constants: map[string]string{}}
	for _, from := range []Mapping{below, m} {
		maps.Copy(out.Columns, from.Columns)
		maps.Copy(out.Constants, from.Constants)
	}
	return out
}

// numbered reports whether all columns of m are called by number.
func (m Mapping) numbered() bool {
	for name := range m.Columns {
		if strings.Trim(name, "0123456789") != "" {
			return false
		}
	}
	return len(m.Columns) > 0
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
