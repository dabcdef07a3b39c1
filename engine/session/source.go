package session

import (
	"math/bits"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// neighbour is a visit that shares items with the one under way.
type neighbour struct {
	visit      uint32
	shared     uint32 // bit i: it holds the i-th newest item of the visit under way
	similarity int    // sum of (items looked at - i) over the shared ones
}

// decay is what a neighbour counts by the newest item it shares, from 0: 0.9, 0.8 and
// so on, nothing from the tenth.
func (n *neighbour) decay() float64 {
	return max(0, 1-0.1*float64(bits.TrailingZeros32(n.shared)+1))
}

// scorer holds the scores of one visit.
type scorer struct {
	model.Sparse
	m          *Model
	clicks     []uint32 // rows, newest first; those without a visit are not known
	neighbours []neighbour
}

// Open compares the visit under way with those before and scores what they hold:
//
//	score(i) = sum over neighbours n that hold i of decay(n) x similarity(n) x idf(i)
//
// With the anchors of q, the first counts as the newest.
func (m *Model) Open(q *model.Query) model.Scorer {
	s := &scorer{Sparse: model.Sparse{Rows: m.rows}, m: m}
	for _, item := range m.underWay(q) {
		row, ok := m.rows.Row(item)
		if !ok {
			row = unknown
		}
		s.clicks = append(s.clicks, uint32(row))
	}
	s.neighbours = nearest(m.candidates(s.clicks), m.params.K)
	if len(s.neighbours) == 0 {
		return s
	}
	sums := m.sums.Get().(*vector.Sums)
	defer m.sums.Put(sums)
	for _, n := range s.neighbours {
		worth := n.decay() * float64(n.similarity) / float64(len(s.clicks))
		for _, row := range m.visits.of(n.visit) {
			sums.Add(row, worth*m.idf[row])
		}
	}
	s.Scores = sums.Take()
	return s
}

// unknown is the row of an item that no visit holds. It keeps its place.
const unknown = 1<<32 - 1

// underWay returns the newest L items of the visit, newest first: the anchors, or the
// newest part of the history without a gap. Known dislikes are no part of it.
func (m *Model) underWay(q *model.Query) []engine.ItemNum {
	var items []engine.ItemNum
	for i, in := range q.Causes() {
		if len(items) == m.params.L {
			break
		}
		if len(q.Anchors) == 0 && i > 0 && q.History[i-1].At.Sub(in.At) > m.params.Gap {
			break
		}
		if in.Weight > 0 && !slices.Contains(items, in.Item) {
			items = append(items, in.Item)
		}
	}
	return items
}

// candidates returns the newest M visits that hold one of the clicks, newest first: a
// merge of the clicks' lists. Serenade gathers the same with a hash map and a heap; as
// both stop at the M newest of all lists, none is left out that either would take.
func (m *Model) candidates(clicks []uint32) []neighbour {
	var lists [maxL][]uint32
	for i, row := range clicks {
		if row != unknown {
			lists[i] = m.recent.of(row)
		}
	}
	out := make([]neighbour, 0, min(m.params.M, 512))
	for len(out) < m.params.M {
		newest := int64(-1)
		for _, list := range lists[:len(clicks)] {
			if len(list) > 0 {
				newest = max(newest, int64(list[0]))
			}
		}
		if newest < 0 {
			break
		}
		n := neighbour{visit: uint32(newest)}
		for i, list := range lists[:len(clicks)] {
			if len(list) > 0 && int64(list[0]) == newest {
				lists[i] = list[1:]
				n.shared |= 1 << i
				n.similarity += len(clicks) - i
			}
		}
		out = append(out, n)
	}
	return out
}

// nearest keeps the k most similar, in their order; ties go to the newer visit, which
// comes first. Similarities are small whole numbers, so they are counted, not sorted.
func nearest(candidates []neighbour, k int) []neighbour {
	if len(candidates) <= k {
		return candidates
	}
	var count [maxL*(maxL+1)/2 + 1]int
	for _, n := range candidates {
		count[n.similarity]++
	}
	least, left := len(count)-1, k // left: how many of the least similarity are kept
	for ; count[least] < left; least-- {
		left -= count[least]
	}
	kept := candidates[:0]
	for _, n := range candidates {
		if n.similarity < least || n.similarity == least && left == 0 {
			continue
		}
		if n.similarity == least {
			left--
		}
		kept = append(kept, n)
	}
	return kept
}

// Explain implements model.Scorer. A neighbour's similarity is a sum over the items it
// shares, and so is the score. The split is additive, not counterfactual: without an
// item others would be the neighbours.
func (s *scorer) Explain(item engine.ItemNum) (base float64, parts []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, nil
	}
	var sums [maxL]float64
	for _, n := range s.neighbours {
		if _, holds := slices.BinarySearch(s.m.visits.of(n.visit), uint32(row)); !holds {
			continue
		}
		for i := range s.clicks {
			if n.shared>>i&1 == 1 {
				sums[i] += n.decay() * float64(len(s.clicks)-i) / float64(len(s.clicks))
			}
		}
	}
	for i, click := range s.clicks {
		if sums[i] > 0 {
			parts = append(parts, model.Part{Item: s.m.rows.Num(int(click)), Contribution: sums[i] * s.m.idf[row]})
		}
	}
	return 0, parts
}
