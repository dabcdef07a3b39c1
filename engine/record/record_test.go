package record

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rapportengine/rapport/engine"
)

var now = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// gather reads everything: what was taken, what was refused, and what ended it.
func gather[T any](records iter.Seq2[Entry[T], error]) (got []Entry[T], refused []Rejected, end error) {
	for entry, err := range records {
		var r *Rejected
		switch {
		case end != nil:
			panic("something came after the end: " + end.Error())
		case errors.As(err, &r):
			refused = append(refused, *r)
		case err != nil:
			end = err
		default:
			got = append(got, entry)
		}
	}
	return got, refused, end
}

// ev is an event line that is right, with fields added.
func ev(more string) string {
	return `{"type":"view","customer_id":"ann","item_id":"a1","at":"2024-05-01T12:00:00Z"` + more + `}`
}

func TestEventsRefused(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	cases := []struct{ name, line, field, code, want string }{
		{"wrong type", ev(`,"price":"abc"`), "price", engine.CodeInvalidField, `a number is wanted, got the text "abc"`},
		{"number for an id", ev(`,"order_id":7`), "order_id", engine.CodeInvalidField, `write it as "7"`},
		{"list for a text", ev(`,"query":[1]`), "query", engine.CodeInvalidField, "a text is wanted, got a list"},
		{"text for truth", ev(`,"gift":"yes"`), "gift", engine.CodeInvalidField, "true or false is wanted"},
		{"long id", ev(`,"order_id":"` + strings.Repeat("x", 10_000) + `"`), "order_id", engine.CodeLimitExceeded, "at most 256 bytes"},
		{"dots for an id", ev(`,"order_id":".."`), "order_id", engine.CodeInvalidField, "cannot be an id"},
		{"control character", ev(`,"order_id":"a\u0000"`), "order_id", engine.CodeInvalidField, "control"},
		{"deep", ev(`,"x":` + deep), "", engine.CodeLimitExceeded, "16 deep"},
		{"deeper than any stack", ev(`,"x":` + strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000)), "", engine.CodeLimitExceeded, "16 deep"},
		{"NaN", ev(`,"price":NaN`), "", engine.CodeInvalidSyntax, "a value is wanted"},
		{"infinite", ev(`,"price":1e999`), "price", engine.CodeInvalidField, "too large"},
		{"leading zero", ev(`,"price":01`), "", engine.CodeInvalidSyntax, "a number is written"},
		{"no digits", ev(`,"price":1.`), "", engine.CodeInvalidSyntax, "a number is written"},
		{"year 0", `{"type":"view","customer_id":"ann","item_id":"a","at":"0000-05-01T12:00:00Z"}`, "at", engine.CodeInvalidField, "1 to 9999"},
		{"year 10000", `{"type":"view","customer_id":"ann","item_id":"a","at":253402300800000}`, "at", engine.CodeInvalidField, "1 to 9999"},
		{"no zone", `{"type":"view","customer_id":"ann","item_id":"a","at":"2024-05-01T12:00:00"}`, "at", engine.CodeInvalidField, "2024-05-01T12:00:00Z"},
		{"future", `{"type":"view","customer_id":"ann","item_id":"a","at":"2024-05-01T12:10:01Z"}`, "at", engine.CodeTimeInFuture, "10m0s"},
		{"duplicate key", ev(`,"item_id":"a2"`), "item_id", engine.CodeInvalidField, "twice"},
		{"duplicate by alias", ev(`,"userId":"bob"`), "userId", engine.CodeInvalidField, "customer_id is given twice"},
		{"duplicate unknown", ev(`,"x":1,"x":1`), "x", engine.CodeInvalidField, "twice"},
		{"duplicate within", ev(`,"x":{"y":1,"y":2}`), "x.y", engine.CodeInvalidField, "twice"},
		{"property in two places", ev(`,"properties":{"x":1},"x":1`), "x", engine.CodeInvalidField, "twice"},
		{"not UTF-8", ev(",\"query\":\"a\xff\""), "query", engine.CodeInvalidField, "UTF-8"},
		{"half a surrogate", ev(`,"query":"\ud800x"`), "query", engine.CodeInvalidField, "surrogate"},
		{"name not UTF-8", ev(",\"a\xff\":1"), "a\uFFFD", engine.CodeInvalidField, "UTF-8"},
		{"a quantity beyond the limit", ev(`,"quantity":1e300`), "quantity", engine.CodeLimitExceeded, "at most 1000000000, got 1e+300"},
		{"negative quantity", ev(`,"quantity":-1`), "quantity", engine.CodeInvalidField, "type return"},
		{"channel", ev(`,"channel":"fax"`), "channel", engine.CodeInvalidField, "web, app, email"},
		{"bad type", `{"type":"View It","customer_id":"ann","item_id":"a","at":0}`, "type", engine.CodeInvalidField, "lower-case"},
		{"nobody", `{"type":"view","item_id":"a","at":0}`, "customer_id", engine.CodeMissingField, "session_id"},
		{"no item", `{"type":"view","customer_id":"ann","at":0}`, "item_id", engine.CodeMissingField, "view needs an item"},
		{"no type", `{"customer_id":"ann","item_id":"a","at":0}`, "type", engine.CodeMissingField, "purchase"},
		{"item and items", ev(`,"items":[{"item_id":"b"}]`), "items", engine.CodeInvalidField, "not both"},
		{"line", `{"type":"purchase","customer_id":"ann","at":0,"items":[{"item_id":"a"},{"item_id":"b","price":"x"}]}`, "items[1].price", engine.CodeInvalidField, "a number"},
		{"unknown in a line", `{"type":"purchase","customer_id":"ann","at":0,"items":[{"item_id":"a","qantity":1}]}`, "items[0].qantity", engine.CodeUnknownField, `"quantity"`},
		{"empty order", `{"type":"purchase","customer_id":"ann","at":0,"items":[]}`, "items", engine.CodeInvalidField, "at least one line"},
		{"half a line", `{"type":"view"`, "", engine.CodeInvalidSyntax, "ends early"},
		{"two on a line", ev("") + ev(""), "", engine.CodeInvalidSyntax, "end of the line"},
		{"not an object", `[1]`, "", engine.CodeInvalidField, "an object is wanted, got a list"},
		{"10 MB", ev(`,"x":"` + strings.Repeat("x", 10<<20) + `"`), "", engine.CodeLimitExceeded, "bytes"},
	}
	for _, c := range cases {
		in := ev("") + "\n" + c.line + "\n\n" + ev("")
		got, refused, end := gather(Events(strings.NewReader(in), Options{Format: NDJSON, Now: now}))
		if end != nil || len(got) != 2 || len(refused) != 1 {
			t.Errorf("%s: got %d records, %d refusals, end %v: want 2, 1, none", c.name, len(got), len(refused), end)
			continue
		}
		r := refused[0]
		if r.Line != 2 || r.Field != c.field || r.Code != c.code || !strings.Contains(r.Want, c.want) {
			t.Errorf("%s: got %d %q %s %q: want line 2, %q, %s, ...%s...", c.name, r.Line, r.Field, r.Code, r.Want, c.field, c.code, c.want)
		}
		if got[1].Line != 4 {
			t.Errorf("%s: the line after is %d, want 4", c.name, got[1].Line)
		}
		// The same within an array: the element is refused, or the syntax is at fault.
		in = "[" + ev("") + ",\n" + c.line + ",\n" + ev("") + "]"
		got, refused, end = gather(Events(iotest.OneByteReader(strings.NewReader(short(in))), Options{Now: now}))
		var syntax *Syntax
		if c.code == engine.CodeInvalidSyntax {
			if !errors.As(end, &syntax) || len(got) == 0 || syntax.Line == 0 {
				t.Errorf("%s in an array: got %d records and %v: want the first and a *Syntax", c.name, len(got), end)
			}
		} else if len(in) < 1<<20 && (end != nil || len(got) != 2 || len(refused) != 1 || refused[0].Line != 2) {
			t.Errorf("%s in an array: got %d records, refused %v, end %v", c.name, len(got), refused, end)
		}
	}
}

