package embed

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/engine/vector/svd"
)

// fitPPMI returns the vectors U S^Power of the truncated decomposition U S V' of the
// shifted positive pointwise mutual information, row by row.
func fitPPMI(ctx context.Context, c *corpus, p Params) ([]float32, error) {
	counts, err := countPairs(ctx, c, p)
	if err != nil {
		return nil, err
	}
	m := information(counts, p)
	if m == nil {
		return make([]float32, c.rows.Len()*p.Dims), nil
	}
	u, values := svd.Right(m, p.Dims, rand.New(rand.NewPCG(p.Seed, seedOf("embed.Fit"))))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]float32, 0, c.rows.Len()*p.Dims)
	for row := range u.Rows() {
		for j, x := range u.Row(row) {
			out = append(out, float32(x*math.Pow(values[j], p.Power)))
		}
	}
	return out, nil
}

// pairs are how often the neighbours of one item stood near it, ascending by row.
type pairs []svd.Cell

// countPairs counts the neighbours of every item. A pair weighs what SGNS would meet of
// it on average: by its distance, and by the chances of both to be kept.
func countPairs(ctx context.Context, c *corpus, p Params) ([]pairs, error) {
	places := c.places()
	keep := c.keep(p.Subsample)
	counters := make([]counter, p.Workers)
	out := make([]pairs, c.rows.Len())
	vector.Fork(p.Workers, len(out), func(worker, row int) {
		if ctx.Err() != nil {
			return
		}
		n := &counters[worker]
		if n.sums == nil {
			n.sums = make([]float64, len(out))
		}
		for _, at := range places[row] {
			n.around(at, p.Window, keep)
		}
		out[row] = n.take(keep[row])
	})
	return out, ctx.Err()
}

// place is a step of a sentence.
type place struct {
	sentence []uint32
	at       int
}

// places returns where each row stands.
func (c *corpus) places() [][]place {
	out := make([][]place, len(c.counts))
	for row, count := range c.counts {
		out[row] = make([]place, 0, count)
	}
	for i := range c.sentences() {
		sentence := c.sentence(i)
		for at, row := range sentence {
			out[row] = append(out[row], place{sentence, at})
		}
	}
	return out
}

// counter sums over the neighbours of one item at a time.
type counter struct {
	sums []float64 // by row
	met  []uint32  // rows with a sum
}

// around adds the neighbours of one place.
func (n *counter) around(p place, window int, keep []float64) {
	for j := max(0, p.at-window); j <= min(p.at+window, len(p.sentence)-1); j++ {
		row := p.sentence[j]
		if row == p.sentence[p.at] {
			continue
		}
		if n.sums[row] == 0 {
			n.met = append(n.met, row)
		}
		distance := max(j-p.at, p.at-j)
		n.sums[row] += keep[row] * float64(window-distance+1) / float64(window)
	}
}

// take returns the sums, weighted, and empties the counter.
func (n *counter) take(weight float64) pairs {
	slices.Sort(n.met)
	out := make(pairs, len(n.met))
	for i, row := range n.met {
		out[i] = svd.Cell{Column: int32(row), Value: weight * n.sums[row]}
		n.sums[row] = 0
	}
	n.met = n.met[:0]
	return out
}

// information returns the transpose of the shifted positive pointwise mutual information
//
//	max(0, log(n(a,b) sum over c of n(c)^Smoothing / (n(a) n(b)^Smoothing)) - log Shift)
//
// of item a and neighbour b (Levy and Goldberg 2014, equation 11; the smoothing is that of
// Levy, Goldberg and Dagan 2015, section 3.2), of which the right singular vectors are
// the items'; nil where all of it is 0. It takes the room of the counts, which it overwrites.
func information(counts []pairs, p Params) *svd.Sparse {
	sums, smooth, all := make([]float64, len(counts)), make([]float64, len(counts)), 0.0
	for row, neighbours := range counts {
		for _, c := range neighbours {
			sums[row] += c.Value
		}
		if sums[row] > 0 {
			smooth[row] = math.Pow(sums[row], p.Smoothing)
			all += smooth[row]
		}
	}
	m, empty := svd.NewSparse(len(counts)), true
	for b, items := range counts {
		cells := items[:0]
		for _, a := range items { // n(a,b) = n(b,a)
			pmi := math.Log(a.Value*all/(sums[a.Column]*smooth[b])) - math.Log(p.Shift)
			if pmi > 0 {
				cells = append(cells, svd.Cell{Column: a.Column, Value: pmi})
				empty = false
			}
		}
		m.Append(cells)
	}
	if empty {
		return nil
	}
	return m
}
