package store

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// TestWords holds that items which share their words say what they said, to the bit, and that
// they do share.
func TestWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWords()
		for range rapid.IntRange(1, 8).Draw(t, "items") {
			item := engine.Item{
				ID:         "i",
				Kind:       engine.Kind(rapid.SampledFrom([]string{"", "product", "offer"}).Draw(t, "kind")),
				Currency:   rapid.SampledFrom([]string{"", "EUR"}).Draw(t, "currency"),
				Categories: rapid.SliceOfN(drawWord, 0, 3).Draw(t, "categories"),
			}
			for range rapid.IntRange(0, 5).Draw(t, "attributes") {
				if item.Attributes == nil {
					item.Attributes = engine.Attributes{}
				}
				item.Attributes[drawWord.Draw(t, "name")] = rapid.OneOf(
					rapid.Map(drawWord, func(s string) any { return s }),
					rapid.Map(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 1e300, .1}), func(x float64) any { return x }),
					rapid.Map(rapid.Bool(), func(b bool) any { return b }),
					rapid.Map(rapid.SliceOfN(drawWord, 0, 3), func(l []string) any { return l }),
				).Draw(t, "value")
			}
			want := item.Clone()
			if w.share(&item); !reflect.DeepEqual(item, want) || fmt.Sprintf("%#v", item.Attributes) != fmt.Sprintf("%#v", want.Attributes) {
				t.Fatalf("%#v became %#v", want, item)
			}
		}
	})
	w := newWords()
	var items [2]engine.Item
	for i := range items {
		items[i].Attributes = engine.Attributes{strings.Clone("brand"): strings.Clone("acme")}
		w.share(&items[i])
	}
	for name, value := range items[0].Attributes {
		for other, said := range items[1].Attributes {
			if unsafe.StringData(name) != unsafe.StringData(other) || unsafe.StringData(value.(string)) != unsafe.StringData(said.(string)) {
				t.Error("two items hold the same words twice")
			}
		}
	}
}

var drawWord = rapid.OneOf(rapid.SampledFrom([]string{"", "a", "brand", "colour"}), rapid.StringN(0, 3, 12), rapid.Just(strings.Repeat("x", sharedBytes+1)))
