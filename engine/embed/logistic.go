package embed

import "math"

// The logistic function is read from a table, between whose places lines lead: an
// exponential a pair took more time than all its vectors.
const (
	logisticEnd  = 16 // beyond, the function is 0 or 1 but for 1e-7
	logisticStep = 64 // places a unit: lines are 3e-6 off at most
)

var logistics = func() (table [2*logisticEnd*logisticStep + 1]float32) {
	for i := range table {
		table[i] = float32(1 / (1 + math.Exp(logisticEnd-float64(i)/logisticStep)))
	}
	return table
}()

// logistic returns 1/(1+exp(-x)), and what is no number for what is none.
func logistic(x float32) float32 {
	switch {
	case x >= logisticEnd:
		return 1
	case x <= -logisticEnd:
		return 0
	case x != x:
		return x
	}
	at := (x + logisticEnd) * logisticStep
	i := min(int(at), len(logistics)-2) // x + logisticEnd may round up
	low := logistics[i]
	return low + float32((at-float32(i))*(logistics[i+1]-low))
}
