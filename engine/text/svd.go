package text

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"
)

// The truncated singular value decomposition A = U S V' of a tall sparse matrix A, of
// which only V is wanted. It is the randomised range finder with power iterations of
// Halko, Martinsson and Tropp (2011, algorithm 4.4) applied to A', written on the side
// of the terms: documents stream by, so memory is terms x directions however many
// documents there are. Small dense problems (directions squared) go to gonum.

// dense is a matrix in rows.
type dense struct {
	width int
	data  []float64
}

func newDense(rows, width int) *dense { return &dense{width, make([]float64, rows*width)} }

func (d *dense) rows() int { return len(d.data) / max(d.width, 1) }

func (d *dense) row(i int) []float64 { return d.data[i*d.width : (i+1)*d.width] }

// length returns the root of the mean square length of a row.
func (d *dense) length() float64 {
	var squares float64
	for _, x := range d.data {
		squares += x * x
	}
	return math.Sqrt(squares / float64(d.rows()))
}

// rangeOf returns orthonormal columns, at most width of them, that span nearly what
// the first right singular vectors of m span.
func rangeOf(m *sparse, width int, random *rand.Rand) *dense {
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
// first, and pads or cuts them to dims columns. Signs are chosen so that the largest
// coordinate of each is positive.
func principal(m *sparse, directions *dense, dims int) *dense {
	_, vectors := symmetricEigen(innerProducts(directions, gramTimes(m, directions)))
	width := directions.width
	chosen := mat.NewDense(width, dims, nil)
	for j := range min(width, dims) {
		for i := range width {
			chosen.Set(i, j, vectors.At(i, width-1-j)) // eigenvalues ascend
		}
	}
	out := times(directions, chosen)
	for j := range dims {
		out.point(j)
	}
	return out
}

// point turns column j so that its largest coordinate is positive.
func (d *dense) point(j int) {
	var largest float64
	for i := range d.rows() {
		if x := d.data[i*d.width+j]; x*x > largest*largest {
			largest = x
		}
	}
	if largest >= 0 {
		return
	}
	for i := range d.rows() {
		d.data[i*d.width+j] *= -1
	}
}

// orthonormal returns columns that span what v's span: v U L^-1/2 for v'v = U L U'.
// Directions that are rounding errors of others are dropped, so the result may be
// narrower.
func orthonormal(v *dense) *dense {
	values, vectors := symmetricEigen(innerProducts(v, v))
	first := 0
	for first < len(values) && values[first] <= 1e-12*values[len(values)-1] {
		first++
	}
	basis := mat.NewDense(v.width, v.width-first, nil)
	for j := first; j < v.width; j++ {
		for i := range v.width {
			basis.Set(i, j-first, vectors.At(i, j)/math.Sqrt(values[j]))
		}
	}
	return times(v, basis)
}

// times returns v b.
func times(v *dense, b *mat.Dense) *dense {
	_, width := b.Dims()
	out := newDense(v.rows(), width)
	strips(width, func(from, to int) {
		for i := range v.rows() {
			into := out.row(i)[from:to]
			for k, x := range v.row(i) {
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
		// LAPACK's QR iteration fails on NaN and infinity only, and TF-IDF has neither.
		panic("text: the eigenvalues of a finite matrix did not converge")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	return eigen.Values(nil), &vectors
}

// innerProducts returns a'b, which must be symmetric.
func innerProducts(a, b *dense) *mat.SymDense {
	out := mat.NewSymDense(a.width, nil)
	sums := newDense(a.width, a.width)
	strips(a.width, func(from, to int) {
		for i := range a.rows() {
			right := b.row(i)
			for k, x := range a.row(i)[:to] {
				into := sums.row(k)
				for j := max(from, k); j < to; j++ {
					into[j] += x * right[j]
				}
			}
		}
	})
	for k := range a.width {
		for j := k; j < a.width; j++ {
			out.SetSym(k, j, sums.data[k*a.width+j])
		}
	}
	return out
}

// gramTimes returns A'A v, one document after the other.
func gramTimes(m *sparse, v *dense) *dense {
	out := newDense(v.rows(), v.width)
	strips(v.width, func(from, to int) {
		product := make([]float64, to-from) // of the document's row and v
		for document := range m.rows {
			clear(product)
			for _, c := range document {
				for j, x := range v.row(int(c.column))[from:to] {
					product[j] += c.value * x
				}
			}
			for _, c := range document {
				into := out.row(int(c.column))[from:to]
				for j, x := range product {
					into[j] += c.value * x
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
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (columns+stripColumns-1)/stripColumns) {
		workers.Go(func() {
			for {
				from := int(next.Add(stripColumns)) - stripColumns
				if from >= columns {
					return
				}
				do(from, min(from+stripColumns, columns))
			}
		})
	}
	workers.Wait()
}
