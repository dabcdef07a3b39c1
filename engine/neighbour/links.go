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
	// recency is how much an item of a history counts beside the one after it.
	recency() float64
}

// Links is a fitted source of sparse weights between items: how these are learned is
// what P is the settings of. A person's score for an item is the sum of the weights
// that what they wanted has for it.
type Links[P settings[P]] struct {
	params P
	rows   *model.Rows
	// What each item adds to others: for row j, those that j has a weight for, ascending,
	// and the weights.
	ends    []uint32
	to      []uint32
	weights []float32
	sums    sync.Pool // of *vector.Sums
}

// link is an item and a weight between it and another.
type link struct {
	row    uint32
	weight float32
}

// newLinks turns the links over: from what scores an item, as fits learn it, to what an
// item adds. Those of an item ascend by row.
func newLinks[P settings[P]](p P, rows *model.Rows, scoredBy [][]link) *Links[P] {
	m := &Links[P]{params: p, rows: rows, ends: make([]uint32, rows.Len())}
	next := make([]uint32, rows.Len()+1)
	for _, links := range scoredBy {
		for _, l := range links {
			next[l.row+1]++
		}
	}
	for j := range m.ends {
		next[j+1] += next[j]
		m.ends[j] = next[j+1]
	}
	m.to = make([]uint32, next[rows.Len()])
	m.weights = make([]float32, len(m.to))
	for i, links := range scoredBy {
		for _, l := range links {
			at := next[l.row]
			m.to[at], m.weights[at] = uint32(i), l.weight
			next[l.row]++
		}
	}
	m.sums.New = func() any { return vector.NewSums(rows.Len()) }
	return m
}

// linksOf returns the rows that the item of a row adds to, and how much.
func (m *Links[P]) linksOf(row int) (to []uint32, weights []float32) {
	from := uint32(0)
	if row > 0 {
		from = m.ends[row-1]
	}
	return m.to[from:m.ends[row]], m.weights[from:m.ends[row]]
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
func (m *Links[P]) Len() int { return len(m.weights) }

// Open sums what each thing the person wanted adds, once for all items. How much it was
// wanted plays no role, as with EASE.
func (m *Links[P]) Open(q *model.Query) model.Scorer {
	s := &linkScorer[P]{Sparse: model.Sparse{Rows: m.rows}, m: m}
	if s.causes = causesOf(q, m.rows, m.params.recency()); len(s.causes) == 0 {
		return s
	}
	sums := m.sums.Get().(*vector.Sums)
	defer m.sums.Put(sums)
	for _, cause := range s.causes {
		to, weights := m.linksOf(cause.row)
		for i, row := range to {
			sums.Add(row, cause.weight*float64(weights[i]))
		}
	}
	s.Scores = sums.Take()
	return s
}

// linkScorer holds one person's scores.
type linkScorer[P settings[P]] struct {
	model.Sparse
	m      *Links[P]
	causes []cause
}

// Explain implements model.Scorer. Each part is counterfactual, but for what Recent moves
// up: without that item in the history the score is lower by it. An item does not speak for itself.
func (s *linkScorer[P]) Explain(item engine.ItemNum) (base float64, parts []model.Part) {
	row, ok := s.m.rows.Row(item)
	if !ok || s.Empty() {
		return 0, nil
	}
	for _, cause := range s.causes {
		to, weights := s.m.linksOf(cause.row)
		if at, found := slices.BinarySearch(to, uint32(row)); found {
			parts = append(parts, model.Part{Item: s.m.rows.Num(cause.row), Contribution: cause.weight * float64(weights[at])})
		}
	}
	return 0, parts
}
