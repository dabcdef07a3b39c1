// Package own is the source "own": vectors of items that a shop brings, made elsewhere by
// an image or text encoder or a model of its own. They are the field embedding of items.
// An item's score is the cosine of its vector with the profile, the weighted mean of the
// vectors of the history, as package embed makes it.
//
// A fit makes the vectors those of rows of length 1: there is nothing to learn. Items with
// a vector that nobody has wanted yet have rows, too; an item, or a vector, that came
// after the fit waits for the next one.
package own

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/embed"
	"github.com/rapportengine/rapport/engine/model"
)

// Name is the source's name.
const Name = "own"

// version is of the saved form.
const version = 1

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	// Of a query: the newest Causes items of a history count, each by Decay of the one
	// after it. Anchors count all and alike.
	Causes int     `json:"causes"` // default 20
	Decay  float64 `json:"decay"`  // above 0, up to 1; default 0.8
}

// WithDefaults returns p with the default for what is zero.
func (p Params) WithDefaults() Params {
	if p.Causes == 0 {
		p.Causes = 20
	}
	if p.Decay == 0 {
		p.Decay = 0.8
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case p.Causes < 1 || p.Causes > engine.MaxHistory:
		return engine.Invalidf(engine.CodeInvalidField, "causes", "a whole number from 1 to %d, not %d", engine.MaxHistory, p.Causes)
	case !(p.Decay > 0 && p.Decay <= 1):
		return engine.Invalidf(engine.CodeInvalidField, "decay", "a number above 0, up to 1, not %v", p.Decay)
	}
	return nil
}

// Given reports whether any item brings a vector.
func Given(items iter.Seq2[engine.ItemNum, *engine.Item]) bool { return width(items) > 0 }

// width is the length that most of the vectors have, of equally many the longest; 0
// without any. Vectors of another length live in another space, and are left out.
func width(items iter.Seq2[engine.ItemNum, *engine.Item]) int {
	count := make(map[int]int)
	for _, it := range items {
		if direction(it.Embedding) > 0 {
			count[len(it.Embedding)]++
		}
	}
	most := 0
	for dims, n := range count {
		if n > count[most] || n == count[most] && dims > most {
			most = dims
		}
	}
	return most
}

// leastLength is the length below which a vector has no direction.
const leastLength = 1e-9

// direction returns the length of a vector, 0 for one without a direction.
func direction(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if length := math.Sqrt(sum); length > leastLength && !math.IsInf(length, 1) {
		return length
	}
	return 0
}

// Model is the fitted source.
type Model struct {
	*embed.Space
	params Params
}

// Fit lays out the vectors of the items, which ids must know.
func Fit(ctx context.Context, items iter.Seq2[engine.ItemNum, *engine.Item], ids *catalogue.IDs, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	dims := width(items)
	of := make(map[engine.ItemNum][]float32)
	var nums []engine.ItemNum
	for n, it := range items {
		if len(it.Embedding) == dims && direction(it.Embedding) > 0 {
			of[n] = it.Embedding
			nums = append(nums, n)
		}
	}
	rows := model.NewRows(nums, ids)
	vectors := make([]float32, 0, rows.Len()*dims)
	for row := range rows.Len() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("lay out vectors: %w", err)
		}
		v := of[rows.Num(row)]
		length := direction(v)
		for _, x := range v {
			vectors = append(vectors, float32(float64(x)/length))
		}
	}
	return &Model{embed.NewSpace(rows, dims, vectors, p.Causes, p.Decay), p}, nil
}

// Name implements model.Source.
func (m *Model) Name() string { return Name }

// Params returns the settings the model was fitted with.
func (m *Model) Params() Params { return m.params }

// Save implements model.Saver.
func (m *Model) Save(w io.Writer) error {
	f := model.NewWriter(w, Name, version)
	rows, dims, vectors := m.Vectors()
	f.JSON(m.params)
	rows.Save(f)
	f.Uint32s([]uint32{uint32(dims)})
	f.Float32s(vectors)
	return f.Close()
}

// Load is the model.Loader of the source.
func Load(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	f, err := model.NewReader(r, Name, version)
	if err != nil {
		return nil, err
	}
	var p Params
	f.JSON(&p)
	rows, from, saved := model.LoadRows(f, ids)
	dims := 0
	if width := f.Uint32s(1); len(width) == 1 && width[0] <= engine.MaxEmbedding {
		dims = int(width[0])
	} else if f.Err() == nil {
		f.Refuse("vectors that are too long")
	}
	vectors := f.Float32s(saved * dims)
	if err := p.check(); f.Err() == nil && err != nil {
		return nil, fmt.Errorf("%w: %w", model.ErrCorrupt, err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return &Model{embed.NewSpace(rows, dims, model.Pick(vectors, dims, from), p.Causes, p.Decay), p}, nil
}
