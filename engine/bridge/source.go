package bridge

import (
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name is the source's name.
const Name = "mapped"

// version is of the saved form.
const version = 1

// A new item's vector is the mean of those of the items near it, by the cube of their
// likeness, less what shrink draws towards 0 where none is much alike. Among at most
// maxRows known items, evenly picked, the near ones are looked for: that is some 70 us a
// new item, once.
const (
	shrink  = 0.05
	maxRows = 4096
)

// Model is the fitted source. The vectors of new items are made when they are first asked
// for, and again when an item's content has changed, or that of an item near which it may lie.
type Model struct {
	params  Params
	content int       // length of a content vector
	dims    int       // length of a vector of base
	weights []float32 // content x dims, nil for means of near items
	base    *factor.Model

	newest atomic.Pointer[made] // by the content that was asked of last
}

// made are the vectors made by some content.
type made struct {
	content *text.Vectors
	known   [][]float32 // content of the items that near ones are looked for among
	places  *places
}

func newModel(p Params, content, dims int) *Model {
	return &Model{params: p, content: content, dims: dims}
}

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the model was fitted with, lambda as it was chosen.
func (m *Model) Params() Params { return m.params }

// Join returns the source over the factor of its set, itself if it has that already.
func (m *Model) Join(set []model.Saver) model.Source {
	for _, s := range set {
		base, ok := s.(*factor.Model)
		if !ok || base == m.base || base.Dims() != m.dims {
			continue
		}
		joined := newModel(m.params, m.content, m.dims)
		joined.weights, joined.base = m.weights, base
		return joined
	}
	return m
}

// Prepare makes the vectors of all items that will need one, before anybody waits.
func (m *Model) Prepare(content *text.Vectors, items []engine.ItemNum, workers int) {
	if m.base == nil || content.Dims() != m.content {
		return
	}
	by := m.by(content)
	vector.Fork(workers, len(items), func(_, i int) { m.vector(items[i], by) })
}

// by returns the vectors made by some content: those of the content before, as far as no
// item that near ones are looked for among has another now. Where one has, all are made
// anew: its change may have brought it near to any.
func (m *Model) by(content *text.Vectors) *made {
	newest := m.newest.Load()
	if newest != nil && newest.content == content {
		return newest
	}
	next := &made{content: content, places: new(places)}
	if m.params.Near != Regression {
		next.known = make([][]float32, min(m.base.Rows().Len(), maxRows))
		for i := range next.known {
			next.known[i] = content.Row(m.among(i))
		}
	}
	if newest != nil && slices.EqualFunc(newest.known, next.known, sameWords) {
		next.places = newest.places
	}
	m.newest.Store(next)
	return next
}

// sameWords reports whether two content vectors are one, or equal: an item whose price
// changed is encoded anew.
func sameWords(a, b []float32) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b))
}

// among returns the i-th of the known items that near ones are looked for among.
func (m *Model) among(i int) engine.ItemNum {
	rows := m.base.Rows()
	return rows.Num(i * rows.Len() / min(rows.Len(), maxRows))
}

// vector returns the vector of an item factor has none of; nil for one it has, and for one
// without content.
func (m *Model) vector(n engine.ItemNum, by *made) []float32 {
	if _, known := m.base.Rows().Row(n); known {
		return nil
	}
	words := by.content.Row(n)
	if words == nil {
		return nil
	}
	if kept := by.places.of(n); kept != nil && sameWords(kept.words, words) {
		return kept.vector
	}
	made := &place{words: words}
	if m.params.Near == Regression {
		made.vector = times(words, m.weights, m.dims)
	} else {
		made.vector = m.mean(words, by)
	}
	by.places.set(n, made)
	return made.vector
}

