package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
)

// bestOfTable is the plain twin of Table.Best and Table.BestOf.
func bestOfTable(rows, q []float32, k int, keep func(row int) bool) []Scored {
	var found []Scored
	for i := range rowsIn(rows, len(q)) {
		if keep(i) {
			found = append(found, Scored{engine.ItemNum(i), Dot(q, rows[i*len(q):])})
		}
	}
	return bestByHand(found, max(k, 0))
}

// rowsOfAllSizes returns rows as models make them and as they never should: of all
// lengths, zero, repeated, rising in score, infinite, tiny.
func rowsOfAllSizes(rng *rand.Rand, n, d int) []float32 {
	rows := randomRow(rng, n*d)
	for i := range n {
		row := rows[i*d:][:d]
		scale := float32(math.Exp(rng.NormFloat64()))
		switch rng.IntN(20) {
		case 0:
			scale = 0
		case 1:
			copy(row, rows[rng.IntN(i+1)*d:][:d])
			continue
		case 2:
			scale = 1e-35
		case 3:
			scale = 1e20
			if rng.IntN(8) == 0 {
				row[rng.IntN(d)] = float32([]float64{math.Inf(1), math.Inf(-1), math.NaN()}[rng.IntN(3)])
			}
		case 4:
			scale = float32(i)
		}
		for k := range row {
			row[k] *= scale
		}
	}
	return rows
}

// checkTable holds searches of a table against its twin.
func checkTable(t *testing.T, s *Search, rng *rand.Rand, n, d, k int) {
	t.Helper()
	rows := rowsOfAllSizes(rng, n, d)
	table := NewTable(rows, d)
	all := func(int) bool { return true }
	for trial := range 6 {
		q := randomRow(rng, d)
		switch trial {
		case 3:
			q[0] *= 1e18
		case 4:
			clear(q)
		case 5:
			q[d-1] = float32(math.NaN())
		}
		if got, want := table.Best(s, q, k, nil), bestOfTable(rows, q, k, all); !slices.Equal(got, want) {
			t.Fatalf("best %d of %d x %d, query %d: %v, want %v", k, n, d, trial, got, want)
		}
		for _, share := range []float64{0.9, 0.2, 0.01} {
			mask, picks := make([]uint64, (n+63)/64), []uint32{}
			for i := range n {
				if rng.Float64() < share {
					mask[i/64] |= 1 << (i % 64)
					picks = append(picks, uint32(i))
				}
			}
			want := bestOfTable(rows, q, k, func(i int) bool { return mask[i/64]>>(i%64)&1 == 1 })
			if got := table.Best(s, q, k, mask); !slices.Equal(got, want) {
				t.Fatalf("best %d of %d x %d under a mask of %v, query %d: %v, want %v", k, n, d, share, trial, got, want)
			}
			if got := table.BestOf(s, q, k, picks); !slices.Equal(got, want) {
				t.Fatalf("best %d of %d picks of %d x %d, query %d: %v, want %v", k, len(picks), n, d, trial, got, want)
			}
		}
	}
}

func TestTableFindsWhatAScanFinds(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng, s := rand.New(rand.NewPCG(8, 8)), &Search{}
		for _, size := range [][3]int{{1, 1, 1}, {5, 3, 10}, {64, 16, 5}, {300, 20, 300}, {3000, 64, 10}, {1500, 100, 100}, {40, 2, 0}} {
			checkTable(t, s, rng, size[0], size[1], size[2])
		}
	})
}

func FuzzTable(f *testing.F) {
	f.Add(uint64(1), 100, 8, 5)
	f.Add(uint64(2), 700, 33, 50)
	f.Fuzz(func(t *testing.T, seed uint64, n, d, k int) {
		if n < 1 || n > 2000 || d < 1 || d > 130 || k < -1 || k > 3000 {
			t.Skip()
		}
		checkTable(t, &Search{}, rand.New(rand.NewPCG(seed, 1)), n, d, k)
	})
}

