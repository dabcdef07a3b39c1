package peer

import (
	"encoding/binary"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Source is a fitted peer. Gorse has no way to score somebody it was not fitted on, and
// a model.Query does not say who asks, so a customer is found by what they wanted: the
// exact set of items. Of customers who wanted the same, whom the data cannot tell apart,
// the first speaks for all. For any other history, and for anchors, a peer is Empty.
type Source struct {
	name      string
	rows      *model.Rows
	dims      int
	customers []float32      // Gorse's customers x dims
	items     []float32      // rows x dims
	customer  map[string]int // by keyOf
}

// keyOf is a set of rows, ascending, in the form a map can hold.
func keyOf(rows []uint32) string {
	key := make([]byte, 0, 4*len(rows))
	for _, r := range rows {
		key = binary.LittleEndian.AppendUint32(key, r)
	}
	return string(key)
}

// at returns Gorse's customer with a history, -1 if there is none.
func (s *Source) at(key string) int {
	if u, ok := s.customer[key]; ok {
		return u
	}
	return -1
}

// Name implements model.Source.
func (s *Source) Name() string { return s.name }

// Open finds the customer.
func (s *Source) Open(q *model.Query) model.Scorer {
	if len(q.Anchors) > 0 {
		return &scorer{s: s}
	}
	var wanted []uint32
	for _, in := range q.Interests() {
		if row, ok := s.rows.Row(in.Item); ok && model.Weight(in.Weight) > 0 {
			wanted = append(wanted, uint32(row))
		}
	}
	slices.Sort(wanted)
	u := s.at(keyOf(slices.Compact(wanted)))
	if u < 0 {
		return &scorer{s: s}
	}
	return &scorer{s, s.customers[u*s.dims:][:s.dims]}
}

// scorer is one customer's vector.
type scorer struct {
	s        *Source
	customer []float32 // nil for somebody Gorse does not know
}

// Empty implements model.Scorer.
func (c *scorer) Empty() bool { return c.customer == nil }

func (c *scorer) score(row int) float32 {
	return vector.Dot(c.customer, c.s.items[row*c.s.dims:][:c.s.dims])
}

// Propose implements model.Scorer.
func (c *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if c.Empty() {
		return out
	}
	top := vector.NewTop(n)
	c.s.rows.Each(eligible, func(row int, item engine.ItemNum) { top.Push(item, c.score(row)) })
	return top.AppendItems(out)
}

// Score implements model.Scorer. An item nobody wanted scores 0.
func (c *scorer) Score(items []engine.ItemNum, out []float32) {
	for i, item := range items {
		out[i] = 0
		if row, ok := c.s.rows.Row(item); ok && !c.Empty() {
			out[i] = c.score(row)
		}
	}
}

// Explain implements model.Scorer. Gorse names no causes: all of a score is base.
func (c *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	if row, ok := c.s.rows.Row(item); ok && !c.Empty() {
		base = float64(c.score(row))
	}
	return base, parts
}
