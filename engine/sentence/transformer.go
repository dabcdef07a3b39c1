package sentence

import (
	"math"
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine/vector"
)

const (
	pieceDims  = 256  // of a piece's vector
	hiddenDims = 1536 // of the feed-forward networks
	heads      = 4    // of attention
	normShift  = 1e-6 // added to a variance
	leastNorm  = 1e-12
)

// model is the encoder: a transformer with normalisation in front of each part (Vaswani and
// others 2017), whose outputs are averaged over the tokens. It is immutable.
type model struct {
	pieces *pieces
	table  table     // piece -> vector
	places []float32 // MaxTokens x pieceDims: what a place in the text adds
	widen  dense     // carries a piece's vector past the first attention
	layers [2]layer
	head   dense

	scratch sync.Pool // of *scratch
}

// layer is a layer of the transformer.
type layer struct {
	width   int // of queries, keys and values
	before  scaling
	ask     dense // queries, keys, values, one after the other
	answer  dense
	between scaling
	up      dense
	down    dense
}

// scaling is layer normalisation (Ba, Kiros and Hinton 2016).
type scaling struct{ scale, bias []float32 }

// dense is a product with weights, and a bias.
type dense struct {
	weights *vector.Packed
	bias    []float32
}

// scratch is the space for some tokens, to be used again.
type scratch struct {
	in     []float32 // tokens x pieceDims
	state  []float32 // tokens x Dims
	normed []float32 // tokens x Dims
	wide   []float32 // tokens x hiddenDims: queries, keys and values; hidden units
	seen   []float32 // tokens x Dims: what attention found
	part   []float32 // tokens x Dims
	space  []float32 // of products
	keys   []float32 // MaxTokens x Dims/heads
	scores []float32 // MaxTokens
}

// encode sets out[i] to the vector of the tokens ids[i], nil where there are none. Every
// step but attention takes the tokens of all texts at once, a row each.
func (m *model) encode(out [][]float32, ids [][]int32) {
	tokens := 0
	for _, t := range ids {
		tokens += len(t)
	}
	if tokens == 0 {
		return
	}
	s, _ := m.scratch.Get().(*scratch)
	if s == nil {
		s = &scratch{}
	}
	defer m.scratch.Put(s)
	s.grow(tokens, m)

	m.open(s.in, ids)
	m.widen.of(s.state, s.in, tokens, s.space)
	m.layers[0].attend(s, s.in, ids, tokens)
	m.layers[0].think(s, tokens)
	m.layers[1].attend(s, s.state, ids, tokens)
	m.layers[1].think(s, tokens)
	m.close(out, ids, s)
}

// grow makes room for tokens.
func (s *scratch) grow(tokens int, m *model) {
	for _, part := range []struct {
		at   *[]float32
		size int
	}{
		{&s.in, tokens * pieceDims},
		{&s.state, tokens * Dims},
		{&s.normed, tokens * Dims},
		{&s.wide, tokens * hiddenDims},
		{&s.seen, tokens * Dims},
		{&s.part, tokens * Dims},
		{&s.space, m.layers[0].down.weights.Space(tokens)}, // the longest rows of all
		{&s.keys, MaxTokens * Dims / heads},
		{&s.scores, MaxTokens},
	} {
		*part.at = slices.Grow((*part.at)[:0], part.size)[:part.size]
	}
}

// open writes the vectors of the pieces and their places. A piece's vector counts twice: the
// model adds place and vector to the vector.
func (m *model) open(in []float32, ids [][]int32) {
	at := 0
	for _, text := range ids {
		for place, id := range text {
			row := in[at:][:pieceDims]
			m.table.row(int(id), row)
			vector.Axpy(1, row, row)
			vector.Axpy(1, m.places[place*pieceDims:][:pieceDims], row)
			at += pieceDims
		}
	}
}

// places returns what is added for each place: sines and cosines of it, by falling
// frequencies.
func places(frequencies []float32) []float32 {
	out := make([]float32, MaxTokens*2*len(frequencies))
	for place := range MaxTokens {
		row := out[place*2*len(frequencies):]
		for i, f := range frequencies {
			angle := float64(float32(place) * f)
			row[i], row[i+len(frequencies)] = float32(math.Sin(angle)), float32(math.Cos(angle))
		}
	}
	return out
}

