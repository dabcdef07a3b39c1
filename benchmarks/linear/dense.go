package main

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// dense is a source that scores all rows at once, for one question at a time.
type dense struct {
	rows  *model.Rows
	score func(history []int, out []float64)
}

func (d *dense) Name() string { return "dense" }

func (d *dense) Open(q *model.Query) model.Scorer {
	s := &denseScorer{rows: d.rows}
	var history []int
	for _, in := range q.Causes() {
		if row, ok := d.rows.Row(in.Item); ok {
			history = append(history, row)
		}
	}
	if len(history) > 0 {
		s.scores = make([]float64, d.rows.Len())
		d.score(history, s.scores)
	}
	return s
}

type denseScorer struct {
	rows   *model.Rows
	scores []float64
}

func (s *denseScorer) Empty() bool { return s.scores == nil }

func (s *denseScorer) Score(items []engine.ItemNum, out []float32) {
	for i, item := range items {
		out[i] = 0
		if row, ok := s.rows.Row(item); ok && !s.Empty() {
			out[i] = float32(s.scores[row])
		}
	}
}

func (s *denseScorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	top := vector.NewTop(n)
	s.rows.Each(eligible, func(row int, item engine.ItemNum) { top.Push(item, float32(s.scores[row])) })
	return top.AppendItems(out)
}

func (s *denseScorer) Explain(_ engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	return 0, parts
}
