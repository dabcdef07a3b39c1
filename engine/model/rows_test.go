package model

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Rows of the same items are one among the sources of a file, however many load them, and no others are.
func TestLoadedRowsAreShared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var shops [2]*catalogue.IDs
		for i := range shops {
			shops[i] = catalogue.NewIDs()
			for n := range 6 {
				shops[i].Assign(engine.ItemID(fmt.Sprint("i", (n+i)%6)))
			}
		}
		var loaded []*Rows
		var shared SharedRows
		for range rapid.IntRange(1, 20).Draw(t, "loads") {
			ids := shops[rapid.IntRange(0, 1).Draw(t, "shop")]
			want := NewRows(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) engine.ItemNum {
				return engine.ItemNum(rapid.IntRange(0, 5).Draw(t, "number"))
			}), 0, 3).Draw(t, "items"), ids)
			var file bytes.Buffer
			w := NewWriter(&file, "rows", 1)
			want.Save(w)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			f, err := NewReader(shared.Reader(&file, 0), "rows", 1)
			if err != nil {
				t.Fatal(err)
			}
			got, _, _ := LoadRows(f, ids)
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.nums, want.nums) || !slices.Equal(got.ids, want.ids) || !slices.Equal(got.row, want.row) {
				t.Fatalf("loaded are rows %v of %v, want %v of %v", got.nums, got.ids, want.nums, want.ids)
			}
			for _, before := range loaded {
				if same := slices.Equal(before.nums, got.nums) && slices.Equal(before.ids, got.ids); same != (before == got) {
					t.Fatalf("rows %v of %v and %v of %v are one: %v, want %v", before.nums, before.ids, got.nums, got.ids, before == got, same)
				}
			}
			loaded = append(loaded, got)
		}
	})
}
