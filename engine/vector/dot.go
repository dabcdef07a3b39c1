// Package vector is the arithmetic under the models: dot products, the selection of the
// best k, symmetric solves and inverses. It is plain Go that gives the same bits for
// any number of threads.
//
// It knows nothing of items, customers or files, and never allocates where the caller
// can lend the space.
package vector

// Dot returns the sum of a[i]*b[i] in float32. b is at least as long as a. The order of
// summation depends on len(a) alone.
func Dot(a, b []float32) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		s4 += a[4] * b[4]
		s5 += a[5] * b[5]
		s6 += a[6] * b[6]
		s7 += a[7] * b[7]
		a, b = a[8:], b[8:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
}

// Axpy adds alpha*x[i] to y[i]. y is at least as long as x.
func Axpy(alpha float32, x, y []float32) {
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		y[0] += alpha * x[0]
		y[1] += alpha * x[1]
		y[2] += alpha * x[2]
		y[3] += alpha * x[3]
		x, y = x[4:], y[4:]
	}
	for i := range x {
		y[i] += alpha * x[i]
	}
}

// AxpyBoth adds alpha*y[i] to sum[i], then alpha*x[i] to y[i]: a step of two vectors along
// each other, with y read once. y and sum are at least as long as x.
func AxpyBoth(alpha float32, x, y, sum []float32) {
	y, sum = y[:len(x)], sum[:len(x)]
	for len(x) >= 4 && len(y) >= 4 && len(sum) >= 4 {
		y0, y1, y2, y3 := y[0], y[1], y[2], y[3]
		sum[0] += alpha * y0
		sum[1] += alpha * y1
		sum[2] += alpha * y2
		sum[3] += alpha * y3
		y[0] = y0 + alpha*x[0]
		y[1] = y1 + alpha*x[1]
		y[2] = y2 + alpha*x[2]
		y[3] = y3 + alpha*x[3]
		x, y, sum = x[4:], y[4:], sum[4:]
	}
	for i := range x {
		sum[i] += alpha * y[i]
		y[i] += alpha * x[i]
	}
}

// AddTo adds x[i] to sum[i], widened: many short rows can be added without the sum
// losing what a float32 would. sum is at least as long as x.
func AddTo(sum []float64, x []float32) {
	sum = sum[:len(x)]
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

// AddScaled adds w times x to sum, element by element, in float64.
func AddScaled(sum []float64, w float64, x []float32) {
	sum = sum[:len(x)]
	for len(x) >= 4 && len(sum) >= 4 {
		sum[0] += w * float64(x[0])
		sum[1] += w * float64(x[1])
		sum[2] += w * float64(x[2])
		sum[3] += w * float64(x[3])
		x, sum = x[4:], sum[4:]
	}
	for i := range x {
		sum[i] += w * float64(x[i])
	}
}
