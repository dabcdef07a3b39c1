package vector

import (
	"context"
	"math"
)

// Invert replaces the symmetric, positive definite n x n matrix a, row-major, by its
// inverse, using up to workers goroutines; the result does not depend on how many. Only
// the lower triangle is read; both are written. It takes 4 n^2 bytes beside a, and n^3/2
// multiplications in float32: what Square.Invert does in float64, on packed panels of
// rows, group by group, in three phases that all are products of rows with rows:
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
	groups := (v.panels + group - 1) / group
	for j := range groups {
		if err := v.factorise(ctx, v.group(j), workers); err != nil {
			return err
		}
	}
	Fork(workers, groups, func(_, j int) {
		if ctx.Err() == nil {
			v.invertRows(v.group(j))
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	Fork(workers, groups, func(_, i int) {
		if ctx.Err() == nil {
			v.multiplyRows(v.group(groups - 1 - i)) // longest first
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

// group returns the panels of a group, the last of which may be fewer.
func (v *inversion) group(g int) run { return run{g * group, min(g*group+group, v.panels)} }

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

// factorise computes the tiles of L in some columns from those in the columns before.
func (v *inversion) factorise(ctx context.Context, js run, workers int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v.subtractBefore(js, js)
	for j := js.from; j < js.to; j++ {
		v.subtractWithin(j, js.from, j)
		if err := v.corner((*square)(v.left(j, j)), j); err != nil {
			return err
		}
		for i := j + 1; i < js.to; i++ {
			v.subtractWithin(i, js.from, j)
			v.timesCorner((*square)(v.left(i, j)), j)
		}
	}
	rest := v.panels - js.to
	Fork(workers, (rest+group-1)/group, func(_, g int) {
		from := js.to + g*group
		is := run{from, min(from+group, v.panels)}
		v.subtractBefore(is, js)
		for i := is.from; i < is.to; i++ {
			for j := js.from; j < js.to; j++ {
				v.subtractWithin(i, js.from, j)
				v.timesCorner((*square)(v.left(i, j)), j)
			}
		}
	})
	return nil
}

// subtractBefore takes from the tiles in rows is and columns js, on the diagonal and below,
// the products of these rows of L before the first of the columns.
func (v *inversion) subtractBefore(is, js run) {
	var p products
	for y := range js.to - js.from {
		j := js.from + y
		p.a[y] = v.left(j, 0)
		for x := range is.to - is.from {
			i := is.from + x
			p.b[x] = v.left(i, 0)
			if j <= i {
				p.c[y][x] = (*square)(v.left(i, j))
			}
		}
	}
	p.add(js.from*panel, -1)
}

// subtractWithin takes from tile i, j the products of rows i and j of L from column from on,
// before column j.
func (v *inversion) subtractWithin(i, from, j int) {
	addPanels((*square)(v.left(i, j)), v.left(j, from), v.left(i, from), (j-from)*panel, -1, nil, nil)
}

// timesCorner multiplies a transposed tile by corner j.
func (v *inversion) timesCorner(s *square, j int) {
	was := *s
	*s = square{}
	addPanels(s, v.corners[j][:], was[:], panel, 1, nil, nil)
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

// invertRows computes panels js of T right of the diagonal, from left to right:
//
//	T[j,i] = -(sum over k in [j, i) of T[j,k] * transpose(L[i,k])) * T[i,i]
func (v *inversion) invertRows(js run) {
	for j := js.from; j < js.to; j++ {
		for i := j + 1; i < js.to; i++ {
			v.invertTile(new(square), j, i, j)
		}
	}
	var sums [group][group]square
	for from := js.to; from < v.panels; from += group {
		is := run{from, min(from+group, v.panels)}
		sums = [group][group]square{}
		var p products
		for x := range is.to - is.from {
			i := is.from + x
			p.a[x] = v.left(i, js.to)
			for y := range js.to - js.from {
				j := js.from + y
				p.c[x][y] = &sums[x][y]
				addPanels(p.c[x][y], v.left(i, j), v.right(j, j), (js.to-j)*panel, -1, nil, nil)
			}
		}
		if is.from > js.to {
			for y := range js.to - js.from {
				j := js.from + y
				p.b[y] = v.right(j, js.to)
			}
			p.add((is.from-js.to)*panel, -1)
		}
		for x := range is.to - is.from {
			i := is.from + x
			for y := range js.to - js.from {
				j := js.from + y
				v.invertTile(&sums[x][y], j, i, is.from)
			}
		}
	}
}

// invertTile computes tile j, i of T, given in s what it owes to the columns before k.
func (v *inversion) invertTile(s *square, j, i, k int) {
	addPanels(s, v.left(i, k), v.right(j, k), (i-k)*panel, -1, nil, nil)
	addPanels((*square)(v.right(j, i)), v.corners[i][:], s[:], panel, 1, nil, nil)
}

// multiplyRows computes the tiles of T * transpose(T) in some rows of the lower triangle, and
// those they mirror:
//
//	P[i,j] = sum over k >= i of T[i,k] * transpose(T[j,k])
func (v *inversion) multiplyRows(is run) {
	var sums [group][group]square
	for from := 0; from < is.to; from += group {
		js := run{from, min(from+group, is.to)}
		sums = [group][group]square{}
		var p products
		for x := range is.to - is.from {
			i := is.from + x
			for y := range js.to - js.from {
				j := js.from + y
				if j <= i {
					p.c[x][y] = &sums[x][y]
					addPanels(p.c[x][y], v.right(i, i), v.right(j, i), (is.to-i)*panel, 1, nil, nil)
				}
			}
		}
		if is.to < v.panels {
			for x := range is.to - is.from {
				i := is.from + x
				p.a[x] = v.right(i, is.to)
			}
			for y := range js.to - js.from {
				j := js.from + y
				p.b[y] = v.right(j, is.to)
			}
			p.add((v.panels-is.to)*panel, 1)
		}
		for x := range is.to - is.from {
			i := is.from + x
			for y := range js.to - js.from {
				j := js.from + y
				if j <= i {
					v.write(i, j, &sums[x][y])
				}
			}
		}
	}
}

// write writes a tile of the inverse, and the one it mirrors.
func (v *inversion) write(i, j int, s *square) {
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