// short keeps what is read byte by byte small.
func short(in string) string {
	if len(in) > 1<<20 {
		return "[]"
	}
	return in
}

func TestEventsTaken(t *testing.T) {
	at := func(y int, m time.Month, d, h int) time.Time { return time.Date(y, m, d, h, 0, 0, 0, time.UTC) }
	cases := []struct {
		in   string
		o    Options
		want []engine.Interaction
	}{
		{
			`{"eventType":"detail-page-view","userId":"u","itemId":"i","timestamp":1714564800,"foo":{"bar":[1,"x",null,true]}}`,
			Options{},
			[]engine.Interaction{{Type: engine.View, Customer: "u", Item: "i", At: now, Properties: map[string]any{"foo": map[string]any{"bar": []any{1.0, "x", nil, true}}}}},
		},
		{
			`{"type":"cartaddition","sessionId":"s","item_id":"\u00fc\ud83d\ude00\/","at":"1714564800500"}`,
			Options{},
			[]engine.Interaction{{Type: engine.AddToCart, Session: "s", Item: "ü😀/", At: now.Add(500 * time.Millisecond)}},
		},
		{
			`{"type":"purchase","customer_id":"u","order_id":"o","event_id":"e","at":"9999-12-31T23:00:00Z","items":[{"item_id":"a","quantity":2,"price":1.5},{"itemId":"b"}]}`,
			Options{},
			[]engine.Interaction{
				{EventID: "e", Type: engine.Purchase, Customer: "u", OrderID: "o", Item: "a", Quantity: 2, Price: 1.5, At: at(9999, 12, 31, 23)},
				{EventID: "e", Line: 1, Type: engine.Purchase, Customer: "u", OrderID: "o", Item: "b", At: at(9999, 12, 31, 23)},
			},
		},
		{
			`{"type":"search","session_id":"s","query":"lamp","at":"2024-05-01 14:00:00+02:00","gift":null}`,
			Options{},
			[]engine.Interaction{{Type: engine.Search, Session: "s", Query: "lamp", At: now}},
		},
		{`{"session_id":"s","item_id":"i"}`, Options{Now: now, Type: engine.View, Source: "f"}, []engine.Interaction{{EventID: "f:1", Type: engine.View, Session: "s", Item: "i", At: now}}},
		{`{"type":"view","session_id":"s","item_id":"i","at":"2024-05-01"}`, Options{Zone: time.FixedZone("", -12*3600)}, []engine.Interaction{{Type: engine.View, Session: "s", Item: "i", At: now}}},
		{`{"who":"w","what":"i"}`, Options{Now: now, Mapping: mapping("who=customer_id,what=item_id,type:=purchase")}, []engine.Interaction{{Type: engine.Purchase, Customer: "w", Item: "i", At: now}}},
	}
	for _, c := range cases {
		for _, in := range []string{c.in, "\xef\xbb\xbf" + c.in + "\r\n", "[" + c.in + "]", "\n " + strings.ReplaceAll(c.in, ",", "\n,")} {
			got, refused, end := gather(Events(strings.NewReader(in), c.o))
			if end != nil || len(refused) > 0 || len(got) != 1 || !reflect.DeepEqual(got[0].Value.Lines, c.want) {
				t.Errorf("Events(%s) gave %+v, %v, %v\nwant %+v", in, got, refused, end, c.want)
			}
		}
	}
}

