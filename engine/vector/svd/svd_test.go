package svd

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// invented returns a sparse matrix and the same one dense. Its columns come in groups, as
// words and items do, so that singular values fall.
func invented(rows, columns int) (*Sparse, *mat.Dense) {
	rng := rand.New(rand.NewPCG(5, 5))
	m, full := NewSparse(columns), mat.NewDense(rows, columns, nil)
	for i := range rows {
		var row []Cell
		for j := range columns {
			if j%7 == i%7 && rng.Float64() < 0.6 || rng.Float64() < 0.05 {
				v := 1 + rng.Float64()
				row = append(row, Cell{int32(j), v})
				full.Set(i, j, v)
			}
		}
		m.Append(row)
	}
	return m, full
}

// TestRight compares with LAPACK's decomposition of the dense matrix: each direction
// holds what the singular vector of its place holds, and all are orthonormal.
func TestRight(t *testing.T) {
	const dims = 12
	m, full := invented(90, 60)
	var whole mat.SVD
	if !whole.Factorize(full, mat.SVDNone) {
		t.Fatal("LAPACK failed")
	}
	want := whole.Values(nil)
	basis, values := Right(m, dims, rand.New(rand.NewPCG(1, 1)))
	v := mat.NewDense(m.Columns(), dims, basis.data)
	var rows, products mat.Dense
	rows.Mul(full, v)
	products.Mul(v.T(), v)
	for j := range dims {
		if got := mat.Norm(rows.ColView(j), 2); math.Abs(got/want[j]-1) > 0.01 || math.Abs(got-values[j]) > 1e-6*want[0] {
			t.Errorf("direction %d holds %.4f and is said to hold %.4f, by LAPACK %.4f", j, got, values[j], want[j])
		}
		for i := range dims {
			if got := products.At(i, j); math.Abs(got-map[bool]float64{true: 1}[i == j]) > 1e-9 {
				t.Errorf("directions %d and %d have the inner product %v", i, j, got)
			}
		}
	}
}

func TestSmallMatricesArePadded(t *testing.T) {
	m := NewSparse(3)
	m.Append([]Cell{{0, 2}})
	m.Append([]Cell{{2, 1}})
	basis, values := Right(m, 5, rand.New(rand.NewPCG(1, 1)))
	for j, want := range []float64{2, 1, 0, 0, 0} {
		if math.Abs(values[j]-want) > 1e-9 {
			t.Errorf("singular value %d is %v, want %v", j, values[j], want)
		}
	}
	for i, want := range [][]float64{{1, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {0, 1, 0, 0, 0}} {
		for j, x := range basis.Row(i) {
			if math.Abs(x-want[j]) > 1e-9 {
				t.Errorf("row %d is %v, want %v", i, basis.Row(i), want)
			}
		}
	}
}

func TestSameBitsForAnyGOMAXPROCS(t *testing.T) {
	m, _ := invented(80, 70)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, _ := Right(m, 40, rand.New(rand.NewPCG(3, 3)))
	runtime.GOMAXPROCS(4)
	four, _ := Right(m, 40, rand.New(rand.NewPCG(3, 3)))
	if !slices.Equal(one.data, four.data) {
		t.Error("four threads give other bits than one")
	}
}
