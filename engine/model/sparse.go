package model

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Sparse is the part of a Scorer that is alike for sources that sum scores for some rows
// when they are opened: Empty, Propose and Score. All other rows score 0.
type Sparse struct {
	Rows   *Rows
	Scores *vector.Sparse // by row; nil where nothing is known of the person
}

// Empty implements Scorer.
func (s *Sparse) Empty() bool { return s.Scores == nil }

// Propose implements Scorer: of the items that score above 0.
func (s *Sparse) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	top := vector.NewTop(n)
	s.Scores.Each(func(row int, v float64) {
		if item := s.Rows.Num(row); v > 0 && eligible.Contains(uint32(item)) {
			top.Push(item, float32(v))
		}
	})
	return top.AppendItems(out)
}

// Score implements Scorer.
func (s *Sparse) Score(items []engine.ItemNum, out []float32) {
	for i, item := range items {
		out[i] = 0
		if row, ok := s.Rows.Row(item); ok && !s.Empty() {
			out[i] = float32(s.Scores.Value(row))
		}
	}
}