func mapping(s string) Mapping {
	m, err := ParseMapping(s)
	if err != nil {
		panic(err)
	}
	return m
}

func TestUnknownRefused(t *testing.T) {
	_, refused, _ := gather(Events(strings.NewReader(ev(`,"costumer_id":"x"`)), Options{Unknown: Refuse}))
	if len(refused) != 1 || refused[0].Code != engine.CodeUnknownField || !strings.Contains(refused[0].Want, `"customer_id"`) {
		t.Errorf("got %v, want an unknown field with customer_id named", refused)
	}
	_, refused, _ = gather(Items(strings.NewReader(`{"item_id":"a","colour":"red"}`), Options{}))
	if len(refused) != 1 || refused[0].Field != "colour" || refused[0].Code != engine.CodeUnknownField {
		t.Errorf("got %v, want colour refused as unknown", refused)
	}
}

func TestSyntaxEnds(t *testing.T) {
	for _, in := range []string{`{`, `[`, `[{}`, `[{},]`, `[{}}`, `{"a":1} x`, "{\n\"a\":\n}", `[{}] [`, `["a`, `{"item_id":`} {
		_, _, end := gather(Items(strings.NewReader(in), Options{Format: JSON}))
		var syntax *Syntax
		if !errors.As(end, &syntax) {
			t.Errorf("Items(%s) ended with %v, want a *Syntax", in, end)
		}
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("the line went dead")
	for _, in := range []string{ev("") + "\n" + `{"ty`, "[" + ev("") + ",{", "type,customer_id,item_id,at\nview,u,i,0\nview,u"} {
		got, _, end := gather(Events(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), Options{}))
		if len(got) != 1 || !errors.Is(end, broken) {
			t.Errorf("%s: got %d records and %v: want the whole one and the reader's error", in, len(got), end)
		}
	}
}

