package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A table answers as a map of sets does, also when it has grown over many shards, and
// the tables it was made from go on answering as before.
func TestTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tables []*table
		var twins []map[string]map[uint32]bool
		at, twin := (*table)(nil), map[string]map[uint32]bool{}
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			twin = maps.Clone(twin)
			changes := map[string]*delta{}
			first, count := rapid.IntRange(0, 500).Draw(t, "first"), rapid.IntRange(1, 500).Draw(t, "values")
			items, add := rapid.Uint32Range(1, 2*fewItems).Draw(t, "items"), rapid.Bool().Draw(t, "add")
			for i := first; i < first+count; i++ {
				value := fmt.Sprint("v", i)
				set, d := maps.Clone(twin[value]), &delta{}
				if set == nil {
					set = map[uint32]bool{}
				}
				for n := range items {
					switch n = (n + uint32(i)) % 50; {
					case add && !set[n]:
						set[n], d.added = true, append(d.added, n)
					case !add && set[n]:
						delete(set, n)
						d.removed = append(d.removed, n)
					}
				}
				if len(d.added)+len(d.removed) > 0 {
					twin[value], changes[value] = set, d
				}
			}
			at = at.edit(changes)
			tables, twins = append(tables, at), append(twins, twin)
		}
		for i, at := range tables {
			values := 0
			for value, set := range twins[i] {
				got, want := at.get(value).bitmap().ToArray(), slices.Sorted(maps.Keys(set))
				if len(got) != len(want) || len(want) > 0 && !slices.Equal(got, want) {
					t.Fatalf("after edit %d, %s has %v, want %v", i, value, got, want)
				}
				values += is(len(want) > 0)
			}
			if at.len() != values || !at.get("unheard of").empty() {
				t.Fatalf("after edit %d, %d values, want %d", i, at.len(), values)
			}
		}
	})
}
