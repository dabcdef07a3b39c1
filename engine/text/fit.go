package text

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	// minDocuments is how many documents must hold a term before the decomposition
	// looks at it: a term of one document occurs together with nothing else's words.
	minDocuments = 2
	// maxVocabulary bounds the memory of a fit (110 MB at 128 dims) and of a model
	// (26 MB). The terms of most documents stay.
	maxVocabulary = 50_000
	// maxFittedBytes is the longest term a fit looks at, by the file format; longer ones
	// are hashed.
	maxFittedBytes = 255
	// oversampling is how many directions more than asked for the range finder follows.
	oversampling = 10
	// powerIterations sharpens the range where singular values fall slowly, as those
	// of text do.
	powerIterations = 3
	// unseenWeight is how much a hashed term counts beside a fitted one of the same
	// idf and average length. Measured like titleWeight: 0.654 and 0.562 at 0.5, 0.655
	// and 0.651 at 1, 0.626 and 0.642 at 2.
	unseenWeight = 1
)

// Fit learns an encoder of dims dimensions (below 1: DefaultDims) from docs, each the
// terms of one item as ItemTerms gives them. The same docs, dims and seed give the
// same encoder for any GOMAXPROCS. Where there are fewer documents or terms than dims,
// the rest of the dimensions belongs to hashed terms; with nothing to learn from, the
// encoder is Untrained.
func Fit(docs [][]string, dims int, seed uint64) *Encoder {
	e := Untrained(dims)
	v := newVocabulary(docs)
	if len(v.terms) == 0 {
		return e
	}
	m := v.matrix(docs)
	directions := rangeOf(m, min(e.dims+oversampling, len(v.terms)), rand.New(rand.NewPCG(seed, hash("text.Fit"))))
	basis := principal(m, directions, e.dims)

	e.terms = make(map[string]int32, len(v.terms))
	e.rows = make([]float32, len(v.terms)*e.dims)
	for i, term := range v.terms {
		e.terms[term] = int32(i)
		for j, x := range basis.row(i) {
			e.rows[i*e.dims+j] = float32(v.idf[i] * x)
		}
	}
	e.unseen = float32(unseenWeight * idf(0, len(docs)) * basis.length())
	return e
}

// idf is the smoothed inverse document frequency of a term in n of total documents:
// never 0, and finite for a term never seen.
func idf(n, total int) float64 { return 1 + math.Log(float64(1+total)/float64(1+n)) }

// vocabulary is the terms a fit looks at, in alphabetical order.
type vocabulary struct {
	terms []string
	idf   []float64
	index map[string]int32
}

func newVocabulary(docs [][]string) *vocabulary {
	count := make(map[string]int)
	last := make(map[string]int) // one above the last document that held the term
	for i, doc := range docs {
		for _, term := range doc {
			if last[term] != i+1 {
				last[term] = i + 1
				count[term]++
			}
		}
	}
	v := &vocabulary{index: make(map[string]int32)}
	for term, n := range count {
		if n >= minDocuments && len(term) <= maxFittedBytes {
			v.terms = append(v.terms, term)
		}
	}
	slices.Sort(v.terms)
	if len(v.terms) > maxVocabulary {
		slices.SortStableFunc(v.terms, func(a, b string) int { return cmp.Compare(count[b], count[a]) })
		v.terms = v.terms[:maxVocabulary]
		slices.Sort(v.terms)
	}
	for i, term := range v.terms {
		v.index[term] = int32(i)
		v.idf = append(v.idf, idf(count[term], len(docs)))
	}
	return v
}

// matrix returns the TF-IDF matrix of docs, rows of unit length, documents without a
// known term left out.
func (v *vocabulary) matrix(docs [][]string) *sparse {
	m := &sparse{columns: len(v.terms), starts: []int{0}}
	var terms []int32
	for _, doc := range docs {
		terms = terms[:0]
		for _, term := range doc {
			if i, known := v.index[term]; known {
				terms = append(terms, i)
			}
		}
		slices.Sort(terms)
		m.append(terms, v.idf)
	}
	return m
}

// sparse is a matrix in compressed rows.
type sparse struct {
	columns int
	starts  []int
	cells   []cell
}

type cell struct {
	column int32
	value  float64
}

// append adds the row of a document with these terms, sorted, with repetition.
func (m *sparse) append(terms []int32, idf []float64) {
	first := len(m.cells)
	var squares float64
	for start := 0; start < len(terms); {
		end := start + 1
		for end < len(terms) && terms[end] == terms[start] {
			end++
		}
		value := sublinear(end-start) * idf[terms[start]]
		squares += value * value
		m.cells = append(m.cells, cell{terms[start], value})
		start = end
	}
	if squares == 0 {
		return
	}
	for i := first; i < len(m.cells); i++ {
		m.cells[i].value /= math.Sqrt(squares)
	}
	m.starts = append(m.starts, len(m.cells))
}

// rows yields the cells of every row in order.
func (m *sparse) rows(yield func([]cell) bool) {
	for i := range len(m.starts) - 1 {
		if !yield(m.cells[m.starts[i]:m.starts[i+1]]) {
			return
		}
	}
}