// mean returns the mean of the vectors of the items near to some content.
func (m *Model) mean(words []float32, by *made) []float32 {
	rows := m.base.Rows()
	top := vector.NewTop(m.params.Near)
	for i, other := range by.known {
		if other != nil {
			if likeness := vector.Dot(words, other); likeness > 0 {
				top.Push(m.among(i), likeness)
			}
		}
	}
	out, total := make([]float32, m.dims), float32(shrink)
	for _, near := range top.Best() {
		row, _ := rows.Row(near.Item)
		weight := near.Score * near.Score * near.Score
		vector.Axpy(weight, m.base.Vector(row), out)
		total += weight
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// Open folds the causes of q in, as factor does.
func (m *Model) Open(q *model.Query) model.Scorer {
	if m.base == nil || q.Content == nil || q.Content.Dims() != m.content {
		return &scorer{m: m}
	}
	person := m.base.Person(q)
	if person.Empty() {
		return &scorer{m: m}
	}
	return &scorer{m: m, by: m.by(q.Content), person: person}
}

// scorer is one query; without vectors nothing is known of the person, or of any item.
type scorer struct {
	m      *Model
	by     *made
	person factor.Person
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: the person stays, and new items may have come.
func (s *scorer) Again(q *model.Query) model.Scorer {
	switch {
	case s.m.base == nil || q.Content == nil || q.Content.Dims() != s.m.content:
		return nil
	case s.Empty():
		return s
	}
	return &scorer{m: s.m, by: s.m.by(q.Content), person: s.person.Again()}
}

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting: the person is shared with factor, which counts it.
func (s *scorer) Bytes() int { return 192 }

// Empty implements model.Scorer.
func (s *scorer) Empty() bool { return s.by == nil }

// Propose implements model.Scorer: the best of the new items that have content.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	top := vector.NewTop(n)
	for it := eligible.Iterator(); it.HasNext(); {
		item := engine.ItemNum(it.Next())
		if v := s.m.vector(item, s.by); v != nil {
			top.Push(item, s.person.ScoreVector(v))
		}
	}
	return top.AppendItems(out)
}

// Score implements model.Scorer.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	if clear(out[:len(items)]); s.Empty() {
		return
	}
	for i, item := range items {
		if v := s.m.vector(item, s.by); v != nil {
			out[i] = s.person.ScoreVector(v)
		}
	}
}

var _ model.Rough = (*scorer)(nil)

// AddRough implements model.Rough: new items are few, and scored as they are.
func (s *scorer) AddRough(_ *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	by, largest := float32(gain), float32(0)
	s.m.base.Rows().Without(items, func(place int) {
		if v := s.m.vector(items[place], s.by); v != nil {
			score := s.person.ScoreVector(v)
			sums[place] += by * score
			largest = max(largest, score, -score)
		}
	})
	return 0, math.Abs(gain) * float64(largest), true
}

// Explain splits the score among the history, as factor does.
func (s *scorer) Explain(item engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	if s.Empty() {
		return 0, parts
	}
	v := s.m.vector(item, s.by)
	if v == nil {
		return 0, parts
	}
	return s.person.ExplainVector(v, parts)
}

// head is the first section of a saved model.
type head struct {
	Params  Params `json:"params"`
	Content int    `json:"content"`
	Dims    int    `json:"dims"`
}

// maxDims bounds the lengths a saved model may claim.
const maxDims = 4096

// Save implements model.Saver. What it builds on is saved by itself.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(head{m.params, m.content, m.dims})
	f.Float32s(m.weights)
	return f.Close()
}

// Load is the model.Loader of the source; Join makes it whole.
func Load(r io.Reader, _ *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	var h head
	f.JSON(&h)
	if err := h.Params.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if f.Err() == nil && (h.Content < 1 || h.Content > maxDims || h.Dims < 1 || h.Dims > maxDims) {
		f.Refuse("its vectors have no length there can be")
	}
	m := newModel(h.Params, h.Content, h.Dims)
	size := 0
	if h.Params.Near == Regression && f.Err() == nil {
		size = h.Content * h.Dims
	}
	m.weights = f.Float32s(size)
	if err := f.Close(); err != nil {
		return nil, err
	}
	return m, nil
}
