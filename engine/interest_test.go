package engine_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// slowInterests is the twin of Interests: each row looked up in maps, each number computed.
func slowInterests(s engine.Settings, rows []engine.Row, asOf time.Time, limit int) []engine.Interest {
	byItem, strongest := map[engine.ItemNum]*engine.Interest{}, map[engine.ItemNum]float64{}
	var weighs []engine.Row
	for i := range rows {
		r := &rows[i]
		set := s.Types[r.Type]
		w := set.Weight * math.Log2(1+max(0, r.Pieces()))
		if r.Item == "" || w == 0 {
			continue
		}
		if r.Value != 0 && r.Value < set.Liked {
			w = -w
		}
		if age := asOf.Sub(r.At); age > 0 && set.HalfLife > 0 {
			w *= math.Exp2(-float64(age) / float64(set.HalfLife))
		}
		weighs = append(weighs, *r)
		in := byItem[r.Num]
		if in == nil {
			in = &engine.Interest{Item: r.Num, Type: r.Type}
			byItem[r.Num] = in
		}
		in.Weight += w
		if math.Abs(w) > strongest[r.Num] {
			strongest[r.Num], in.Type = math.Abs(w), r.Type
		}
		if r.At.After(in.At) {
			in.At = r.At
		}
	}
	var out []engine.Interest
	for n, in := range byItem {
		in.Weight = min(max(in.Weight, 0), s.MaxWeight)
		in.Bought, in.FirstBought, in.LastBought = plainBought(weighs, n)
		out = append(out, *in)
	}
	slices.SortFunc(out, func(a, b engine.Interest) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Item, b.Item))
	})
	return out[:min(len(out), cmp.Or(limit, len(out)))]
}

// TestInterestsToTheBit holds Interests against its twin: histories short and long, items
// whose numbers lie close and far apart, moments a nanosecond apart.
func TestInterestsToTheBit(t *testing.T) {
	s := engine.DefaultSettings()
	s.Types["huge"] = engine.TypeSetting{Weight: math.MaxFloat64}
	s.Types["never"] = engine.TypeSetting{Weight: 1, HalfLife: 1}
	types := []engine.Type{"huge", "never", "unknown", engine.View, engine.View, engine.View, engine.Purchase, engine.Purchase, engine.Return, engine.Dismiss, engine.Rating, engine.Bookmark}
	rng := rand.New(rand.NewPCG(4, 4))
	for trial := range 400 {
		items, apart := 1+rng.IntN(40), []uint32{1, 64, 1 << 26}[rng.IntN(3)]
		rows := make([]engine.Row, rng.IntN([]int{3, 30, 300}[rng.IntN(3)]))
		for i := range rows {
			n := uint32(rng.IntN(items))
			rows[i] = engine.Row{Num: engine.ItemNum(n * apart), Interaction: engine.Interaction{
				Item: "it", Type: types[rng.IntN(len(types))], Quantity: []float64{0, 1, 2, 0.5, -3}[rng.IntN(5)],
				Value: float64(rng.IntN(6)), At: noon.Add(-time.Duration(rng.IntN(50)-2) * 99 * time.Hour).Add(time.Duration(rng.IntN(2))),
			}}
			if rng.IntN(20) == 0 {
				rows[i].Item = ""
			}
			if rng.IntN(200) == 0 {
				rows[i].At = time.Time{}.AddDate(1000, 0, 0)
			}
		}
		if trial%2 == 0 {
			slices.SortFunc(rows, func(a, b engine.Row) int { return a.At.Compare(b.At) })
		}
		limit := rng.IntN(3) * 7
		if got, want := s.Interests(rows, noon, limit), slowInterests(s, rows, noon, limit); !slices.EqualFunc(got, want, same) {
			t.Fatalf("trial %d: got  %+v\nwant %+v", trial, got, want)
		}
	}
}

// same compares two interests to the bit; NaN, of weights beyond all measure, is itself.
func same(a, b engine.Interest) bool {
	weights := math.Float64bits(a.Weight) == math.Float64bits(b.Weight) || math.IsNaN(a.Weight) && math.IsNaN(b.Weight)
	return weights && a.Item == b.Item && a.Type == b.Type && a.At.Equal(b.At) && sameBought(a, b)
}
