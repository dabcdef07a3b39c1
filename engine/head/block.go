package head

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

// block is one kind of features of all questions, by feature: what their cosines are
// computed from.
type block struct {
	rows  map[uint64]int32 // feature -> its list
	idf   []float32        // by list
	lists [][]posting
	// Of a list with many of the questions the values lie in a row, too, with 0 for the others:
	// sixteen are added at a time. nil for the others.
	whole [][]float32
	never float32 // idf of a feature no question has
}

type posting struct {
	question int32
	value    float32 // of the question's unit vector
}

// cell is a feature of one text.
type cell struct {
	feature uint64
	value   float32
}

// newBlock takes the features of all questions, with repetition.
func newBlock(docs [][]uint64) *block {
	b := &block{rows: make(map[uint64]int32)}
	var holding []int32
	sorted := make([][]uint64, len(docs))
	for i, doc := range docs {
		sorted[i] = slices.Clone(doc)
		slices.Sort(sorted[i])
		for j, f := range sorted[i] {
			if j > 0 && f == sorted[i][j-1] {
				continue
			}
			row, known := b.rows[f]
			if !known {
				row = int32(len(holding))
				b.rows[f] = row
				holding = append(holding, 0)
			}
			holding[row]++
		}
	}
	total := len(docs)
	b.idf = make([]float32, len(holding))
	b.lists = make([][]posting, len(holding))
	for row, n := range holding {
		b.idf[row] = inverse(int(n), total)
		b.lists[row] = make([]posting, 0, n)
	}
	b.never = inverse(0, total)
	for i, doc := range sorted {
		for _, c := range b.vector(doc) {
			row := b.rows[c.feature]
			b.lists[row] = append(b.lists[row], posting{int32(i), c.value})
		}
	}
	b.lay(total)
	return b
}

// wholeFrom is from which share of the questions on a list lies in a row.
const wholeFrom = 0.25

// lay makes the rows of lists that have many of so many questions.
func (b *block) lay(questions int) {
	b.whole = make([][]float32, len(b.lists))
	for i, list := range b.lists {
		if float64(len(list)) < wholeFrom*float64(questions) {
			continue
		}
		b.whole[i] = make([]float32, questions)
		for _, p := range list {
			b.whole[i][p.question] = p.value
		}
	}
}

// rarity is how much of the inverse document frequency counts, as its power. On banking77
// (leave one out of 4,000, and 10 questions an intent) 0.7 gave 0.856 and 0.696 right, 1
// gave 0.849 and 0.684.
const rarity = 0.7

// inverse is the smoothed inverse document frequency, held back.
func inverse(holding, total int) float32 {
	return float32(math.Pow(1+math.Log(float64(1+total)/float64(1+holding)), rarity))
}

// vector returns the tf-idf vector of unit length of a text's sorted features. What no
// question has counts in the length: a text of strange words is like nothing.
func (b *block) vector(sorted []uint64) []cell {
	out := make([]cell, 0, len(sorted))
	var squares float64
	for start := 0; start < len(sorted); {
		end := start + 1
		for end < len(sorted) && sorted[end] == sorted[start] {
			end++
		}
		idf := b.never
		if row, known := b.rows[sorted[start]]; known {
			idf = b.idf[row]
		}
		v := float32(1+math.Log(float64(end-start))) * idf
		squares += float64(v) * float64(v)
		out = append(out, cell{sorted[start], v})
		start = end
	}
	for i := range out {
		out[i].value /= float32(math.Sqrt(squares))
	}
	return out
}

// cosines adds weight times the cosine of v and every question to row.
func (b *block) cosines(row []float32, v []cell, weight float32) {
	for _, c := range v {
		list, known := b.rows[c.feature]
		if !known {
			continue
		}
		f := weight * c.value
		if whole := b.whole[list]; whole != nil {
			vector.Axpy(f, whole, row)
			continue
		}
		for _, p := range b.lists[list] {
			row[p.question] += f * p.value
		}
	}
}
