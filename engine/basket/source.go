package basket

import (
	"cmp"
	"math/bits"
	"slices"

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

// Work implements model.Laborious: the customers who bought what the person did are held
// against them, the shares of the nearest are added, and what was added to is gone through.
// Of an item that is bought often there are more buyers and more who ask.
func (m *Model) Work(history int) int {
	met, cells := 0, max(1, len(m.cells))
	for row := range m.rows.Len() {
		n := len(m.buyersOf(uint32(row)))
		met += n * n
	}
	adds := min(m.params.K, len(m.ends)) * cells / max(1, len(m.ends))
	return history*met/cells + 4*len(m.ends) + 2*adds + 2*min(adds, m.rows.Len())
}

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
	if s.own = m.params.shares(baskets(boughtIn(q.Deeds()))); len(s.own) == 0 {
		return s
	}
	w := m.room.Get().(*workspace)
	defer m.room.Put(w)
	if m.params.Alpha < 1 {
		near := m.nearest(s.own, w)
		s.near = make([]uint32, 0, len(near))
		for _, n := range near {
			s.near = append(s.near, n.customer)
			for _, c := range m.of(n.customer) {
				w.sums[c.of] += uint64(c.share)
				w.rows[c.of>>6] |= 1 << (c.of & 63)
			}
		}
	}
	s.Sparse = model.NewSparseOf(m.rows, s.take(w))
	return s
}

// scorer holds the scores of one person.
type scorer struct {
	model.Sparse
	m    *Model
	own  []share  // by item number
	near []uint32 // the customers asked
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 128 + s.Sparse.Bytes() + 16*len(s.own) + 4*len(s.near) }

// mean is what a share of one of the customers asked adds to a score. Their shares are
// whole numbers: their sums are the same in any order.
func (s *scorer) mean() float64 { return (1 - s.m.params.Alpha) / (one * float64(max(len(s.near), 1))) }

// take returns the scores of what the person and the nearest bought, and empties w.
func (s *scorer) take(w *workspace) []vector.Scored {
	count := len(s.own)
	for _, word := range w.rows {
		count += bits.OnesCount64(word)
	}
	scored := make([]vector.Scored, 0, count)
	own, alpha, mean := s.own, s.m.params.Alpha, s.mean()
	for i, word := range w.rows {
		w.rows[i] = 0
		for ; word != 0; word &= word - 1 {
			row := i<<6 + bits.TrailingZeros64(word)
			item, score := s.m.rows.Num(row), mean*float64(w.sums[row])
			w.sums[row] = 0
			for ; len(own) > 0 && engine.ItemNum(own[0].item) <= item; own = own[1:] {
				if engine.ItemNum(own[0].item) == item {
					score += alpha * own[0].value
				} else {
					scored = append(scored, own[0].scored(alpha))
				}
			}
			scored = append(scored, vector.Scored{Item: item, Score: float32(score)})
		}
	}
	for _, o := range own {
		scored = append(scored, o.scored(alpha))
	}
	return scored
}

// scored is the score of a share of what nobody else bought.
func (s share) scored(alpha float64) vector.Scored {
	return vector.Scored{Item: engine.ItemNum(s.item), Score: float32(alpha * s.value)}
}

// Explain implements model.Scorer: an item is there because the person bought it, and
// because customers near to them did. What those bought, which are many, is the rest of the
// score.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	base = float64(s.Of(item))
	at, bought := slices.BinarySearchFunc(s.own, uint32(item), func(s share, item uint32) int { return cmp.Compare(s.item, item) })
	if !bought {
		return base, parts
	}
	own := s.m.params.Alpha * s.own[at].value
	return base - own, append(parts, model.Part{Item: item, Contribution: own})
}
