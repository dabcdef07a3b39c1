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
	shared     uint32  // bit i: it holds the i-th newest item of the visit under way
	similarity float64 // what the shared items add up to, by what the visit is worth
}

// first is the newest item of the visit under way that the neighbour holds, from 0.
func (n *neighbour) first() int { return bits.TrailingZeros32(n.shared) }

// matched is what a neighbour counts by the newest item it shares: in VMIS-kNN 0.9, 0.8
// and so on, nothing from the tenth.
func (m *Model) matched(first int) float64 {
	switch {
	case m.match != nil:
		return m.match[first]
	case m.params.Match < 0:
		return 1
	}
	return max(0, 1-0.1*float64(first+1))
}

// clicked is what the i-th newest of n items adds to a similarity. The weights of
// VMIS-kNN are whole here, so that equal similarities are equal; Open divides by n.
func (m *Model) clicked(i, n int) float64 {
	if m.click != nil {
		return m.click[i]
	}
	return float64(n - i)
}

// scorer holds the scores of one visit.
type scorer struct {
	model.Sparse
	m          *Model
	clicks     []uint32 // rows, newest first; those without a visit are not known
	neighbours []neighbour
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 128 + s.Sparse.Bytes() + 4*len(s.clicks) + 16*len(s.neighbours) }

// workspace is what an Open needs and the next one can use again.
type workspace struct {
	sums         *vector.Sums
	candidates   []neighbour
	similarities []float64
}

// Open compares the visit under way with those before and scores what they hold:
//
//	score(i) = sum over neighbours n that hold i of matched(n) x similarity(n) x near(i,n) x idf(i)
//
// With the anchors of q, the first counts as the newest.
func (m *Model) Open(q *model.Query) model.Scorer {
	s := &scorer{m: m}
	for _, item := range m.underWay(q) {
		row, ok := m.rows.Row(item)
		if !ok {
			row = unknown
		}
		s.clicks = append(s.clicks, uint32(row))
	}
	w := m.room.Get().(*workspace)
	defer m.room.Put(w)
	m.gather(s.clicks, w)
	s.neighbours = slices.Clone(w.nearest(m.params.K))
	if len(s.neighbours) == 0 {
		return s
	}
	for i := range s.neighbours { // they lie anywhere in what may be eighty megabytes
		vector.Prefetch(m.visits.of(s.neighbours[i].visit))
	}
	for i := range s.neighbours {
		n := &s.neighbours[i]
		worth, list := s.worth(n), m.visits.of(n.visit)
		if m.near == nil {
			for _, row := range list {
				w.sums.Add(row, worth)
			}
			continue
		}
		at := slices.Index(list, s.clicks[n.first()])
		from := max(0, at-len(m.near)+1)
		for k, row := range list[from:min(len(list), at+len(m.near))] {
			w.sums.Add(row, worth*m.near[distance(from+k, at)])
		}
	}
	w.sums.Scale(m.idf)
	s.Sparse = model.TakeSparse(m.rows, w.sums)
	return s
}

// worth is what a neighbour adds to each of its items, but for rarity and distance.
func (s *scorer) worth(n *neighbour) float64 {
	return s.m.matched(n.first()) * n.similarity / s.whole()
}

// whole is what similarities are divided by.
func (s *scorer) whole() float64 {
	if s.m.click != nil {
		return 1
	}
	return float64(len(s.clicks))
}

func distance(a, b int) int { return max(a-b, b-a) }

// unknown is the row of an item that no visit holds. It keeps its place.
const unknown = 1<<32 - 1

// underWay returns the newest L items of the visit, newest first: the anchors, or the
// newest part of the history without a gap. Known dislikes are no part of it.
func (m *Model) underWay(q *model.Query) []engine.ItemNum {
	var items []engine.ItemNum
	causes := q.Causes()
	for i, in := range causes {
		if len(items) == m.params.L {
			break
		}
		if len(q.Anchors) == 0 && i > 0 && causes[i-1].At.Sub(in.At) > m.params.Gap {
			break
		}
		if in.Weight > 0 && !slices.Contains(items, in.Item) {
			items = append(items, in.Item)
		}
	}
	return items
}

