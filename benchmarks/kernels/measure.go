package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/vector"
)

const (
	rounds    = 9
	roundTime = 20 * time.Millisecond
)

// least returns the CPU seconds of one call, the least of some rounds.
func least(call func()) (float64, error) {
	calls, cost := 1, 0.0
	for {
		c, err := took(calls, call)
		if err != nil {
			return 0, err
		}
		if cost = c; c >= roundTime.Seconds()/2 || calls > 1<<30 {
			break
		}
		calls = int(float64(calls)*min(100, max(2, roundTime.Seconds()/max(c, 1e-6)))) + 1
	}
	best := cost / float64(calls)
	for range rounds {
		c, err := took(calls, call)
		if err != nil {
			return 0, err
		}
		best = min(best, c/float64(calls))
	}
	return best, nil
}

func took(calls int, call func()) (float64, error) {
	c, err := measure.Timed(func() error {
		for range calls {
			call()
		}
		return nil
	})
	return c.CPU, err
}

// into measures a call and keeps it times a factor.
func into(to map[string]float64, name string, factor float64, call func()) error {
	seconds, err := least(call)
	to[name] = seconds * factor
	return err
}

// sizes of scans: rows of 64 dimensions.
var sizes = map[string]int{"20k": 20_000, "1M": 1_000_000}

const dims = 64

// limits measures how fast memory is read.
func (r *report) limits() error {
	memory := bytes.Repeat([]byte{1}, 512<<20)
	seconds, err := least(func() {
		if bytes.IndexByte(memory, 0) >= 0 {
			panic("there is no zero")
		}
	})
	if err != nil {
		return err
	}
	r.ReadGBps = float64(len(memory)) / seconds / 1e9
	for name, n := range sizes {
		us := float64(n*dims) / r.ReadGBps / 1e3
		r.ReadScan[name] = limit{Floats: 4 * us, Bytes: us}
	}
	return nil
}

func random(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// measured measures this process's kernels.
func measured(ctx context.Context, o options) (*path, error) {
	p := &path{
		Nanoseconds: map[string]float64{}, Scans: map[string]float64{}, Gflops: map[string]float64{},
		Inverses: map[int]inverse{}, Found: map[string]candidate{},
	}
	for _, measure := range []func() error{p.short, p.scans, p.products, func() error { return p.inverses(ctx, o) }} {
		if err := measure(); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		runtime.GC()
	}
	return p, nil
}

// short measures the kernels on data in the cache.
func (p *path) short() error {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, d := range []int{64, 128} {
		x, y, z, sum := random(rng, d), random(rng, d), random(rng, d), make([]float64, d)
		rows, scores, weights, picks := random(rng, 50*d), make([]float32, 50), random(rng, 50), make([]uint32, 50)
		for i, at := range rng.Perm(50) {
			picks[i], weights[i] = uint32(at), 1e-6*weights[i]
		}
		var kept float32
		gram, normal, right := vector.NewSym(d), vector.NewSym(d), make([]float64, d)
		gram.AddDiagonal(1)
		var columns vector.Columns
		calls := map[string]func(){
			"dot":           func() { kept += vector.Dot(x, y) },
			"axpy":          func() { vector.Axpy(1e-9, x, y) },
			"axpy_both":     func() { vector.AxpyBoth(1e-9, x, y, z) },
			"add_to":        func() { vector.AddTo(sum, x) },
			"add_scaled":    func() { vector.AddScaled(sum, 1e-9, x) },
			"dot_rows_50":   func() { vector.DotRows(scores, rows, x) },
			"dot_picked_50": func() { vector.DotPicked(scores, rows, x, picks) },
			"solve_50": func() {
				normal.Copy(1, gram)
				columns.Reset(d, 50)
				for i := range 50 {
					columns.Push(rows[i*d:][:d], 1)
				}
				normal.AddOuter(&columns)
				right[0] = 1
				if err := normal.Factorise(); err != nil {
					panic(err) // an identity plus squares is positive
				}
				normal.Solve(right)
			},
			"times_picked_50": func() { vector.TimesPicked(z, rows, x, picks, weights) },
		}
		for name, call := range calls {
			if err := into(p.Nanoseconds, fmt.Sprintf("%s_%d", name, d), 1e9, call); err != nil {
				return err
			}
		}
	}
	return nil
}

// scans measures what finds the best rows of many.
func (p *path) scans() error {
	const k, queries = 10, 16
	rng := rand.New(rand.NewPCG(2, 2))
	for name, n := range sizes {
		rows, qs := random(rng, n*dims), random(rng, queries*dims)
		q, scores := qs[:dims], make([]float32, n)
		var table *vector.Table
		built, err := measure.Timed(func() error { table = vector.NewTable(rows, dims); return nil })
		if err != nil {
			return err
		}
		p.Found[name] = candidate{built.CPU}
		s := &vector.Search{}
		calls := map[string]func(){
			"floats": func() {
				top := vector.NewTop(k)
				for from := 0; from < n; from += 1024 {
					part := scores[from:min(from+1024, n)]
					vector.DotRows(part, rows[from*dims:], q)
					top.Offer(0, part)
				}
				top.Best()
			},
			"table": func() { table.Best(s, q, k, nil) },
		}
		for _, percent := range []int{10, 1} {
			var picks []uint32
			mask := make([]uint64, (n+63)/64)
			for i := range n {
				if rng.IntN(100) < percent {
					picks = append(picks, uint32(i))
					mask[i/64] |= 1 << (i % 64)
				}
			}
			some := make([]float32, len(picks))
			calls[fmt.Sprintf("floats_%d%%", percent)] = func() {
				vector.DotPicked(some, rows, q, picks)
				top := vector.NewTop(k)
				top.Offer(0, some)
				top.Best()
			}
			calls[fmt.Sprintf("table_picks_%d%%", percent)] = func() { table.BestOf(s, q, k, picks) }
			calls[fmt.Sprintf("table_mask_%d%%", percent)] = func() { table.Best(s, q, k, mask) }
		}
		for call, do := range calls {
			if err := into(p.Scans, name+"_"+call, 1e6, do); err != nil {
				return err
			}
		}
		many := make([]float32, queries*n)
		if err := into(p.Scans, name+"_floats_16", 1e6/queries, func() { vector.DotMany(many, rows, qs, dims) }); err != nil {
			return err
		}
	}
	return nil
}

// products measures products of matrices, in billions of additions and multiplications a
// second.
func (p *path) products() error {
	rng := rand.New(rand.NewPCG(3, 3))
	const m, k = 960, 512
	a, b, c := random(rng, m*k), random(rng, m*k), make([]float32, m*m)
	seconds, err := least(func() { vector.MulNT(c, a, b, m, m, k, 1) })
	if err != nil {
		return err
	}
	p.Gflops[fmt.Sprintf("mul_nt_%dx%dx%d", m, m, k)] = 2 * m * m * k / seconds / 1e9
	for _, d := range []int{64, 128} {
		const n = 20_000
		rows := random(rng, n*d)
		seconds, err := least(func() { vector.Gram(rows, d, 1) })
		if err != nil {
			return err
		}
		p.Gflops[fmt.Sprintf("gram_%dx%d", n, d)] = float64(n*d*(d+1)) / seconds / 1e9
	}
	return nil
}
