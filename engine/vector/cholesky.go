package vector

import (
	"errors"
	"math"
)

// ErrNotPositive says that a matrix is not positive definite, or holds a NaN.
var ErrNotPositive = errors.New("matrix is not positive definite")

// Sym is a symmetric matrix of a few hundred rows, kept as its lower triangle: the
// normal equations of one row of a factor model. Rows are padded so that the kernels
// meet no remainders; the padding is an identity and never shows.
type Sym struct {
	n, ld int
	a     []float64 // ld x ld, row-major, lower triangle
}

// NewSym returns an n x n matrix of zeros.
func NewSym(n int) *Sym {
	ld := pad(n)
	return &Sym{n: n, ld: ld, a: make([]float64, ld*ld)}
}

// Len returns n.
func (s *Sym) Len() int { return s.n }

// At returns the element in row i and column j.
func (s *Sym) At(i, j int) float64 { return s.a[max(i, j)*s.ld+min(i, j)] }

// Set changes the element in row i and column j, and with it that in row j, column i.
func (s *Sym) Set(i, j int, v float64) { s.a[max(i, j)*s.ld+min(i, j)] = v }

// Lower returns a copy of the n(n+1)/2 elements of the lower triangle, row by row.
func (s *Sym) Lower() []float64 {
	out := make([]float64, 0, s.n*(s.n+1)/2)
	for i := range s.n {
		out = append(out, s.a[i*s.ld:][:i+1]...)
	}
	return out
}

// SetLower changes all of s to the elements that Lower returned.
func (s *Sym) SetLower(lower []float64) {
	for i := range s.n {
		copy(s.a[i*s.ld:][:i+1], lower)
		lower = lower[i+1:]
	}
}

// Copy makes s the product of f and from, which has the same size.
func (s *Sym) Copy(f float64, from *Sym) {
	for i, v := range from.a {
		s.a[i] = f * v
	}
}

// Add adds from, which has the same size, to s.
func (s *Sym) Add(from *Sym) {
	for i, v := range from.a {
		s.a[i] += v
	}
}

// AddDiagonal adds v to every element of the diagonal.
func (s *Sym) AddDiagonal(v float64) {
	for i := range s.n {
		s.a[i*s.ld+i] += v
	}
}

// Columns are weighted vectors standing as the columns of a matrix, so that the
// products of Sym.AddOuter run along memory.
type Columns struct {
	n, ld, count int
	plain, times []float64 // ld rows of capacity elements
	capacity     int
}

// Reset empties c and makes room for count vectors of n elements.
func (c *Columns) Reset(n, count int) {
	c.n, c.ld, c.count, c.capacity = n, pad(n), 0, count
	if need := c.ld * count; cap(c.plain) < need {
		c.plain, c.times = make([]float64, need+need/2), make([]float64, need+need/2)
	}
	c.plain, c.times = c.plain[:c.ld*count], c.times[:c.ld*count]
	clear(c.plain[n*count:])
	clear(c.times[n*count:])
}

// Push adds the vector x with a weight.
func (c *Columns) Push(x []float32, weight float64) {
	at := c.count
	for _, v := range x[:c.n] {
		c.plain[at], c.times[at] = float64(v), weight*float64(v)
		at += c.capacity
	}
	c.count++
}

// AddOuter adds to s the sum of weight * x * transpose(x) over the vectors in c.
func (s *Sym) AddOuter(c *Columns) {
	for i := 0; i < s.ld; i += edge { // what touches the lower triangle
		addNT(1, s.a[i*s.ld:], s.ld, c.plain[i*c.capacity:], c.capacity, c.times, c.capacity, edge, i+edge, c.count)
	}
}

// Factorise replaces s by its Cholesky factor L, s = L * transpose(L), after which only
// Solve makes sense of it. It works through a few columns at a time, each group first
// reduced by a product with all columns before it (Golub and Van Loan, Matrix
// Computations, section 4.2, in blocks).
func (s *Sym) Factorise() error {
	for i := s.n; i < s.ld; i++ {
		clear(s.a[i*s.ld:][:i])
		s.a[i*s.ld+i] = 1
	}
	for j := 0; j < s.ld; j += edge {
		addNT(-1, s.a[j*s.ld+j:], s.ld, s.a[j*s.ld:], s.ld, s.a[j*s.ld:], s.ld, s.ld-j, edge, j)
		if err := s.corner(j); err != nil {
			return err
		}
		s.below(j)
	}
	return nil
}

// corner factorises the block on the diagonal at j.
func (s *Sym) corner(j int) error {
	for r := j; r < j+edge; r++ {
		row := s.a[r*s.ld+j:][: r-j+1 : r-j+1]
		for c := range row {
			col := s.a[(j+c)*s.ld+j:][:c+1]
			v := row[c]
			for k, l := range col[:c] {
				v -= row[k] * l
			}
			if c < len(row)-1 {
				row[c] = v / col[c]
				continue
			}
			if !(v > 0) || math.IsInf(v, 1) {
				return ErrNotPositive
			}
			row[c] = math.Sqrt(v)
		}
	}
	return nil
}

// below divides the rows under the block at j by it: x * transpose(L) = row.
func (s *Sym) below(j int) {
	var l [edge][edge]float64 // the block, its diagonal inverted
	for r := range edge {
		copy(l[r][:r+1], s.a[(j+r)*s.ld+j:])
		l[r][r] = 1 / l[r][r]
	}
	for i := j + edge; i < s.ld; i++ {
		x := (*[edge]float64)(s.a[i*s.ld+j:])
		x0 := x[0] * l[0][0]
		x1 := (x[1] - x0*l[1][0]) * l[1][1]
		x2 := (x[2] - x0*l[2][0] - x1*l[2][1]) * l[2][2]
		x3 := (x[3] - x0*l[3][0] - x1*l[3][1] - x2*l[3][2]) * l[3][3]
		x4 := (x[4] - x0*l[4][0] - x1*l[4][1] - x2*l[4][2] - x3*l[4][3]) * l[4][4]
		x5 := (x[5] - x0*l[5][0] - x1*l[5][1] - x2*l[5][2] - x3*l[5][3] - x4*l[5][4]) * l[5][5]
		*x = [edge]float64{x0, x1, x2, x3, x4, x5}
	}
}

// Solve replaces b by the solution x of s * x = b, given that s was factorised.
func (s *Sym) Solve(b []float64) {
	b = b[:s.n]
	for i := range b { // L y = b
		row := s.a[i*s.ld:][:i+1]
		b[i] = (b[i] - dot64(row[:i], b)) / row[i]
	}
	for i := len(b) - 1; i >= 0; i-- { // transpose(L) x = y
		row := s.a[i*s.ld:][:i+1]
		b[i] /= row[i]
		axpy64(-b[i], row[:i], b)
	}
}
