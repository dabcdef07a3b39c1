// Package bridge is the source "mapped": it leads from what is known beforehand to the
// vectors of engine/factor, so that who has no behaviour yet has a place among those who
// have. An item that nobody wanted yet gets a vector by its content: that of the known
// items most alike to it, or by ridge regression of vectors on content (Gantner and
// others 2010, "Learning attribute-to-feature mappings for cold-start recommendations").
// The person's vector is factor's, folded in from their history.
//
// Of an item that factor knows it says nothing: 0.
package bridge

import (
	"context"
	"fmt"
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	// Near is how many known items, those most alike, a new item's vector is the mean of;
	// -1 for ridge regression instead. Default 20.
	Near int `json:"near"`
	// Lambda is the strength of the regression; 0 chooses it by cross-validation over
	// items. It says nothing where Near is above 0.
	Lambda float64 `json:"lambda"`
}

// Regression as Near asks for ridge regression.
const Regression = -1

// maxNear bounds Near: beyond lies what is not alike.
const maxNear = 1000

// WithDefaults fills in what was left zero.
func (p Params) WithDefaults() Params {
	if p.Near == 0 {
		p.Near = 20
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case p.Near != Regression && (p.Near < 1 || p.Near > maxNear):
		return engine.Invalidf(engine.CodeInvalidField, "near", "a whole number from 1 to %d, or -1 for a regression, not %d", maxNear, p.Near)
	case !(p.Lambda >= 0) || math.IsInf(p.Lambda, 1):
		return engine.Invalidf(engine.CodeInvalidField, "lambda", "a number from 0, not %v", p.Lambda)
	}
	return nil
}

// Fit learns the way from the items' content vectors to those of base, by which both the
// fit and the answers fold a person in. The means of near items need no learning.
func Fit(ctx context.Context, base *factor.Model, content *text.Vectors, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	m := newModel(p, content.Dims(), base.Dims())
	m.base = base
	if p.Near == Regression {
		var x, y [][]float32
		rows := base.Rows()
		for row := 0; row < rows.Len(); row += (rows.Len() + regressionRows - 1) / regressionRows {
			if words := content.Row(rows.Num(row)); words != nil {
				x, y = append(x, words), append(y, base.Vector(row))
			}
		}
		weights, lambda, err := Ridge(ctx, x, y, content.Dims(), base.Dims(), p.Lambda)
		if err != nil {
			return nil, fmt.Errorf("fit the way from content to factors: %w", err)
		}
		m.weights, m.params.Lambda = weights, lambda
	}
	return m, nil
}

// regressionRows is of about how many items the way is learnt at most, taken evenly: some thousand
// weights need no million of them, which are half a gigabyte.
const regressionRows = 1 << 17

// folds is in how many parts the rows are cut to choose lambda, and lambdas are what is
// tried, in rows of unit length.
const folds = 5

var lambdas = []float64{0.3, 1, 3, 10, 30, 100}

// Ridge returns the weights W, one row of to numbers for each of the from inputs, that
// minimise
//
//	sum over rows of |y - x W|^2 + lambda |W|^2,
//
// and lambda: where it is 0, the one of a few that errs least on rows it was not fitted on.
func Ridge(ctx context.Context, x, y [][]float32, from, to int, lambda float64) (weights []float32, used float64, err error) {
	parts := make([]*sums, folds)
	all := newSums(from, to)
	for k := range parts {
		parts[k] = newSums(from, to)
		parts[k].add(x, y, k)
		all.merge(parts[k], 1)
	}
	if lambda == 0 {
		if lambda, err = choose(ctx, x, y, all, parts); err != nil {
			return nil, 0, err
		}
	}
	solved, err := all.solve(lambda)
	if err != nil {
		return nil, 0, err
	}
	return solved, lambda, ctx.Err()
}

// choose returns the lambda of the least squared error over the folds.
func choose(ctx context.Context, x, y [][]float32, all *sums, parts []*sums) (float64, error) {
	best, least := lambdas[len(lambdas)-1], math.Inf(1)
	for _, lambda := range lambdas {
		sum := 0.0
		for k, part := range parts {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			rest := newSums(all.from, all.to)
			rest.merge(all, 1)
			rest.merge(part, -1)
			weights, err := rest.solve(lambda)
			if err != nil {
				return 0, err
			}
			for i := k; i < len(x); i += folds {
				sum += distance(times(x[i], weights, all.to), y[i])
			}
		}
		if sum < least {
			best, least = lambda, sum
		}
	}
	return best, nil
}

// sums are the two sides of the normal equations: X'X and X'Y.
type sums struct {
	from, to int
	gram     *vector.Sym
	right    []float64 // from x to
}

func newSums(from, to int) *sums {
	return &sums{from, to, vector.NewSym(from), make([]float64, from*to)}
}

// add adds every folds-th row from k on.
func (s *sums) add(x, y [][]float32, k int) {
	var columns vector.Columns
	columns.Reset(s.from, (len(x)-k+folds-1)/folds)
	for i := k; i < len(x); i += folds {
		columns.Push(x[i], 1)
		for j, v := range x[i] {
			if v == 0 {
				continue
			}
			into := s.right[j*s.to:][:s.to]
			for c, h := range y[i] {
				into[c] += float64(v) * float64(h)
			}
		}
	}
	s.gram.AddOuter(&columns)
}

// merge adds sign times the sums of o.
func (s *sums) merge(o *sums, sign float64) {
	lower, more := s.gram.Lower(), o.gram.Lower()
	for i := range lower {
		lower[i] += sign * more[i]
	}
	s.gram.SetLower(lower)
	for i := range s.right {
		s.right[i] += sign * o.right[i]
	}
}

// solve returns the weights.
func (s *sums) solve(lambda float64) ([]float32, error) {
	normal := vector.NewSym(s.from)
	normal.Copy(1, s.gram)
	normal.AddDiagonal(lambda)
	if err := normal.Factorise(); err != nil {
		return nil, err
	}
	weights, column := make([]float32, s.from*s.to), make([]float64, s.from)
	for c := range s.to {
		for j := range column {
			column[j] = s.right[j*s.to+c]
		}
		normal.Solve(column)
		for j, v := range column {
			weights[j*s.to+c] = float32(v)
		}
	}
	return weights, nil
}

// times returns x W.
func times(x, weights []float32, to int) []float32 {
	out := make([]float32, to)
	for j, v := range x {
		if v != 0 {
			vector.Axpy(v, weights[j*to:][:to], out)
		}
	}
	return out
}

// distance returns the squared distance of a and b.
func distance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return sum
}
