package vector

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

func BenchmarkInvert(b *testing.B) {
	for _, n := range []int{500, 1447, 2500} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			for b.Loop() {
				s := NewSquare(n)
				for i := range n {
					row := s.Lower(i)
					for j := range row {
						row[j] = 1 / float64(1+i-j) // no zeros to skip
					}
					row[i] = 20
				}
				if err := s.Invert(context.Background(), runtime.GOMAXPROCS(0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSolve(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, d := range []int{64, 128} {
		for _, count := range []int{10, 50} {
			b.Run(fmt.Sprintf("d=%d/count=%d", d, count), func(b *testing.B) {
				gram, s, rhs := NewSym(d), NewSym(d), make([]float64, d)
				gram.AddDiagonal(1)
				x := randomRow(rng, d)
				var c Columns
				for b.Loop() {
					s.Copy(1, gram)
					c.Reset(d, count)
					for range count {
						c.Push(x, 1)
					}
					s.AddOuter(&c)
					rhs[0] = 1
					if err := s.Factorise(); err != nil {
						b.Fatal(err)
					}
					s.Solve(rhs)
				}
			})
		}
	}
}

func BenchmarkDot(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, d := range []int{64, 128} {
		b.Run(fmt.Sprintf("d=%d", d), func(b *testing.B) {
			x, y := randomRow(rng, d), randomRow(rng, d)
			for b.Loop() {
				Dot(x, y)
			}
		})
	}
}

func randomRow(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}
