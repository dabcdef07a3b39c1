package catalogue

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// drawAny draws an item with anything in it that package record lets pass.
func drawAny(t *rapid.T) *engine.Item {
	text, zones := rapid.String(), rapid.SampledFrom([]*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", -9000)})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).In(zones.Draw(t, "zone"))
	})
	id := rapid.Map(text, func(s string) engine.ItemID { return engine.ItemID(s) })
	value := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.Float64(), func(x float64) any { return x }),
		rapid.Map(rapid.Bool(), func(is bool) any { return is }), rapid.Map(rapid.SliceOf(text), func(list []string) any { return list }),
		rapid.Just(any([]string(nil))), rapid.Just(any(nil)),
	)
	return &engine.Item{
		ID: id.Draw(t, "id"), Kind: engine.Kind(text.Draw(t, "kind")), Title: text.Draw(t, "title"), Text: text.Draw(t, "text"),
		TextFormat: text.Draw(t, "format"), URL: text.Draw(t, "url"), Image: text.Draw(t, "image"),
		Categories: rapid.OneOf(rapid.Just([]string(nil)), rapid.SliceOf(text)).Draw(t, "categories"),
		Attributes: rapid.OneOf(rapid.Just(engine.Attributes(nil)), rapid.Map(rapid.MapOf(text, value), func(m map[string]any) engine.Attributes { return m })).Draw(t, "attributes"),
		Price:      optional(t, "price", rapid.Float64()), Currency: text.Draw(t, "currency"), Stock: optional(t, "stock", rapid.Int64()),
		Published: optional(t, "published", moment), Expires: optional(t, "expires", moment),
		Hidden: rapid.Bool().Draw(t, "hidden"), Visibility: engine.Visibility(text.Draw(t, "visibility")), GroupID: text.Draw(t, "group"),
		Sensitive: rapid.Bool().Draw(t, "sensitive"), Language: text.Draw(t, "language"),
		AppliesTo: rapid.OneOf(rapid.Just([]engine.ItemID(nil)), rapid.SliceOf(id)).Draw(t, "applies to"),
		Embedding: rapid.OneOf(rapid.Just([]float32(nil)), rapid.SliceOf(rapid.Float32())).Draw(t, "embedding"),
	}
}

// TestPackedItemsComeBack: nothing of an item is lost, and nothing comes to it, be it held or packed.
func TestPackedItemsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := drawAny(t)
		var list items
		list = list.set([]Entry{{Num: heldItems - 1, Item: it}, {Num: heldItems, Item: it}})
		for n := engine.ItemNum(heldItems) - 1; n <= heldItems; n++ {
			got := list.at(n)
			if !reflect.DeepEqual(got, it) {
				t.Fatalf("item %d:\n%+v became\n%+v", n, it, got)
			}
			at, known := list.published(n)
			if known != (it.Published != nil) || known && !at.Equal(*it.Published) {
				t.Fatalf("item %d published %v became %v, %v", n, it.Published, at, known)
			}
			for _, date := range [...]*time.Time{it.Published, it.Expires, new(time.Time)} {
				for late := range int64(3) {
					if date != nil && list.shown(n, Nanos(*date)+late-1) != shown(it, Nanos(*date)+late-1) {
						t.Fatalf("item %d from %v to %v is shown: %v", n, it.Published, it.Expires, !shown(it, Nanos(*date)+late-1))
					}
				}
			}
		}
		if list = list.set([]Entry{{Num: heldItems}}); list.at(heldItems) != nil || list.length != heldItems {
			t.Fatal("a deleted item is still there")
		}
	})
}

// TestManyItemsAreAllPacked: what was held before there were many comes back, too, and those who look
// at the catalogue of before see it as it was.
func TestManyItemsAreAllPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, last := drawAny(t), drawAny(t)
		var few items
		few = few.set([]Entry{{Num: 3, Item: first}, {Num: heldItems + 1, Item: last}})
		if few.pack().chunks[0] != few.chunks[0] {
			t.Fatal("items that are few are packed")
		}
		many := few.set([]Entry{{Num: manyItems, Item: last}})
		all := many.pack()
		for n, want := range map[engine.ItemNum]*engine.Item{0: nil, 3: first, heldItems + 1: last, manyItems: last, manyItems + 1: nil} {
			if got := all.at(n); !reflect.DeepEqual(got, want) {
				t.Fatalf("item %d is %+v, was %+v", n, got, want)
			}
		}
		for _, c := range all.chunks {
			if c != nil && c.packed == nil {
				t.Fatal("some items are held")
			}
		}
		if many.chunks[0].packed != nil || !reflect.DeepEqual(many.at(3), first) {
			t.Fatal("the catalogue of before was changed")
		}
		if again := all.set([]Entry{{Num: 4, Item: last}}); !reflect.DeepEqual(again.at(4), last) || !reflect.DeepEqual(again.at(3), first) || again.chunks[0].held != nil {
			t.Fatal("an item that was put among packed ones is not there, or they are held again")
		}
	})
}

// TestEveryFieldIsPacked fails when an item gets a field that packing does not know.
func TestEveryFieldIsPacked(t *testing.T) {
	const known = 21
	if n := reflect.TypeFor[engine.Item]().NumField(); n != known {
		t.Errorf("an item has %d fields, %d are packed", n, known)
	}
	if x := pack(&engine.Item{Price: new(math.Inf(1))}).item(); !math.IsInf(*x.Price, 1) {
		t.Errorf("infinity became %v", *x.Price)
	}
}

// BenchmarkItem asks for an item of a shop: held, and packed.
func BenchmarkItem(b *testing.B) {
	price := 12.5
	it := &engine.Item{
		ID: "i123456", Kind: engine.Product, Title: "large red kettle 12", Categories: []string{"group-3/part-1"}, Price: &price, Currency: "GBP",
		Attributes: engine.Attributes{"brand": "brand-17", "colour": "red", "aisle": 7.0},
	}
	for name, n := range map[string]engine.ItemNum{"held": 0, "packed": heldItems} {
		b.Run(name, func(b *testing.B) {
			list := items{}.set([]Entry{{Num: n, Item: it}})
			b.ReportAllocs()
			for b.Loop() {
				if list.at(n) == nil {
					b.Fatal("it is gone")
				}
			}
			b.ReportMetric(float64(len(pack(it))), "packed-bytes")
		})
	}
}
