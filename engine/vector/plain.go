package vector

import (
	"math"
	"math/bits"
)

// The plain twins of the kernels: what runs where there is no assembly, and what the
// assembly is tested against. Products are rounded by a conversion before they are added,
// as a compiler may otherwise fuse the two on some processors, and bits would differ.

// lanes is how many sums run beside one another in a dot product: product i goes to sum
// i%lanes, and at the end sum i takes i+8, then i+4, i+2 and i+1.
const lanes = 16

func dotPlain(a, b []float32) float32 {
	b = b[:len(a)]
	// Eight sums at a time, as there are registers for; the second time from the cache.
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for x, y := a, b; len(x) >= lanes && len(y) >= lanes; x, y = x[lanes:], y[lanes:] {
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
		s4 += float32(x[4] * y[4])
		s5 += float32(x[5] * y[5])
		s6 += float32(x[6] * y[6])
		s7 += float32(x[7] * y[7])
	}
	var t0, t1, t2, t3, t4, t5, t6, t7 float32
	for len(a) >= lanes && len(b) >= lanes {
		t0 += float32(a[8] * b[8])
		t1 += float32(a[9] * b[9])
		t2 += float32(a[10] * b[10])
		t3 += float32(a[11] * b[11])
		t4 += float32(a[12] * b[12])
		t5 += float32(a[13] * b[13])
		t6 += float32(a[14] * b[14])
		t7 += float32(a[15] * b[15])
		a, b = a[lanes:], b[lanes:]
	}
	if len(a) > 0 {
		s := [lanes]float32{s0, s1, s2, s3, s4, s5, s6, s7, t0, t1, t2, t3, t4, t5, t6, t7}
		for i := range a {
			s[i] += float32(a[i] * b[i])
		}
		s0, s1, s2, s3, s4, s5, s6, s7 = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
		t0, t1, t2, t3, t4, t5, t6, t7 = s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15]
	}
	s0, s1, s2, s3, s4, s5, s6, s7 = s0+t0, s1+t1, s2+t2, s3+t3, s4+t4, s5+t5, s6+t6, s7+t7
	return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
}

func dotRowsPlain(out, rows, q []float32) {
	for i := range out {
		out[i] = dotPlain(q, rows[i*len(q):])
	}
}

func dotPickedPlain(out, rows, q []float32, picks []uint32, limit int) int {
	for i, p := range picks {
		if int64(p) >= int64(limit) {
			return i
		}
		out[i] = dotPlain(q, rows[int(p)*len(q):])
	}
	return len(picks)
}

func timesPickedPlain(out, rows, v []float32, picks []uint32, weights []float32, limit int) int {
	for i, p := range picks {
		if int64(p) >= int64(limit) {
			return i
		}
		h := rows[int(p)*len(v):][:len(v)]
		axpyPlain(weights[i]*dotPlain(v, h), h, out)
	}
	return len(picks)
}

func missPickedPlain(out, rows, v []float32, picks []uint32, weights []float32, target float32, limit int) int {
	for i, p := range picks {
		if int64(p) >= int64(limit) {
			return i
		}
		h := rows[int(p)*len(v):][:len(v)]
		axpyPlain(float32(weights[i]*target)-float32(weights[i]*dotPlain(v, h)), h, out)
	}
	return len(picks)
}

func axpyPlain(alpha float32, x, y []float32) {
	for len(x) >= 4 && len(y) >= 4 {
		y[0] += float32(alpha * x[0])
		y[1] += float32(alpha * x[1])
		y[2] += float32(alpha * x[2])
		y[3] += float32(alpha * x[3])
		x, y = x[4:], y[4:]
	}
	for i := range x {
		y[i] += float32(alpha * x[i])
	}
}

func addSaturatedPlain(w, half float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float32(w * (v / (v + half)))
	}
}

func addPositivePlain(w float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		if !(v > 0) {
			v = 0
		}
		y[i] += float32(w * v)
	}
}

func addAbovePlain(least float32, x, y, to []float32) {
	y, to = y[:len(x)], to[:len(x)]
	for i, v := range x {
		v += y[i]
		if !(v > least) {
			v = least
		}
		to[i] = v
	}
}

func axpyBothPlain(alpha float32, x, y, sum []float32) {
	for len(x) >= 4 && len(y) >= 4 && len(sum) >= 4 {
		y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
		sum[0] += float32(alpha * y0)
		sum[1] += float32(alpha * y1)
		sum[2] += float32(alpha * y2)
		sum[3] += float32(alpha * y3)
		y[0] = y0 + float32(alpha*x[0])
		y[1] = y1 + float32(alpha*x[1])
		y[2] = y2 + float32(alpha*x[2])
		y[3] = y3 + float32(alpha*x[3])
		x, y, sum = x[4:], y[4:], sum[4:]
	}
	for i := range x {
		sum[i] += float32(alpha * y[i])
		y[i] += float32(alpha * x[i])
	}
}

