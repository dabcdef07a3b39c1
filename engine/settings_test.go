package engine_test

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func drawHistory(t *rapid.T) []engine.Row {
	types := []engine.Type{
		engine.View, engine.AddToCart, engine.RemoveFromCart, engine.Purchase, engine.Return,
		engine.Dismiss, engine.Rating, engine.Seen, engine.Search, "own",
	}
	rows := make([]engine.Row, rapid.IntRange(0, 25).Draw(t, "rows"))
	for i := range rows {
		n := rapid.IntRange(0, 6).Draw(t, "item")
		rows[i] = engine.Row{Num: engine.ItemNum(n), Interaction: engine.Interaction{
			Item: engine.ItemID(rune('a' + n)), Type: rapid.SampledFrom(types).Draw(t, "type"),
			At:       noon.Add(-time.Duration(rapid.IntRange(-48, 24*400).Draw(t, "hours")) * time.Hour),
			Quantity: rapid.SampledFrom([]float64{0, 1, 2, 100}).Draw(t, "quantity"),
		}}
		if rows[i].Type == engine.Search {
			rows[i].Item = ""
		}
	}
	return rows
}

// plainInterest sums one item's rows as the formula says.
func plainInterest(s engine.Settings, rows []engine.Row, n engine.ItemNum) (engine.Interest, bool) {
	in, found, strongest := engine.Interest{Item: n}, false, 0.0
	for _, r := range rows {
		set, weighs := s.Types[r.Type]
		if r.Num != n || r.Item == "" || !weighs {
			continue
		}
		quantity := r.Quantity
		if quantity == 0 {
			quantity = 1
		}
		w := set.Weight * math.Log2(1+quantity)
		if age := noon.Sub(r.At); age > 0 && set.HalfLife > 0 {
			w *= math.Pow(2, -age.Hours()/set.HalfLife.Hours())
		}
		in.Weight += w
		if r.At.After(in.At) {
			in.At = r.At
		}
		if !found || math.Abs(w) > strongest {
			strongest, in.Type = math.Abs(w), r.Type
		}
		found = true
	}
	in.Weight = min(max(in.Weight, 0), s.MaxWeight)
	in.Bought, in.FirstBought, in.LastBought = plainBought(rows, n)
	return in, found
}

// plainBought counts the moments of purchases and of returns in sets.
func plainBought(rows []engine.Row, n engine.ItemNum) (count int, first, last time.Time) {
	bought, returned := map[time.Time]bool{}, map[time.Time]bool{}
	for _, r := range rows {
		if r.Num == n && r.Type == engine.Return {
			returned[r.At] = true
		}
		if r.Num != n || r.Type != engine.Purchase {
			continue
		}
		bought[r.At] = true
		if first.IsZero() || r.At.Before(first) {
			first = r.At
		}
		if r.At.After(last) {
			last = r.At
		}
	}
	if len(bought) <= len(returned) {
		return 0, time.Time{}, time.Time{}
	}
	return len(bought) - len(returned), first, last
}

func TestInterestsAreTheirFormula(t *testing.T) {
	s := engine.DefaultSettings()
	rapid.Check(t, func(t *rapid.T) {
		rows := drawHistory(t)
		got := s.Interests(rows, noon, 0)
		if !slices.IsSortedFunc(got, func(a, b engine.Interest) int {
			return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Item, b.Item))
		}) {
			t.Fatalf("not newest first: %+v", got)
		}
		count := 0
		for n := range engine.ItemNum(7) {
			want, found := plainInterest(s, rows, n)
			at := slices.IndexFunc(got, func(in engine.Interest) bool { return in.Item == n })
			if found != (at >= 0) {
				t.Fatalf("item %d found %v, want %v in %+v", n, at >= 0, found, got)
			}
			if !found {
				continue
			}
			count++
			in := got[at]
			if math.Abs(in.Weight-want.Weight) > 1e-9 || !in.At.Equal(want.At) || !sameBought(in, want) || in.Weight < 0 || in.Weight > s.MaxWeight {
				t.Fatalf("item %d: %+v, want %+v", n, in, want)
			}
			if in.Type != want.Type && math.Abs(s.Types[in.Type].Weight) == 0 {
				t.Fatalf("item %d: type %s weighs nothing", n, in.Type)
			}
		}
		if count != len(got) {
			t.Fatalf("%d items, want %d: %+v", len(got), count, got)
		}
		limit := rapid.IntRange(1, 8).Draw(t, "limit")
		if few := s.Interests(rows, noon, limit); !slices.Equal(few, got[:min(limit, len(got))]) {
			t.Fatalf("limit %d: %+v, want the newest of %+v", limit, few, got)
		}
	})
}

