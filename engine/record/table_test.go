package record

import (
	"encoding/csv"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rapportengine/rapport/engine"
)

func TestTables(t *testing.T) {
	const base = "type,customer_id,item_id,at,query\nview,u,i,0,\nsearch,u,,60,\"a \"\"b\"\", c\"\n"
	want := []engine.RecordEvent{
		{Lines: []engine.Interaction{{Type: "view", Customer: "u", Item: "i", At: time.Unix(0, 0).UTC()}}},
		{Lines: []engine.Interaction{{Type: "search", Customer: "u", At: time.Unix(60, 0).UTC(), Query: `a "b", c`}}},
	}
	quoted := `"a ""b"", c"`
	swap := func(d string) string {
		return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(base, quoted, "@"), ",", d), "@", quoted)
	}
	for name, in := range map[string]string{
		"plain": base, "BOM": "\xef\xbb\xbf" + base, "CRLF": strings.ReplaceAll(base, "\n", "\r\n"), "CR": strings.ReplaceAll(base, "\n", "\r"),
		"no last newline": strings.TrimSuffix(base, "\n"), "semicolons": swap(";"), "tabs": swap("\t"), "bars": swap("|"),
		"empty lines": strings.ReplaceAll(base, "\n", "\n\n"), "gzip": string(zipped(base)), "all quoted header": strings.Replace(base, "type", `"type"`, 1),
	} {
		got, refused, end := gather(Events(iotest.OneByteReader(strings.NewReader(in)), Options{}))
		var values []engine.RecordEvent
		for _, e := range got {
			values = append(values, e.Value)
		}
		if end != nil || refused != nil || !reflect.DeepEqual(values, want) {
			t.Errorf("%s: got %+v, %v, %v", name, values, refused, end)
		}
	}
}

func TestTableRowsRefused(t *testing.T) {
	const header = "item_id,title,price\n"
	cases := []struct {
		name, rows string
		kept       int
		lines      []int // refused
	}{
		{"ragged", "a,x,1\nb,y\nc,z,1,2\nd,w,1\n", 2, []int{3, 4}},
		{"quoted newline", "a,\"x\ny\",1\nb,y,x\n", 1, []int{4}},
		{"inches", "a,12\" LAMP,1\nb,y,1\n", 2, nil},
		{"junk after a quote", "a,\"x\"y,1\nb,y,1\n", 1, []int{2}},
		{"quote never closed", "a,\"x,1\nb,y,1\nc,z,1\n", 2, []int{2}},
		{"not UTF-8", "a,\xff,1\nb,y,1\n", 1, []int{2}},
		{"NaN", "a,x,NaN\nb,x,Inf\nc,x,0x10\nd,x,1_0\ne,x,1e999\nf,x,1e2\n", 1, []int{2, 3, 4, 5, 6}},
		{"no id", ",x,1\n", 0, []int{2}},
	}
	for _, c := range cases {
		got, refused, end := gather(Items(strings.NewReader(header+c.rows), Options{}))
		var lines []int
		for _, r := range refused {
			lines = append(lines, r.Line)
		}
		if end != nil || len(got) != c.kept || !reflect.DeepEqual(lines, c.lines) {
			t.Errorf("%s: kept %d, refused %v, end %v: want %d, lines %v", c.name, len(got), refused, end, c.kept, c.lines)
		}
	}
}

func TestHeadersRefused(t *testing.T) {
	cases := []struct{ name, in, m, want string }{
		{"duplicate", "item_id,title,title\na,b,c\n", "", "two columns"},
		{"unknown", "item_id,titel\na,b\n", "", `"title"`},
		{"unknown field in a mapping", "item_id,x\na,b\n", "x=titel", `"title"`},
		{"mapping of no column", "item_id,name\na,b\n", "nam=title", `"name"`},
		{"two for one", "item_id,itemId\na,b\n", "", "both mean item_id"},
		{"constant and column", "item_id,title\na,b\n", "title:=x", "a constant"},
	}
	for _, c := range cases {
		got, refused, end := gather(Items(strings.NewReader(c.in), Options{Mapping: mapping(c.m)}))
		var invalid *engine.Invalid
		if len(got)+len(refused) > 0 || !errors.As(end, &invalid) || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("%s: got %v, %v, %v: want an end with ...%s...", c.name, got, refused, end, c.want)
		}
	}
}