func addToPlain(sum []float64, x []float32) {
	for len(x) >= 4 && len(sum) >= 4 {
		sum[0] += float64(x[0])
		sum[1] += float64(x[1])
		sum[2] += float64(x[2])
		sum[3] += float64(x[3])
		x, sum = x[4:], sum[4:]
	}
	for i := range x {
		sum[i] += float64(x[i])
	}
}

func addScaledPlain(sum []float64, w float64, x []float32) {
	for len(x) >= 4 && len(sum) >= 4 {
		sum[0] += float64(w * float64(x[0]))
		sum[1] += float64(w * float64(x[1]))
		sum[2] += float64(w * float64(x[2]))
		sum[3] += float64(w * float64(x[3]))
		x, sum = x[4:], sum[4:]
	}
	for i := range x {
		sum[i] += float64(w * float64(x[i]))
	}
}

// dotBytes is exact.
func dotBytes(row []uint8, q []int8) int32 {
	var s0, s1, s2, s3 int32
	row = row[:len(q)]
	for len(q) >= 4 && len(row) >= 4 {
		s0 += int32(row[0]) * int32(q[0])
		s1 += int32(row[1]) * int32(q[1])
		s2 += int32(row[2]) * int32(q[2])
		s3 += int32(row[3]) * int32(q[3])
		row, q = row[4:], q[4:]
	}
	for i := range q {
		s0 += int32(row[i]) * int32(q[i])
	}
	return s0 + s1 + s2 + s3
}

func bytesRowsPlain(out []float32, rows []uint8, scales []float32, q []int8, excess int32) {
	for i := range out {
		out[i] = float32(dotBytes(rows[i*len(q):], q)-excess) * scales[i]
	}
}

func bytesPickedPlain(out []float32, rows []uint8, scales []float32, q []int8, picks []uint32, excess int32) int {
	for i, p := range picks {
		if int64(p) >= int64(len(scales)) {
			return i
		}
		out[i] = float32(dotBytes(rows[int(p)*len(q):], q)-excess) * scales[p]
	}
	return len(picks)
}

func narrowPlain(out []float32, sums []float64) (most uint32) {
	const sign = 1 << 31
	for i, sum := range sums {
		out[i], sums[i] = float32(sum), 0
		most = max(most, math.Float32bits(out[i])&^sign)
	}
	return most
}

func widenStepsPlain(out []float32, sums []int32, step float32) {
	for i, sum := range sums {
		out[i], sums[i] = float32(step*float32(sum)), 0
	}
}

func atLeastPlain(words []uint64, scores []float32, bound float32) {
	for w := range words {
		word, part := uint64(0), scores[w*64:][:64]
		for i, s := range part {
			if s >= bound {
				word |= 1 << i
			}
		}
		words[w] = word
	}
}

// tilePlain adds f * transpose(a) * b to the m x n matrix c, where a and b have k rows; m is
// even. It takes two rows and three columns of c at a time: with more, the compiler runs
// out of registers, and a product takes twice as long.
func tilePlain[T float32 | float64](c []T, ldc int, a []T, lda int, b []T, ldb, m, n, k int, f T) {
	for i := 0; i < m; i += 2 {
		j := 0
		for ; j+3 <= n; j += 3 {
			var s00, s01, s02, s10, s11, s12 T
			at, bt := i, j
			for range k {
				x, y := a[at:at+2:at+2], b[bt:bt+3:bt+3]
				at, bt = at+lda, bt+ldb
				s00 += T(x[0] * y[0])
				s10 += T(x[1] * y[0])
				s01 += T(x[0] * y[1])
				s11 += T(x[1] * y[1])
				s02 += T(x[0] * y[2])
				s12 += T(x[1] * y[2])
			}
			to := c[i*ldc+j:][:3:3]
			to[0], to[1], to[2] = to[0]+T(f*s00), to[1]+T(f*s01), to[2]+T(f*s02)
			to = c[(i+1)*ldc+j:][:3:3]
			to[0], to[1], to[2] = to[0]+T(f*s10), to[1]+T(f*s11), to[2]+T(f*s12)
		}
		for ; j < n; j++ {
			var s0, s1 T
			for l := range k {
				x, y := a[l*lda+i:][:2:2], b[l*ldb+j]
				s0 += T(x[0] * y)
				s1 += T(x[1] * y)
			}
			c[i*ldc+j] += T(f * s0)
			c[(i+1)*ldc+j] += T(f * s1)
		}
	}
}

func countBothPlain(a, b []uint64) int {
	n := 0
	for len(a) >= 4 && len(b) >= 4 {
		n += bits.OnesCount64(a[0]&b[0]) + bits.OnesCount64(a[1]&b[1]) + bits.OnesCount64(a[2]&b[2]) + bits.OnesCount64(a[3]&b[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		n += bits.OnesCount64(x & b[i])
	}
	return n
}
