package factor

import (
	"fmt"
	"io"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Name is the source's name.
const Name = "factor"

// version is of the saved form.
const version = 1

// Model is the fitted source.
type Model struct {
	params  Params
	rows    *model.Rows
	items   *side
	index   *model.Index
	solvers sync.Pool // of *solver: the normal equations of one fold-in
}

func newModel(p Params, rows *model.Rows, items *side) *Model {
	m := &Model{params: p, rows: rows, items: items, index: model.NewIndex(rows, p.Dims, items.vectors)}
	m.solvers.New = func() any { return newSolver(p) }
	return m
}

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the model was fitted with.
func (m *Model) Params() Params { return m.params }

// Rows returns the items that have a vector.
func (m *Model) Rows() *model.Rows { return m.rows }

// Vectors returns all items' vectors, row by row, dims numbers each. Nothing of it may be
// changed.
func (m *Model) Vectors() (rows *model.Rows, dims int, values []float32) {
	return m.rows, m.params.Dims, m.items.vectors
}

// Open folds the causes of q in: one solve, shared with who builds on the model.
func (m *Model) Open(q *model.Query) model.Scorer {
	s := *model.Share(q, m, func() *scorer { return m.open(q) })
	return &s
}

func (m *Model) open(q *model.Query) *scorer {
	s := &scorer{m: m}
	solver := m.solvers.Get().(*solver)
	defer m.solvers.Put(solver)
	solver.cells = solver.cells[:0]
	for _, in := range q.Causes() {
		if row, ok := m.rows.Row(in.Item); ok {
			solver.cells = append(solver.cells, model.Cell{Row: uint32(row), Weight: model.Weight(in.Weight)})
		}
	}
	if s.known.fill(solver.cells); s.known.wanted == 0 {
		return s
	}
	person := make([]float32, m.params.Dims)
	if err := solver.fold(person, s.known, m.items); err != nil {
		return s // weights beyond all measure: say nothing rather than nonsense
	}
	s.person = person
	return s
}

// scorer holds one person's vector; nil where nothing is known of them.
type scorer struct {
	m      *Model
	known  known
	person []float32

	inverted, room []float32 // of Explain: see inverse, and scratch
}

var _ model.Steady = (*scorer)(nil)

// Again implements model.Lasting: the vector hangs on the history alone.
func (s *scorer) Again(*model.Query) model.Scorer { return s.again() }

func (s *scorer) again() *scorer {
	again := *s
	again.inverted, again.room = nil, nil // belong to one goroutine
	return &again
}

// Steady implements model.Steady.
func (s *scorer) Steady() {}

// Bytes implements model.Lasting.
func (s *scorer) Bytes() int { return 128 + 8*len(s.known.picks) + 4*len(s.person) }

// Empty implements model.Scorer.
func (s *scorer) Empty() bool { return s.person == nil }

// Propose implements model.Scorer: of the items that have a vector.
func (s *scorer) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	return s.m.index.BestItems(eligible, s.person, n, out)
}

var _ model.Rough = (*scorer)(nil)

// AddRough implements model.Rough.
func (s *scorer) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	return s.m.index.AddRough(room, sums, items, s.person, gain)
}

var _ model.Swept = (*scorer)(nil)

// Sweep implements model.Swept.
func (s *scorer) Sweep(room *model.RoughRoom, sums *model.JointSums, gain float64) (model.Dense, bool) {
	if s.Empty() {
		return model.Dense{}, false
	}
	return s.m.index.Sweep(room, sums, s.person, gain)
}

// Score implements model.Scorer. An item without a vector scores 0.
func (s *scorer) Score(items []engine.ItemNum, out []float32) {
	if out = out[:len(items)]; s.Empty() {
		clear(out)
		return
	}
	s.m.rows.Dots(out, items, s.m.items.vectors, s.person)
}

// head is the first section of a saved model.
type head struct {
	Params Params `json:"params"`
	Items  int    `json:"items"` // |I| of the fit: rows may be lost when ids are
}

// Save implements model.Saver.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	f.JSON(head{m.params, m.items.rows})
	m.rows.Save(f)
	f.Float32s(m.items.vectors)
	f.Float64s(m.items.gram.Lower())
	return f.Close()
}

// Load is the model.Loader of the source. Rows come back in the order of the numbers
// in ids; the Gram matrix is the saved one, so that scores are the same to the bit.
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	var h head
	f.JSON(&h)
	rows, from, saved := model.LoadRows(f, ids)
	p := h.Params
	p.Workers = 1
	if err := p.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	vectors := f.Float32s(saved * p.Dims)
	gram := f.Float64s(p.Dims * (p.Dims + 1) / 2)
	if err := f.Close(); err != nil {
		return nil, err
	}
	items := &side{dims: p.Dims, rows: h.Items, vectors: model.Pick(vectors, p.Dims, from), gram: vector.NewSym(p.Dims)}
	items.gram.SetLower(gram)
	items.flatten(p.Alpha0)
	return newModel(p, rows, items), nil
}
