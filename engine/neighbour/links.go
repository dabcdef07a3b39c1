package neighbour

import (
	"slices"
	"sync"

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
}

// newLinks returns the source of what each item adds to others.
func newLinks[P settings[P]](p P, rows *model.Rows, adds *model.Edges) *Links[P] {
	m := &Links[P]{params: p, rows: rows, adds: adds}
	m.sums.New = func() any { return vector.NewSums(rows.Len()) }
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

// Open sums what each thing the person wanted adds, once for all items. How much it was
// wanted plays no role, as with EASE.
func (m *Links[P]) Open(q *model.Query) model.Scorer {
	s := &linkScorer[P]{m: m}
	if s.causes = causesOf(q, m.rows, m.params.recency()); len(s.causes) == 0 {
		return s
	}
	sums := m.sums.Get().(*vector.Sums)
	defer m.sums.Put(sums)
	for _, cause := range s.causes {
		to, weights := m.adds.Of(cause.row)
		sums.AddAll(to, weights, cause.weight)
	}
	s.Sparse = model.TakeSparse(m.rows, sums)
	return s
}

// linkScorer holds one person's scores.
type linkScorer[P settings[P]] struct {
	model.Sparse
	m      *Links[P]
	causes []cause
}

var _ model.Lasting = (*linkScorer[RidgeParams])(nil)

// Again implements model.Lasting: nothing of it changes once it is opened.
func (s *linkScorer[P]) Again(*model.Query) model.Scorer { return s }

// Bytes implements model.Lasting.
func (s *linkScorer[P]) Bytes() int { return 96 + s.Sparse.Bytes() + 16*len(s.causes) }

// Explain implements model.Scorer. Each part is counterfactual, but for what Recent moves
// up: without that item in the history the score is lower by it. An item does not speak
// for itself.
func (s *linkScorer[P]) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, parts
	}
	for _, cause := range s.causes {
		to, weights := s.m.adds.Of(cause.row)
		if at, found := slices.BinarySearch(to, uint32(row)); found {
			parts = append(parts, model.Part{Item: s.m.rows.Num(cause.row), Contribution: cause.weight * float64(weights[at])})
		}
	}
	return 0, parts
}
