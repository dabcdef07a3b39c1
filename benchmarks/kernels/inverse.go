package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/vector"
)

// checked is the largest inverse that is held against float64.
const checked = 2000

func inverseSizes(long bool) []int {
	if long {
		return []int{checked, 4000, 8000}
	}
	return []int{checked, 4000}
}

// wanted returns how many of 5 n people want both of two items, as a matrix, with lambda
// 100 on its diagonal.
func wanted(n int) []float32 {
	rng := rand.New(rand.NewPCG(4, 4))
	zipf := rand.NewZipf(rng, 1.05, 8, uint64(n-1))
	a := make([]float32, n*n)
	var items []int
	for range 5 * n {
		home := rng.IntN(n)
		items = items[:0]
		for range 5 + rng.IntN(60) {
			item := int(zipf.Uint64()) * 7919 % n
			if rng.IntN(2) == 0 {
				item = (home + rng.IntN(40)) % n
			}
			items = append(items, item)
		}
		slices.Sort(items)
		items = slices.Compact(items)
		for _, i := range items {
			for _, j := range items {
				a[i*n+j]++
			}
		}
	}
	for i := range n {
		a[i*n+i] += 100
	}
	return a
}

// inverses measures vector.Invert, and how exact it is.
func (p *path) inverses(ctx context.Context, o options) error {
	for _, n := range inverseSizes(o.long) {
		if o.only == "plain" && n > checked && !o.long {
			continue
		}
		a := wanted(n)
		got := make([]float32, len(a))
		cost := math.Inf(1)
		for range 3 {
			copy(got, a)
			c, err := measure.Timed(func() error { return vector.Invert(ctx, got, n, 1) })
			if err != nil {
				return err
			}
			cost = min(cost, c.CPU)
		}
		i := inverse{CPU: cost}
		if n == checked {
			if err := i.check(ctx, a, got, n); err != nil {
				return err
			}
		}
		p.Inverses[n] = i
	}
	return nil
}

// check holds an inverse against that in float64.
func (i *inverse) check(ctx context.Context, a, got []float32, n int) error {
	want, err := double(ctx, a, n)
	if err != nil {
		return err
	}
	wide := func(x []float32) *mat.Dense {
		d := mat.NewDense(n, n, nil)
		for k, v := range x {
			d.RawMatrix().Data[k] = float64(v)
		}
		return d
	}
	exact := mat.NewDense(n, n, nil)
	for r := range n {
		for c, v := range want.Lower(r) {
			exact.Set(r, c, v)
			exact.Set(c, r, v)
		}
	}
	left, inFloats := wide(a), wide(got)
	i.Residual, i.Double = residual(left, inFloats), residual(left, exact)
	same := 0
	for c := range n {
		var weights [2][]float64
		for k, inverse := range []*mat.Dense{inFloats, exact} {
			weights[k] = make([]float64, n)
			for r := range n {
				if r != c {
					weights[k][r] = -inverse.At(r, c) / inverse.At(c, c)
				}
			}
		}
		for r := range n {
			i.Weights = max(i.Weights, math.Abs(weights[0][r]-weights[1][r]))
		}
		theirs := bestTen(weights[1])
		for _, r := range bestTen(weights[0]) {
			if slices.Contains(theirs, r) {
				same++
			}
		}
	}
	i.Same10 = float64(same) / float64(10*n)
	return nil
}

func bestTen(x []float64) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	return order[:10]
}

// residual returns the largest element of a * inverse - I.
func residual(a, inverse *mat.Dense) float64 {
	var product mat.Dense
	product.Mul(a, inverse)
	n, _ := a.Dims()
	most := 0.0
	for i := range n {
		for j := range n {
			want := 0.0
			if i == j {
				want = 1
			}
			most = max(most, math.Abs(product.At(i, j)-want))
		}
	}
	return most
}

func double(ctx context.Context, a []float32, n int) (*vector.Square, error) {
	s := vector.NewSquare(n)
	for i := range n {
		for j, v := range a[i*n:][:i+1] {
			s.Lower(i)[j] = float64(v)
		}
	}
	return s, s.Invert(ctx, 1)
}

// doubles measures inverses in float64: ours in plain Go, and gonum's.
func (r *report) doubles(ctx context.Context, long bool) error {
	r.Gonum, r.Double = map[int]float64{}, map[int]float64{}
	for _, n := range inverseSizes(long) {
		if n > checked && !long {
			continue
		}
		a := wanted(n)
		c, err := measure.Timed(func() error { _, err := double(ctx, a, n); return err })
		if err != nil {
			return err
		}
		r.Double[n] = c.CPU
		sym := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				sym.SetSym(i, j, float64(a[i*n+j]))
			}
		}
		c, err = measure.Timed(func() error {
			var factor mat.Cholesky
			if !factor.Factorize(sym) {
				return fmt.Errorf("gonum finds the matrix of %d not positive definite", n)
			}
			return factor.InverseTo(sym)
		})
		if err != nil {
			return err
		}
		r.Gonum[n] = c.CPU
	}
	return nil
}