func zipped(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestGzip(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("type,customer_id,item_id,at\n")
	for i := range 50_000 {
		fmt.Fprintf(&rows, "view,u%d,i%d,%d\n", i*7919%10007, i*104729%9973, i)
	}
	z := zipped(rows.String())
	if got, refused, end := gather(Events(bytes.NewReader(z), Options{})); len(got) != 50_000 || refused != nil || end != nil {
		t.Errorf("whole: got %d, %v, %v: want 50000", len(got), refused, end)
	}
	got, _, end := gather(Events(bytes.NewReader(z[:len(z)/2]), Options{}))
	var syntax *Syntax
	if !errors.As(end, &syntax) || len(got) == 0 || syntax.Line != got[len(got)-1].Line+1 {
		t.Errorf("half: got %d records and %v: want some, and a *Syntax at the line after", len(got), end)
	}
	z[len(z)-8] ^= 1 // of the checksum
	if _, _, end := gather(Events(bytes.NewReader(z), Options{})); !errors.As(end, &syntax) {
		t.Errorf("damaged: got %v, want a *Syntax", end)
	}
	bomb := zipped(strings.Repeat("x", 1<<20))
	var invalid *engine.Invalid
	if _, _, end := gather(Events(bytes.NewReader(bomb), Options{MaxInflated: 1000})); !errors.As(end, &invalid) || invalid.Code != engine.CodeLimitExceeded {
		t.Errorf("bomb: got %v, want the limit named", end)
	}
	if _, _, end := gather(Events(strings.NewReader("\x1f\x8bxx"), Options{})); !errors.As(end, &syntax) {
		t.Errorf("no gzip at all: got %v, want a *Syntax", end)
	}
}

func TestMaxRecords(t *testing.T) {
	in := strings.Repeat(ev("")+"\n", 3)
	got, _, end := gather(Events(strings.NewReader(in), Options{MaxRecords: 2}))
	var invalid *engine.Invalid
	if len(got) != 2 || !errors.As(end, &invalid) || invalid.Code != engine.CodeLimitExceeded {
		t.Errorf("got %d records and %v, want 2 and the limit", len(got), end)
	}
}

func TestMixedLineSizes(t *testing.T) {
	huge := `{"item_id":"big","text":"` + strings.Repeat("x", 10<<20) + `"}`
	small := `{"item_id":"a"}`
	for _, in := range []string{small + "\n" + huge + "\n" + small + "\n", "[" + small + "," + huge + "," + small + "]", "item_id,text\na,\nbig," + strings.Repeat("x", 10<<20) + "\na,\n", "item_id,text\na,\nbig,\"" + strings.Repeat("x", 10<<20) + "\"\na,\n"} {
		got, refused, end := gather(Items(strings.NewReader(in), Options{}))
		if len(got) != 2 || len(refused) != 1 || refused[0].Code != engine.CodeLimitExceeded || end != nil {
			t.Errorf("%.20s: got %d records, %v, %v: want 2 and one over the limit", in, len(got), refused, end)
		}
	}
}

func TestOne(t *testing.T) {
	it, err := One(Items(strings.NewReader(`{"title":"Lamp"}`), Options{Format: JSON, ID: "a/b"}))
	if err != nil || it.ID != "a/b" || it.Title != "Lamp" {
		t.Errorf("got %+v, %v: want the id of the path", it, err)
	}
	var invalid *engine.Invalid
	for _, in := range []string{`{"item_id":"other"}`, `[]`, `[{"title":"x"},{"title":"y"}]`} {
		if _, err := One(Items(strings.NewReader(in), Options{Format: JSON, ID: "a"})); !errors.As(err, &invalid) {
			t.Errorf("One(%s) gave %v, want an *engine.Invalid", in, err)
		}
	}
}

func TestStop(t *testing.T) {
	n := 0
	for range Events(strings.NewReader(strings.Repeat(ev("")+"\n", 5)), Options{}) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("went on after break: %d", n)
	}
}

// endless gives the same bytes over and over, n in all.
type endless struct {
	bytes string
	n     int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := copy(p, e.bytes)
	e.n -= n
	return n, nil
}

func TestMemoryIsBounded(t *testing.T) {
	const much = 32 << 20
	for name, part := range map[string]string{"no line ends": "x", "an object without end": `{"a":`, "a quote never closed": "\"x,", "brackets": "["} {
		in := newInput(&endless{strings.Repeat(part, 16<<10/len(part)), much})
		var src source = &lines{in: in}
		switch part[0] {
		case '"':
			tab, err := newTable(in, &Options{}, "")
			if err != nil {
				t.Fatal(err)
			}
			src = tab
		case '[':
			src = &document{in: in}
		}
		records := 0
		for {
			if _, err := src.next(); err != nil {
				break
			}
			records++
		}
		if cap(in.buf) > 4*engine.MaxRecordBytes {
			t.Errorf("%s: the window grew to %d bytes, want at most %d", name, cap(in.buf), 4*engine.MaxRecordBytes)
		}
		if records > 100 {
			t.Errorf("%s: %d records", name, records)
		}
	}
}
