//go:build !noasm

package vector

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go -C ../../tools/asm run . -out ../../engine/vector/asm_amd64.s -stubs ../../engine/vector/asm_amd64.go -pkg vector

// best returns the best kernels the processor can run.
func best() path {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA || !x.HasBMI2:
		return plain
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512DQ || !x.HasAVX512VL || !x.HasAVX512VNNI:
		return avx2
	}
	return avx512
}

// Below, slices have been held against one another by the callers: the kernels trust
// the lengths they are given. None reads or writes outside of them.

func dot(a, b []float32) float32 {
	switch {
	case len(a) == 0:
		return 0
	case kernels == avx512:
		return dotAVX512(&a[0], &b[0], len(a))
	case kernels == avx2:
		return dotAVX2(&a[0], &b[0], len(a))
	}
	return dotPlain(a, b)
}

func dotRows(out, rows, q []float32) {
	switch {
	case len(out) == 0 || len(q) == 0:
		clear(out)
	case kernels == avx512:
		dotRowsAVX512(&out[0], &rows[0], &q[0], len(out), len(q))
	case kernels == avx2:
		dotRowsAVX2(&out[0], &rows[0], &q[0], len(out), len(q))
	default:
		dotRowsPlain(out, rows, q)
	}
}

func dotPicked(out, rows, q []float32, picks []uint32, limit int) int {
	switch {
	case len(picks) == 0 || limit == 0:
		return 0
	case kernels == avx512:
		return dotPickedAVX512(&out[0], &rows[0], &q[0], &picks[0], len(picks), limit, len(q))
	case kernels == avx2:
		return dotPickedAVX2(&out[0], &rows[0], &q[0], &picks[0], len(picks), limit, len(q))
	}
	return dotPickedPlain(out, rows, q, picks, limit)
}

// dotFour is dotRows for the four vectors of d floats in qs; count is a multiple of 4.
func dotFour(out []float32, apart int, rows, qs []float32, count, d int) {
	switch {
	case count == 0:
	case kernels == avx512:
		dotFourAVX512(&out[0], apart, &rows[0], &qs[0], count, d)
	case kernels == avx2:
		dotFourAVX2(&out[0], apart, &rows[0], &qs[0], count, d)
	default:
		for j := range 4 {
			dotRowsPlain(out[j*apart:][:count], rows, qs[j*d:][:d])
		}
	}
}

func timesPicked(out, rows, v []float32, picks []uint32, weights []float32, limit int) int {
	switch {
	case len(picks) == 0 || limit == 0:
		return 0
	case kernels == avx512:
		return timesPickedAVX512(&out[0], &rows[0], &v[0], &picks[0], &weights[0], len(picks), limit, len(v))
	case kernels == avx2:
		return timesPickedAVX2(&out[0], &rows[0], &v[0], &picks[0], &weights[0], len(picks), limit, len(v))
	}
	return timesPickedPlain(out, rows, v, picks, weights, limit)
}

func missPicked(out, rows, v []float32, picks []uint32, weights []float32, target float32, limit int) int {
	switch {
	case len(picks) == 0 || limit == 0:
		return 0
	case kernels == avx512:
		return missPickedAVX512(&out[0], &rows[0], &v[0], &picks[0], &weights[0], target, len(picks), limit, len(v))
	case kernels == avx2:
		return missPickedAVX2(&out[0], &rows[0], &v[0], &picks[0], &weights[0], target, len(picks), limit, len(v))
	}
	return missPickedPlain(out, rows, v, picks, weights, target, limit)
}

func axpy(alpha float32, x, y []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		axpyAVX512(alpha, &x[0], &y[0], len(x))
	case kernels == avx2:
		axpyAVX2(alpha, &x[0], &y[0], len(x))
	default:
		axpyPlain(alpha, x, y)
	}
}

func axpyBoth(alpha float32, x, y, sum []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		axpyBothAVX512(alpha, &x[0], &y[0], &sum[0], len(x))
	case kernels == avx2:
		axpyBothAVX2(alpha, &x[0], &y[0], &sum[0], len(x))
	default:
		axpyBothPlain(alpha, x, y, sum)
	}
}

func addSaturated(w, half float32, x, y []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		addSaturatedAVX512(w, half, &x[0], &y[0], len(x))
	case kernels == avx2:
		addSaturatedAVX2(w, half, &x[0], &y[0], len(x))
	default:
		addSaturatedPlain(w, half, x, y)
	}
}

func addPositive(w float32, x, y []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		addPositiveAVX512(w, &x[0], &y[0], len(x))
	case kernels == avx2:
		addPositiveAVX2(w, &x[0], &y[0], len(x))
	default:
		addPositivePlain(w, x, y)
	}
}

func addAbove(least float32, x, y, to []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		addAboveAVX512(least, &x[0], &y[0], &to[0], len(x))
	case kernels == avx2:
		addAboveAVX2(least, &x[0], &y[0], &to[0], len(x))
	default:
		addAbovePlain(least, x, y, to)
	}
}

