package vector

import (
	"math"
	"math/bits"
	"unsafe"
)

// Sums adds up values of few of many rows without a hash map: a dense array, and a bit
// for each row that was touched. It is scratch space, to be used again after Drain.
type Sums struct {
	words []uint64
	sums  []float64
}

// NewSums returns room for the given number of rows: 8 bytes and a bit a row.
func NewSums(rows int) *Sums {
	return &Sums{words: make([]uint64, (rows+63)/64), sums: make([]float64, rows)}
}

// Add adds v to a row.
func (s *Sums) Add(row uint32, v float64) {
	s.words[row>>6] |= 1 << (row & 63)
	s.sums[row] += v
}

// AddAll adds by times each weight to its row of s: Add of each, in their order.
func AddAll[R uint16 | uint32](s *Sums, rows []R, weights []float32, by float64) {
	words, sums := s.words, s.sums
	weights = weights[:len(rows)]
	for i, row := range rows {
		words[row>>6] |= 1 << (row & 63)
		sums[row] += float64(by * float64(weights[i])) // never fused: the same bits everywhere
	}
}

// Scale multiplies the sum of every row that was touched by the row's factor.
func (s *Sums) Scale(factors []float64) {
	for w, word := range s.words {
		for ; word != 0; word &= word - 1 {
			row := w<<6 + bits.TrailingZeros64(word)
			s.sums[row] *= factors[row]
		}
	}
}

// Len returns how many rows were touched.
func (s *Sums) Len() int {
	count := 0
	for _, word := range s.words {
		count += bits.OnesCount64(word)
	}
	return count
}

// Drain calls yield for every row that was touched, ascending, and empties s.
func (s *Sums) Drain(yield func(row int, v float64)) {
	for w, word := range s.words {
		s.words[w] = 0
		for ; word != 0; word &= word - 1 {
			row := w<<6 + bits.TrailingZeros64(word)
			v := s.sums[row]
			s.sums[row] = 0
			yield(row, v)
		}
	}
}

// Narrow moves sums to out in float32, and leaves zeros. It returns the largest magnitude,
// +Inf where one is no number. out is at least as long as sums.
func Narrow(out []float32, sums []float64) (most float32) {
	infinite := math.Float32bits(float32(math.Inf(1)))
	return math.Float32frombits(min(narrow(out[:len(sums)], sums), infinite))
}

// WidenSteps moves sums of whole steps to out in float32, and leaves zeros. out is at least as long as
// sums.
func WidenSteps(out []float32, sums []int32, step float32) { widenSteps(out[:len(sums)], sums, step) }

// Prefetch asks the processor to have what x holds at hand soon: who goes through memory in an
// order that it cannot foresee waits for each place otherwise. It changes nothing else.
func Prefetch[T any](x []T) {
	if len(x) > 0 {
		prefetch(unsafe.Pointer(unsafe.SliceData(x)), len(x)*int(unsafe.Sizeof(x[0])))
	}
}

// PrefetchRows is Prefetch of some of many rows of width numbers each.
func PrefetchRows(rows []float32, picks []uint32, width int) { prefetchRows(rows, picks, width) }

// CountBoth returns how many bits are set in both of a and the first len(a) words of b.
func CountBoth(a, b []uint64) int { return countBoth(a, b[:len(a)]) }

// PrefetchText is Prefetch of a text.
func PrefetchText(s string) { Prefetch(unsafe.Slice(unsafe.StringData(s), len(s))) }

// InLargePages asks the system to hold what x holds, which was written and stays, in large pages: who
// goes through megabytes in an order that nobody foresees looks up where each small page lies, and
// the sums of links between 20,000 items take a fifth longer. It changes nothing else.
func InLargePages[T any](x []T) {
	if len(x) > 0 {
		inLargePages(unsafe.Pointer(unsafe.SliceData(x)), len(x)*int(unsafe.Sizeof(x[0])))
	}
}
