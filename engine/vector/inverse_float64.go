package vector

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
)

// block is the edge of the tiles Inverse works in, a multiple of the kernel's edge;
// strip is how many columns of them are multiplied at a time: 144 KiB a tile, so that
// two stay in a second-level cache. Measured at n = 1,447 and 2,500 against 48 and 144,
// 64 to 256: 0.23 s and 0.95 s on two cores (gonum's Cholesky and inverse 0.46 and 2.8).
const (
	block = 96
	strip = 192
)

// Square is a large symmetric matrix to be inverted in place, padded to whole tiles.
type Square struct {
	n, ld int
	a     []float64 // ld x ld, row-major
	diag  []float64 // a tile of transpose(inverse(L)) for every tile on the diagonal
}

// NewSquare returns an n x n matrix of zeros: 8 bytes an element.
func NewSquare(n int) *Square {
	ld := (n + block - 1) / block * block
	return &Square{n: n, ld: ld, a: make([]float64, ld*ld), diag: make([]float64, ld*block)}
}

// Len returns n.
func (s *Square) Len() int { return s.n }

// Lower returns row i up to and with the diagonal: all of the matrix there is to see or
// set, as it is symmetric.
func (s *Square) Lower(i int) []float64 { return s.a[i*s.ld:][: i+1 : i+1] }

// Invert replaces s, which must be positive definite, by its inverse, using up to
// workers goroutines; the result does not depend on how many. It costs n^3/2
// multiplications, in three phases that all are products of rows with rows:
//
//	A = L * transpose(L)            L in the lower triangle
//	T = transpose(inverse(L))       T in the upper triangle, its diagonal tiles apart
//	inverse(A) = T * transpose(T)   over L, which is no longer needed
func (s *Square) Invert(ctx context.Context, workers int) error {
	for i := s.n; i < s.ld; i++ { // the padding is an identity
		clear(s.a[i*s.ld:][:s.ld])
		s.a[i*s.ld+i] = 1
	}
	tiles := s.ld / block
	for j := range tiles {
		if err := s.factoriseColumn(ctx, j, tiles, workers); err != nil {
			return err
		}
	}
	Fork(workers, tiles, func(_, j int) {
		if ctx.Err() == nil {
			s.invertRow(j, tiles)
		}
	})
	Fork(workers, tiles, func(_, i int) {
		if ctx.Err() == nil {
			s.multiplyRow(tiles-1-i, tiles) // longest first
		}
	})
	return ctx.Err()
}

// Fork calls do(worker, i) for every i below n, on up to workers goroutines that each
// take the next i when they are done with one, and returns when all are. Calls with the
// same worker never overlap.
func Fork(workers, n int, do func(worker, i int)) {
	workers = max(1, min(workers, n))
	var next atomic.Int64
	var group sync.WaitGroup
	run := func(worker int) {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			do(worker, i)
		}
	}
	for w := 1; w < workers; w++ {
		group.Go(func() { run(w) })
	}
	run(0)
	group.Wait()
}

// tile returns the memory from the first element of a tile on.
func (s *Square) tile(i, j int) []float64 { return s.a[i*block*s.ld+j*block:] }

// corner returns the diagonal tile of T, dense, with zeros below the diagonal.
func (s *Square) corner(j int) []float64 { return s.diag[j*block*block:][: block*block : block*block] }

// factoriseColumn computes the tiles of L in column j from those in the columns before.
func (s *Square) factoriseColumn(ctx context.Context, j, tiles, workers int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.subtractBefore(j, j)
	if err := s.factoriseCorner(j); err != nil {
		return err
	}
	Fork(workers, tiles-j-1, func(_, i int) {
		i += j + 1
		s.subtractBefore(i, j)
		s.timesCorner(s.tile(i, j), j)
	})
	return nil
}

// subtractBefore takes from tile i, j the products of rows i and j of L before column j.
func (s *Square) subtractBefore(i, j int) {
	for k := 0; k < j*block; k += strip {
		addNT(-1, s.tile(i, j), s.ld, s.a[i*block*s.ld+k:], s.ld, s.a[j*block*s.ld+k:], s.ld, block, block, min(strip, j*block-k))
	}
}

// factoriseCorner replaces the diagonal tile by its Cholesky factor, and keeps the
// transposed inverse of that in diag.
func (s *Square) factoriseCorner(j int) error {
	a := s.tile(j, j)
	for r := range block {
		row := a[r*s.ld:][:r+1]
		for c := range row {
			col := a[c*s.ld:][:c+1]
			v := row[c] - dot64(row[:c], col)
			if c < r {
				row[c] = v / col[c]
				continue
			}
			if !(v > 0) || math.IsInf(v, 1) {
				return ErrNotPositive
			}
			row[c] = math.Sqrt(v)
		}
	}
	t := s.corner(j) // row c of t is column c of inverse(L)
	for c := range block {
		clear(t[c*block:][:c])
		t[c*block+c] = 1 / a[c*s.ld+c]
		for r := c + 1; r < block; r++ {
			t[c*block+r] = -dot64(a[r*s.ld+c:][:r-c], t[c*block+c:]) / a[r*s.ld+r]
		}
	}
	return nil
}

// timesCorner replaces the tile x by x * T, with T the diagonal tile j of T.
func (s *Square) timesCorner(x []float64, j int) {
	var flipped, out [block * block]float64
	t := s.corner(j)
	for r := range block {
		for c := range block {
			flipped[c*block+r] = t[r*block+c]
		}
	}
	addNT(1, out[:], block, x, s.ld, flipped[:], block, block, block, block)
	for r := range block {
		copy(x[r*s.ld:][:block], out[r*block:])
	}
}

// invertRow computes row j of T right of its diagonal tile, from left to right:
//
//	T[j,i] = -(sum over k in [j, i) of T[j,k] * transpose(L[i,k])) * T[i,i]
func (s *Square) invertRow(j, tiles int) {
	for i := j + 1; i < tiles; i++ {
		to := s.tile(j, i)
		for r := range block {
			clear(to[r*s.ld:][:block])
		}
		addNT(-1, to, s.ld, s.corner(j), block, s.tile(i, j), s.ld, block, block, block)
		for k := (j + 1) * block; k < i*block; k += strip {
			addNT(-1, to, s.ld, s.a[j*block*s.ld+k:], s.ld, s.a[i*block*s.ld+k:], s.ld, block, block, min(strip, i*block-k))
		}
		s.timesCorner(to, i)
	}
}

// multiplyRow computes the tiles of T * transpose(T) in row i of the lower triangle:
//
//	P[i,j] = sum over k >= i of T[i,k] * transpose(T[j,k])
func (s *Square) multiplyRow(i, tiles int) {
	for j := 0; j <= i; j++ {
		var out [block * block]float64
		if j == i {
			addNT(1, out[:], block, s.corner(i), block, s.corner(i), block, block, block, block)
		} else {
			addNT(1, out[:], block, s.corner(i), block, s.tile(j, i), s.ld, block, block, block)
		}
		for k := (i + 1) * block; k < s.ld; k += strip {
			addNT(1, out[:], block, s.a[i*block*s.ld+k:], s.ld, s.a[j*block*s.ld+k:], s.ld, block, block, min(strip, s.ld-k))
		}
		to := s.tile(i, j)
		for r := range block {
			copy(to[r*s.ld:][:block], out[r*block:])
		}
	}
}
