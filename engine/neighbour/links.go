package neighbour

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// settings are the Params of a source of sparse weights.
type settings[P any] interface {
	// WithDefaults returns the settings with the default for what is zero.
	WithDefaults() P
	check() error
	// source is the name of the source and the version of its saved form.
	source() (name string, version uint32)
	// fitted are the settings less those that only speed and queries hang on: who has the
	// same has the same weights.
	fitted() P
	// recency is how much an item of a history counts beside the one after it.
	recency() float64
}

// Links is a fitted source of sparse weights between items: how these are learned is
// what P is the settings of. A person's score for an item is the sum of the weights
// that what they wanted has for it.
type Links[P settings[P]] struct {
	params P
	rows   *model.Rows
	adds   *model.Edges // what each item adds to others
	sums   sync.Pool    // of *vector.Sums
	whole  sync.Pool    // of *[]float64, zeros by row
	scores sync.Pool    // of *[]float32 by row, which mean nothing
	marks  sync.Pool    // of *marks
}

// newLinks returns the source of what each item adds to others.
func newLinks[P settings[P]](p P, rows *model.Rows, adds *model.Edges) *Links[P] {
	m := &Links[P]{params: p, rows: rows, adds: adds}
	m.sums.New = func() any { return vector.NewSums(rows.Len()) }
	m.whole.New = func() any { return new(make([]float64, rows.Len())) }
	m.scores.New = func() any { return new(make([]float32, rows.Len())) }
	m.marks.New = func() any { return &marks{by: make([]uint16, rows.Len())} }
	return m
}

// Asked returns the source with other settings where they leave the weights as they are, as
// Recent does; nil where they must be fitted.
func (m *Links[P]) Asked(p P) *Links[P] {
	p = p.WithDefaults()
	if any(p.fitted()) != any(m.params.fitted()) || p.check() != nil {
		return nil
	}
	return newLinks(p, m.rows, m.adds)
}

// Name implements model.Source.
func (m *Links[P]) Name() string {
	name, _ := m.params.source()
	return name
}

// Params returns the settings the source was fitted with.
func (m *Links[P]) Params() P { return m.params }

// Rows returns the items that may have weights.
func (m *Links[P]) Rows() *model.Rows { return m.rows }

// Len returns how many weights there are.
func (m *Links[P]) Len() int { return m.adds.Len() }

// Work implements model.Laborious: every weight of the history's items is added, and what
// was added to is gone through twice.
func (m *Links[P]) Work(history int) int {
	adds := history * m.adds.Len() / max(1, m.rows.Len())
	return adds + 2*min(adds, m.rows.Len())
}

// Open gathers what the person wanted. What each adds is summed once for all items when that
// is first asked for. How much it was wanted plays no role, as with EASE.
func (m *Links[P]) Open(q *model.Query) model.Scorer {
	s := &linkScorer[P]{m: m}
	by := causesBy{m.rows, recentOf(m.params.recency())}
	if s.causes = model.Share(q, by, func() []cause { return causesOf(q, by.rows, by.recent) }); len(s.causes) > 0 {
		s.all = new(summed)
	}
	return s
}

// linkScorer holds one person's scores.
type linkScorer[P settings[P]] struct {
	m      *Links[P]
	causes []cause
	all    *summed // nil where nothing is known of the person

	turned *model.Edges // see Turn; nil for none
	marks  *marks       // of the model; nil before they are asked for
}

// marks are where to look for what leads to an item.
type marks struct {
	by    []uint16 // by row, the place of the cause from 1 on; zeros where nobody uses them
	found model.Marks
}

// summed are the scores of all items, once they are asked for.
type summed struct {
	once sync.Once
	model.Sparse
	lent *[]float32 // of the model's scores, where they lie there
	made atomic.Bool
}

// sums returns the scores of all items.
func (s *linkScorer[P]) sums() *model.Sparse {
	s.all.once.Do(func() {
		s.all.Sparse, s.all.lent = s.m.sum(s.causes)
		s.all.made.Store(true)
	})
	return &s.all.Sparse
}

