package vector

import (
	"errors"
	"math"
)

// ErrNotPositive says that a matrix is not positive definite, or holds a NaN.
var ErrNotPositive = errors.New("matrix is not positive definite")

// symEdge divides the sizes that tileWide takes.
const symEdge = 8

// Sym is a symmetric matrix of a few hundred rows: the normal equations of one row of a
// factor model. It is kept as its upper triangle by rows, so that all loops run along
// memory; results are the same bits on every processor. Rows are padded so that the
// kernels meet no remainders; the padding is an identity and never shows.
type Sym struct {
	n, ld int
	a     []float64 // ld x ld, row-major, upper triangle
	strip []float64 // symEdge x ld, scratch of Factorise
	turn  []float64 // ld x ld, scratch of AppendInverse
}

// NewSym returns an n x n matrix of zeros.
func NewSym(n int) *Sym {
	ld := (n + symEdge - 1) / symEdge * symEdge
	return &Sym{n: n, ld: ld, a: make([]float64, ld*ld)}
}

// Len returns n.
func (s *Sym) Len() int { return s.n }

// At returns the element in row i and column j.
func (s *Sym) At(i, j int) float64 { return s.a[min(i, j)*s.ld+max(i, j)] }

// Set changes the element in row i and column j, and with it that in row j, column i.
func (s *Sym) Set(i, j int, v float64) { s.a[min(i, j)*s.ld+max(i, j)] = v }

// Lower returns a copy of the n(n+1)/2 elements of the lower triangle, row by row.
func (s *Sym) Lower() []float64 {
	out := make([]float64, 0, s.n*(s.n+1)/2)
	for i := range s.n {
		for j := range i + 1 {
			out = append(out, s.a[j*s.ld+i])
		}
	}
	return out
}

// SetLower changes all of s to the elements that Lower returned.
func (s *Sym) SetLower(lower []float64) {
	for i := range s.n {
		for j, v := range lower[:i+1] {
			s.a[j*s.ld+i] = v
		}
		lower = lower[i+1:]
	}
}

// upper returns row i from the diagonal on.
func (s *Sym) upper(i int) []float64 { return s.a[i*s.ld+i:][: s.ld-i : s.ld-i] }

// Copy makes s the product of f and from, which has the same size.
func (s *Sym) Copy(f float64, from *Sym) {
	for i := range s.n {
		scaleWide(f, from.upper(i), s.upper(i))
	}
}

// Add adds from, which has the same size, to s.
func (s *Sym) Add(from *Sym) {
	for i := range s.n {
		axpyWide(1, from.upper(i), s.upper(i))
	}
}

// AddDiagonal adds v to every element of the diagonal.
func (s *Sym) AddDiagonal(v float64) {
	for i := range s.n {
		s.a[i*s.ld+i] += v
	}
}

// Columns are weighted vectors whose products Sym.AddOuter adds up.
type Columns struct {
	n, ld, count int
	plain, times []float64 // ld a vector; times the weight
}

// Reset empties c and makes room for count vectors of n elements.
func (c *Columns) Reset(n, count int) {
	c.n, c.ld, c.count = n, (n+symEdge-1)/symEdge*symEdge, 0
	if need := c.ld * count; cap(c.plain) < need {
		c.plain, c.times = make([]float64, need+need/2), make([]float64, need+need/2)
	}
	c.plain, c.times = c.plain[:c.ld*count], c.times[:c.ld*count]
}

// Push adds the vector x with a weight.
func (c *Columns) Push(x []float32, weight float64) {
	plain, times := c.plain[c.count*c.ld:][:c.ld], c.times[c.count*c.ld:][:c.ld]
	clear(plain)
	AddTo(plain, x[:c.n])
	scaleWide(weight, plain, times)
	c.count++
}

// AddOuter adds to s the sum of weight * x * transpose(x) over the vectors in c.
func (s *Sym) AddOuter(c *Columns) {
	for i := 0; i < s.ld; i += symEdge { // what touches the upper triangle
		tileWide(s.a[i*s.ld+i:], s.ld, c.plain[min(i, len(c.plain)):], s.ld, c.times[min(i, len(c.times)):], s.ld, symEdge, s.ld-i, c.count, 1)
	}
}

