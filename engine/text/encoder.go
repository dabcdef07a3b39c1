package text

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

// DefaultDims is the length of a vector where nobody chose one.
const DefaultDims = 128

// Encoder turns terms into a vector, so that texts about the same things point the
// same way. It is immutable and safe for concurrent use.
//
// A fitted encoder is latent semantic analysis (Deerwester and others 1990): a term's
// vector is its row of V in the truncated singular value decomposition of the shop's own
// TF-IDF matrix, times its idf, with strong directions held back (flatness), so that
// encoding a document of the fit gives the direction of its row in that analysis. A term
// the fit did not see, or saw in one document only, where it can tell nothing about other
// terms, gets a pseudo-random direction from its own hash. So a new item always has a
// place, and an encoder that was never fitted is random indexing (Kanerva, Kristoferson
// and Holst 2000): equal words meet, different words are nearly orthogonal.
type Encoder struct {
	dims   int
	unseen float32          // weight of a hashed term beside the fitted ones
	terms  map[string]int32 // row in rows
	rows   []float32        // terms x dims: idf times the row of V
}

// Untrained returns an encoder that has seen nothing: random indexing. dims below 1
// means DefaultDims.
func Untrained(dims int) *Encoder {
	if dims < 1 {
		dims = DefaultDims
	}
	return &Encoder{dims: dims, unseen: 1}
}

// Dims returns the length of the vectors.
func (e *Encoder) Dims() int { return e.dims }

// Len returns the number of terms the encoder was fitted on.
func (e *Encoder) Len() int { return len(e.terms) }

// Encode returns the vector of unit length for terms, whose order does not matter and
// whose repetition does, by 1 + ln(count). It returns nil where there are no terms.
func (e *Encoder) Encode(terms []string) []float32 {
	if len(terms) == 0 {
		return nil
	}
	sorted := slices.Clone(terms)
	slices.Sort(sorted) // one order of summation for one set of terms
	sum := make([]float64, e.dims)
	for start := 0; start < len(sorted); {
		end := start + 1
		for end < len(sorted) && sorted[end] == sorted[start] {
			end++
		}
		e.add(sum, sorted[start], sublinear(end-start))
		start = end
	}
	return unit(sum)
}

// sublinear is the weight of a term that stands in a document count times.
func sublinear(count int) float64 { return 1 + math.Log(float64(count)) }

// add adds weight times the vector of term to sum.
func (e *Encoder) add(sum []float64, term string, weight float64) {
	row, seen := e.terms[term]
	if !seen {
		addHashed(sum, term, weight*float64(e.unseen))
		return
	}
	vector.AddScaled(sum, weight, e.rows[int(row)*e.dims:][:e.dims])
}

// addHashed adds weight times a unit vector that term alone decides: each coordinate
// is plus or minus 1/sqrt(dims), by the bits of a SplitMix64 stream seeded with the
// FNV-1a hash of the term.
func addHashed(sum []float64, term string, weight float64) {
	step := math.Float64bits(weight / math.Sqrt(float64(len(sum))))
	state := hash(term)
	var bits uint64
	for i := range sum {
		if i%64 == 0 {
			bits = splitMix(&state)
		}
		sum[i] += math.Float64frombits(step ^ bits<<63) // no branch: which way it goes nobody foresees
		bits >>= 1
	}
}

// hash is FNV-1a of 64 bits.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// splitMix is the next number of SplitMix64 (Steele, Lea and Flood 2014).
func splitMix(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit scales v to length 1. It returns nil for what has no direction.
func unit(v []float64) []float32 {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	length := math.Sqrt(squares)
	if length < 1e-12 {
		return nil
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / length)
	}
	return out
}