// gather fills w with the newest M visits that hold one of the clicks, newest first: a
// merge of the clicks' lists. Serenade gathers the same with a hash map and a heap; as
// both stop at the M newest of all lists, none is left out that either would take.
func (m *Model) gather(clicks []uint32, w *workspace) {
	var lists [maxL][]uint32
	var weights [maxL]float64
	for i, row := range clicks {
		weights[i] = m.clicked(i, len(clicks))
		if row != unknown {
			lists[i] = m.recent.of(row)
		}
	}
	w.candidates = w.candidates[:0]
	for len(w.candidates) < m.params.M {
		newest := int64(-1)
		for _, list := range lists[:len(clicks)] {
			if len(list) > 0 {
				newest = max(newest, int64(list[0]))
			}
		}
		if newest < 0 {
			return
		}
		n := neighbour{visit: uint32(newest)}
		for i, list := range lists[:len(clicks)] {
			if len(list) > 0 && int64(list[0]) == newest {
				lists[i] = list[1:]
				n.shared |= 1 << i
				n.similarity += weights[i]
			}
		}
		if m.worth != nil {
			n.similarity *= float64(m.worth[n.visit])
		}
		w.candidates = append(w.candidates, n)
	}
}

// nearest returns the k most similar candidates, in their order; ties go to the newer
// visit, which comes first. They belong to w.
func (w *workspace) nearest(k int) []neighbour {
	if len(w.candidates) <= k {
		return w.candidates
	}
	w.similarities = w.similarities[:0]
	for i := range w.candidates {
		w.similarities = append(w.similarities, w.candidates[i].similarity)
	}
	least, left := largest(w.similarities, k), k // left: how many of the least similarity are kept
	for i := range w.candidates {
		if w.candidates[i].similarity > least {
			left--
		}
	}
	kept := w.candidates[:0]
	for _, n := range w.candidates {
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

// largest returns the k-th largest of values, from 1, and changes their order (quickselect;
// Hoare 1961).
func largest(values []float64, k int) float64 {
	for k--; len(values) > 1; {
		pivot := values[len(values)/2]
		i, j := 0, len(values)-1
		for i <= j {
			for values[i] > pivot {
				i++
			}
			for values[j] < pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch { // values[:j+1] >= pivot >= values[i:], and what lies between is the pivot
		case k <= j:
			values = values[:j+1]
		case k >= i:
			values, k = values[i:], k-i
		default:
			return pivot
		}
	}
	return values[0]
}

// Explain implements model.Scorer. A neighbour's similarity is a sum over the items it
// shares, and so is the score. The split is additive, not counterfactual: without an
// item others would be the neighbours.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	var sums [maxL]float64
	for i := range s.neighbours {
		n := &s.neighbours[i]
		s.share(n, s.adds(n, uint32(row)), &sums)
	}
	for i, click := range s.clicks {
		if sums[i] > 0 {
			parts = append(parts, model.Part{Item: s.m.rows.Num(int(click)), Contribution: sums[i]})
		}
	}
	return 0, parts
}

// adds is what a neighbour adds to the score of a row.
func (s *scorer) adds(n *neighbour, row uint32) float64 {
	list := s.m.visits.of(n.visit)
	k := slices.Index(list, row)
	if k < 0 {
		return 0
	}
	near := 1.0
	if s.m.near != nil {
		far := distance(k, slices.Index(list, s.clicks[n.first()]))
		if far >= len(s.m.near) {
			return 0
		}
		near = s.m.near[far]
	}
	return s.worth(n) * near * s.m.idf[row]
}

// share splits what a neighbour adds among the items it shares.
func (s *scorer) share(n *neighbour, adds float64, sums *[maxL]float64) {
	whole := 0.0
	for i := range s.clicks {
		if n.shared>>i&1 == 1 {
			whole += s.m.clicked(i, len(s.clicks))
		}
	}
	if whole == 0 {
		return
	}
	for i := range s.clicks {
		if n.shared>>i&1 == 1 {
			sums[i] += adds * s.m.clicked(i, len(s.clicks)) / whole
		}
	}
}
