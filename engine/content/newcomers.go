package content

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// NewcomersName is the name of the source of Newcomers.
const NewcomersName = "newcomers"

// Newcomers is content once more, for those items only that no fitted source has seen;
// of all others it says 0. What people did cannot speak for a new item, so its content
// does: a blend weighs this source by how far likeness in content foretells what the
// fitted sources say.
type Newcomers struct {
	Known *Known // items of the fitted sources; nil for none, which silences it
}

// Name returns "newcomers".
func (Newcomers) Name() string { return NewcomersName }

// Open makes the profile, as Source does.
func (s Newcomers) Open(q *model.Query) model.Scorer {
	return &newcomers{Scorer: Source{}.Open(q), known: s.Known}
}

// newcomers is a content scorer that is silent about known items.
type newcomers struct {
	model.Scorer
	known *Known
}

var _ model.Steady = (*newcomers)(nil)

// Again implements model.Lasting.
func (s *newcomers) Again(q *model.Query) model.Scorer {
	inner := s.Scorer.(model.Lasting).Again(q)
	if inner == nil {
		return nil
	}
	return &newcomers{Scorer: inner, known: s.known}
}

// Steady implements model.Steady.
func (s *newcomers) Steady() {}

// Bytes implements model.Lasting.
func (s *newcomers) Bytes() int { return 32 + s.Scorer.(model.Lasting).Bytes() }

// Empty reports whether there is nothing known to be new against, or no profile.
func (s *newcomers) Empty() bool { return s.known == nil || s.Scorer.Empty() }

// Score writes each new item's likeness to the profile, 0 for a known one.
func (s *newcomers) Score(items []engine.ItemNum, out []float32) {
	clear(out[:len(items)])
	if s.Empty() {
		return
	}
	for i, n := range items {
		if !s.known.Has(n) {
			s.Scorer.Score(items[i:i+1], out[i:i+1])
		}
	}
}

var _ model.Rough = (*newcomers)(nil)

// AddRough implements model.Rough: new items are few, and scored as they are.
func (s *newcomers) AddRough(_ *model.RoughRoom, sums []float32, items []engine.ItemNum, gain float64) (off, most float64, ok bool) {
	if s.Empty() {
		return 0, 0, true
	}
	by, largest := float32(gain), float32(0)
	s.known.without(items, func(place int) {
		var score [1]float32
		s.Scorer.Score(items[place:place+1], score[:])
		sums[place] += by * score[0]
		largest = max(largest, score[0], -score[0])
	})
	return 0, math.Abs(gain) * float64(largest), true
}

// Propose appends the new items most alike.
func (s *newcomers) Propose(eligible *roaring.Bitmap, n int, out []engine.ItemNum) []engine.ItemNum {
	if s.Empty() {
		return out
	}
	return s.Scorer.Propose(roaring.AndNot(eligible, s.known.items), n, out)
}

// Explain splits a new item's score by cause.
func (s *newcomers) Explain(n engine.ItemNum, parts []model.Part) (base float64, _ []model.Part) {
	if s.Empty() || s.known.Has(n) {
		return 0, parts
	}
	return s.Scorer.Explain(n, parts)
}
