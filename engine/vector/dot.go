// Package vector is the arithmetic under the models: dot products, sums and scans of
// float32 and of bytes, the selection of the best k, products of matrices, symmetric
// solves and inverses. The kernels are assembly for AVX2 and AVX-512, chosen at the
// start by what the processor has, and plain Go elsewhere and under the build tag noasm.
//
// Results depend neither on the number of threads nor, but for what is built on products
// of matrices (Invert, MulNT and Gram), on the processor: sums of products run in the
// same order everywhere, without fused multiplication. Products of matrices fuse where
// the processor can, and give the same bits with AVX2 as with AVX-512.
//
// It knows nothing of items, customers or files, and never allocates where the caller
// can lend the space.
package vector

import "fmt"

// Dot returns the sum of a[i]*b[i] in float32. b is at least as long as a. The order of
// summation depends on len(a) alone.
func Dot(a, b []float32) float32 { return dot(a, b[:len(a)]) }

// DotRows sets out[i] to Dot(q, row i of rows), for a matrix with rows of len(q) floats
// one after the other, of which there are at least len(out).
func DotRows(out, rows, q []float32) { dotRows(out, rows[:len(out)*len(q)], q) }

// DotPicked sets out[i] to Dot(q, row picks[i] of rows), as DotRows does for all rows.
// out is at least as long as picks. It panics where there is no such row.
func DotPicked(out, rows, q []float32, picks []uint32) {
	limit := rowsIn(rows, len(q))
	if done := dotPicked(out[:len(picks)], rows, q, picks, limit); done < len(picks) {
		noRow(picks[done:], limit)
	}
}

// DotMany is DotRows for several vectors of d floats in qs: out[j*n+i] is the dot product
// of vector j and row i, with n the number of rows in rows. Rows are read once for four
// vectors.
func DotMany(out, rows, qs []float32, d int) {
	n, m := rowsIn(rows, d), rowsIn(qs, d)
	out, rows = out[:n*m], rows[:n*d]
	whole := n &^ 3
	// Strips of rows stay in the cache until all vectors have seen them.
	strip := max(stripFloats/max(d, 1)&^3, 4)
	for from := 0; from < whole; from += strip {
		count := min(strip, whole-from)
		j := 0
		for ; j+4 <= m; j += 4 {
			dotFour(out[j*n+from:], n, rows[from*d:], qs[j*d:], count, d)
		}
		for ; j < m; j++ {
			dotRows(out[j*n+from:][:count], rows[from*d:], qs[j*d:][:d])
		}
	}
	for j := range m {
		dotRows(out[j*n+whole:][:n-whole], rows[whole*d:], qs[j*d:][:d])
	}
}

// stripFloats is how much of a matrix DotMany keeps in a first-level cache: 16 KiB.
const stripFloats = 4096

// TimesPicked adds to out the sum over i of weights[i] * <v, h> * h, where h is row
// picks[i] of rows, len(v) floats each: what the normal equations of those rows make of
// v, without the equations. It panics where there is no such row.
func TimesPicked(out, rows, v []float32, picks []uint32, weights []float32) {
	limit := rowsIn(rows, len(v))
	if done := timesPicked(out[:len(v)], rows, v, picks, weights[:len(picks)], limit); done < len(picks) {
		noRow(picks[done:], limit)
	}
}

// MissPicked adds to out the sum over i of weights[i] * (target - <v, h>) * h, where h is row picks[i]
// of rows, len(v) floats each: the residual of v in the normal equations of rows that are all to have one
// target. It panics where there is no such row.
func MissPicked(out, rows, v []float32, picks []uint32, weights []float32, target float32) {
	limit := rowsIn(rows, len(v))
	if done := missPicked(out[:len(v)], rows, v, picks, weights[:len(picks)], target, limit); done < len(picks) {
		noRow(picks[done:], limit)
	}
}

// rowsIn returns how many whole rows of d floats there are.
func rowsIn(rows []float32, d int) int {
	if d == 0 {
		return 0
	}
	return len(rows) / d
}

// noRow panics about the first pick that is no row. Kernels stop at the group of four
// that has one.
func noRow(picks []uint32, limit int) {
	for _, p := range picks {
		if int64(p) >= int64(limit) {
			panic(fmt.Sprintf("vector: row %d of %d", p, limit))
		}
	}
}

// Axpy adds alpha*x[i] to y[i]. y is at least as long as x, and is x or does not overlap it.
func Axpy(alpha float32, x, y []float32) { axpy(alpha, x, y[:len(x)]) }

// AxpyBoth adds alpha*y[i] to sum[i], then alpha*x[i] to y[i]: a step of two vectors along
// each other, with y read once. y and sum are at least as long as x, and none overlaps
// another.
func AxpyBoth(alpha float32, x, y, sum []float32) { axpyBoth(alpha, x, y[:len(x)], sum[:len(x)]) }

// AddSaturated adds w*(x[i]/(x[i]+half)) to y[i]: half of w where x[i] is half, and less than w
// however large it is. y is at least as long as x.
func AddSaturated(w, half float32, x, y []float32) { addSaturated(w, half, x, y[:len(x)]) }

// AddPositive adds w*x[i] to y[i] where x[i] is above 0, and w*0 elsewhere. y is at least as
// long as x.
func AddPositive(w float32, x, y []float32) { addPositive(w, x, y[:len(x)]) }

// AddAbove sets to[i] to x[i]+y[i], or to least where that is more. y and to are at least as long
// as x.
func AddAbove(least float32, x, y, to []float32) { addAbove(least, x, y[:len(x)], to[:len(x)]) }

// AddTo adds x[i] to sum[i], widened: many short rows can be added without the sum
// losing what a float32 would. sum is at least as long as x.
func AddTo(sum []float64, x []float32) { addTo(sum[:len(x)], x) }

// AddScaled adds w times x to sum, element by element, in float64.
func AddScaled(sum []float64, w float64, x []float32) { addScaled(sum[:len(x)], w, x) }
