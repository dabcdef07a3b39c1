package store

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// slowItem is what readItem does in a fifth of the time.
func slowItem(data []byte) (it engine.Item, err error) {
	if err = json.Unmarshal(data, &it); err == nil {
		err = it.Attributes.Typed()
	}
	return it, err
}

func drawItem(t *rapid.T) (it engine.Item) {
	some := func(name string) bool { return rapid.Bool().Draw(t, name) }
	texts := rapid.SliceOfN(rapid.String(), 1, 3)
	for name, to := range map[string]*string{
		"kind": (*string)(&it.Kind), "title": &it.Title, "text": &it.Text, "format": &it.TextFormat, "url": &it.URL, "image": &it.Image,
		"currency": &it.Currency, "visibility": (*string)(&it.Visibility), "group": &it.GroupID, "language": &it.Language,
	} {
		*to = rapid.String().Draw(t, name)
	}
	it.ID = engine.ItemID(rapid.String().Draw(t, "id"))
	if some("with categories") {
		it.Categories = texts.Draw(t, "categories")
	}
	if some("with attributes") {
		it.Attributes = rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.Map(rapid.String(), func(v string) any { return v }),
			rapid.Map(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), func(v float64) any { return v }),
			rapid.Map(rapid.Bool(), func(v bool) any { return v }),
			rapid.Map(rapid.SliceOfN(rapid.String(), 0, 2), func(v []string) any { return v }),
		)).Draw(t, "attributes")
	}
	if some("with price") {
		it.Price = new(rapid.Float64().Draw(t, "price"))
	}
	if some("with stock") {
		it.Stock = new(rapid.Int64().Draw(t, "stock"))
	}
	if some("with dates") {
		it.Published = new(time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "published")).UTC())
		it.Expires = new(time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "expires")).In(time.FixedZone("", 3600)))
	}
	return it
}

// TestItemsAreReadAsJSONDoes draws items, and spoils what is written of them.
func TestItemsAreReadAsJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := drawItem(t)
		data, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := readItem(data)
		if want, err := slowItem(data); !ok || err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s is read as %+v, %v; want %+v, %v", data, got, ok, want, err)
		}
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			data = data[:at]
		case 1:
			data[at] = rapid.Byte().Draw(t, "byte")
		case 2:
			data[at] = rapid.SampledFrom([]byte(`{}[]",:0123456789.eE+-\ntf `)).Draw(t, "sign")
		case 3:
			from := rapid.IntRange(0, at).Draw(t, "from")
			data = append(data[:at:at], data[from:]...)
		}
		agrees(t, data)
	})
}

// agrees fails where readItem knows of some bytes what json.Unmarshal does not.
func agrees(t interface{ Fatalf(string, ...any) }, data []byte) {
	got, ok := readItem(data)
	if want, err := slowItem(data); ok && (err != nil || !reflect.DeepEqual(got, want)) {
		t.Fatalf("%q is read as %+v; want %+v, %v", data, got, want, err)
	}
}

func FuzzReadItem(f *testing.F) {
	for _, seed := range []string{
		`{"item_id":"a","attributes":{"a":[],"b":-0,"c":1e400,"a":"b"}}`, `{"item_id":"a","stock":1.0}`, `{"title":"\ud800","price":01}`,
		"{\"title\":\"\xff\"}", `{"categories":["a",]}`, `{"published":"2024-02-30T00:00:00Z"}`, `{"attributes":{"a":nul}}`, `{"hidden":true}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { agrees(t, data) })
}
