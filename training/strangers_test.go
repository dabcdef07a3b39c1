package training

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// seasons invents a shop in which every week others of the forty items sell.
func seasons(days int) *Snapshot {
	ids := catalogue.NewIDs()
	s := NewSnapshot(ids, engine.DefaultSettings())
	for n := range 40 {
		id := engine.ItemID(fmt.Sprintf("item-%02d", n))
		num, _ := ids.Assign(id)
		s.Items = s.Items.With([]catalogue.Entry{{Num: num, Item: &engine.Item{ID: id}}})
	}
	rng := rand.New(rand.NewPCG(5, 5))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for c := range 200 {
		who := engine.CustomerID(fmt.Sprint(c))
		var rows []engine.Row
		for range 12 {
			minute := rng.IntN(days * 24 * 60)
			n := engine.ItemNum((minute/(7*24*60)*4 + rng.IntN(4)) % 40)
			if rng.IntN(4) == 0 {
				n = engine.ItemNum(rng.IntN(40))
			}
			rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{
				Customer: who, Item: ids.ID(n), Type: engine.Purchase, At: start.Add(time.Duration(minute) * time.Minute), Quantity: 1,
			}})
		}
		s.Add(engine.OfCustomer(who), rows)
	}
	return s
}

func TestStrangersAreShownWhatSellsNow(t *testing.T) {
	s := seasons(70)
	cut := time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC)
	place := s.Place([]engine.Type{engine.Purchase})
	cases := s.NextCases(cut, s.Newest, func(engine.Type) bool { return true }, 0)
	past := s.Before(cut)
	selector := &Selector{Fitter: &Fitter{Workers: 1}, Place: place}
	world := selector.Fitter.World(past, recommend.NewModels(0, past.Newest, nil, selector.Fitter.Encoder(past), rank.DefaultBlend()))
	usual := rank.DefaultBlend()[rank.Cold]
	scales, how, err := selector.Strangers(t.Context(), world, place, cases, usual)
	if err != nil {
		t.Fatal(err)
	}
	late := scales["popular_month"].Weight + scales["popular_days"].Weight + scales["trending"].Weight
	if how.Cases != len(cases) || late <= scales["popular"].Weight {
		t.Errorf("of %d cases: popular weighs %v, what is so of late %v", how.Cases, scales["popular"].Weight, late)
	}
	if len(scales) != len(usual) {
		t.Errorf("%v are weighed, want the sources of %v", scales, usual)
	}
	if err := (rank.Blend{rank.Cold: scales}).Validate(); err != nil {
		t.Error(err)
	}
	newcomers := slices.Clone(cases)
	for i := range blendLeast {
		newcomers[i] = newcomers[i].ofNobody()
	}
	if _, how, err := selector.Strangers(t.Context(), world, place, newcomers, usual); err != nil || how.Cases != blendLeast {
		t.Errorf("with %d newcomers among them, %d cases are asked: %v", blendLeast, how.Cases, err)
	}
	for _, unknown := range []int{blendLeast, len(newcomers) - blendLeast + 1} {
		for i := range newcomers {
			if newcomers[i] = cases[i]; i < unknown {
				newcomers[i] = newcomers[i].ofNobody()
			}
		}
		want := len(newcomers) - unknown
		if want < blendLeast {
			want = len(newcomers)
		}
		if _, how, err := selector.Blend(t.Context(), world, rank.Person, place, newcomers); err != nil || how.Cases != want {
			t.Errorf("with %d of %d unknown, the blend for those who are known is chosen on %d cases, want %d: %v", unknown, len(newcomers), how.Cases, want, err)
		}
	}
	for i, c := range strangers(cases, place) {
		if had := len(cases[i].Someone().Rows); !c.unknown() || len(c.Request.Exclude) != had || len(cases[i].Request.Exclude) > 0 {
			t.Fatalf("case %d asks for somebody with %d rows, leaving out %d items, of %d rows", i, len(c.Someone().Rows), len(c.Request.Exclude), had)
		}
	}
	if few, _, err := selector.Strangers(t.Context(), world, place, cases[:3], usual); err != nil || few["popular"] != usual["popular"] {
		t.Errorf("of three cases: %v, %v", few, err)
	}
}