// TestTableReadsFewFloats holds the point of the bytes: nearly all rows are left out by
// them. It counts candidates, which depend on nothing but the numbers.
func TestTableReadsFewFloats(t *testing.T) {
	rng, s := rand.New(rand.NewPCG(9, 9)), &Search{}
	const n, d, k = 50_000, 64, 100
	table := NewTable(randomRow(rng, n*d), d)
	for range 5 {
		table.Best(s, randomRow(rng, d), k, nil)
		if got := len(s.picks); got > 8*k {
			t.Errorf("%d of %d rows were scored in floats for the best %d, want at most %d", got, n, k, 8*k)
		}
	}
}

func TestTableRefusesRowsItHasNot(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		table := NewTable(make([]float32, 40), 4)
		for _, q := range [][]float32{{1, 2, 3, 4}, {0, 0, 0, 0}} {
			got := panics(func() { table.BestOf(&Search{}, q, 1, []uint32{1, 2, 3, 4, 5, 10}) })
			if want := "vector: row 10 of 10"; got != want {
				t.Errorf("BestOf with row 10 of 10, query %v: %v, want a panic: %s", q, got, want)
			}
		}
	})
}

func TestSearchDoesNotAllocate(t *testing.T) {
	rng, s := rand.New(rand.NewPCG(10, 10)), &Search{}
	table, q := NewTable(randomRow(rng, 5000*32), 32), randomRow(rng, 32)
	mask := []uint64{1 << 40, 0, ^uint64(0), 7}
	search := func() { table.Best(s, q, 20, nil); table.Best(s, q, 20, mask) }
	search()
	if n := testing.AllocsPerRun(10, search); n != 0 {
		t.Errorf("a search allocates %v times", n)
	}
}

func FuzzOffer(f *testing.F) {
	f.Add(uint64(1), 300, 10)
	f.Add(uint64(2), 5000, 0)
	f.Fuzz(func(t *testing.T, seed uint64, n, k int) {
		if n < 0 || n > 5000 || k < -1 || k > 500 {
			t.Skip()
		}
		rng := rand.New(rand.NewPCG(seed, 2))
		scores, items, found := make([]float32, n), make([]engine.ItemNum, n), make([]Scored, n)
		for i := range scores {
			scores[i] = float32(rng.IntN(50)) // full of ties
			if rng.IntN(50) == 0 {
				scores[i] = float32([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[rng.IntN(3)])
			}
			items[i] = engine.ItemNum(rng.IntN(1000))
			found[i] = Scored{items[i], scores[i]}
		}
		was := kernels
		defer func() { kernels = was }()
		for kernels = plain; kernels <= best(); kernels++ {
			top := NewTop(k)
			top.OfferItems(items, scores)
			if got, want := top.Best(), bestByHand(found, max(k, 0)); !slices.Equal(got, want) {
				t.Fatalf("%v: best %d of %d items: %v, want %v", kernels, k, n, got, want)
			}
			marks, padded := make([]uint64, (n+63)/64), append(slices.Clone(scores), make([]float32, 64)...)
			var marked []Scored
			for i := range found {
				if i%3 > 0 || n%2 == 0 {
					marks[i/64] |= 1 << (i % 64)
					marked = append(marked, found[i])
				}
			}
			top = NewTop(k)
			top.OfferMarked(items, padded, marks)
			if got, want := top.Best(), bestByHand(marked, max(k, 0)); !slices.Equal(got, want) {
				t.Fatalf("%v: best %d of %d marked: %v, want %v", kernels, k, n, got, want)
			}
			top = NewTop(k)
			for from := 0; from < n; from += 777 {
				top.Offer(engine.ItemNum(from+3), scores[from:min(from+777, n)])
			}
			numbered := make([]Scored, n)
			for i := range numbered {
				numbered[i] = Scored{engine.ItemNum(i + 3), scores[i]}
			}
			if got, want := top.Best(), bestByHand(numbered, max(k, 0)); !slices.Equal(got, want) {
				t.Fatalf("%v: best %d of %d scores: %v, want %v", kernels, k, n, got, want)
			}
		}
	})
}
