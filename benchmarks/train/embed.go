package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/model"
)

// embedFit is skip-gram with negative sampling, one pass, nothing thinned out.
type embedFit struct {
	Tokens   int     `json:"tokens"`
	Dims     int     `json:"dims"`
	Fit      cost    `json:"fit"`
	PerCPU   float64 `json:"tokens_per_cpu_second"`
	Plain    cost    `json:"plain"`
	PlainPer float64 `json:"plain_tokens_per_cpu_second"`
	Ratio    float64 `json:"ratio"` // ours to the plain loop's
}

func (b *bench) embeddings(ctx context.Context) error {
	all := b.shop.Sequences(b.shop.IDs())
	some := &model.Sequences{Rows: all.Rows, Newest: all.Newest}
	out := &embedFit{}
	for steps := range all.All() {
		if out.Tokens += len(steps); out.Tokens > b.tokens {
			out.Tokens -= len(steps)
			break
		}
		some.Add(steps)
	}
	p := embed.Params{Method: embed.SGNS, Epochs: 1, MinCount: 1, Subsample: 1, Workers: 1}.WithDefaults()
	out.Dims = p.Dims
	var ours, plain []cost
	for range b.rounds {
		c, err := measure.Timed(func() error {
			_, err := embed.Fit(ctx, some, p)
			return err
		})
		if err != nil {
			return err
		}
		ours = append(ours, c)
		if c, err = measure.Timed(func() error { plainSGNS(some, p); return nil }); err != nil {
			return err
		}
		plain = append(plain, c)
	}
	out.Fit, out.Plain = measure.MedianCost(ours), measure.MedianCost(plain)
	out.PerCPU, out.PlainPer = float64(out.Tokens)/out.Fit.CPU, float64(out.Tokens)/out.Plain.CPU
	out.Ratio = out.PerCPU / out.PlainPer
	b.to.Embed = out
	fmt.Printf("embeddings, %d dimensions, window %d, %d negatives: %.0f tokens per CPU-second, the plain loop %.0f (ratio %.2f)\n",
		p.Dims, p.Window, p.Negatives, out.PerCPU, out.PlainPer, out.Ratio)
	return nil
}

// plainSGNS is the loop of word2vec as one would first write it: the same pairs, the same
// steps, element by element.
func plainSGNS(data *model.Sequences, p embed.Params) (in [][]float32) {
	rng := rand.New(rand.NewPCG(1, 1))
	rows := data.Rows.Len()
	in, out := make([][]float32, rows), make([][]float32, rows)
	for i := range in {
		in[i], out[i] = make([]float32, p.Dims), make([]float32, p.Dims)
		for d := range in[i] {
			in[i][d] = (rng.Float32() - .5) / float32(p.Dims)
		}
	}
	draw := negatives(data, p.NegativePower, rng)
	step := make([]float32, p.Dims)
	for steps := range data.All() {
		for at, center := range steps {
			window := 1 + rng.IntN(p.Window)
			for near := max(0, at-window); near <= min(len(steps)-1, at+window); near++ {
				if near == at {
					continue
				}
				clear(step)
				c := in[center.Row]
				for k := range p.Negatives + 1 {
					target, label := int(steps[near].Row), float32(1)
					if k > 0 {
						target, label = draw(), 0
					}
					o := out[target]
					var dot float32
					for d := range c {
						dot += c[d] * o[d]
					}
					g := (label - float32(1/(1+math.Exp(-float64(dot))))) * float32(p.LearningRate)
					for d := range c {
						step[d] += g * o[d]
						o[d] += g * c[d]
					}
				}
				for d := range c {
					c[d] += step[d]
				}
			}
		}
	}
	return in
}

// negatives draws rows by their count to a power, from a table.
func negatives(data *model.Sequences, power float64, rng *rand.Rand) func() int {
	counts := make([]float64, data.Rows.Len())
	for steps := range data.All() {
		for _, s := range steps {
			counts[s.Row]++
		}
	}
	sum := 0.0
	for i, n := range counts {
		if n > 0 {
			counts[i] = math.Pow(n, power)
			sum += counts[i]
		}
	}
	table := make([]int, 0, 1<<20)
	up := 0.0
	for i, n := range counts {
		up += n / sum
		for float64(len(table)) < up*float64(cap(table)) && len(table) < cap(table) {
			table = append(table, i)
		}
	}
	return func() int { return table[rng.IntN(len(table))] }
}