// A sum for every row is gone through from end to end without a look at which rows were added to:
// that takes less than a list of those from an eighth as many edges as rows on, and more memory,
// which in a catalogue of up to denseRows items is little.
const (
	denseShare = 8
	denseRows  = 1 << 16
)

// sum adds up what each cause adds: with a sum for every row where there are many edges, else for
// those that they lead to. The scores of all rows lie in what it returns beside them.
func (m *Links[P]) sum(causes []cause) (model.Sparse, *[]float32) {
	edges := 0
	for _, cause := range causes {
		edges += m.adds.Degree(cause.row)
	}
	m.soon(causes, 0)
	m.soon(causes, 1)
	if rows := m.rows.Len(); edges < rows && (edges < rows/denseShare || rows > denseRows) {
		sums := m.sums.Get().(*vector.Sums)
		defer m.sums.Put(sums)
		for i, cause := range causes {
			m.soon(causes, i+ahead)
			m.adds.AddTo(sums, cause.row, cause.weight)
		}
		return model.TakeSparse(m.rows, sums), nil
	}
	sums := m.whole.Get().(*[]float64)
	defer m.whole.Put(sums)
	for i, cause := range causes {
		m.soon(causes, i+ahead)
		m.adds.AddToAll(*sums, cause.row, cause.weight)
	}
	scores := m.scores.Get().(*[]float32)
	return model.TakeDense(m.rows, *sums, *scores), scores
}

// ahead is how many causes before their turn edges are asked for.
const ahead = 2

// soon asks for the edges of a cause, if there is one.
func (m *Links[P]) soon(causes []cause, i int) {
	if i < len(causes) {
		m.adds.Prefetch(causes[i].row)
	}
}

// summedFrom is from how many items on all are summed to score some: to look in what
// everything adds takes a few microseconds an item.
const summedFrom = 16

// turnedShare is of how many rows one may be asked for where what leads to each is gone through:
// as many as all edges of a history are added in the time of.
const turnedShare = 64

var (
	_ model.Steady = (*linkScorer[RidgeParams])(nil)
	_ model.Brief  = (*linkScorer[RidgeParams])(nil)
	_ model.Lent   = (*linkScorer[RidgeParams])(nil)
)

// Again implements model.Lasting: nothing that it says changes once it is opened.
func (s *linkScorer[P]) Again(*model.Query) model.Scorer { return s }

// Steady implements model.Steady.
func (s *linkScorer[P]) Steady() {}

// Bytes implements model.Lasting.
func (s *linkScorer[P]) Bytes() int {
	if s.Empty() || !s.all.made.Load() {
		return 144 + 16*len(s.causes)
	}
	return 144 + s.all.Sparse.Bytes() + 16*len(s.causes)
}

// Release implements model.Lent.
func (s *linkScorer[P]) Release() {
	if s.marks != nil {
		for _, cause := range s.causes {
			s.marks.by[cause.row] = 0
		}
		s.m.marks.Put(s.marks)
		s.marks, s.turned = nil, nil
	}
	if s.all != nil && s.all.lent != nil {
		s.m.scores.Put(s.all.lent)
	}
	s.causes, s.all = nil, nil
}

// Brief implements model.Brief.
func (s *linkScorer[P]) Brief() model.Folded {
	rows := make([]uint32, len(s.causes))
	for i, cause := range s.causes {
		rows[i] = uint32(cause.row)
	}
	return &foldedLinks[P]{s.m, rows}
}

// foldedLinks are the rows of what a person wanted, newest first.
type foldedLinks[P settings[P]] struct {
	m    *Links[P]
	rows []uint32
}

// Open implements model.Folded.
func (f *foldedLinks[P]) Open() model.Scorer {
	s := &linkScorer[P]{m: f.m, causes: make([]cause, len(f.rows))}
	weight, recent := 1.0, recentOf(f.m.params.recency())
	for i, row := range f.rows {
		s.causes[i] = cause{int(row), weight}
		weight *= recent
	}
	if len(s.causes) > 0 {
		s.all = new(summed)
	}
	return s
}

