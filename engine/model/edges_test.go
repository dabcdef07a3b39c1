package model

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawn draws edges between some rows, by those that lead from each.
func drawn(t *rapid.T, rows int) [][]Edge {
	out := make([][]Edge, rows)
	for i := range out {
		for to := range rows {
			if rapid.Bool().Draw(t, "joined") {
				out[i] = append(out[i], Edge{uint32(to), rapid.Float32Range(-1, 1).Draw(t, "weight")})
			}
		}
	}
	return out
}

func TestEdgesOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := drawn(t, rapid.IntRange(0, 6).Draw(t, "rows"))
		e, turned, n := NewEdges(lists), TurnedEdges(lists), 0
		for row, list := range lists {
			to, weights := e.Of(row)
			for i, one := range list {
				if to[i] != one.Row || weights[i] != one.Weight {
					t.Fatalf("row %d leads to %v by %v, want %v", row, to, weights, list)
				}
				back, its := turned.Of(int(one.Row))
				at, found := slices.BinarySearch(back, uint32(row))
				if !found || its[at] != one.Weight {
					t.Fatalf("turned, row %d leads to %v by %v, want %d by %v", one.Row, back, its, row, one.Weight)
				}
			}
			if n += len(list); len(to) != len(list) {
				t.Fatalf("row %d leads to %v, want %v", row, to, list)
			}
		}
		if e.Len() != n || turned.Len() != n {
			t.Fatalf("%d and, turned, %d edges of %d", e.Len(), turned.Len(), n)
		}
	})
}

// TestLaid holds that an edge is there between the rows that are still there, wherever they
// are now.
func TestLaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := drawn(t, rapid.IntRange(1, 6).Draw(t, "rows"))
		rows := make([]int, len(lists))
		for i := range rows {
			rows[i] = i
		}
		from := rapid.Permutation(rows).Draw(t, "order")
		from = from[:rapid.IntRange(0, len(from)).Draw(t, "known")]
		want := make([][]Edge, len(from))
		for row, at := range from {
			for to, was := range from {
				i, found := slices.BinarySearchFunc(lists[at], uint32(was), func(e Edge, row uint32) int { return int(e.Row) - int(row) })
				if found {
					want[row] = append(want[row], Edge{uint32(to), lists[at][i].Weight})
				}
			}
		}
		got, wanted := NewEdges(lists).Laid(from, len(lists)), NewEdges(want)
		if !slices.Equal(got.ends, wanted.ends) || !slices.Equal(got.to, wanted.to) || !slices.Equal(got.weights, wanted.weights) {
			t.Fatalf("laid %+v, want %+v", got, wanted)
		}
		if same := NewEdges(lists).Laid(rows, len(lists)); !reflect.DeepEqual(same.ends, NewEdges(lists).ends) {
			t.Fatalf("laid where they are: %+v", same)
		}
	})
}
