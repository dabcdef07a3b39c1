// Package svd is the truncated singular value decomposition A = U S V' of a tall sparse
// matrix A, of which only V and S are wanted. It is the randomised range finder with
// power iterations of Halko, Martinsson and Tropp (2011, algorithm 4.4) applied to A',
// written on the side of the columns: rows stream by, so memory is columns x directions
// however many rows there are. Small dense problems (directions squared) go to gonum.
package svd

import (
	"math"
	"math/rand/v2"
	"runtime"

	"gonum.org/v1/gonum/mat"

	"github.com/rapportengine/rapport/engine/vector"
)

const (
	// oversampling is how many directions more than asked for the range finder follows.
	oversampling = 10
	// powerIterations sharpens the range where singular values fall slowly, as those
	// of text and of behaviour do.
	powerIterations = 3
)

// Right returns the first dims right singular vectors of m as columns, one row for each
// column of m, and their singular values, both strongest first. Signs are chosen so that
// the largest coordinate of each vector is positive; where m has fewer directions than
// dims, the rest is 0. The values in m must be finite and not all 0. The same m and
// random give the same bits for any GOMAXPROCS.
func Right(m *Sparse, dims int, random *rand.Rand) (*Dense, []float64) {
	return principal(m, rangeOf(m, min(dims+oversampling, m.columns), random), dims)
}

// rangeOf returns orthonormal columns, at most width of them, that span nearly what
// the first right singular vectors of m span.
func rangeOf(m *Sparse, width int, random *rand.Rand) *Dense {
	v := newDense(m.columns, width)
	for i := range v.data {
		v.data[i] = random.NormFloat64()
	}
	v = orthonormal(v)
	for range 1 + powerIterations {
		// A'A squares the spread of the columns, so they are made orthonormal after
		// every step; twice, as one pass leaves the square of the rounding.
		v = orthonormal(orthonormal(gramTimes(m, v)))
	}
	return v
}

// principal turns the directions into the right singular vectors they span, strongest
// first, with their values, and pads or cuts both to dims.
func principal(m *Sparse, directions *Dense, dims int) (*Dense, []float64) {
	squares, vectors := symmetricEigen(innerProducts(directions, gramTimes(m, directions)))
	width := directions.Width
	chosen := mat.NewDense(width, dims, nil)
	values := make([]float64, dims)
	for j := range min(width, dims) {
		values[j] = math.Sqrt(max(0, squares[width-1-j]))
		for i := range width {
			chosen.Set(i, j, vectors.At(i, width-1-j)) // eigenvalues ascend
		}
	}
	out := times(directions, chosen)
	for j := range dims {
		out.point(j)
	}
	return out, values
}

// point turns column j so that its largest coordinate is positive.
func (d *Dense) point(j int) {
	var largest float64
	for i := range d.Rows() {
		if x := d.data[i*d.Width+j]; x*x > largest*largest {
			largest = x
		}
	}
	if largest >= 0 {
		return
	}
	for i := range d.Rows() {
		d.data[i*d.Width+j] *= -1
	}
}

// orthonormal returns columns that span what v's span: v U L^-1/2 for v'v = U L U'.
// Directions that are rounding errors of others are dropped, so the result may be
// narrower.
func orthonormal(v *Dense) *Dense {
	values, vectors := symmetricEigen(innerProducts(v, v))
	first := 0
	for first < len(values) && values[first] <= 1e-12*values[len(values)-1] {
		first++
	}
	basis := mat.NewDense(v.Width, v.Width-first, nil)
	for j := first; j < v.Width; j++ {
		for i := range v.Width {
			basis.Set(i, j-first, vectors.At(i, j)/math.Sqrt(values[j]))
		}
	}
	return times(v, basis)
}

// times returns v b.
func times(v *Dense, b *mat.Dense) *Dense {
	_, width := b.Dims()
	out := newDense(v.Rows(), width)
	strips(width, func(from, to int) {
		for i := range v.Rows() {
			into := out.Row(i)[from:to]
			for k, x := range v.Row(i) {
				for j, y := range b.RawRowView(k)[from:to] {
					into[j] += x * y
				}
			}
		}
	})
	return out
}

// symmetricEigen returns the eigenvalues of s, ascending, and its eigenvectors.
func symmetricEigen(s *mat.SymDense) ([]float64, *mat.Dense) {
	var eigen mat.EigenSym
	if !eigen.Factorize(s, true) {
		// LAPACK's QR iteration fails on NaN and infinity only, which Right is not given.
		panic("svd: the eigenvalues of a finite matrix did not converge")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	return eigen.Values(nil), &vectors
}

// innerProducts returns a'b, which must be symmetric.
func innerProducts(a, b *Dense) *mat.SymDense {
	out := mat.NewSymDense(a.Width, nil)
	sums := newDense(a.Width, a.Width)
	strips(a.Width, func(from, to int) {
		for i := range a.Rows() {
			right := b.Row(i)
			for k, x := range a.Row(i)[:to] {
				into := sums.Row(k)
				for j := max(from, k); j < to; j++ {
					into[j] += x * right[j]
				}
			}
		}
	})
	for k := range a.Width {
		for j := k; j < a.Width; j++ {
			out.SetSym(k, j, sums.data[k*a.Width+j])
		}
	}
	return out
}

// gramTimes returns A'A v, one row after the other.
func gramTimes(m *Sparse, v *Dense) *Dense {
	out := newDense(v.Rows(), v.Width)
	strips(v.Width, func(from, to int) {
		product := make([]float64, to-from) // of the row and v
		for row := range m.Rows {
			clear(product)
			for _, c := range row {
				for j, x := range v.Row(int(c.Column))[from:to] {
					product[j] += c.Value * x
				}
			}
			for _, c := range row {
				into := out.Row(int(c.Column))[from:to]
				for j, x := range product {
					into[j] += c.Value * x
				}
			}
		}
	})
	return out
}

// stripColumns is how many columns a goroutine takes at a time: two cache lines.
const stripColumns = 16

// strips calls do for every strip of the columns. A cell is summed by one goroutine in
// one order, so results do not depend on how many there are.
func strips(columns int, do func(from, to int)) {
	vector.Fork(runtime.GOMAXPROCS(0), (columns+stripColumns-1)/stripColumns, func(_, strip int) {
		do(strip*stripColumns, min((strip+1)*stripColumns, columns))
	})
}