// The order in which rows are given is nobody's business, up to rounding.
func TestInterestsDoNotDependOnOrder(t *testing.T) {
	s := engine.DefaultSettings()
	rapid.Check(t, func(t *rapid.T) {
		rows := drawHistory(t)
		want := s.Interests(rows, noon, 0)
		slices.Reverse(rows)
		got := s.Interests(rows, noon, 0)
		for i := range want {
			if len(got) != len(want) || got[i].Item != want[i].Item || !got[i].At.Equal(want[i].At) || !sameBought(got[i], want[i]) || math.Abs(got[i].Weight-want[i].Weight) > 1e-9 {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		}
	})
}

func sameBought(a, b engine.Interest) bool {
	return a.Bought == b.Bought && a.FirstBought.Equal(b.FirstBought) && a.LastBought.Equal(b.LastBought)
}

// TestBoughtByHand counts an order of two lines once, and takes returns off.
func TestBoughtByHand(t *testing.T) {
	row := func(n engine.ItemNum, what engine.Type, daysAgo int) engine.Row {
		return engine.Row{Num: n, Interaction: engine.Interaction{
			Item: engine.ItemID(rune('a' + n)), Type: what, At: noon.AddDate(0, 0, -daysAgo),
		}}
	}
	got := engine.DefaultSettings().Interests([]engine.Row{
		row(0, engine.Purchase, 5), row(0, engine.Purchase, 30), row(0, engine.Purchase, 5), row(0, engine.View, 1),
		row(1, engine.Purchase, 7), row(1, engine.Return, 6),
		row(2, engine.Purchase, 20), row(2, engine.Return, 19), row(2, engine.Purchase, 8),
		row(3, engine.Return, 9),
		row(4, engine.View, 10),
	}, noon, 0)
	want := []engine.Interest{
		{Item: 0, Bought: 2, FirstBought: noon.AddDate(0, 0, -30), LastBought: noon.AddDate(0, 0, -5)},
		{Item: 1},
		{Item: 2, Bought: 1, FirstBought: noon.AddDate(0, 0, -20), LastBought: noon.AddDate(0, 0, -8)},
		{Item: 3},
		{Item: 4},
	}
	if !slices.EqualFunc(got, want, func(a, b engine.Interest) bool { return a.Item == b.Item && sameBought(a, b) }) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestInterestsByHand(t *testing.T) {
	row := func(n engine.ItemNum, what engine.Type, daysAgo int, quantity float64) engine.Row {
		return engine.Row{Num: n, Interaction: engine.Interaction{
			Item: engine.ItemID(rune('a' + n)), Type: what, At: noon.AddDate(0, 0, -daysAgo), Quantity: quantity,
		}}
	}
	got := engine.DefaultSettings().Interests([]engine.Row{
		row(0, engine.Purchase, 730, 3),                            // 1 x 1/2 x 2
		row(1, engine.View, 60, 0),                                 // 0.2 x 1/2
		row(2, engine.Purchase, 0, 1), row(2, engine.Return, 0, 1), // nothing is left
		row(3, engine.Purchase, 0, 1e6),    // capped
		row(4, engine.Purchase, -3, 1),     // newer than asOf: age 0
		row(5, engine.Seen, 0, 1),          // weighs nothing
		row(1, engine.Dismiss, 100*365, 0), // long forgotten
	}, noon, 0)
	want := []engine.Interest{
		{Item: 4, Weight: 1, Type: engine.Purchase, At: noon.AddDate(0, 0, 3)},
		{Item: 2, Weight: 0, Type: engine.Purchase, At: noon},
		{Item: 3, Weight: 5, Type: engine.Purchase, At: noon},
		{Item: 1, Weight: 0.1, Type: engine.View, At: noon.AddDate(0, 0, -60)},
		{Item: 0, Weight: 1, Type: engine.Purchase, At: noon.AddDate(0, 0, -730)},
	}
	if !slices.EqualFunc(got, want, func(a, b engine.Interest) bool {
		return a.Item == b.Item && a.Type == b.Type && a.At.Equal(b.At) && math.Abs(a.Weight-b.Weight) < 1e-9
	}) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
