// Package factor is the source "factor": weighted matrix factorisation for implicit
// feedback by alternating least squares (iALS; Hu, Koren and Volinsky 2008, in the form
// of Rendle, Krichene, Zhang and Koren 2021). Items have a vector each; a person's
// vector is folded in from their history at every request, by the same solver that
// fitted the items, and the same solver splits a score among the items of the history.
//
// # Objective
//
// With s = <w_u, h_i>, confidence c and target t of each cell:
//
//	sum over cells    of c (t - s)^2
//	+ a0 * sum over all pairs of s^2
//	+ lambda * sum over customers of (n_u + a0 |I|)^nu |w_u|^2
//	+ lambda * sum over items     of (n_i + a0 |U|)^nu |h_i|^2
//
// A wanted item has t = 1 and its weight as c; a known dislike (weight 0) has t = 0 and
// c = 1. n is the sum of c over the cells of the customer or item, so that weight 2
// means the same as two cells of weight 1, and with all weights 1 the objective is that
// of Rendle et al.
//
// It never proposes by popularity: an item nobody wanted has no vector and scores 0.
package factor

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// side is one half of the model while the other is solved for: the vectors, and their
// Gram matrix, the sum of h * transpose(h).
type side struct {
	dims    int
	rows    int
	vectors []float32 // rows x dims
	gram    *vector.Sym
	flat    []float32 // a0 times gram, as dims x dims numbers, for steps
}

func newSide(rows, dims int) *side {
	s := &side{dims: dims, rows: rows, vectors: make([]float32, rows*dims), gram: vector.NewSym(dims)}
	clear(s.vectors) // the other side's cells lead anywhere in them: pages that were written can be made large
	vector.InLargePages(s.vectors)
	return s
}

func (s *side) vector(row int) []float32 { return s.vectors[row*s.dims:][:s.dims:s.dims] }

// gramBlocks is how many parts the Gram matrix is summed in. It is fixed, so that the
// order of summation, and with it every bit, is the same for any number of workers.
const gramBlocks = 32

// sumGram computes the Gram matrix, and what steps take of it.
func (s *side) sumGram(alpha0 float64, workers int) {
	parts := make([]*vector.Sym, gramBlocks)
	size := (s.rows + gramBlocks - 1) / gramBlocks
	columns := make([]vector.Columns, workers)
	vector.Fork(workers, gramBlocks, func(worker, block int) {
		parts[block] = vector.NewSym(s.dims)
		c := &columns[worker]
		for from := block * size; from < min((block+1)*size, s.rows); from += gramRun {
			to := min(from+gramRun, (block+1)*size, s.rows)
			c.Reset(s.dims, to-from)
			for row := from; row < to; row++ {
				c.Push(s.vector(row), 1)
			}
			parts[block].AddOuter(c)
		}
	})
	s.gram = parts[0]
	for _, p := range parts[1:] {
		s.gram.Add(p)
	}
	s.flatten(alpha0)
}

// flatten sets flat, from the Gram matrix.
func (s *side) flatten(alpha0 float64) {
	s.flat = slices.Grow(s.flat[:0], s.dims*s.dims)
	for i := range s.dims {
		for j := range s.dims {
			s.flat = append(s.flat, float32(alpha0*s.gram.At(i, j)))
		}
	}
}

// gramRun is how many vectors are added to the Gram matrix at a time: few enough to
// stay in a cache.
const gramRun = 256

// solver solves for one row of the model while the other side stands still. It belongs
// to one goroutine.
type solver struct {
	Params
	normal  *vector.Sym
	columns vector.Columns
	right   []float64
	steps   steps
	cells   []model.Cell // scratch of who folds in
}

func newSolver(p Params) *solver {
	return &solver{Params: p, normal: vector.NewSym(p.Dims), right: make([]float64, p.Dims), steps: newSteps(p.Dims)}
}

// Solve returns the vector w that minimises the objective for one customer (or item) of
// whom k is known, in rows of the other side:
//
//	(sum c h h' + a0 G + lambda (n + a0 |other|)^nu) w = sum c t h
//
// Explanation comes here, and a fit without steps. The result is valid until the next
// call.
func (s *solver) Solve(k known, other *side) ([]float64, error) {
	s.columns.Reset(s.Dims, len(k.picks))
	clear(s.right)
	for i, row := range k.picks {
		h, c := other.vector(int(row)), float64(k.confidences[i])
		s.columns.Push(h, c)
		if i < k.wanted {
			vector.AddScaled(s.right, c, h)
		}
	}
	s.normal.Copy(s.Alpha0, other.gram)
	s.normal.AddOuter(&s.columns)
	s.normal.AddDiagonal(s.ridge(k.total(), other.rows))
	if err := s.normal.Factorise(); err != nil {
		return nil, err
	}
	s.normal.Solve(s.right)
	return s.right, nil
}

// stepsFor is how many cells a dimension are folded in by steps: 50 cells of 64 dimensions take
// a third of the time that Solve does, and so do 200.
const stepsFor = 4

// fold sets w to what Solve finds, to some millionths of its length. Where there are not very
// many cells steps take less time.
func (s *solver) fold(w []float32, k known, other *side) error {
	for _, row := range k.picks { // which lie anywhere in memory
		vector.Prefetch(other.vector(int(row)))
	}
	if len(k.picks) <= stepsFor*s.Dims && s.steps.converge(w, k, float32(s.ridge(k.total(), other.rows)), other) {
		return nil
	}
	solved, err := s.Solve(k, other)
	if err != nil {
		return err
	}
	for i, x := range solved {
		w[i] = float32(x)
	}
	return nil
}

// ridge is what stands before w in the equation of Solve.
func (p *Params) ridge(n float64, others int) float64 {
	return p.Lambda * math.Pow(n+p.Alpha0*float64(others), p.Nu)
}