// Factorise replaces s by its Cholesky factor L, s = L * transpose(L), after which only
// Solve makes sense of it: transpose(L) then is the upper triangle. It works through a few
// rows of that at a time, each group first reduced by a product with all rows above it
// (Golub and Van Loan, Matrix Computations, section 4.2, in blocks).
func (s *Sym) Factorise() error {
	for i := s.n; i < s.ld; i++ {
		clear(s.upper(i))
		s.a[i*s.ld+i] = 1
	}
	for i := range s.n { // what was written beside the padding
		clear(s.a[i*s.ld+s.n : (i+1)*s.ld])
	}
	if s.strip == nil {
		s.strip = make([]float64, symEdge*s.ld)
	}
	for j := 0; j < s.ld; j += symEdge {
		tileWide(s.a[j*s.ld+j:], s.ld, s.a[j:], s.ld, s.a[j:], s.ld, symEdge, s.ld-j, j, -1)
		inverse, err := s.corner(j)
		if err != nil {
			return err
		}
		// The rows beside the corner are divided by it: inverse(L) * rows.
		right := s.ld - j - symEdge
		if right == 0 {
			break
		}
		for r := range symEdge {
			row := s.a[(j+r)*s.ld+j+symEdge:][:right]
			copy(s.strip[r*right:], row)
			clear(row)
		}
		tileWide(s.a[j*s.ld+j+symEdge:], s.ld, inverse[:], symEdge, s.strip, right, symEdge, right, symEdge, 1)
	}
	return nil
}

// corner factorises the block on the diagonal at j, and returns the transposed inverse of
// the factor, by rows.
func (s *Sym) corner(j int) (t [symEdge * symEdge]float64, err error) {
	var l [symEdge * symEdge]float64 // lower triangle, its diagonal inverted
	for r := range symEdge {
		row := l[r*symEdge:][: r+1 : r+1]
		for c := range row {
			v := s.a[(j+c)*s.ld+j+r]
			for k, x := range l[c*symEdge:][:c] {
				v -= float64(row[k] * x)
			}
			if c < r {
				row[c] = float64(v * l[c*symEdge+c])
				s.a[(j+c)*s.ld+j+r] = row[c]
				continue
			}
			if !(v > 0) || math.IsInf(v, 1) {
				return t, ErrNotPositive
			}
			v = math.Sqrt(v)
			s.a[(j+r)*s.ld+j+r], row[c] = v, 1/v
		}
	}
	for c := range symEdge { // row c of t is column c of the inverse
		t[c*symEdge+c] = l[c*symEdge+c]
		for r := c + 1; r < symEdge; r++ {
			v := 0.0
			for k := c; k < r; k++ {
				v -= float64(l[r*symEdge+k] * t[c*symEdge+k])
			}
			t[c*symEdge+r] = float64(v * l[r*symEdge+r])
		}
	}
	return t, nil
}

// Solve replaces b by the solution x of s * x = b, given that s was factorised.
func (s *Sym) Solve(b []float64) {
	b = b[:s.n]
	for i := range b { // L y = b
		row := s.a[i*s.ld+i:][:s.n-i]
		b[i] /= row[0]
		axpyWide(-b[i], row[1:], b[i+1:])
	}
	for i := len(b) - 1; i >= 0; i-- { // transpose(L) x = y
		row := s.a[i*s.ld+i:][:s.n-i]
		rest := row[1:]
		whole := len(rest) &^ 7
		sum := dotWide(rest[:whole], b[i+1:])
		for k := whole; k < len(rest); k++ {
			sum += float64(rest[k] * b[i+1+k])
		}
		b[i] = (b[i] - sum) / row[0]
	}
}

// AppendInverse appends the n(n+1)/2 numbers of the lower triangle of the inverse of s, row by
// row, given that s was factorised: with V the inverse of the upper triangle, V * transpose(V).
func (s *Sym) AppendInverse(out []float32) []float32 {
	if s.turn == nil {
		s.turn = make([]float64, s.ld*s.ld)
	}
	clear(s.turn)
	turned := func(i int) []float64 { return s.turn[i*s.ld:][:s.ld] }
	for i := s.ld - 1; i >= 0; i-- { // row i of V, by those below it
		row, one := turned(i), 1/s.a[i*s.ld+i]
		row[i] = one
		for k := i + 1; k < s.ld; k++ {
			axpyWide(-one*s.a[i*s.ld+k], turned(k)[k:], row[k:])
		}
	}
	for i := range s.n {
		at := i &^ (symEdge - 1) // left of i row i is 0
		for j := range i + 1 {
			out = append(out, float32(dotWide(turned(i)[at:], turned(j)[at:])))
		}
	}
	return out
}
