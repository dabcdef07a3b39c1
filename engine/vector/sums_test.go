package vector_test

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine/vector"
)

// TestSumsAreThoseOfAMap holds Sums, used again and again, against a plain map.
func TestSumsAreThoseOfAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 300).Draw(t, "rows")
		sums := vector.NewSums(rows)
		for range 3 {
			want := map[int]float64{}
			for range rapid.IntRange(0, 100).Draw(t, "adds") {
				row, v := rapid.IntRange(0, rows-1).Draw(t, "row"), float64(rapid.IntRange(-3, 3).Draw(t, "v"))
				sums.Add(uint32(row), v)
				want[row] += v
			}
			if sums.Len() != len(want) {
				t.Fatalf("%d rows were touched, Len is %d", len(want), sums.Len())
			}
			factors := make([]float64, rows)
			for row := range factors {
				factors[row] = float64(row)
			}
			sums.Scale(factors)
			last, count := -1, 0
			sums.Drain(func(row int, v float64) {
				if w, touched := want[row]; !touched || v != w*float64(row) || row <= last {
					t.Fatalf("row %d with %v after row %d, want %v of it", row, v, last, w)
				}
				last, count = row, count+1
			})
			if count != len(want) {
				t.Fatalf("Drain visited %d rows of %d", count, len(want))
			}
		}
	})
}

// AddAll is Add of each.
func TestAddAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	all, each := vector.NewSums(200), vector.NewSums(200)
	for range 30 {
		rows, weights, by := make([]uint32, rng.IntN(40)), make([]float32, 40), rng.NormFloat64()
		for i := range rows {
			rows[i], weights[i] = rng.Uint32N(200), rng.Float32()
			each.Add(rows[i], by*float64(weights[i]))
		}
		vector.AddAll(all, rows, weights, by)
	}
	if all.Len() != each.Len() {
		t.Fatalf("%d rows were touched, want %d", all.Len(), each.Len())
	}
	want := map[int]float64{}
	each.Drain(func(row int, v float64) { want[row] = v })
	all.Drain(func(row int, v float64) {
		if v != want[row] {
			t.Errorf("row %d is %v, want %v", row, v, want[row])
		}
	})
}

// Large pages hold what small ones did, wherever they begin.
func TestInLargePages(t *testing.T) {
	all := make([]uint32, 3<<20)
	for i := range all {
		all[i] = uint32(i)
	}
	for _, part := range [][]uint32{all[:0], all[:1], all[7:], all[1<<19:], all} {
		vector.InLargePages(part)
	}
	for i, v := range all {
		if v != uint32(i) {
			t.Fatalf("number %d is %d", i, v)
		}
	}
}