func TestItemColumns(t *testing.T) {
	in := "item_id;categories;attributes.colour;attributes.size:number;attributes.tags:list;price;stock;name;applies_to\n" +
		"a;home/lighting|sale;red;38;x|y;9.5;3;Lamp;p1|p2\n" +
		"b;home//x;red;1;;;;;\n"
	got, refused, end := gather(Items(strings.NewReader(in), Options{Mapping: mapping("name=title")}))
	price, stock := 9.5, int64(3)
	want := engine.Item{
		ID: "a", Title: "Lamp", Categories: []string{"home/lighting", "sale"}, Price: &price, Stock: &stock, AppliesTo: []engine.ItemID{"p1", "p2"},
		Attributes: engine.Attributes{"colour": "red", "size": 38.0, "tags": []string{"x", "y"}},
	}
	if end != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Value, want) {
		t.Errorf("got %+v, %v: want %+v", got, end, want)
	}
	if len(refused) != 1 || refused[0].Field != "categories[0]" || refused[0].Line != 3 {
		t.Errorf("refused %v, want the empty path", refused)
	}
}

func TestFileOrderIsTime(t *testing.T) {
	in := "1,a\n1,b\n\n2,a\n"
	got, refused, end := gather(Events(strings.NewReader(in), Options{
		Base: now, Source: "d", Mapping: mapping("1=customer_id,2=item_id,type:=view"), Delimiter: ',',
	}))
	if end != nil || refused != nil || len(got) != 3 {
		t.Fatalf("got %v, %v, %v", got, refused, end)
	}
	for i, e := range got {
		l := e.Value.Lines[0]
		if !l.At.Equal(now.Add(time.Duration(i)*time.Millisecond)) || l.EventID != []string{"d:1", "d:2", "d:4"}[i] {
			t.Errorf("record %d is %+v", i, l)
		}
	}
}

func TestPresetsAreRight(t *testing.T) {
	for _, l := range layouts {
		m, err := ParseMapping(l.mapping)
		if err != nil {
			t.Errorf("%s: %v", l.preset, err)
		}
		if _, err := eventSchema.decoder().rename(m); l.of == eventSchema.what && err != nil {
			t.Errorf("%s: %v", l.preset, err)
		}
		if _, err := itemSchema.decoder().rename(m); l.of == itemSchema.what && err != nil {
			t.Errorf("%s: %v", l.preset, err)
		}
	}
}

func TestParseMapping(t *testing.T) {
	m := mapping("a=b=item_id, c=- ,type:=rating,user_id:token=customer_id")
	want := Mapping{Columns: map[string]string{"a=b": "item_id", "c": "", "user_id:token": "customer_id"}, Constants: map[string]string{"type": "rating"}}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got %+v, want %+v", m, want)
	}
	for _, bad := range []string{"a", "=b", "a=", "a=b,a=c", "t:=1,t:=2"} {
		if _, err := ParseMapping(bad); err == nil {
			t.Errorf("ParseMapping(%q) took it", bad)
		}
	}
}

// FuzzTwin compares rows with those of encoding/csv wherever that one takes the input.
func FuzzTwin(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "a\n\n\"b\"\"c\"\n", "a,\"x\ny\",\"\"\n", "a\"b,c\n", "\"a", "\"a\"b\n\"c\"\n", "a,b\r\nc,\"d\"\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsRune(strings.ReplaceAll(s, "\r\n", ""), '\r') || strings.HasPrefix(s, "\xef\xbb\xbf") {
			return // the twin knows neither
		}
		twin := csv.NewReader(strings.NewReader(s))
		twin.FieldsPerRecord = -1
		want, err := twin.ReadAll()
		if err != nil {
			return
		}
		tab, err := newTable(newInput(strings.NewReader(s)), &Options{Delimiter: ','}, "")
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		for {
			rec, err := tab.next()
			if err != nil {
				break
			}
			if rec.bad != nil {
				t.Fatalf("%q: refused line %d: %v", s, rec.line, rec.bad)
			}
			row := make([]string, len(rec.cells))
			for i, c := range rec.cells {
				row[i] = strings.ReplaceAll(c, "\r\n", "\n") // as the twin does within quotes
			}
			got = append(got, row)
		}
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	})
}
