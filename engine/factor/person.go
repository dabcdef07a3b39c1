package factor

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Person is somebody's history folded in, to be held against vectors that are not those
// of the model's items. It belongs to one goroutine.
type Person struct{ *scorer }

// Again returns the person for another goroutine.
func (p Person) Again() Person { return Person{p.again()} }

// Person folds the causes of q in, as Open does.
func (m *Model) Person(q *model.Query) Person { return Person{m.Open(q).(*scorer)} }

// Vector returns the person's vector, nil where nothing is known of them. It is not to be
// changed.
func (p Person) Vector() []float32 { return p.person }

// ScoreVector returns what an item with this vector would score, 0 where nothing is known of
// the person.
func (p Person) ScoreVector(item []float32) float32 {
	if p.Empty() {
		return 0
	}
	return vector.Dot(p.person, item)
}

// ExplainVector splits that score among the history, as Explain does.
func (p Person) ExplainVector(item []float32, parts []model.Part) (base float64, _ []model.Part) {
	if p.Empty() {
		return 0, parts
	}
	return p.split(item, parts)
}

// Best appends the n eligible items whose vectors have the largest dot products with v to
// out, best first, as a person's proposals are found.
func (m *Model) Best(eligible *roaring.Bitmap, v []float32, n int, out []engine.ItemNum) []engine.ItemNum {
	return m.index.BestItems(eligible, v, n, out)
}

// AddRough adds gain times about the dot product of v and each item's vector to sums. See
// model.Index.AddRough.
func (m *Model) AddRough(room *model.RoughRoom, sums []float32, items []engine.ItemNum, v []float32, gain float64) (off, most float64, ok bool) {
	return m.index.AddRough(room, sums, items, v, gain)
}

// Dims returns the length of a vector.
func (m *Model) Dims() int { return m.params.Dims }

// Vector returns the vector of a row. It is not to be changed.
func (m *Model) Vector(row int) []float32 { return m.items.vector(row) }
