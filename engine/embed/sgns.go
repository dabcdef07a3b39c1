package embed

import (
	"context"
	"encoding/binary"
	"math/rand/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// sgns is a fit by skip-gram with negative sampling (Mikolov et al. 2013, equation 4):
// for every pair of neighbours, stochastic gradient steps on
//
//	log s(<in[center], out[neighbour]>) + sum over negatives of log s(-<in[center], out[negative]>)
//
// with s the logistic function. The steps follow one another on one goroutine, so that
// the result depends on the seed alone.
type sgns struct {
	Params
	corpus   *corpus
	in, out  []float32 // rows x Dims
	keep     []float64
	negative *sampler
	random   *rand.PCG
	pull     []float32 // what one pair adds to its center
	left     []uint32  // of the sentence at hand, after thinning
	done     int       // steps, of Epochs x len(corpus.steps)
}

// fitSGNS returns the vectors of the items, row by row.
func fitSGNS(ctx context.Context, c *corpus, p Params) ([]float32, error) {
	f := newSGNS(c, p)
	order := make([]int, c.sentences())
	for i := range order {
		order[i] = i
	}
	shuffle := rand.New(f.random)
	for range p.Epochs {
		shuffle.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for n, i := range order {
			if n%1024 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			f.sentence(c.sentence(i))
		}
	}
	// The sum of both vectors says what two items are to each other, not only whether
	// they have the same neighbours (Levy, Goldberg and Dagan 2015, section 3.3).
	vector.Axpy(1, f.out, f.in)
	return f.in, nil
}

func newSGNS(c *corpus, p Params) *sgns {
	size := c.rows.Len() * p.Dims
	f := &sgns{
		Params: p, corpus: c,
		in: make([]float32, size), out: make([]float32, size),
		keep:     c.keep(p.Subsample),
		negative: newSampler(c.counts, p.NegativePower),
		random:   rand.NewPCG(p.Seed, seedOf("embed.Fit")),
		pull:     make([]float32, p.Dims),
	}
	for row := range c.rows.Len() {
		initialise(f.in[row*p.Dims:][:p.Dims], string(c.rows.ID(row)), p.Seed)
	}
	return f
}

// initialise draws an item's first vector from its id and the seed alone, so that it
// does not depend on which other items there are.
func initialise(v []float32, id string, seed uint64) {
	h := engine.HashOf(id)
	random := rand.NewPCG(binary.LittleEndian.Uint64(h[:])^seed, binary.LittleEndian.Uint64(h[8:]))
	for k := range v {
		v[k] = float32((chance(random) - 0.5) / float64(len(v)))
	}
}

func seedOf(name string) uint64 {
	h := engine.HashOf(name)
	return binary.LittleEndian.Uint64(h[:])
}

// chance returns a number from 0 to below 1.
func chance(random *rand.PCG) float64 { return float64(random.Uint64()>>11) / (1 << 53) }

// sentence steps through the pairs of one sentence.
func (f *sgns) sentence(steps []uint32) {
	rate := float32(f.LearningRate * max(leastRate, 1-float64(f.done)/float64(f.Epochs*len(f.corpus.steps))))
	f.done += len(steps)
	f.pairs(steps, func(center, neighbour uint32) { f.pair(center, neighbour, rate) })
}

// pairs yields the pairs of one pass over a sentence: frequent items are thinned out, and
// the window is drawn anew for every center.
func (f *sgns) pairs(steps []uint32, yield func(center, neighbour uint32)) {
	f.left = f.left[:0]
	for _, row := range steps {
		if f.keep[row] >= 1 || chance(f.random) < f.keep[row] {
			f.left = append(f.left, row)
		}
	}
	for i, center := range f.left {
		window := 1 + int(f.random.Uint64()%uint64(f.Window))
		for j := max(0, i-window); j <= min(i+window, len(f.left)-1); j++ {
			if neighbour := f.left[j]; neighbour != center {
				yield(center, neighbour)
			}
		}
	}
}

// pair makes one step for a pair and its negatives.
func (f *sgns) pair(center, neighbour uint32, rate float32) {
	in := f.in[int(center)*f.Dims:][:f.Dims]
	clear(f.pull)
	f.toward(1, rate, in, neighbour)
	for range f.Negatives {
		if row := f.negative.draw(f.random); row != neighbour {
			f.toward(0, rate, in, row)
		}
	}
	vector.Axpy(1, f.pull, in)
}

// toward moves out[row] by the gradient for the given truth, and notes what the center
// is to be moved by.
func (f *sgns) toward(truth, rate float32, in []float32, row uint32) {
	out := f.out[int(row)*f.Dims:][:f.Dims]
	vector.AxpyBoth(rate*(truth-logistic(vector.Dot(in, out))), in, out, f.pull)
}
