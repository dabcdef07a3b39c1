package main

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// pair is the sum of two sources, each over the standard deviation of its scores.
type pair struct {
	a, b     model.Source
	sdA, sdB float64
	weight   float64 // of b
}

func (p *pair) Name() string { return p.a.Name() + "+" + p.b.Name() }

func (p *pair) Open(q *model.Query) model.Scorer {
	return &pairScorer{p.a.Open(q), p.b.Open(q), 1 / p.sdA, p.weight / p.sdB}
}

type pairScorer struct {
	a, b   model.Scorer
	fA, fB float64
}

func (s *pairScorer) Empty() bool { return s.a.Empty() && s.b.Empty() }

func (s *pairScorer) Score(items []engine.ItemNum, out []float32) {
	other := make([]float32, len(items))
	s.a.Score(items, out)
	s.b.Score(items, other)
	for i := range items {
		out[i] = float32(s.fA*float64(out[i]) + s.fB*float64(other[i]))
	}
}

func (s *pairScorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	top := vector.NewTop(n)
	model.Blocks(eligible, func(items []engine.ItemNum, scores []float32) {
		s.Score(items, scores)
		top.OfferItems(items, scores)
	})
	return top.AppendItems(out)
}

func (s *pairScorer) Explain(_ engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	return 0, parts
}

// spread is the standard deviation of a source's scores over some questions.
func spread(src model.Source, rows *model.Rows, questions []question) float64 {
	items := make([]engine.ItemNum, rows.Len())
	for row := range items {
		items[row] = rows.Num(row)
	}
	out, sum, squares, n := make([]float32, len(items)), 0.0, 0.0, 0.0
	for _, q := range questions[:min(len(questions), 200)] {
		src.Open(&q.query).Score(items, out)
		for _, v := range out {
			sum += float64(v)
			squares += float64(v) * float64(v)
			n++
		}
	}
	return math.Sqrt(squares/n - sum/n*sum/n)
}
