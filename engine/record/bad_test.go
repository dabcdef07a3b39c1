package record

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// manyColumns are n names, each with a comma: a number that nothing quadratic lives through.
func manyColumns(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("c" + strconv.Itoa(i) + ",")
	}
	return b.String()
}

// TestNamesOverTwoLines: spreadsheets have them in headers.
func TestNamesOverTwoLines(t *testing.T) {
	in := "type,customer_id,item_id,at,\"unit\nprice\"\nview,ann,a,2024-05-01T12:00:00Z,5\n"
	got, refused, end := gather(Events(strings.NewReader(in), Options{}))
	if end != nil || len(refused) > 0 || len(got) != 1 || got[0].Value.Lines[0].Properties["unit\nprice"] == nil {
		t.Errorf("got %+v, refused %v, ended with %v", got, refused, end)
	}
}

// TestBadInput: what real files get wrong is refused by line, with what would be right,
// and the records around it are kept. docs/data.md shows this table.
func TestBadInput(t *testing.T) {
	const header = "type,customer_id,item_id,at,price\n"
	good := "view,ann,a,2024-05-01T12:00:00Z,1\n"
	with := func(cell, is string) string { return strings.Replace(good, cell, is, 1) }
	for _, c := range []struct {
		name, in string
		kept     int
		line     int // 0: the input as a whole
		want     string
	}{
		{"ISO 8859-1 among UTF-8", header + good + with("ann", "J\xf6rg") + good, 2, 3, "not valid UTF-8"},
		{"NaN", header + with(",1\n", ",NaN\n") + good, 1, 2, `a number is wanted, got the text "NaN"`},
		{"infinite", header + with(",1\n", ",-Inf\n") + good, 1, 2, `a number is wanted, got the text "-Inf"`},
		{"beyond a float64", header + with(",1\n", ",1e999\n") + good, 1, 2, "too large"},
		{"decimal comma", header + with(",1\n", ",\"9,95\"\n") + good, 1, 2, `a number is wanted, got the text "9,95"`},
		{"year 0", header + with("2024", "0000") + good, 1, 2, "the years 1 to 9999"},
		{"year 10000", header + with("2024", "10000") + good, 1, 2, "a time by RFC 3339"},
		{"no zone", header + with("00Z", "00") + good, 1, 2, "names no time zone; write 2024-05-01T12:00:00Z"},
		{"31st of April", header + with("05-01", "04-31") + good, 1, 2, "a time by RFC 3339"},
		{"a cell too few", header + good + "view,ann,a\n" + good, 2, 3, "a row of 5 cells is wanted, as there are columns; got 3"},
		{"a cell too many", header + good + with(",1\n", ",1,2\n") + good, 2, 3, "got 6"},
		{"unclosed quote", header + good + "view,\"ann,a,2024-05-01T12:00:00Z,1\n" + good, 2, 3, "the quote that opens in this line is never closed"},
		{"text behind a quote", header + with("ann", `"ann"x`) + good, 1, 2, "quotes within are doubled"},
		{"two columns of a name", "type,type\nview,view\n", 0, 0, `header: two columns are called "type"`},
		{"two columns that mean one", "type,customer_id,user_id\n", 0, 0, "customer_id and user_id both mean customer_id"},
		{"UTF-16", "\xff\xfet\x00y\x00p\x00e\x00\n\x00", 0, 0, "line 1: the input is UTF-16; UTF-8 is wanted"},
		{"UTF-16 without its mark", "\x00t\x00y\x00p\x00e\x00,\x00a\x00\n", 0, 0, "got bytes of 0; is the file UTF-16"},
		{"a header that is no text", "type,\x1b[31mcolour\nview,red\n", 0, 0, `header: names of columns in UTF-8 without control characters are wanted, got "\x1b[31mcolour"`},
		{"a header in ISO 8859-1", "type,gr\xf6sse\nview,red\n", 0, 0, "header: names of columns in UTF-8"},
		{"two of very many columns of a name", "type," + manyColumns(100_000) + "c7\n", 0, 0, `header: two columns are called "c7"`},
		{"a key twice", ev(`,"price":1,"price":2`) + "\n" + ev("") + "\n", 1, 1, "the field price is given twice"},
		{"a property twice", ev(`,"colour":1,"colour":2`) + "\n" + ev("") + "\n", 1, 1, "given twice"},
		{"a line cut off", ev("") + "\n" + `{"type":"view","customer`, 1, 2, "the JSON ends early (byte 25 of the line)"},
		{"JSON cut off", "[" + ev("") + ",\n" + ev("") + "\n", 2, 0, "line 3: the JSON ends early: ] is wanted"},
		{"gzip cut off", string(gzipped(t, []byte(header+good))[:30]), 0, 0, "the gzip stream ends early: a whole one is wanted"},
		{"zstd cut off", string(zstded(t, []byte(header+good))[:30]), 0, 0, "the zstd stream ends early: a whole one is wanted"},
		{"a Parquet file half written", string(someParquet(t, 10)[:500]), 0, 0, "line 1: the Parquet file ends before its footer: it is cut off, or its writer was not closed; a whole file is wanted"},
	} {
		got, refused, end := gather(Events(strings.NewReader(c.in), Options{}))
		said := end
		if c.line > 0 {
			if end != nil || len(refused) != 1 || refused[0].Line != c.line {
				t.Errorf("%s: refused %v, ended with %v: want one, in line %d", c.name, refused, end, c.line)
				continue
			}
			said = &refused[0]
		}
		if said == nil || len(got) != c.kept || !strings.Contains(said.Error(), c.want) {
			t.Errorf("%s: kept %d, %v: want %d, ...%s...", c.name, len(got), said, c.kept, c.want)
		}
	}
}