// close averages the states of each text's tokens and turns the mean into its vector.
func (m *model) close(out [][]float32, ids [][]int32, s *scratch) {
	at := 0
	mean, sum := make([]float32, Dims), make([]float64, Dims)
	for i, text := range ids {
		if len(text) == 0 {
			continue
		}
		clear(sum)
		for range text {
			vector.AddTo(sum, s.state[at:][:Dims])
			at += Dims
		}
		for j, v := range sum {
			mean[j] = float32(v / float64(len(text)))
		}
		v := make([]float32, Dims)
		m.head.of(v, mean, 1, s.space)
		squares := 0.0
		for j, x := range v {
			x := math.Tanh(float64(x))
			v[j], squares = float32(x), squares+x*x
		}
		scale := 1 / math.Sqrt(max(squares, leastNorm))
		for j, x := range v {
			v[j] = float32(float64(x) * scale)
		}
		out[i] = v
	}
}

// attend adds to the state of each token what it sees in its text. in are rows of width.
func (l *layer) attend(s *scratch, in []float32, ids [][]int32, tokens int) {
	normed, asked, seen := s.normed[:tokens*l.width], s.wide[:tokens*3*l.width], s.seen[:tokens*l.width]
	l.before.of(normed, in, l.width)
	l.ask.of(asked, normed, tokens, s.space)
	from := 0
	for _, text := range ids {
		n := len(text)
		for h := range heads {
			l.look(s, seen[from*l.width:], asked[from*3*l.width:], n, h*l.width/heads)
		}
		from += n
	}
	l.answer.of(s.part, seen, tokens, s.space)
	vector.Axpy(1, s.part[:tokens*Dims], s.state)
}

// look computes a head of attention for a text of n tokens: the columns from at on.
func (l *layer) look(s *scratch, seen, asked []float32, n, at int) {
	size, apart := l.width/heads, 3*l.width
	scale := float32(1 / math.Sqrt(float64(size)))
	keys, scores := s.keys[:n*size], s.scores[:n]
	for i := range n {
		copy(keys[i*size:][:size], asked[i*apart+l.width+at:])
		query := asked[i*apart+at:][:size]
		for j, v := range query {
			query[j] = v * scale
		}
	}
	for i := range n {
		vector.DotRows(scores, keys, asked[i*apart+at:][:size])
		softmax(scores)
		sum := seen[i*l.width+at:][:size]
		clear(sum)
		for j, w := range scores {
			vector.Axpy(w, asked[j*apart+2*l.width+at:][:size], sum)
		}
	}
}

// softmax makes weights that sum to 1 of scores.
func softmax(scores []float32) {
	most := float64(slices.Max(scores))
	sum := 0.0
	for i, v := range scores {
		e := math.Exp(float64(v) - most)
		scores[i], sum = float32(e), sum+e
	}
	for i, v := range scores {
		scores[i] = float32(float64(v) / sum)
	}
}

// think adds to the state of each token what a feed-forward network makes of it.
func (l *layer) think(s *scratch, tokens int) {
	l.between.of(s.normed, s.state, Dims)
	l.up.weights.TimesPlus(s.wide, s.normed, tokens, s.space, l.up.bias, 0)
	l.down.of(s.part, s.wide, tokens, s.space)
	vector.Axpy(1, s.part[:tokens*Dims], s.state)
}

// of sets out to the rows of in, of width n, at mean 0 and variance 1, scaled and shifted.
func (m scaling) of(out, in []float32, n int) {
	for from := 0; from < len(in); from += n {
		row, to := in[from:][:n], out[from:][:n]
		var sum, squares float64
		for _, v := range row {
			sum += float64(v)
		}
		mean := sum / float64(n)
		for _, v := range row {
			d := float64(v) - mean
			squares += d * d
		}
		spread := 1 / math.Sqrt(squares/float64(n)+normShift)
		for j, v := range row {
			to[j] = float32((float64(v)-mean)*spread)*m.scale[j] + m.bias[j]
		}
	}
}

// of sets out to the products of the weights with the first rows of in.
func (d dense) of(out, in []float32, rows int, space []float32) {
	d.weights.TimesPlus(out, in, rows, space, d.bias, float32(math.Inf(-1)))
}
