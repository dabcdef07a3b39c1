package vector

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBytes holds rows in bytes against their floats, and products against those of what the
// bytes say, in float64.
func TestBytes(t *testing.T) {
	rng, r := rand.New(rand.NewPCG(9, 10)), new(Rough)
	for range 1000 {
		n, d := 1+rng.IntN(20), 1+rng.IntN(200)
		rows := randomRow(rng, n*d)
		if rng.IntN(4) == 0 {
			clear(rows[:d])
		}
		first, b := NewBytes(d, 0), NewBytes(d, n)
		var lost []float64
		for i := range n {
			lost = append(lost, first.Append(rows[i*d:][:d]))
		}
		for i := range n {
			b.AppendRow(first, n-1-i)
		}
		if b.Len() != n || b.Dims() != d {
			t.Fatalf("%d x %d, want %d x %d", b.Len(), b.Dims(), n, d)
		}
		q, asked, row, said := randomRow(rng, d), make([]float32, d), make([]float32, d), make([]float32, n)
		if rng.IntN(4) == 0 {
			clear(q)
		}
		if !r.Ask(q) {
			continue
		}
		r.Row(asked)
		if off := distance(q, asked); math.Abs(off-r.Lost()) > 1e-5*(1+off) {
			t.Fatalf("the query loses %v, and says %v", off, r.Lost())
		}
		near, most, ok := r.BytesBounds(b)
		if !ok {
			t.Fatal("bytes speak for none of the rows")
		}
		from := rng.IntN(n)
		r.Bytes(said[from:], b, from)
		picks, picked := []uint32{uint32(n - 1), uint32(from), uint32(from)}, make([]float32, 3)
		r.BytesPicked(picked, b, picks)
		for i, row := range picks {
			if picked[i] != said[row] {
				t.Fatalf("row %d says %v among others, %v in its place", row, picked[i], said[row])
			}
		}
		for i := range n {
			b.Row(row, i)
			was := rows[(n-1-i)*d:][:d]
			if off := distance(was, row); math.Abs(off-lost[n-1-i]) > 1e-5*(1+off) || off > 0.5*math.Sqrt(float64(d))*largest(was)/steps*1.001 {
				t.Fatalf("row %d is off by %v, said to lose %v", i, off, lost[n-1-i])
			}
			if i < from {
				continue
			}
			var want float64
			for k := range row {
				want += float64(row[k]) * float64(asked[k])
			}
			if got := float64(said[i]) * r.Gain(); math.Abs(got-want) > 1e-5*(1+Length(row)*Length(asked)) {
				t.Fatalf("row %d says %v, want %v", i, got, want)
			}
			got, dot := float64(said[i])*r.Gain(), float64(Dot(q, was))
			if math.Abs(got-dot) > near || math.Abs(got) > most || math.Abs(dot) > most {
				t.Fatalf("row %d says %v, in floats %v: want %v between them at most, and %v in all", i, got, dot, near, most)
			}
		}
	}
	b := NewBytes(2, 1)
	b.Append([]float32{float32(math.NaN()), 1})
	row := []float32{7, 7}
	r.Ask(row)
	if _, _, ok := r.BytesBounds(b); ok {
		t.Error("bytes speak for what is no number")
	}
	if b.Row(row, 0); row[0] != 0 || row[1] != 0 {
		t.Errorf("a row with what is no number became %v", row)
	}
}

func distance(a, b []float32) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