func addTo(sum []float64, x []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		addToAVX512(&sum[0], &x[0], len(x))
	case kernels == avx2:
		addToAVX2(&sum[0], &x[0], len(x))
	default:
		addToPlain(sum, x)
	}
}

func addScaled(sum []float64, w float64, x []float32) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		addScaledAVX512(&sum[0], w, &x[0], len(x))
	case kernels == avx2:
		addScaledAVX2(&sum[0], w, &x[0], len(x))
	default:
		addScaledPlain(sum, w, x)
	}
}

func bytesRows(out []float32, rows []uint8, scales []float32, q []int8, excess int32) {
	switch {
	case len(out) == 0:
	case kernels == avx512:
		bytesRowsAVX512(&out[0], &rows[0], &scales[0], &q[0], len(out), len(q), excess)
	case kernels == avx2:
		bytesRowsAVX2(&out[0], &rows[0], &scales[0], &q[0], len(out), len(q), excess)
	default:
		bytesRowsPlain(out, rows, scales, q, excess)
	}
}

func bytesPicked(out []float32, rows []uint8, scales []float32, q []int8, picks []uint32, excess int32) int {
	switch {
	case len(picks) == 0 || len(scales) == 0:
		return 0
	case kernels == avx512:
		return bytesPickedAVX512(&out[0], &rows[0], &scales[0], &q[0], &picks[0], len(picks), len(scales), len(q), excess)
	case kernels == avx2:
		return bytesPickedAVX2(&out[0], &rows[0], &scales[0], &q[0], &picks[0], len(picks), len(scales), len(q), excess)
	}
	return bytesPickedPlain(out, rows, scales, q, picks, excess)
}

// hasPanels reports whether there is a kernel for panels.
func hasPanels() bool { return kernels == avx512 }

// bytesPanels is for whole blocks, where hasPanels.
func bytesPanels(sums []float32, panels []uint8, scales []float32, q []int8, excess int32, by float32) {
	bytesPanelsAVX512(&sums[0], &panels[0], &scales[0], &q[0], len(sums)/blockRows, len(q), excess, by)
}

// prefetch asks the cache for what from begins, and so many bytes on; that is no access.
func prefetch(from unsafe.Pointer, bytes int) { prefetchLines((*byte)(from), bytes) }

func prefetchRows(rows []float32, picks []uint32, width int) {
	if len(picks) > 0 {
		prefetchPicked(&rows[0], &picks[0], len(picks), 4*width)
	}
}

// countsBits says that the processor counts the bits of a register of AVX-512 at once.
var countsBits = cpu.X86.HasAVX512VPOPCNTDQ

func countBoth(a, b []uint64) int {
	whole := 0
	n := 0
	if whole = len(a) &^ 7; whole > 0 && kernels == avx512 && countsBits {
		n = countBothAVX512(&a[0], &b[0], whole)
	} else {
		whole = 0
	}
	return n + countBothPlain(a[whole:], b[whole:])
}

// sumLines is for whole rounds, of which there are some.
func sumLines(p *planes, lines []uint64, at []uint32, levels, limit int) int {
	rounds := len(at) / LinesAtOnce
	switch {
	case limit == 0:
		return 0
	case kernels == avx512:
		return LinesAtOnce * sumLinesAVX512(&p[0][0], &lines[0], &at[0], rounds, levels, limit)
	case kernels == avx2:
		return LinesAtOnce * sumLinesAVX2(&p[0][0], &lines[0], &at[0], rounds, levels, limit)
	}
	return sumLinesPlain(p, lines, at, levels, limit)
}

// addPlanes is for counts of a whole line.
func addPlanes(counts []float32, p *planes, levels int) {
	if kernels == avx512 {
		addPlanesAVX512(&counts[0], &p[0][0], levels)
	} else {
		addPlanesPlain(counts, p, levels)
	}
}

func narrow(out []float32, sums []float64) (most uint32) {
	whole := len(sums) &^ 7
	switch {
	case whole == 0:
	case kernels == avx512:
		most = narrowAVX512(&out[0], &sums[0], whole)
	case kernels == avx2:
		most = narrowAVX2(&out[0], &sums[0], whole)
	default:
		whole = 0
	}
	return max(most, narrowPlain(out[whole:], sums[whole:]))
}

func widenSteps(out []float32, sums []int32, step float32) {
	whole := len(sums) &^ 15
	switch {
	case whole == 0:
	case kernels == avx512:
		widenStepsAVX512(&out[0], &sums[0], whole, step)
	case kernels == avx2:
		widenStepsAVX2(&out[0], &sums[0], whole, step)
	default:
		whole = 0
	}
	widenStepsPlain(out[whole:], sums[whole:], step)
}

func atLeast(words []uint64, scores []float32, bound float32) {
	switch {
	case len(words) == 0:
	case kernels == avx512:
		atLeastAVX512(&words[0], &scores[0], len(words), bound)
	case kernels == avx2:
		atLeastAVX2(&words[0], &scores[0], len(words), bound)
	default:
		atLeastPlain(words, scores, bound)
	}
}

