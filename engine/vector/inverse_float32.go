package vector

import (
	"context"
	"math"
)

// Invert replaces the symmetric, positive definite n x n matrix a, row-major, by its
// inverse, using up to workers goroutines; the result does not depend on how many. Only
// the lower triangle is read; both are written. It takes 4 n^2 bytes beside a, and n^3/2
// multiplications in float32: what Square.Invert does in float64, on packed panels of
// rows, in three phases that all are products of rows with rows:
//
//	A = L * transpose(L)
//	T = transpose(inverse(L))
//	inverse(A) = T * transpose(T)
//
// The relative error is some 1e-7 times the condition of a with its diagonal scaled to
// ones. ErrNotPositive says that a is not positive definite, as float32 sees it; a is
// then as it was, as it is when ctx ends early in the first two phases.
func Invert(ctx context.Context, a []float32, n, workers int) error {
	v := &inversion{n: n, panels: (n + panel - 1) / panel, a: a[:n*n]}
	half := panel * panel * (v.panels * (v.panels + 1) / 2)
	v.l, v.t = make([]float32, half), make([]float32, half)
	v.corners = make([]square, v.panels)
	Fork(workers, v.panels, func(_, i int) { v.fill(i) })
	for j := range v.panels {
		if err := v.factorise(ctx, j, workers); err != nil {
			return err
		}
	}
	Fork(workers, v.panels, func(_, j int) {
		if ctx.Err() == nil {
			v.invertRow(j)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	Fork(workers, v.panels, func(_, i int) {
		if ctx.Err() == nil {
			v.multiplyRow(v.panels - 1 - i) // longest first
		}
	})
	return ctx.Err()
}

// inversion is the state of Invert. Panel i of L has its columns from 0 to the diagonal,
// panel i of T those from the diagonal on. Products are formed transposed, so that their
// rows are the columns of a panel.
type inversion struct {
	n, panels int
	a         []float32
	l, t      []float32
	corners   []square // on the diagonal of T, row-major, zeros below the diagonal
}

// left returns panel i of L from column k*panel on.
func (v *inversion) left(i, k int) []float32 {
	return v.l[panel*panel*(i*(i+1)/2+k):]
}

// right returns panel i of T from column k*panel on, k from i.
func (v *inversion) right(i, k int) []float32 {
	return v.t[panel*panel*(i*v.panels-i*(i-1)/2+k-i):]
}

// fill makes panel i of L what a has there. What lies beyond a is an identity.
func (v *inversion) fill(i int) {
	rows, from := min(panel, v.n-i*panel), i*panel
	packPanel(v.left(i, 0), v.a[from*v.n:], rows, min(from+panel, v.n), v.n)
	for r := rows; r < panel; r++ {
		v.left(i, i)[r*panel+r] = 1
	}
}

// factorise computes the tiles of L in column j from those in the columns before.
func (v *inversion) factorise(ctx context.Context, j, workers int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := v.corner(v.subtractBefore(j, j), j); err != nil {
		return err
	}
	Fork(workers, v.panels-j-1, func(_, i int) {
		to := v.subtractBefore(i+j+1, j)
		rest := *to
		*to = square{}
		addPanels(to, v.corners[j][:], rest[:], panel, 1, nil, nil)
	})
	return nil
}

// subtractBefore takes from tile i, j, which it returns, the products of rows i and j of L
// before column j.
func (v *inversion) subtractBefore(i, j int) *square {
	s, below := (*square)(v.left(i, j)), min(i+1, v.panels-1)
	addPanels(s, v.left(j, 0), v.left(i, 0), j*panel, -1, v.left(j, 0), v.left(below, 0))
	return s
}

// corner factorises the tile on the diagonal, whose lower triangle comes transposed, and
// keeps the transposed inverse of the factor, in float64 until then. Of L itself there is
// no more need on the diagonal.
func (v *inversion) corner(s *square, j int) error {
	var l, t [panel * panel]float64
	for r := range panel {
		row := l[r*panel:][:r+1]
		for c := range row {
			col := l[c*panel:][:c+1]
			x := float64(s[c*panel+r]) - dot64(row[:c], col)
			if c < r {
				row[c] = x / col[c]
				continue
			}
			if !(x > 0) || math.IsInf(x, 1) {
				return ErrNotPositive
			}
			row[c] = math.Sqrt(x)
		}
	}
	for c := range panel { // row c of t is column c of the inverse
		t[c*panel+c] = 1 / l[c*panel+c]
		for r := c + 1; r < panel; r++ {
			t[c*panel+r] = -dot64(l[r*panel+c:][:r-c], t[c*panel+c:]) / l[r*panel+r]
		}
	}
	to := v.right(j, j)
	for r := range panel {
		for c := range panel {
			x := float32(t[r*panel+c])
			v.corners[j][r*panel+c], to[c*panel+r] = x, x
		}
	}
	return nil
}

// invertRow computes panel j of T right of the diagonal, from left to right:
//
//	T[j,i] = -(sum over k in [j, i) of T[j,k] * transpose(L[i,k])) * T[i,i]
func (v *inversion) invertRow(j int) {
	for i := j + 1; i < v.panels; i++ {
		var s square
		addPanels(&s, v.left(i, j), v.right(j, j), (i-j)*panel, -1, v.left(min(i+1, v.panels-1), j), v.right(j, j))
		addPanels((*square)(v.right(j, i)), v.corners[i][:], s[:], panel, 1, nil, nil)
	}
}

// multiplyRow computes the tiles of T * transpose(T) in row i of the lower triangle, and
// those they mirror:
//
//	P[i,j] = sum over k >= i of T[i,k] * transpose(T[j,k])
func (v *inversion) multiplyRow(i int) {
	for j := 0; j <= i; j++ {
		var s square
		addPanels(&s, v.right(i, i), v.right(j, i), (v.panels-i)*panel, 1, v.right(i, i), v.right(min(j+1, i), i))
		down, across := min(panel, v.n-i*panel), min(panel, v.n-j*panel)
		for r := range down {
			copy(v.a[(i*panel+r)*v.n+j*panel:][:across], s[r*panel:])
		}
		for c := range across { // by rows again, as columns lie far apart
			to := v.a[(j*panel+c)*v.n+i*panel:][:down]
			for r := range to {
				to[r] = s[r*panel+c]
			}
		}
	}
}
