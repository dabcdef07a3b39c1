package basket

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name is the source's name.
const Name = "tifu"

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the source was fitted with.
func (m *Model) Params() Params { return m.params }

// Rows returns the items that the customers compared with bought.
func (m *Model) Rows() *model.Rows { return m.rows }

// Open compares what the person bought with what others did:
//
//	score(i) = Alpha x own share of i + (1 - Alpha) x mean share of i among the K nearest
//
// Anchors were not bought by anybody: with them the source knows nothing.
func (m *Model) Open(q *model.Query) model.Scorer {
	s := &scorer{m: m}
	if len(q.Anchors) > 0 {
		return s
	}
	s.own = m.params.shares(baskets(boughtIn(q.Rows)))
	if m.params.Alpha == 1 || len(m.ends) == 0 || len(s.own) == 0 {
		return s
	}
	near := m.nearest(s.own)
	mean := (1 - m.params.Alpha) / (one * float64(len(near)))
	sums := m.sums.Get().(*vector.Sums)
	defer m.sums.Put(sums)
	for _, n := range near {
		for _, c := range m.of(n.customer) {
			sums.Add(c.of, mean*float64(c.share))
		}
	}
	s.others = sums.Take()
	return s
}

// scorer holds the scores of one person.
type scorer struct {
	m      *Model
	own    []share        // by item number
	others *vector.Sparse // by row; nil where nobody is asked
}

// Empty implements model.Scorer.
func (s *scorer) Empty() bool { return len(s.own) == 0 }

// parts returns what the person's own baskets, and those of others, add to a score.
func (s *scorer) parts(item engine.ItemNum) (own, others float64) {
	at, is := slices.BinarySearchFunc(s.own, uint32(item), func(s share, item uint32) int { return cmp.Compare(s.item, item) })
	if is {
		own = s.m.params.Alpha * s.own[at].value
	}
	if row, known := s.m.rows.Row(item); known && s.others != nil {
		others = s.others.Value(row)
	}
	return own, others
}

func (s *scorer) score(item engine.ItemNum) float32 {
	own, others := s.parts(item)
	return float32(own + others)
}

// Propose implements model.Scorer: of what the person or one of the others bought.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	top := vector.NewTop(n)
	offer := func(item engine.ItemNum) {
		if eligible.Contains(uint32(item)) {
			top.Push(item, s.score(item))
		}
	}
	for _, o := range s.own {
		if _, others := s.parts(engine.ItemNum(o.item)); others == 0 {
			offer(engine.ItemNum(o.item))
		}
	}
	if s.others != nil {
		s.others.Each(func(row int, _ float64) { offer(s.m.rows.Num(row)) })
	}
	return top.AppendItems(out)
}

// Score implements model.Scorer. What neither the person nor one of the others bought
// scores 0.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	for i, item := range items {
		out[i] = s.score(item)
	}
}

// Explain implements model.Scorer: an item is there because the person bought it, and
// because others did, which is base.
func (s *scorer) Explain(item engine.ItemNum) (base float64, parts []model.Part) {
	own, others := s.parts(item)
	if own > 0 {
		parts = []model.Part{{Item: item, Contribution: own}}
	}
	return others, parts
}