// Bytes implements model.Folded.
func (f *foldedLinks[P]) Bytes() int { return 48 + 4*len(f.rows) }

// Empty implements model.Scorer.
func (s *linkScorer[P]) Empty() bool { return s.all == nil }

// Propose implements model.Scorer.
func (s *linkScorer[P]) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	return s.sums().Propose(eligible, n, out)
}

var _ model.Rough = (*linkScorer[RidgeParams])(nil)

// AddRough implements model.Rough: what is summed is exact.
func (s *linkScorer[P]) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	return s.sums().AddRough(room, sums, items, gain)
}

// Score implements model.Scorer.
func (s *linkScorer[P]) Score(items []engine.ItemNum, out []float32) {
	switch {
	case s.Empty():
		clear(out[:len(items)])
	case s.turned != nil && len(items) <= s.m.rows.Len()/turnedShare && !s.all.made.Load():
		for i, item := range items {
			if i+ahead < len(items) {
				s.soonOf(items[i+ahead])
			}
			out[i] = s.turnedOf(item)
		}
	case len(items) < summedFrom && !s.all.made.Load():
		for i, item := range items {
			out[i] = s.of(item)
		}
	default:
		s.sums().Score(items, out)
	}
}

// of returns the score of one item: what everything adds to it, in the order of its sum.
func (s *linkScorer[P]) of(item engine.ItemNum) float32 {
	row, ok := s.m.rows.Row(item)
	if !ok {
		return 0
	}
	sum := 0.0
	for _, cause := range s.causes {
		if weight, found := s.m.adds.Weight(cause.row, row); found {
			sum += float64(cause.weight * float64(weight))
		}
	}
	return float32(sum)
}

var _ model.Linked = (*linkScorer[RidgeParams])(nil)

// Links implements model.Linked.
func (s *linkScorer[P]) Links() (*model.Rows, *model.Edges) { return s.m.rows, s.m.adds }

// From implements model.Linked.
func (s *linkScorer[P]) From(out []uint32) ([]uint32, bool) {
	for _, cause := range s.causes {
		if cause.weight != 1 {
			return out, false
		}
		out = append(out, uint32(cause.row))
	}
	return out, true
}

// Turn implements model.Linked. The scorer belongs to one goroutine then.
func (s *linkScorer[P]) Turn(edges *model.Edges) {
	if len(s.causes) < math.MaxUint16 {
		s.turned = edges
	}
}

// soonOf asks for what leads to an item.
func (s *linkScorer[P]) soonOf(item engine.ItemNum) {
	if row, ok := s.m.rows.Row(item); ok {
		s.turned.Prefetch(row)
	}
}

// turnedOf is of by way of what leads to the item.
func (s *linkScorer[P]) turnedOf(item engine.ItemNum) float32 {
	row, ok := s.m.rows.Row(item)
	if !ok {
		return 0
	}
	if s.marks == nil {
		s.marks = s.m.marks.Get().(*marks)
		for i, cause := range s.causes {
			s.marks.by[cause.row] = uint16(i + 1)
		}
	}
	s.marks.found.Find(s.turned, row, s.marks.by, len(s.causes))
	sum := 0.0
	s.marks.found.Each(func(mark int, weight float32) {
		sum += float64(s.causes[mark-1].weight * float64(weight))
	})
	return float32(sum)
}

// Explain implements model.Scorer. Each part is counterfactual, but for what Recent moves
// up: without that item in the history the score is lower by it. An item does not speak
// for itself.
func (s *linkScorer[P]) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	for _, cause := range s.causes {
		if weight, found := s.m.adds.Weight(cause.row, row); found {
			parts = append(parts, model.Part{Item: s.m.rows.Num(cause.row), Contribution: cause.weight * float64(weight)})
		}
	}
	return 0, parts
}
