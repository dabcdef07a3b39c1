package model

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine/vector"
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
			got := e.Of(row, nil)
			if !slices.Equal(got, list) || e.Degree(row) != len(list) {
				t.Fatalf("row %d leads to %v, %d rows, want %v", row, got, e.Degree(row), list)
			}
			some, all := vector.NewSums(len(lists)), make([]float64, len(lists))
			e.AddTo(some, row, 0.5)
			e.AddToAll(all, row, 0.5)
			for to := range lists {
				weight, is := e.Weight(row, to)
				at := slices.IndexFunc(list, func(e Edge) bool { return e.Row == uint32(to) })
				if is != (at >= 0) || is && weight != list[at].Weight || all[to] != 0.5*float64(weight) {
					t.Fatalf("row %d leads to %d by %v, %v, and half of it adds %v; want %v", row, to, weight, is, all[to], list)
				}
			}
			if some.Len() != len(list) {
				t.Fatalf("%d rows are added to, want %v", some.Len(), list)
			}
			some.Drain(func(to int, v float64) {
				if v != all[to] {
					t.Fatalf("row %d adds %v to %d, and %v where there is a sum for each", row, v, to, all[to])
				}
			})
			for _, one := range list {
				if back, found := turned.Weight(int(one.Row), row); !found || back != one.Weight {
					t.Fatalf("turned, row %d leads to %d by %v, %v; want %v", one.Row, row, back, found, one.Weight)
				}
			}
			n += len(list)
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
		if !slices.Equal(got.ends, wanted.ends) || !slices.Equal(got.near, wanted.near) || !slices.Equal(got.weights, wanted.weights) {
			t.Fatalf("laid %+v, want %+v", got, wanted)
		}
		if same := NewEdges(lists).Laid(rows, len(lists)); !reflect.DeepEqual(same.ends, NewEdges(lists).ends) {
			t.Fatalf("laid where they are: %+v", same)
		}
	})
}

// Edges between more rows than two bytes tell apart say the same, and are saved the same.
func TestFarEdges(t *testing.T) {
	const rows = nearRows + 5
	lists := make([][]Edge, rows)
	lists[0] = []Edge{{3, 0.5}, {nearRows - 1, 0.25}, {nearRows + 4, -1}}
	lists[rows-1] = []Edge{{nearRows, 2}}
	e := NewEdges(lists)
	check := func(name string, e *Edges) {
		t.Helper()
		if got := e.Of(0, nil); !slices.Equal(got, lists[0]) || e.Len() != 4 || e.Degree(1) != 0 {
			t.Errorf("%s: row 0 leads to %v, want %v", name, got, lists[0])
		}
		if weight, is := e.Weight(rows-1, nearRows); !is || weight != 2 {
			t.Errorf("%s: %v, %v; want 2", name, weight, is)
		}
		if _, is := e.Weight(rows-1, 0); is { // which the last 16 bits of nearRows are
			t.Errorf("%s: an edge that is none", name)
		}
		sums, all := vector.NewSums(rows), make([]float64, rows)
		e.AddTo(sums, 0, 2)
		e.AddToAll(all, 0, 2)
		sums.Drain(func(row int, v float64) {
			if v != all[row] || v == 0 {
				t.Errorf("%s: %v is added to row %d, and %v", name, v, row, all[row])
			}
		})
	}
	check("made", e)
	check("turned twice", TurnedEdges(turnedLists(TurnedEdges(lists), rows)))
	var saved bytes.Buffer
	w := NewWriter(&saved, "edges", 1)
	e.Save(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text := saved.Bytes()
	f, err := NewReader(bytes.NewReader(text), "edges", 1)
	if err != nil {
		t.Fatal(err)
	}
	check("loaded", LoadEdges(f, rows))
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func turnedLists(e *Edges, rows int) [][]Edge {
	out := make([][]Edge, rows)
	for row := range out {
		out[row] = e.Of(row, nil)
	}
	return out
}

// A row beyond those there are is refused, and not taken for another by its last 16 bits.
func TestEdgesTooFar(t *testing.T) {
	var saved bytes.Buffer
	w := NewWriter(&saved, "edges", 1)
	w.Uint32s([]uint32{1, 1})
	w.Uint32s([]uint32{nearRows + 1})
	w.Float32s([]float32{1})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := NewReader(&saved, "edges", 1)
	if err != nil {
		t.Fatal(err)
	}
	if LoadEdges(f, 2); !errors.Is(f.Close(), ErrCorrupt) {
		t.Error("an edge to no row was loaded")
	}
}

// TestFind holds the search without branches against that of the library.
func TestFind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfNDistinct(rapid.Uint16Range(0, 60), 0, 40, rapid.ID).Draw(t, "rows")
		slices.Sort(rows)
		row := rapid.Uint16Range(0, 61).Draw(t, "row")
		want, is := slices.BinarySearch(rows, row)
		if at, found := find(rows, row); found != is || found && at != want {
			t.Fatalf("%d in %v: at %d, %v; want %d, %v", row, rows, at, found, want, is)
		}
	})
}
