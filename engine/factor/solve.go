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

// confidence returns c and t of a cell.
func confidence(weight float32) (c, t float64) {
	if weight > 0 {
		return float64(weight), 1
	}
	return 1, 0
}

// side is one half of the model while the other is solved for: the vectors, and their
// Gram matrix, the sum of h * transpose(h).
type side struct {
	dims    int
	rows    int
	vectors []float32 // rows x dims
	gram    *vector.Sym
	flat    []float32 // gram as dims x dims numbers, for steps
}

func newSide(rows, dims int) *side {
	return &side{dims: dims, rows: rows, vectors: make([]float32, rows*dims), gram: vector.NewSym(dims)}
}

func (s *side) vector(row int) []float32 { return s.vectors[row*s.dims:][:s.dims:s.dims] }

// gramBlocks is how many parts the Gram matrix is summed in. It is fixed, so that the
// order of summation, and with it every bit, is the same for any number of workers.
const gramBlocks = 32

// sumGram computes the Gram matrix.
func (s *side) sumGram(workers int) {
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
	s.flat = slices.Grow(s.flat[:0], s.dims*s.dims)
	for i := range s.dims {
		for j := range s.dims {
			s.flat = append(s.flat, float32(s.gram.At(i, j)))
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
	// The residual, the direction and what the equation makes of the direction.
	residual, direction, image []float32
}

func newSolver(p Params) *solver {
	vectors := make([]float32, 3*p.Dims)
	return &solver{
		Params: p, normal: vector.NewSym(p.Dims), right: make([]float64, p.Dims),
		residual: vectors[:p.Dims], direction: vectors[p.Dims : 2*p.Dims], image: vectors[2*p.Dims:],
	}
}

// Solve returns the vector w that minimises the objective for one customer (or item)
// with the given cells, whose rows are those of the other side:
//
//	(sum c h h' + a0 G + lambda (n + a0 |other|)^nu) w = sum c t h
//
// Fold-in and explanation come here, and a fit without steps. The result is valid until
// the next call.
func (s *solver) Solve(cells []model.Cell, other *side) ([]float64, error) {
	s.columns.Reset(s.Dims, len(cells))
	clear(s.right)
	n := 0.0
	for _, cell := range cells {
		h := other.vector(int(cell.Row))
		c, t := confidence(cell.Weight)
		s.columns.Push(h, c)
		n += c
		if t > 0 {
			for k, v := range h {
				s.right[k] += c * t * float64(v)
			}
		}
	}
	s.normal.Copy(s.Alpha0, other.gram)
	s.normal.AddOuter(&s.columns)
	s.normal.AddDiagonal(s.ridge(n, other))
	if err := s.normal.Factorise(); err != nil {
		return nil, err
	}
	s.normal.Solve(s.right)
	return s.right, nil
}

// confidences is the sum of the cells' c.
func confidences(cells []model.Cell) float64 {
	n := 0.0
	for _, cell := range cells {
		c, _ := confidence(cell.Weight)
		n += c
	}
	return n
}

// ridge is what stands before w in the equation of Solve.
func (s *solver) ridge(n float64, other *side) float64 {
	return s.Lambda * math.Pow(n+s.Alpha0*float64(other.rows), s.Nu)
}

// Refine moves w towards the solution of the equation of Solve by steps of conjugate
// gradients (Hestenes and Stiefel 1952; for this objective Takacs, Pilaszy and Tikk
// 2011). A step costs 2 d multiplications a cell and d^2 a row, where Solve costs
// d^2 / 2 a cell and d^3 / 6 a row. Started from the last epoch's vector, as all but the
// first epoch of a fit is, few steps do.
func (s *solver) Refine(w []float32, cells []model.Cell, other *side) {
	ridge := float32(s.ridge(confidences(cells), other))
	// The residual: the right side less what the equation makes of w.
	s.apply(w, ridge, cells, other)
	for k, v := range s.image {
		s.residual[k] = -v
	}
	for _, cell := range cells {
		if c, t := confidence(cell.Weight); t > 0 {
			vector.Axpy(float32(c*t), other.vector(int(cell.Row)), s.residual)
		}
	}
	copy(s.direction, s.residual)
	size := vector.Dot(s.residual, s.residual)
	for range s.Steps {
		if size < tiny {
			return
		}
		s.apply(s.direction, ridge, cells, other)
		length := size / vector.Dot(s.direction, s.image)
		vector.Axpy(length, s.direction, w)
		vector.Axpy(-length, s.image, s.residual)
		before := size
		size = vector.Dot(s.residual, s.residual)
		for k, r := range s.residual {
			s.direction[k] = r + size/before*s.direction[k]
		}
	}
}

// tiny is the square of a residual in which a float32 holds nothing any more.
const tiny = 1e-20

// apply sets image to what the matrix of the equation makes of v.
func (s *solver) apply(v []float32, ridge float32, cells []model.Cell, other *side) {
	alpha := float32(s.Alpha0)
	for k := range s.image {
		s.image[k] = alpha*vector.Dot(v, other.flat[k*s.Dims:]) + ridge*v[k]
	}
	for _, cell := range cells {
		h := other.vector(int(cell.Row))
		c, _ := confidence(cell.Weight)
		vector.Axpy(float32(c)*vector.Dot(v, h), h, s.image)
	}
}
