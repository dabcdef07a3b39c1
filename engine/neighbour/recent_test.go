package neighbour

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

// TestRecentFadesTheHistory fits every source with and without Recent: the score of a
// history is the faded sum of what its items score alone.
func TestRecentFadesTheHistory(t *testing.T) {
	const recent = 0.6
	data, ids, _ := world(60, 30, 6)
	fits := map[string]struct {
		fit   func(recent float64) (model.Saver, error)
		load  model.Loader
		asked func(from model.Saver, recent float64) (otherFit, bad bool, source model.Saver)
	}{
		"ease": {func(r float64) (model.Saver, error) {
			return Fit(context.Background(), data, Params{Recent: r})
		}, Load, func(from model.Saver, r float64) (otherFit, bad bool, source model.Saver) {
			e := from.(*EASE)
			source = e.Asked(Params{Recent: r, Workers: 3})
			return e.Asked(Params{Recent: r, Lambda: 3}) == nil, e.Asked(Params{Recent: 7}) == nil, source
		}},
		"itemknn": {func(r float64) (model.Saver, error) {
			return FitItems(context.Background(), data, ItemParams{Recent: r})
		}, LoadItems, func(from model.Saver, r float64) (otherFit, bad bool, source model.Saver) {
			m := from.(*Items)
			source = m.Asked(ItemParams{Recent: r, Workers: 3})
			return m.Asked(ItemParams{Recent: r, K: 3}) == nil, m.Asked(ItemParams{Recent: 7}) == nil, source
		}},
		"ridge": {func(r float64) (model.Saver, error) {
			return FitRidge(context.Background(), data, RidgeParams{Recent: r})
		}, LoadRidge, func(from model.Saver, r float64) (otherFit, bad bool, source model.Saver) {
			m := from.(*Ridge)
			source = m.Asked(RidgeParams{Recent: r, Workers: 3})
			return m.Asked(RidgeParams{Recent: r, Lambda: 3}) == nil, m.Asked(RidgeParams{Recent: 7}) == nil, source
		}},
	}
	history := []engine.Interest{{Item: 3, Weight: 1}, {Item: 9999, Weight: 1}, {Item: 8}, {Item: 1, Weight: 2}, {Item: 5, Weight: 1}}
	for name, c := range fits {
		alike, err := c.fit(0)
		if err != nil {
			t.Fatal(err)
		}
		faded, err := c.fit(recent)
		if err != nil {
			t.Fatal(err)
		}
		otherFit, bad, derived := c.asked(alike, recent)
		if !otherFit || !bad {
			t.Errorf("%s: it answers for settings that need a fit (%v), or that cannot be (%v)", name, !otherFit, !bad)
		}
		for n := range engine.ItemNum(30) {
			if got, want := scoreOf(derived.Open(&model.Query{History: history}), n), scoreOf(faded.Open(&model.Query{History: history}), n); got != want {
				t.Errorf("%s: asked of the same weights, item %d scores %v, fitted %v", name, n, got, want)
			}
			want, weight := 0.0, 1.0
			for _, item := range []engine.ItemNum{3, 1, 5} { // what is wanted and known
				want += weight * scoreOf(alike.Open(&model.Query{History: []engine.Interest{{Item: item, Weight: 1}}}), n)
				weight *= recent
			}
			if got := scoreOf(faded.Open(&model.Query{History: history}), n); math.Abs(got-want) > 1e-6 {
				t.Errorf("%s: item %d scores %v, want %v", name, n, got, want)
			}
			anchored := &model.Query{History: history, Anchors: []engine.ItemNum{4, 7, 4}}
			if got, want := scoreOf(faded.Open(anchored), n), scoreOf(alike.Open(anchored), n); got != want {
				t.Errorf("%s: with anchors item %d scores %v, alike %v", name, n, got, want)
			}
		}
		contract := modeltest.Contract{Queries: []*model.Query{{History: history}, {}}, Items: []engine.ItemNum{0, 1, 2, 3, 9999}}
		if name != "ease" {
			contract.Knows = func(_ engine.ItemNum, score float32) bool { return score > 0 }
		} else {
			contract.Items = contract.Items[:4]
		}
		modeltest.Saved(t, faded, c.load, ids, contract)
		for _, bad := range []float64{-0.1, 1.1, math.NaN()} {
			var invalid *engine.Invalid
			if _, err := c.fit(bad); !errors.As(err, &invalid) || invalid.Field != "recent" {
				t.Errorf("%s with recent %v: %v", name, bad, err)
			}
		}
	}
}
