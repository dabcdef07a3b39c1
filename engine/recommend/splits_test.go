package recommend

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
)

// drawnScorer says of every item what was drawn.
type drawnScorer struct {
	model.Lasting
	bases map[engine.ItemNum]float64
	parts map[engine.ItemNum][]model.Part
	asked int
}

func (s *drawnScorer) Steady() {}

func (s *drawnScorer) Explain(n engine.ItemNum, parts []model.Part) (float64, []model.Part) {
	s.asked++
	return s.bases[n], append(parts, s.parts[n]...)
}

// TestSplitsAreKeptAsTheyWere tells of lists one after another, of the same person, and holds
// what is kept against splitting anew: to the bit, of long histories, too, and without asking
// of an item that was in the list before.
func TestSplitsAreKeptAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := &drawnScorer{bases: map[engine.ItemNum]float64{}, parts: map[engine.ItemNum][]model.Part{}}
		for n := range engine.ItemNum(30) {
			source.bases[n] = rapid.Float64Range(-1, 1).Draw(t, "base")
			for cause := range rapid.IntRange(0, 2*partsNamed).Draw(t, "causes") {
				source.parts[n] = append(source.parts[n], model.Part{Item: engine.ItemNum(100 + cause), Contribution: rapid.Float64Range(-1, 1).Draw(t, "part")})
			}
		}
		spoken := &voices{query: &model.Query{}, voices: []voice{{Scorer: source, source: 3, Scale: rank.Scale{Weight: 1, SD: 1}}}}
		kept := &personSplits{}
		var before []engine.ItemNum
		for range rapid.IntRange(1, 6).Draw(t, "lists") {
			one := rapid.Map(rapid.Uint32Range(0, 29), func(n uint32) engine.ItemNum { return engine.ItemNum(n) })
			items := rapid.SliceOfNDistinct(one, 1, maxSplits, rapid.ID).Draw(t, "items")
			now := explainerOf(spoken, kept, items)
			anew := explainerOf(spoken, nil, items)
			source.asked = 0
			now.split(0, 0)
			for _, item := range items {
				if !slices.Contains(before, item) {
					source.asked--
				}
			}
			if source.asked > 0 {
				t.Fatalf("%d items were asked for again", source.asked)
			}
			for i, item := range items {
				got, want := *now.split(0, i), *anew.split(0, i)
				if math.Float64bits(got.base) != math.Float64bits(want.base) || math.Float64bits(got.rest) != math.Float64bits(want.rest) ||
					got.left != want.left || got.tops != want.tops || got.top != want.top || got.others != want.others ||
					!slices.Equal(now.splits[0].named(i), anew.splits[0].named(i)) {
					t.Fatalf("item %d: %+v with %v is kept, %+v with %v was said", item, got, now.splits[0].named(i), want, anew.splits[0].named(i))
				}
			}
			if len(now.fresh) > 0 {
				kept = &personSplits{by: []*sourceSplits{newSourceSplits(3, now.items, &now.splits[0], kept.of(3))}}
			}
			if known := kept.of(3); len(known.items) > maxSplits {
				t.Fatalf("%d items are kept", len(known.items))
			}
			before = items
		}
	})
}

func explainerOf(v *voices, kept *personSplits, items []engine.ItemNum) *explainer {
	e := &explainer{in: &Input{Someone: &Someone{}}, voices: v, kept: kept, items: items, splits: make([]splits, len(v.voices))}
	e.causes.open(nil)
	return e
}
