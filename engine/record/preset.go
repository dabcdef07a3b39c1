package record

import (
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// layout is one kind of file of a known data set. A file is recognised by its header,
// or, where it has none, by its delimiter and number of columns.
type layout struct {
	preset    string
	of        string   // what of schema, "" for events
	header    []string // names that must be there
	delimiter byte     // of a file without a header
	columns   []string // of a file without a header, "-" for none of our business
	mapping   string
	void      string         // a cell that stands for nothing
	sep       string         // between the parts of a list, "" for |
	zone      *time.Location // of its times, where the caller names none
	clock     string         // how its times are written beside RFC 3339, by package time
	latin1    bool           // its texts are ISO 8859-1
}

// layouts is the data of the presets; a new one is a new line.
var layouts = []layout{
	// MovieLens: ratings.csv of 2015 and later, u.data of 100k, ratings.dat of 1M (whose
	// "::" is a colon around a column of nothing); movies.csv.
	{
		preset: "movielens", of: eventSchema.what, header: []string{"userId", "movieId", "rating", "timestamp"},
		mapping: "userId=customer_id,movieId=item_id,rating=value,timestamp=at,type:=rating",
	},
	{
		preset: "movielens", of: eventSchema.what, delimiter: '\t', columns: []string{"user", "item", "rating", "time"},
		mapping: "user=customer_id,item=item_id,rating=value,time=at,type:=rating",
	},
	{
		preset: "movielens", of: eventSchema.what, delimiter: ':', columns: []string{"user", "a", "item", "b", "rating", "c", "time"},
		mapping: "user=customer_id,item=item_id,rating=value,time=at,a=-,b=-,c=-,type:=rating",
	},
	{
		preset: "movielens", of: itemSchema.what, header: []string{"movieId", "title", "genres"},
		mapping: "movieId=item_id,genres=categories", void: "(no genres listed)",
	},
	// RecBole's atomic files: name:type columns.
	{
		preset: "recbole", of: eventSchema.what, header: []string{"user_id:token", "item_id:token"},
		mapping: "user_id:token=customer_id,item_id:token=item_id,rating:float=value,timestamp:float=at,type:=rating",
	},
	// Retailrocket's events.csv.
	{
		preset: "retailrocket", of: eventSchema.what, header: []string{"timestamp", "visitorid", "event", "itemid", "transactionid"},
		mapping: "timestamp=at,visitorid=customer_id,event=type,itemid=item_id,transactionid=order_id",
	},
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

// delimiterOf returns what separates the cells of the preset's files, given the first
// line: that of a layout without header whose number of columns fits.
func presetDelimiter(preset, what string, line []byte) byte {
	for _, l := range layouts {
		if l.preset == preset && l.of == what && l.columns != nil && len(l.columns) == 1+countOutside(line, l.delimiter) {
			return l.delimiter
		}
	}
	return 0
}

// layoutOf finds the layout of a file by its first row.
func layoutOf(preset, what string, first []string, delimiter byte) (layout, error) {
	if !slices.Contains(Presets(), preset) {
		return layout{}, unknownName(engine.CodeInvalidField, preset, "preset", Presets())
	}
	for _, l := range layouts {
		if l.preset != preset || l.of != what {
			continue
		}
		if l.header != nil && !slices.ContainsFunc(l.header, func(name string) bool { return !slices.Contains(first, name) }) {
			return l, nil
		}
		if l.columns != nil && l.delimiter == delimiter && len(first) == len(l.columns) && !l.named(first) {
			return l, nil
		}
	}
	return layout{}, engine.Invalidf(engine.CodeInvalidField, "preset", "the first line fits no file that the preset %s knows; map its columns by hand", preset)
}

// named reports whether a first row is a header after all: values of these files are
// numbers.
func (l layout) named(first []string) bool {
	return slices.ContainsFunc(first, func(s string) bool { return s != "" && !plainNumber(s) })
}
