package vector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// checkRough holds what a query in bytes says of rows against their dot products.
func checkRough(t *testing.T, r *Rough, rng *rand.Rand, n, d int) (spoke bool) {
	t.Helper()
	rows := rowsOfAllSizes(rng, n, d)
	if rng.IntN(2) == 0 {
		rows = randomRow(rng, n*d) // of which bytes can speak
	}
	table := NewTable(rows, d)
	q := randomRow(rng, d)
	switch rng.IntN(8) {
	case 0:
		clear(q)
	case 1:
		q[rng.IntN(d)] *= 1e12
	case 2:
		q[0] = float32(math.NaN())
	case 3:
		q[0] = 1e20
	}
	if !r.Ask(q) {
		return false
	}
	off, most, ok := r.Bounds(table)
	if !ok {
		return false
	}
	all, some, picks := make([]float32, n), make([]float32, n), make([]uint32, n)
	for i := range picks {
		picks[i] = uint32(rng.IntN(n))
	}
	from := rng.IntN(n)
	r.Rows(all[from:], table, from)
	r.Picked(some, table, picks)
	near := func(what string, row int, said float32) {
		want, got := float64(Dot(q, table.Row(row))), float64(said)*r.Gain()
		if !(math.Abs(got-want) <= off) || !(math.Abs(want) <= most) || !(math.Abs(got) <= most) {
			t.Fatalf("%s, row %d of %d x %d: %v, want %v within %v, and both at most %v", what, row, n, d, got, want, off, most)
		}
	}
	for i := from; i < n; i++ {
		near("rows", i, all[i])
	}
	for i, row := range picks {
		near("picked", int(row), some[i])
	}
	return true
}

func TestRoughIsNear(t *testing.T) {
	rng, spoke := rand.New(rand.NewPCG(5, 6)), 0
	r := new(Rough)
	for range 3000 {
		if checkRough(t, r, rng, 1+rng.IntN(70), 1+rng.IntN(150)) {
			spoke++
		}
	}
	if spoke < 1000 {
		t.Errorf("bytes spoke for %d of 3000 tables", spoke)
	}
}

// What is added of panels has the bits of Rows and Axpy.
func TestPanelsGiveTheBitsOfRows(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		for range 500 {
			checkPanels(t, rng, 1+rng.IntN(400), 1+rng.IntN(200))
		}
	})
}

func checkPanels(t *testing.T, rng *rand.Rand, n, d int) {
	t.Helper()
	rows, q := randomRow(rng, n*d), randomRow(rng, d)
	if rng.IntN(8) == 0 {
		clear(q)
	}
	table, r := NewTable(rows, d), new(Rough)
	if !r.Ask(q) {
		return
	}
	panels, by := NewPanels(table), float32(rng.NormFloat64())
	from := rng.IntN(n) / blockRows * blockRows
	count := rng.IntN(n - from + 1)
	got := randomRow(rng, count)
	want, scores := slices.Clone(got), make([]float32, count)
	r.AddTo(got, panels, from, by)
	r.Rows(scores, table, from)
	Axpy(by, scores, want)
	if !sameBits(got, want) {
		t.Fatalf("%d of %d rows of %d from %d: %v, want %v", count, n, d, from, got, want)
	}
}

func FuzzPanels(f *testing.F) {
	f.Add(uint64(1), uint16(200), uint16(64))
	f.Fuzz(func(t *testing.T, seed uint64, n, d uint16) {
		checkPanels(t, rand.New(rand.NewPCG(seed, 13)), 1+int(n)%500, 1+int(d)%300)
	})
}

// TestRoughTellsApart holds that what is said is near enough to be of use: rows of one length,
// as those of content are, within some hundredths of it.
func TestRoughTellsApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const d = 128
	rows, q := randomRow(rng, 100*d), randomRow(rng, d)
	for i := range 100 {
		length := float32(norm(rows[i*d:][:d]))
		for k := range d {
			rows[i*d+k] /= length
		}
	}
	r := new(Rough)
	r.Ask(q)
	if off, most, ok := r.Bounds(NewTable(rows, d)); !ok || off > most/25 {
		t.Errorf("off by %v of %v, %t; want a twenty-fifth", off, most, ok)
	}
}

func FuzzRough(f *testing.F) {
	f.Add(uint64(1), 20, 64)
	f.Fuzz(func(t *testing.T, seed uint64, n, d int) {
		if n < 1 || n > 300 || d < 1 || d > 300 {
			t.Skip()
		}
		checkRough(t, new(Rough), rand.New(rand.NewPCG(seed, 9)), n, d)
	})
}
