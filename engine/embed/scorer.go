package embed

import (
	"cmp"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Open makes the profile: the mean of the anchors' vectors, or of the newest Causes
// items of the history, each weighing its interest times Decay for every one that is
// newer. Known dislikes say nothing.
func (m *Space) Open(q *model.Query) model.Scorer {
	s := &scorer{m: m}
	decay, most := m.decay, m.causes
	if len(q.Anchors) > 0 {
		decay, most = 1, len(q.Anchors)
	}
	fade := 1.0
	for _, in := range q.Causes() {
		row, ok := m.rows.Row(in.Item)
		if !ok || !(in.Weight > 0) {
			continue
		}
		s.causes = append(s.causes, cause{row, fade * in.Weight})
		if len(s.causes) == most {
			break
		}
		fade *= decay
	}
	s.fold()
	return s
}

// scorer is one query. Its scores are the cosines with the profile, from -1 to 1, less
// what an item has put into the profile itself: having been looked at is no likeness.
// Without a profile every score is 0.
type scorer struct {
	m       *Space
	causes  []cause
	profile []float32    // of length 1
	marks   [16]uint64   // a bit for each cause, by the low bits of its row
	own     model.Sparse // what each cause puts into its own score
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *scorer) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 192 + 24*len(s.causes) + 4*len(s.profile) }

// cause is an item of the history, and its share in the profile.
type cause struct {
	row   int
	share float64
}

// fold makes the profile of the causes, and of their weights shares.
func (s *scorer) fold() {
	sum, most := make([]float64, s.m.dims), 0.0
	for _, c := range s.causes {
		most = max(most, c.share)
	}
	for i := range s.causes {
		c := &s.causes[i]
		c.share /= most // so that no weight is too large or too small to be squared
		for k, x := range s.m.vector(c.row) {
			sum[k] += c.share * float64(x)
		}
	}
	length := 0.0
	for _, x := range sum {
		length += x * x
	}
	length = math.Sqrt(length)
	if !(length > leastLength) || math.IsInf(length, 1) {
		s.causes = nil // nothing, or directions that cancel out
		return
	}
	s.profile = make([]float32, len(sum))
	for k, x := range sum {
		s.profile[k] = float32(x / length)
	}
	for i := range s.causes {
		c := &s.causes[i]
		c.share /= length
		s.marks[c.row/64%16] |= 1 << (c.row % 64)
	}
	s.own = s.owned()
}

// owned returns what each cause puts into its own score.
func (s *scorer) owned() model.Sparse {
	own := make([]vector.Scored, 0, len(s.causes))
	for i, c := range s.causes {
		if !slices.ContainsFunc(s.causes[:i], func(o cause) bool { return o.row == c.row }) {
			v := s.m.vector(c.row)
			own = append(own, vector.Scored{Item: s.m.rows.Num(c.row), Score: float32(s.itself(c.row) * float64(vector.Dot(v, v)))})
		}
	}
	slices.SortFunc(own, func(a, b vector.Scored) int { return cmp.Compare(a.Item, b.Item) })
	return model.NewSparse(own)
}

var _ model.Rough = (*scorer)(nil)

// AddRough implements model.Rough.
func (s *scorer) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	off, most, ok = s.m.index.AddRough(room, sums, items, s.profile, gain)
	if ok {
		_, own, _ := s.own.AddRough(room, sums, items, -gain)
		most += own
	}
	return off, most, ok
}

// itself returns the share of a row in the profile, 0 for what is no cause. The marks
// spare nearly all rows the search.
func (s *scorer) itself(row int) float64 {
	own := 0.0
	if s.marks[row/64%16]&(1<<(row%64)) == 0 {
		return own
	}
	for _, c := range s.causes { // an anchor may stand twice
		if c.row == row {
			own += c.share
		}
	}
	return own
}

// Empty implements model.Scorer.
func (s *scorer) Empty() bool { return s.profile == nil }

// score returns the score of a row.
func (s *scorer) score(row int) float32 {
	v := s.m.vector(row)
	score := vector.Dot(s.profile, v)
	if own := s.itself(row); own != 0 {
		score -= float32(own * float64(vector.Dot(v, v)))
	}
	return score
}

// Propose implements model.Scorer: of the items that have a vector, but for those turned
// away from the profile. What causes put into the profile only lowers their own scores: so
// many more are looked at.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	top := vector.NewTop(n)
	for _, found := range s.m.index.Best(eligible, s.profile, n+len(s.causes), nil) {
		if row, _ := s.m.rows.Row(found.Item); s.itself(row) != 0 {
			found.Score = s.score(row)
		}
		if found.Score > 0 {
			top.Push(found.Item, found.Score)
		}
	}
	return top.AppendItems(out)
}

// Score implements model.Scorer. An item without a vector scores 0.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	if out = out[:len(items)]; s.Empty() {
		clear(out)
		return
	}
	s.m.rows.Dots(out, items, s.m.vectors, s.profile)
	for i, item := range items {
		if row, ok := s.m.rows.Row(item); ok && s.itself(row) != 0 {
			out[i] = s.score(row)
		}
	}
}

// Explain implements model.Scorer: each cause gives its share of the profile times its
// cosine with the item. The base is what float32 rounded away.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	base = float64(s.score(row))
	itself := s.m.vector(row)
	for _, c := range s.causes {
		if c.row == row {
			continue
		}
		part := c.share * float64(vector.Dot(s.m.vector(c.row), itself))
		parts = append(parts, model.Part{Item: s.m.rows.Num(c.row), Contribution: part})
		base -= part
	}
	return base, parts
}
