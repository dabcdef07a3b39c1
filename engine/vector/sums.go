package vector

import "math/bits"

// Sums adds up values of few of many rows without a hash map: a dense array, and a bit
// for each row that was touched. It is scratch space, to be used again after Take.
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

// Take returns the rows that were touched with their sums, and empties s.
func (s *Sums) Take() *Sparse {
	out := &Sparse{words: make([]uint64, len(s.words)), before: make([]uint32, len(s.words))}
	copy(out.words, s.words)
	count := 0
	for w, word := range s.words {
		out.before[w] = uint32(count)
		count += bits.OnesCount64(word)
	}
	out.values = make([]float64, 0, count)
	s.Drain(func(_ int, v float64) { out.values = append(out.values, v) })
	return out
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

// Sparse holds values of few of many rows. A value is found without searching: its
// place is how many bits are set before that of its row.
type Sparse struct {
	words  []uint64
	before []uint32 // bits set in all words before
	values []float64
}

// Len returns how many rows have a value.
func (s *Sparse) Len() int { return len(s.values) }

// Value returns the value of a row, 0 where it has none.
func (s *Sparse) Value(row int) float64 {
	word, bit := s.words[row>>6], uint64(1)<<(row&63)
	if word&bit == 0 {
		return 0
	}
	return s.values[int(s.before[row>>6])+bits.OnesCount64(word&(bit-1))]
}

// Each calls yield for every row that has a value, ascending.
func (s *Sparse) Each(yield func(row int, v float64)) {
	at := 0
	for w, word := range s.words {
		for ; word != 0; word &= word - 1 {
			yield(w<<6+bits.TrailingZeros64(word), s.values[at])
			at++
		}
	}
}
