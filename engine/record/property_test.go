package record

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// What encoding/json writes of a valid record must come back equal.

func someID(t *rapid.T, name string) string {
	return rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return !unicode.IsControl(r) && r != '.' }), 1, 20, 200).Draw(t, name)
}

func someTime(t *rapid.T, name string) time.Time {
	s := rapid.Int64Range(-62135596800, lastSecond).Draw(t, name)
	return time.Unix(s, rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
}

func someWord(t *rapid.T, name string) string {
	return rapid.StringMatching(`[a-z][a-z0-9_-]{0,20}`).Filter(func(s string) bool { return foreignTypes[s] == "" }).Draw(t, name)
}

func some[T any](t *rapid.T, name string, draw func() T) *T {
	if !rapid.Bool().Draw(t, name+"?") {
		return nil
	}
	v := draw()
	return &v
}

func someAttributes(t *rapid.T) engine.Attributes {
	n := rapid.IntRange(0, 4).Draw(t, "attributes")
	var a engine.Attributes
	for range n {
		if a == nil {
			a = engine.Attributes{}
		}
		name := someID(t, "attribute")
		switch rapid.IntRange(0, 3).Draw(t, "as") {
		case 0:
			a[name] = rapid.String().Draw(t, "text")
		case 1:
			a[name] = rapid.Float64Range(-1e300, 1e300).Draw(t, "number")
		case 2:
			a[name] = rapid.Bool().Draw(t, "bool")
		case 3:
			a[name] = append([]string{}, rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "list")...)
		}
	}
	return a
}

func someEvent(t *rapid.T) engine.Interaction {
	e := engine.Interaction{
		EventID: someID(t, "event"), Type: engine.Type(someWord(t, "type")), Customer: engine.CustomerID(someID(t, "customer")), Item: engine.ItemID(someID(t, "item")),
		At: someTime(t, "at"), Quantity: rapid.Float64Range(0, 1e9).Draw(t, "quantity"), Price: rapid.Float64Range(0, math.MaxFloat64).Draw(t, "price"),
		Value: rapid.Float64().Filter(func(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }).Draw(t, "value"),
		Query: rapid.String().Draw(t, "query"), Position: rapid.IntRange(0, math.MaxInt32).Draw(t, "position"), Gift: rapid.Bool().Draw(t, "gift"),
	}
	if rapid.Bool().Draw(t, "more") {
		e.Channel, e.Currency, e.Session = "app", "EUR", engine.SessionID(someID(t, "session"))
		e.Properties = map[string]any{"colour": rapid.String().Draw(t, "property"), "deep": map[string]any{"x": []any{1.5, nil, false}}}
	}
	return e
}

func encoded(t *rapid.T, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEventsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []engine.Interaction
		var in bytes.Buffer
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			want = append(want, someEvent(t))
			in.Write(append(encoded(t, want[len(want)-1]), '\n'))
		}
		array := encoded(t, want)
		for _, b := range [][]byte{in.Bytes(), array} {
			got, refused, end := gather(Events(bytes.NewReader(b), Options{}))
			if end != nil || refused != nil || len(got) != len(want) {
				t.Fatalf("%s: got %d, %v, %v", b, len(got), refused, end)
			}
			for i := range got {
				if !reflect.DeepEqual(got[i].Value.Lines, want[i:i+1]) {
					t.Fatalf("got %+v\nwant %+v", got[i].Value.Lines[0], want[i])
				}
			}
		}
	})
}

func TestEventsComeBackFromTables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t', '|'}).Draw(t, "delimiter")
		_ = w.Write([]string{"event_id", "type", "customer_id", "item_id", "at", "quantity", "query"})
		var want []engine.Interaction
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			all := someEvent(t)
			e := engine.Interaction{EventID: all.EventID, Type: all.Type, Customer: all.Customer, Item: all.Item, At: all.At, Quantity: all.Quantity, Query: all.Query}
			want = append(want, e)
			_ = w.Write([]string{e.EventID, string(e.Type), string(e.Customer), string(e.Item), e.At.Format(time.RFC3339Nano), strconv.FormatFloat(e.Quantity, 'g', -1, 64), e.Query})
		}
		w.Flush()
		got, refused, end := gather(Events(&b, Options{}))
		if end != nil || refused != nil || len(got) != len(want) {
			t.Fatalf("got %d, %v, %v", len(got), refused, end)
		}
		for i := range got {
			if !reflect.DeepEqual(got[i].Value.Lines, want[i:i+1]) {
				t.Fatalf("got %+v\nwant %+v", got[i].Value.Lines[0], want[i])
			}
		}
	})
}

func someItem(t *rapid.T) engine.Item {
	published := some(t, "published", func() time.Time { return someTime(t, "published") })
	want := engine.Item{
		ID: engine.ItemID(someID(t, "id")), Kind: engine.Kind(someWord(t, "kind")), Title: rapid.String().Draw(t, "title"), Text: rapid.String().Draw(t, "text"),
		Categories: rapid.SliceOfN(rapid.StringMatching(`[a-zä€." ]{0,4}[a-z](/[a-zä€]{1,5}){0,2}`), 0, 3).Draw(t, "categories"),
		Attributes: someAttributes(t), Price: some(t, "price", func() float64 { return rapid.Float64Range(0, 1e12).Draw(t, "price") }),
		Stock:     some(t, "stock", func() int64 { return rapid.Int64Range(-1<<53, 1<<53).Draw(t, "stock") }),
		Published: published, Hidden: rapid.Bool().Draw(t, "hidden"), Sensitive: rapid.Bool().Draw(t, "sensitive"), Language: rapid.SampledFrom([]string{"", "de", "en-GB"}).Draw(t, "language"),
		Embedding: rapid.SliceOfN(rapid.Float32Range(-1e30, 1e30), 0, 3).Draw(t, "embedding"),
	}
	if len(want.Categories) == 0 {
		want.Categories = nil
	}
	if len(want.Embedding) == 0 {
		want.Embedding = nil
	}
	for range rapid.IntRange(0, 2).Draw(t, "applies") {
		want.AppliesTo = append(want.AppliesTo, engine.ItemID(someID(t, "product")))
	}
	return want
}

func TestItemsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := someItem(t)
		b := encoded(t, want)
		got, err := One(Items(bytes.NewReader(b), Options{}))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: got %+v, %v\nwant %+v", b, got, err, want)
		}
		// A patch that names everything makes the same of any other.
		p, err := One(ItemPatches(bytes.NewReader(b), Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Update(engine.Item{ID: want.ID}, true); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("patched to %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestRequestsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := engine.Request{
			Customer: engine.CustomerID(someID(t, "customer")), Query: rapid.String().Draw(t, "query"), Count: rapid.IntRange(1, engine.MaxCount).Draw(t, "count"),
			Filter: rapid.String().Draw(t, "filter"), Kinds: []engine.Kind{engine.Kind(someWord(t, "kind"))}, Record: some(t, "record", func() bool { return rapid.Bool().Draw(t, "record") }),
			Context: engine.Context{Region: someID(t, "region"), At: some(t, "at", func() time.Time { return someTime(t, "at") })},
		}
		got, err := Request(bytes.NewReader(encoded(t, want)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
		}
	})
}