// tile adds f * transpose(a) * b to the m x n matrix c, where m is a multiple of 8 and n
// of 16, and a and b have k rows. Meanwhile it asks the cache for what ahead begins.
func tile(c []float32, ldc int, a []float32, lda int, b []float32, ldb, m, n, k int, f float32, ahead []float32) {
	if k == 0 {
		return
	}
	if len(ahead) == 0 {
		ahead = b // which is at hand: to ask for what is nowhere takes as long as to find it
	}
	next := uintptr(unsafe.Pointer(&ahead[0])) // as a number, since it may lead beyond
	end := next + uintptr(4*len(ahead))
	lines := func() (from uintptr) {
		if from = next; next+uintptr(64*k) < end {
			next += uintptr(64 * k)
		}
		return from
	}
	switch kernels {
	case avx512:
		for i := 0; i < m; i += 8 {
			j := 0
			for ; j+48 <= n; j += 48 {
				tile8x48AVX512(&c[i*ldc+j], ldc, &a[i], lda, &b[j], ldb, k, f, lines())
			}
			for ; j < n; j += 16 {
				tile8x16AVX512(&c[i*ldc+j], ldc, &a[i], lda, &b[j], ldb, k, f, lines())
			}
		}
	case avx2:
		for i := 0; i < m; i += 4 {
			for j := 0; j < n; j += 16 {
				tile4x16AVX2(&c[i*ldc+j], ldc, &a[i], lda, &b[j], ldb, k, f, lines())
			}
		}
	default:
		tilePlain(c, ldc, a, lda, b, ldb, m, n, k, f)
	}
}

// addSquare is tile for two panels of k columns. Meanwhile it asks the cache for as many
// columns of the panels at nextA and nextB, where there need not be any.
func addSquare(c *square, a, b []float32, k int, f float32, nextA, nextB *float32) {
	// As numbers, since they may lead beyond what they point into.
	next := [2]uintptr{uintptr(unsafe.Pointer(nextA)), uintptr(unsafe.Pointer(nextB))}
	line := uintptr(64 * k) // bytes asked for by a call
	switch kernels {
	case avx512:
		for i := 0; i < panel; i += 8 { // three calls are a panel
			call := uintptr(i / 8)
			tile8x48AVX512(&c[i*panel], panel, &a[i], panel, &b[0], panel, k, f, next[call/3]+call%3*line)
		}
	case avx2:
		for i := 0; i < panel; i += 6 {
			call := uintptr(i / 6) // of those for the first columns; four are more than a panel
			for j := 0; j < panel; j += 16 {
				ahead := next[0]
				if j == 0 {
					ahead = next[call/4] + call%4*line
				}
				tile6x16AVX2(&c[i*panel+j], panel, &a[i], panel, &b[j], panel, k, f, ahead)
			}
		}
	default:
		tilePlain(c[:], panel, a, panel, b, panel, panel, panel, k, f)
	}
}

// dotWide is for whole eights.
func dotWide(a, b []float64) float64 {
	switch {
	case len(a) == 0:
		return 0
	case kernels == avx512:
		return dotWideAVX512(&a[0], &b[0], len(a))
	case kernels == avx2:
		return dotWideAVX2(&a[0], &b[0], len(a))
	}
	return dotWidePlain(a, b)
}

func axpyWide(f float64, x, y []float64) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		axpyWideAVX512(f, &x[0], &y[0], len(x))
	case kernels == avx2:
		axpyWideAVX2(f, &x[0], &y[0], len(x))
	default:
		axpyWidePlain(f, x, y)
	}
}

func scaleWide(f float64, x, y []float64) {
	switch {
	case len(x) == 0:
	case kernels == avx512:
		scaleWideAVX512(f, &x[0], &y[0], len(x))
	case kernels == avx2:
		scaleWideAVX2(f, &x[0], &y[0], len(x))
	default:
		scaleWidePlain(f, x, y)
	}
}

// tileWide is tile of float64 for m and n that are multiples of 8.
func tileWide(c []float64, ldc int, a []float64, lda int, b []float64, ldb, m, n, k int, f float64) {
	if k == 0 {
		return
	}
	switch kernels {
	case avx512:
		for i := 0; i < m; i += 8 {
			j := 0
			for ; j+16 <= n; j += 16 {
				tileWide8x16AVX512(&c[i*ldc+j], ldc, &a[i], lda, &b[j], ldb, k, f)
			}
			if j < n {
				tileWide8x8AVX512(&c[i*ldc+j], ldc, &a[i], lda, &b[j], ldb, k, f)
			}
		}
	case avx2:
		for i := 0; i < m; i += 4 {
			for j := 0; j < n; j += 8 {
				tileWide4x8AVX2(&c[i*ldc+j], ldc, &a[i], lda, &b[j], ldb, k, f)
			}
		}
	default:
		tilePlain(c, ldc, a, lda, b, ldb, m, n, k, f)
	}
}
