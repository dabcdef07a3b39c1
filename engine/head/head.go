// Package head learns from solved questions which solution a text is about: kernel ridge
// regression (Saunders, Gammerman and Vovk 1998), in closed form, of every solution at
// once on how like two texts are.
//
// It is pure: questions and their vectors come in as values, and the same questions give
// the same model for any number of workers.
package head

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// Question is a text and, where it is known, what solved it.
type Question struct {
	Text   string
	Vector []float32 // of unit length, of the sentence; nil where there is no encoder, or it has nothing to say
	Labels []int     // what solved it, numbered by the caller from 0; none where nothing fits
}

// Options say how alike two texts are, and how far the fit trusts what it is told. The
// zero value means DefaultOptions.
type Options struct {
	// Two texts are alike by
	//
	//	(1-Meaning) * exp(Strict * (c - 1)) + Meaning * exp(Sharp * (v - 1))
	//
	// where c is the mean of the cosines of their words and pairs of words and, to the
	// share Pieces, of pieces of their words; v is the cosine of their sentences' vectors,
	// whose term is 0 where one has none. It is scaled so that every text is like itself
	// by 1. Gaussians of likenesses see what words mean together, which a plain cosine,
	// and so a linear model, does not.
	Pieces  float32
	Strict  float64
	Meaning float32
	Sharp   float64
	Ridge   float64 // added to the diagonal: the variance of noise, where a label is 1
	// MaxQuestions bounds the fit, whose memory is 8 bytes a pair of questions and whose
	// time goes with the cube. The first ones are kept: the caller puts the newest first.
	MaxQuestions int
}

// DefaultOptions returns the options chosen on intents (benchmarks/intent).
func DefaultOptions() Options {
	return Options{Pieces: 0.7, Strict: 2.5, Meaning: 0.6, Sharp: 3, Ridge: 0.1, MaxQuestions: 16_384}
}

// maxQuestions is how many questions there may be whatever the options say: as many products
// of two bytes as a sum of 32 bits surely holds.
const maxQuestions = 1 << 15

// maxCells bounds questions x labels: 16 MiB, and the time of an answer.
const maxCells = 1 << 24

// Model is a fitted head. It is immutable.
type Model struct {
	options       Options
	words, pieces *block
	vectors       []float32 // questions x dims, zero where a question has none
	has           []bool    // whether question i has a vector
	dims          int
	questions     int
	labels        int
	weights       *weights
	labelsOf      [][]int // of each question
}

// Held are scores of the questions that a model was fitted on, questions x labels, as of fits
// without them.
type Held struct {
	Each  []float32 // without the question alone
	Parts []float32 // without all questions of its part; 0 of those in none
}

// Fit learns from questions with labels below labels. What it holds is in closed form, what
// leaving each one out and fitting again gives (Allen 1974); parts, which may be nil, are
// questions that are left out together, each in one part at most. Labels beyond what maxCells
// has room for, counted from 0, are not learnt, and are 0 in every score.
func Fit(ctx context.Context, questions []Question, labels int, parts [][]int, o Options, workers int) (m *Model, held Held, err error) {
	if o == (Options{}) {
		o = DefaultOptions()
	}
	most := maxQuestions
	if o.MaxQuestions > 0 {
		most = min(most, o.MaxQuestions)
	}
	questions = questions[:min(len(questions), most)]
	n := len(questions)
	m = &Model{options: o, questions: n}
	if n == 0 {
		return m, held, nil
	}
	m.labels = min(labels, maxCells/n)
	words, pieces := make([][]uint64, n), make([][]uint64, n)
	vector.Fork(workers, n, func(_, i int) { words[i], pieces[i] = text.Grams(questions[i].Text) })
	m.words, m.pieces = newBlock(words), newBlock(pieces)
	m.takeVectors(questions)
	inverse, err := m.kernel(ctx, words, pieces, workers)
	if err != nil {
		return nil, held, err
	}
	for i := range n {
		inverse[i*n+i] += float32(o.Ridge)
	}
	if err := vector.Invert(ctx, inverse, n, workers); err != nil {
		return nil, held, fmt.Errorf("fit the head on %d questions: %w", n, err)
	}
	m.labelsOf = make([][]int, n)
	for j, q := range questions {
		for _, l := range q.Labels {
			if l < m.labels && !slices.Contains(m.labelsOf[j], l) {
				m.labelsOf[j] = append(m.labelsOf[j], l)
			}
		}
	}
	held.Each = m.weigh(inverse)
	if parts != nil {
		if held.Parts, err = m.blind(ctx, inverse, parts, workers); err != nil {
			return nil, held, fmt.Errorf("hold parts of %d questions out of the head: %w", n, err)
		}
	}
	return m, held, nil
}

// solved are the questions that each label solved.
func (m *Model) solved() [][]int {
	out := make([][]int, m.labels)
	for j, list := range m.labelsOf {
		for _, l := range list {
			out[l] = append(out[l], j)
		}
	}
	return out
}

