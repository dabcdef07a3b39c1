package vector

import "math"

// paddedBytes is how many bytes a row of d numbers takes: whole sixteens.
func paddedBytes(d int) int { return max((d+15)&^15, 16) }

// steps is how many steps a byte has above 0: a number becomes a whole number of steps,
// from -steps to steps.
const steps = 127

// zeroByte is how a byte says 0: rows are stored without a sign, so that one instruction
// multiplies them with the signed bytes of a query.
const zeroByte = 128

// The largest number of a row, and of a query, lies between these, or bytes do not speak
// for it: within them nothing overflows, and what underflows is less than a step.
const (
	leastRow, mostRow     = 1e-30, 1e15
	leastQuery, mostQuery = 1e-6, 1e15
)

// mostDims is how many products of bytes a sum of 32 bits surely holds.
const mostDims = 1 << 15

// inSteps sets to to the row in steps of size step, and returns the lengths of what that
// leaves out and of the whole numbers.
func inSteps(row []float32, step float64, to []int8) (lost, length float64) {
	for i, x := range row {
		n := math.RoundToEven(float64(x) / step)
		n = max(-steps, min(steps, n))
		to[i] = int8(n)
		left := float64(x) - step*n
		lost += left * left
		length += n * n
	}
	return math.Sqrt(lost), math.Sqrt(length)
}

// largest returns the largest of |x|, +Inf or NaN if one is.
func largest(x []float32) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, math.Abs(float64(v))) // max keeps NaN
	}
	return most
}

// norm returns the Euclidean length of x.
func norm(x []float32) float64 {
	squares := 0.0
	for _, v := range x {
		squares += float64(v) * float64(v)
	}
	return math.Sqrt(squares)
}