// TestOddInput: what is unusual and right is read.
func TestOddInput(t *testing.T) {
	const header = "type,customer_id,item_id,at,note\n"
	good := "view,ann,a,2024-05-01T12:00:00Z,x\n"
	for name, in := range map[string]string{
		"byte order mark":            "\xef\xbb\xbf" + header + good + good,
		"CRLF":                       strings.ReplaceAll(header+good+good, "\n", "\r\n"),
		"CR alone":                   strings.ReplaceAll(header+good+good, "\n", "\r"),
		"line ends within quotes":    header + strings.Replace(good, ",x", ",\"x\r\ny\n\"\"z\"\"\"", 1) + good,
		"years 1 and 9999":           header + strings.Replace(good, "2024", "0001", 1) + strings.Replace(good, "2024", "9999", 1),
		"no line end at the end":     header + good + strings.TrimSpace(good),
		"quotes in the middle":       header + strings.Replace(good, ",x", `,12" LAMP`, 1) + good,
		"byte order mark and a list": "\xef\xbb\xbf[" + ev("") + "," + ev("") + "]",
	} {
		got, refused, end := gather(Events(strings.NewReader(in), Options{}))
		if len(got) != 2 || refused != nil || end != nil {
			t.Errorf("%s: got %d, refused %v, ended with %v", name, len(got), refused, end)
		}
	}
}

func TestMapToUnknownField(t *testing.T) {
	_, _, end := gather(Items(strings.NewReader("sku,name\na,b\n"), Options{Mapping: mapping("sku=item_id,name=titel")}))
	if end == nil || !strings.Contains(end.Error(), `did you mean "title"?`) {
		t.Errorf("field: ended with %v", end)
	}
	_, _, end = gather(Items(strings.NewReader("sku,name\na,b\n"), Options{Mapping: mapping("skuu=item_id")}))
	if end == nil || !strings.Contains(end.Error(), `did you mean "sku"?`) {
		t.Errorf("column: ended with %v", end)
	}
}

// TestNoNumbersInParquet: NaN and the infinite ones are refused by row, in fields and in
// attributes.
func TestNoNumbersInParquet(t *testing.T) {
	type row struct {
		ID    string  `parquet:"item_id"`
		Price float64 `parquet:"price"`
		Size  float32 `parquet:"attributes.size"`
	}
	b := parquetOf(t, []row{{"a", 1, 2}, {"b", math.NaN(), 1}, {"c", math.Inf(1), 1}, {"d", 1, float32(math.NaN())}})
	got, refused, end := gather(Items(bytes.NewReader(b), Options{}))
	if end != nil || len(got) != 1 || got[0].Value.Attributes["size"] != 2.0 || len(refused) != 3 || refused[0].Line != 2 || refused[0].Field != "price" || refused[2].Field != "attributes.size" {
		t.Errorf("got %+v, refused %v, ended with %v", got, refused, end)
	}
	if _, _, end := gather(Events(bytes.NewReader(b), Options{Format: NDJSON, MaxInflated: 1})); errors.As(end, new(*engine.Invalid)) {
		t.Errorf("a plain input was held to the bound of inflated ones: %v", end)
	}
}

// TestNestedCells: a cell that is to be an object or a list may hold its JSON.
func TestNestedCells(t *testing.T) {
	in := "item_id;attributes;categories;applies_to\n" +
		`a;"{""colour"":""red"",""sizes"":[""s"",""m""]}";"[""x|y"",""z""]";p|q` + "\n" +
		"b;red;;\n" + `c;"{""colour"":";;` + "\n"
	got, refused, end := gather(Items(strings.NewReader(in), Options{}))
	if end != nil || len(got) != 1 || got[0].Value.Attributes["colour"] != "red" || len(got[0].Value.Categories) != 2 || len(got[0].Value.AppliesTo) != 2 {
		t.Errorf("got %+v, ended with %v", got, end)
	}
	if len(refused) != 2 || refused[0].Line != 3 || refused[0].Field != "attributes" || !strings.Contains(refused[1].Want, "JSON is wanted here") {
		t.Errorf("refused %v", refused)
	}
}
