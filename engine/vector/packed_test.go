package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestPacked holds products with a packed matrix against MulNT, bit for bit, with space
// that holds rubbish and results that stand between marks.
func TestPacked(t *testing.T) {
	onEveryPath(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			m, n, k := rapid.IntRange(0, 70).Draw(t, "m"), rapid.IntRange(1, 120).Draw(t, "n"), rapid.IntRange(1, 600).Draw(t, "k")
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
			a, b := randomRow(rng, m*k), randomRow(rng, n*k)
			want, got := make([]float32, m*n), randomRow(rng, m*n+2)
			before, after := got[0], got[m*n+1]
			MulNT(want, a, b, m, n, k, 1)
			p := Pack(b, n, k)
			space := randomRow(rng, p.Space(m))
			for i := range space {
				space[i] = float32(math.Inf(1))
			}
			p.Times(got[1:], a, m, space)
			if !sameBits(got[1:m*n+1], want) || got[0] != before || got[m*n+1] != after {
				t.Fatalf("%d x %d, %d products: not what MulNT gives", m, n, k)
			}
			bias, least := randomRow(rng, n), rapid.SampledFrom([]float32{0, float32(math.Inf(-1))}).Draw(t, "least")
			for i := range want {
				want[i] = max(want[i]+bias[i%n], least)
			}
			p.TimesPlus(got[1:], a, m, space, bias, least)
			if !sameBits(got[1:m*n+1], want) || got[0] != before || got[m*n+1] != after {
				t.Fatalf("%d x %d, %d products: not what MulNT gives with a bias", m, n, k)
			}
		})
	})
}

func BenchmarkPacked(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, k = 1536, 512
	right := randomRow(rng, n*k)
	p := Pack(right, n, k)
	onEveryPathB(b, func(b *testing.B) {
		for _, m := range []int{8, 64, 128} {
			a, c, space := randomRow(rng, m*k), make([]float32, m*n), make([]float32, p.Space(m))
			for name, call := range map[string]func(){
				"Times": func() { p.Times(c, a, m, space) },
				"MulNT": func() { MulNT(c, a, right, m, n, k, 1) },
			} {
				b.Run(fmt.Sprintf("%s/m=%d", name, m), func(b *testing.B) {
					for b.Loop() {
						call()
					}
					b.ReportMetric(2e-9*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds(), "GFLOP/s")
				})
			}
		}
	})
}
