package training

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
)

// coldShop is people who want lamps or mugs, whose titles say which they are, or nothing.
func coldShop(telling bool) *Snapshot {
	ids := catalogue.NewIDs()
	s := NewSnapshot(ids, engine.DefaultSettings())
	words := [][]string{{"lamp", "bulb", "light", "glow"}, {"mug", "tea", "cup", "glaze"}}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		item := &engine.Item{ID: engine.ItemID(fmt.Sprint("item", i)), Title: fmt.Sprint("thing ", rng.IntN(5))}
		if w := words[i%2]; telling {
			item.Title = fmt.Sprint(w[rng.IntN(4)], " ", w[rng.IntN(4)], " ", w[rng.IntN(4)])
		}
		n, _ := ids.Assign(item.ID)
		s.Items = s.Items.With([]catalogue.Entry{{Num: n, Item: item}})
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for u := range 300 {
		var rows []engine.Row
		for range 8 {
			n := engine.ItemNum(2*rng.IntN(30) + u%2)
			r := engine.Row{Num: n}
			r.Item, r.Type, r.At = ids.ID(n), engine.Purchase, day.Add(time.Duration(rng.IntN(1000))*time.Hour)
			rows = append(rows, r)
		}
		s.Add(engine.Subject{Kind: engine.CustomerSubject, ID: fmt.Sprint("c", u)}, rows)
	}
	return s
}

func chooseCold(t *testing.T, s *Snapshot, workers int) (bridge.Params, *Newcomers) {
	t.Helper()
	selector := &Selector{Fitter: &Fitter{Workers: workers, Seed: 3}}
	k := Mapped(bridge.Params{}.WithDefaults(), bridge.Params{Near: bridge.Regression})
	params, how, err := selector.newcomers(t.Context(), s.Material(), factor.Params{Dims: 8}, k)
	if err != nil {
		t.Fatal(err)
	}
	return params.(bridge.Params), how
}

// TestNewItemsAreRankedByWhatHiddenOnesShow holds that items hidden from the fit are found
// by their words where these tell, as well for any number of workers, and at random where
// they do not.
func TestNewItemsAreRankedByWhatHiddenOnesShow(t *testing.T) {
	params, how := chooseCold(t, coldShop(true), 1)
	if how == nil || how.Cases < blendLeast || how.Items < 5 || how.Items > 20 {
		t.Fatalf("chosen on %+v", how)
	}
	_, blind := chooseCold(t, coldShop(false), 1)
	if how.NDCG < 1.3*blind.NDCG {
		t.Errorf("NDCG@10 %.3f with words that tell, %.3f without", how.NDCG, blind.NDCG)
	}
	again, same := chooseCold(t, coldShop(true), 3)
	if fmt.Sprint(again, same) != fmt.Sprint(params, how) {
		t.Errorf("three workers choose %v %v, one %v %v", again, same, params, how)
	}
}

func TestHiddenItemsAreInNoFit(t *testing.T) {
	s := coldShop(true)
	m := s.Material()
	h := hide(m, 1)
	rest := h.rest.Data()
	for _, n := range h.items {
		if _, known := rest.Rows.Row(n); known {
			t.Fatalf("item %d is hidden and in what is fitted on", n)
		}
	}
	for _, c := range h.cases {
		for _, in := range c.history {
			if slices.Contains(h.items, in.Item) {
				t.Fatalf("item %d is hidden and in a history", in.Item)
			}
		}
		for _, n := range c.targets {
			if !slices.Contains(h.items, n) {
				t.Errorf("item %d is a target and not hidden", n)
			}
		}
	}
	if all := m.Data().Cells(); rest.Cells() >= all || rest.Cells() < all/2 || len(h.cases) == 0 {
		t.Errorf("%d cells, %d without the hidden items, %d cases", all, rest.Cells(), len(h.cases))
	}
}
