package vector

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func onEveryPathB(b *testing.B, bench func(b *testing.B)) {
	was := kernels
	defer func() { kernels = was }()
	for p := plain; p <= best(); p++ {
		kernels = p
		b.Run(p.String(), bench)
	}
}

func BenchmarkKernels(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	onEveryPathB(b, func(b *testing.B) {
		for _, d := range []int{64, 128} {
			x, y, z := randomRow(rng, d), randomRow(rng, d), randomRow(rng, d)
			sum := make([]float64, d)
			rows, picks, weights := randomRow(rng, 50*d), make([]uint32, 50), make([]float32, 50)
			for i := range picks {
				picks[i] = uint32(i * 7 % 50)
			}
			for name, call := range map[string]func(){
				"Dot": func() { Dot(x, y) }, "Axpy": func() { Axpy(1e-9, x, y) }, "AxpyBoth": func() { AxpyBoth(1e-9, x, y, z) },
				"AddTo": func() { AddTo(sum, x) }, "AddScaled": func() { AddScaled(sum, 1e-9, x) },
				"DotPicked50":   func() { DotPicked(weights, rows, x, picks) },
				"TimesPicked50": func() { TimesPicked(z, rows, x, picks, weights) },
				"MissPicked50":  func() { MissPicked(z, rows, x, picks, weights, 1) },
			} {
				b.Run(fmt.Sprintf("%s/d=%d", name, d), func(b *testing.B) {
					for b.Loop() {
						call()
					}
				})
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, d, k = 20_000, 64, 100
	rows, qs := randomRow(rng, n*d), randomRow(rng, 16*d)
	table, s, scores, many := NewTable(rows, d), &Search{}, make([]float32, n), make([]float32, 16*n)
	q := qs[:d]
	onEveryPathB(b, func(b *testing.B) {
		for name, call := range map[string]func(){
			"floats":   func() { DotRows(scores, rows, q) },
			"floats16": func() { DotMany(many, rows, qs, d) },
			"bytes":    func() { bytesRows(scores, table.bytes, table.steps, s.query, 0) },
			"best100":  func() { table.Best(s, q, k, nil) },
			"offer100": func() { t := NewTop(k); t.Offer(0, scores); t.Best() },
		} {
			table.Best(s, q, k, nil)
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					call()
				}
			})
		}
	})
}
