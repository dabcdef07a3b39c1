package neighbour

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// EASE is the fitted source.
type EASE struct {
	params  Params
	rows    *model.Rows
	weights []float32 // rows x rows: what the item of the row adds to that of the column
	rooms   sync.Pool // of *[]float64: sums while they grow
}

// Name is the source's name.
const Name = "ease"

// version is of the saved form.
const version = 1

// Fit learns the weights between items from data.
func Fit(ctx context.Context, data *model.Data, p Params) (*EASE, error) {
	g, err := Count(ctx, data, p)
	if err != nil {
		return nil, err
	}
	return g.Fit(ctx, p)
}

// Fit learns the weights with the lambda of p: with P the inverse of the counts plus
// lambda on the diagonal,
//
//	B[j,i] = -P[j,i] / P[i,i],  B[i,i] = 0
//
// (Steck 2019, equation 8). Each call inverts anew; the counts are shared.
func (g *Gram) Fit(ctx context.Context, p Params) (*EASE, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	inverse, err := g.inverse(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("fit EASE on %d items, lambda %v: %w", g.rows.Len(), p.Lambda, err)
	}
	n := g.rows.Len()
	e := &EASE{params: p, rows: g.rows, weights: inverse}
	by := make([]float32, n) // what columns are multiplied by
	for i := range by {
		by[i] = -1 / inverse[i*n+i]
	}
	vector.Fork(p.Workers, n, func(_, i int) {
		row := e.weightsOf(i)
		for j, f := range by {
			row[j] *= f
		}
		row[i] = 0
	})
	return e, nil
}

// inverse returns the inverse of the counts plus lambda on the diagonal, row by row: by
// float32, or by float64 where so little is added that float32 finds no inverse.
func (g *Gram) inverse(ctx context.Context, p Params) ([]float32, error) {
	n := g.rows.Len()
	a := make([]float32, n*n)
	for i := range n {
		copy(a[i*n:], g.counts[triangle(i):][:i+1])
		a[i*n+i] += float32(p.Lambda)
	}
	err := vector.Invert(ctx, a, n, p.Workers)
	if !errors.Is(err, vector.ErrNotPositive) {
		return a, err
	}
	s := vector.NewSquare(n)
	for i := range n {
		row := s.Lower(i)
		for j, c := range g.counts[triangle(i):][:i+1] {
			row[j] = float64(c)
		}
		row[i] += p.Lambda
	}
	if err := s.Invert(ctx, p.Workers); err != nil {
		return nil, err
	}
	for i := range n {
		for j, v := range s.Lower(i) {
			a[i*n+j], a[j*n+i] = float32(v), float32(v)
		}
	}
	return a, nil
}

// Asked returns the source with other settings where they leave the weights as they are, as
// Recent does; nil where they must be fitted.
func (e *EASE) Asked(p Params) *EASE {
	p = p.WithDefaults()
	if p.Lambda != e.params.Lambda || p.MaxItems != e.params.MaxItems || p.check() != nil {
		return nil
	}
	return &EASE{params: p, rows: e.rows, weights: e.weights}
}

// Name implements model.Source.
func (e *EASE) Name() string { return Name }

// Params returns the settings the source was fitted with.
func (e *EASE) Params() Params { return e.params }

// Rows returns the items that have weights.
func (e *EASE) Rows() *model.Rows { return e.rows }

// weightsOf returns what the item of a row adds to all items.
func (e *EASE) weightsOf(row int) []float32 {
	n := e.rows.Len()
	return e.weights[row*n:][:n:n]
}

// Open sums the weights of what the person wanted, once for all items.
func (e *EASE) Open(q *model.Query) model.Scorer {
	s := &scorer{e: e}
	if s.history = causesOf(q, e.rows, e.params.Recent); len(s.history) == 0 {
		return s
	}
	room, ok := e.rooms.Get().(*[]float64)
	if !ok {
		room = new(make([]float64, e.rows.Len()))
	}
	defer e.rooms.Put(room)
	sums := *room
	clear(sums)
	for _, c := range s.history {
		if c.weight == 1 {
			vector.AddTo(sums, e.weightsOf(c.row))
		} else {
			vector.AddScaled(sums, c.weight, e.weightsOf(c.row))
		}
	}
	s.sums = make([]float32, len(sums))
	for row, sum := range sums {
		s.sums[row] = float32(sum)
	}
	s.most = model.Largest(s.sums)
	return s
}

// scorer holds one person's scores.
type scorer struct {
	e       *EASE
	history []cause
	sums    []float32 // by row; nil where nothing is known of the person
	most    float32   // of their magnitudes
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting: a number for every item that has weights.
func (s *scorer) Bytes() int { return 96 + 16*len(s.history) + 4*len(s.sums) }

// Empty implements model.Scorer.
func (s *scorer) Empty() bool { return s.sums == nil }

// Propose implements model.Scorer.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	top := vector.NewTop(n)
	s.e.rows.Each(eligible, func(row int, item engine.ItemNum) {
		top.Push(item, s.sums[row])
	})
	return top.AppendItems(out)
}

// Score implements model.Scorer. An item without weights scores 0.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	for i, item := range items {
		out[i] = 0
		if row, ok := s.e.rows.Row(item); ok && !s.Empty() {
			out[i] = s.sums[row]
		}
	}
}

var _ model.Rough = (*scorer)(nil)

// AddRough implements model.Rough: the sums are there.
func (s *scorer) AddRough(_ *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if !s.Empty() {
		s.e.rows.AddRows(sums, items, s.sums, gain)
	}
	return 0, math.Abs(gain) * float64(s.most), true
}

// Explain implements model.Scorer. Each part is counterfactual, but for what Recent moves
// up: without that item in the history the score is lower by it. An item does not speak
// for itself.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.e.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	for _, cause := range s.history {
		if w := s.e.weightsOf(cause.row)[row]; w != 0 {
			parts = append(parts, model.Part{Item: s.e.rows.Num(cause.row), Contribution: cause.weight * float64(w)})
		}
	}
	return 0, parts
}

// Save implements model.Saver. The weights take 4 bytes a pair of items.
func (e *EASE) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(e.params)
	e.rows.Save(f)
	f.Float32s(e.weights)
	return f.Close()
}

// Load is the model.Loader of the source.
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	e := &EASE{}
	f.JSON(&e.params)
	rows, from, saved := model.LoadRows(f, ids)
	e.rows, e.weights = rows, f.Float32s(saved*saved)
	if err := f.Close(); err != nil {
		return nil, err
	}
	if laid(from, saved) {
		return e, nil
	}
	read := e.weights
	e.weights = make([]float32, len(from)*len(from))
	for row, at := range from {
		to := e.weightsOf(row)
		for column, was := range from {
			to[column] = read[at*saved+was]
		}
	}
	return e, nil
}

// laid reports whether the saved order is already that of the numbers.
func laid(from []int, saved int) bool {
	for row, at := range from {
		if row != at {
			return false
		}
	}
	return len(from) == saved
}
