package embed

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// sampler draws rows with given chances in constant time: the alias method (Walker
// 1977, in the form of Vose 1991). Every place holds its own row up to a threshold and
// one other above it.
type sampler struct {
	under []uint32 // threshold, as a share of 2^32
	other []uint32
}

// newSampler returns a sampler that draws row i with a chance in proportion to
// counts[i]^power; counts are above 0.
func newSampler(counts []int, power float64) *sampler {
	n := len(counts)
	weights, sum := make([]float64, n), 0.0
	for i, count := range counts {
		weights[i] = math.Pow(float64(count), power)
		sum += weights[i]
	}
	s := &sampler{make([]uint32, n), make([]uint32, n)}
	var small, large []int
	for i := range weights {
		weights[i] *= float64(n) / sum
		s.under[i], s.other[i] = math.MaxUint32, uint32(i)
		if weights[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		little, much := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		s.under[little], s.other[little] = uint32(weights[little]*(1<<32)), uint32(much)
		weights[much] -= 1 - weights[little]
		if weights[much] < 1 {
			large = large[:len(large)-1]
			small = append(small, much)
		}
	}
	return s
}

// draw returns a row: the place is the high part of the first half of a random number
// times n, the threshold is met by the second.
func (s *sampler) draw(random *rand.PCG) uint32 {
	v := random.Uint64()
	place, _ := bits.Mul32(uint32(v>>32), uint32(len(s.under)))
	if uint32(v) < s.under[place] {
		return place
	}
	return s.other[place]
}