// weigh makes the weights, and returns the scores of each question without it: a label's
// weights are the sum of the rows, in the inverse, of the questions it solved.
func (m *Model) weigh(inverse []float32) (held []float32) {
	n := m.questions
	m.weights = newWeights(n, m.labels)
	held = make([]float32, n*m.labels)
	row := make([]float32, n)
	for l, list := range m.solved() {
		clear(row)
		for _, j := range list {
			vector.Axpy(1, inverse[j*n:][:n], row)
		}
		for i, w := range row {
			held[i*m.labels+l] = -w / inverse[i*n+i]
		}
		for _, j := range list {
			held[j*m.labels+l]++
		}
		m.weights.add(row)
	}
	return held
}

// takeVectors lays the vectors of the questions one after the other.
func (m *Model) takeVectors(questions []Question) {
	for _, q := range questions {
		m.dims = max(m.dims, len(q.Vector))
	}
	m.vectors = make([]float32, len(questions)*m.dims)
	m.has = make([]bool, len(questions))
	for i, q := range questions {
		m.has[i] = m.dims > 0 && len(q.Vector) == m.dims
		if m.has[i] {
			copy(m.vectors[i*m.dims:], q.Vector)
		}
	}
}

// kernel returns the likeness of every two questions.
func (m *Model) kernel(ctx context.Context, words, pieces [][]uint64, workers int) ([]float32, error) {
	n := m.questions
	k := make([]float32, n*n)
	if m.dims > 0 {
		vector.MulNT(k, m.vectors, m.vectors, n, n, m.dims, workers)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	vector.Fork(workers, n, func(_, i int) {
		if ctx.Err() == nil {
			m.likeness(k[i*n:][:n], words[i], pieces[i], m.has[i])
		}
	})
	return k, ctx.Err()
}

// likeness makes a row of dot products of vectors one of likenesses.
func (m *Model) likeness(row []float32, words, pieces []uint64, has bool) {
	o := &m.options
	slices.Sort(words)
	slices.Sort(pieces)
	kept := scratch.Get().(*[]float32)
	defer scratch.Put(kept)
	*kept = slices.Grow((*kept)[:0], len(row))
	lexical := (*kept)[:len(row)]
	clear(lexical)
	m.words.cosines(lexical, m.words.vector(words), 1-o.Pieces)
	m.pieces.cosines(lexical, m.pieces.vector(pieces), o.Pieces)
	scale := [2]float32{o.scale(has) * o.scale(false), o.scale(has) * o.scale(true)}
	for i, c := range lexical {
		near := (1 - o.Meaning) * gauss(o.Strict, c)
		at := 0
		if m.has[i] {
			at = 1
			if has {
				near += o.Meaning * gauss(o.Sharp, row[i])
			}
		}
		row[i] = scale[at] * near
	}
}

// scratch is room for what an answer needs of the questions, to be used again.
var scratch = sync.Pool{New: func() any { return new([]float32) }}

// gauss is exp(-s/2 * |a - b|^2) of two unit vectors with this cosine.
func gauss(s float64, cosine float32) float32 {
	return float32(math.Exp(s * (float64(cosine) - 1)))
}

// scale makes the likeness of a text to itself 1, whether it has a vector or not.
func (o *Options) scale(has bool) float32 {
	whole := 1 - o.Meaning
	if has {
		whole = 1
	}
	return float32(1 / math.Sqrt(float64(whole)))
}

// Questions returns how many questions the head knows.
func (m *Model) Questions() int { return m.questions }

// Labels returns how many labels have a score.
func (m *Model) Labels() int { return m.labels }

// LabelsOf returns what solved question i. It is not to be changed.
func (m *Model) LabelsOf(i int) []int { return m.labelsOf[i] }

// VectorOf returns the vector of question i, nil where it has none. It is not to be changed.
func (m *Model) VectorOf(i int) []float32 {
	if !m.has[i] {
		return nil
	}
	return m.vectors[i*m.dims:][:m.dims:m.dims]
}

// Likeness returns how like q is to every question the head knows, from 0 to 1.
func (m *Model) Likeness(q Question) []float32 {
	row := make([]float32, m.questions)
	if m.questions == 0 {
		return row
	}
	has := m.dims > 0 && len(q.Vector) == m.dims
	if has {
		vector.DotRows(row, m.vectors, q.Vector)
	}
	words, pieces := text.Grams(q.Text)
	m.likeness(row, words, pieces, has)
	return row
}

// Scores returns the score of every label for the text whose likeness is given: near 1
// where it solves such questions, near 0 where it does not.
func (m *Model) Scores(likeness []float32) []float32 {
	out := make([]float32, m.labels)
	if m.labels > 0 {
		m.weights.scores(out, likeness)
	}
	return out
}
