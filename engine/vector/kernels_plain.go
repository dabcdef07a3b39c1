//go:build !amd64 || noasm

package vector

import "unsafe"

func best() path { return plain }

func dot(a, b []float32) float32 { return dotPlain(a, b) }

func dotRows(out, rows, q []float32) { dotRowsPlain(out, rows, q) }

func dotPicked(out, rows, q []float32, picks []uint32, limit int) int {
	return dotPickedPlain(out, rows, q, picks, limit)
}

func dotFour(out []float32, apart int, rows, qs []float32, count, d int) {
	for j := range 4 {
		dotRowsPlain(out[j*apart:][:count], rows, qs[j*d:][:d])
	}
}

func timesPicked(out, rows, v []float32, picks []uint32, weights []float32, limit int) int {
	return timesPickedPlain(out, rows, v, picks, weights, limit)
}

func missPicked(out, rows, v []float32, picks []uint32, weights []float32, target float32, limit int) int {
	return missPickedPlain(out, rows, v, picks, weights, target, limit)
}

func axpy(alpha float32, x, y []float32) { axpyPlain(alpha, x, y) }

func axpyBoth(alpha float32, x, y, sum []float32) { axpyBothPlain(alpha, x, y, sum) }

func addSaturated(w, half float32, x, y []float32) { addSaturatedPlain(w, half, x, y) }

func addPositive(w float32, x, y []float32) { addPositivePlain(w, x, y) }

func addAbove(least float32, x, y, to []float32) { addAbovePlain(least, x, y, to) }

func addTo(sum []float64, x []float32) { addToPlain(sum, x) }

func addScaled(sum []float64, w float64, x []float32) { addScaledPlain(sum, w, x) }

func bytesRows(out []float32, rows []uint8, scales []float32, q []int8, excess int32) {
	bytesRowsPlain(out, rows, scales, q, excess)
}

func bytesPicked(out []float32, rows []uint8, scales []float32, q []int8, picks []uint32, excess int32) int {
	return bytesPickedPlain(out, rows, scales, q, picks, excess)
}

func hasPanels() bool { return false }

func bytesPanels([]float32, []uint8, []float32, []int8, int32, float32) {}

func prefetch(unsafe.Pointer, int) {}

func prefetchRows([]float32, []uint32, int) {}

func countBoth(a, b []uint64) int { return countBothPlain(a, b) }

func sumLines(p *planes, lines []uint64, at []uint32, levels, limit int) int {
	return sumLinesPlain(p, lines, at, levels, limit)
}

func addPlanes(counts []float32, p *planes, levels int) { addPlanesPlain(counts, p, levels) }

func narrow(out []float32, sums []float64) (most uint32) { return narrowPlain(out, sums) }

func widenSteps(out []float32, sums []int32, step float32) { widenStepsPlain(out, sums, step) }

func atLeast(words []uint64, scores []float32, bound float32) { atLeastPlain(words, scores, bound) }

func tile(c []float32, ldc int, a []float32, lda int, b []float32, ldb, m, n, k int, f float32, _ []float32) {
	tilePlain(c, ldc, a, lda, b, ldb, m, n, k, f)
}

func addSquare(c *square, a, b []float32, k int, f float32, _, _ *float32) {
	tilePlain(c[:], panel, a, panel, b, panel, panel, panel, k, f)
}

func dotWide(a, b []float64) float64 { return dotWidePlain(a, b) }

func axpyWide(f float64, x, y []float64) { axpyWidePlain(f, x, y) }

func scaleWide(f float64, x, y []float64) { scaleWidePlain(f, x, y) }

func tileWide(c []float64, ldc int, a []float64, lda int, b []float64, ldb, m, n, k int, f float64) {
	tilePlain(c, ldc, a, lda, b, ldb, m, n, k, f)
}
