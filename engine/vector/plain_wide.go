package vector

// The plain twins of the kernels of float64, whose sums run in eight lanes.

func dotWidePlain(a, b []float64) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for len(a) >= 8 && len(b) >= 8 {
		s0 += float64(a[0] * b[0])
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
		s4 += float64(a[4] * b[4])
		s5 += float64(a[5] * b[5])
		s6 += float64(a[6] * b[6])
		s7 += float64(a[7] * b[7])
		a, b = a[8:], b[8:]
	}
	return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
}

func axpyWidePlain(f float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(f * v)
	}
}

func scaleWidePlain(f float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = f * v
	}
}

func tileWidePlain(c []float64, ldc int, a []float64, lda int, b []float64, ldb, m, n, k int, f float64) {
	for i := 0; i < m; i += 2 {
		for j := 0; j < n; j += 4 {
			var s00, s01, s02, s03, s10, s11, s12, s13 float64
			at, bt := i, j
			for range k {
				x, y := a[at:at+2:at+2], b[bt:bt+4:bt+4]
				at, bt = at+lda, bt+ldb
				x0, x1, v := x[0], x[1], y[0]
				s00 += float64(x0 * v)
				s10 += float64(x1 * v)
				v = y[1]
				s01 += float64(x0 * v)
				s11 += float64(x1 * v)
				v = y[2]
				s02 += float64(x0 * v)
				s12 += float64(x1 * v)
				v = y[3]
				s03 += float64(x0 * v)
				s13 += float64(x1 * v)
			}
			to := (*[4]float64)(c[i*ldc+j:])
			to[0], to[1], to[2], to[3] = to[0]+float64(f*s00), to[1]+float64(f*s01), to[2]+float64(f*s02), to[3]+float64(f*s03)
			to = (*[4]float64)(c[(i+1)*ldc+j:])
			to[0], to[1], to[2], to[3] = to[0]+float64(f*s10), to[1]+float64(f*s11), to[2]+float64(f*s12), to[3]+float64(f*s13)
		}
	}
}
