package rank_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
)

func FuzzStream(f *testing.F) {
	f.Add([]byte{3, 1, 1, 2, 3, 3, 0})
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, scores []byte) {
		var scored []rank.Scored
		for n, s := range scores {
			scored = append(scored, rank.Scored{Item: engine.ItemNum(n * 7 % 251), Score: float64(s % 8)})
		}
		want := sorted(scored)
		stream := rank.NewStream(scored)
		var got []rank.Scored
		for s, ok := stream.Next(); ok; s, ok = stream.Next() {
			got = append(got, s)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if _, ok := stream.Next(); ok {
			t.Error("there is more behind the end")
		}
	})
}

func TestBlendValidate(t *testing.T) {
	if err := rank.DefaultBlend().Validate(); err != nil {
		t.Errorf("the default blend: %v", err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, bad := range []rank.Scale{
		{},
		{Weight: 1},
		{Weight: 1, SD: -1},
		{Weight: 1, SD: nan},
		{Weight: 1, SD: inf},
		{Weight: nan, SD: 1},
		{Weight: inf, SD: 1},
		{Weight: 1, Mean: nan, SD: 1},
		{Weight: 1, Mean: -inf, SD: 1},
		{Weight: 1, SD: 1e-300},
		{Weight: 1e200, Mean: 1e200, SD: 1},
	} {
		if err := (rank.Blend{rank.Person: {"ease": bad}}).Validate(); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if err := (rank.Blend{"nonsense": {}}).Validate(); err == nil {
		t.Error("an unknown task was accepted")
	}
}

// Apply, AddTo and Part with Offset are one formula, to the bit.
func TestScaleIsOneFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rank.Scale{
			Weight: rapid.Float64Range(-3, 3).Draw(t, "weight"),
			Mean:   rapid.Float64Range(-2, 2).Draw(t, "mean"),
			SD:     rapid.Float64Range(0.01, 5).Draw(t, "sd"),
		}
		raw := rapid.Float32Range(-10, 10).Draw(t, "raw")
		scored := []rank.Scored{{Score: 0}}
		s.AddTo(scored, []float32{raw})
		if got, parts := s.Apply(float64(raw)), s.Part(float64(raw))+s.Offset(); scored[0].Score != got || parts != got {
			t.Fatalf("Apply %v, AddTo %v, Part + Offset %v", got, scored[0].Score, parts)
		}
		if want := s.Weight * (float64(raw) - s.Mean) / s.SD; math.Abs(s.Apply(float64(raw))-want) > 1e-12*(1+math.Abs(s.Part(float64(raw)))+math.Abs(s.Offset())) {
			t.Fatalf("Apply(%v) = %v, want %v", raw, s.Apply(float64(raw)), want)
		}
	})
}
