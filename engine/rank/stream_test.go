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
		stream := rank.NewStream(scored, len(scores)%7)
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
	for _, task := range []rank.Task{"nonsense", "nonsense/content", "/content", "persons?price < 2"} {
		if err := (rank.Blend{task: {}}).Validate(); err == nil {
			t.Errorf("an unknown task %q was accepted", task)
		}
	}
}

func TestBlendForWhatIsShown(t *testing.T) {
	one := func(weight float64) map[string]rank.Scale {
		return map[string]rank.Scale{"ease": {Weight: weight, SD: 1}}
	}
	blend := rank.Blend{
		rank.Person: one(1), rank.Repeat: one(2), rank.Anchor: one(3), rank.Cold: one(4),
		rank.Person.In([]engine.Kind{"product", "content", "product"}, ""): one(5),
		"person/content":            one(6),
		"person/content?price < 20": one(7),
		"repeat?a/b? < 3":           one(8),
	}
	if err := blend.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		task   rank.Task
		kinds  []engine.Kind
		filter string
		want   float64
	}{
		{rank.Person, nil, "", 1},
		{rank.Person, []engine.Kind{"content", "product"}, "", 5},
		{rank.Person, []engine.Kind{"content", "product", "offer"}, "", 1},
		{rank.Person, []engine.Kind{"content"}, "", 6},
		{rank.Person, []engine.Kind{"content"}, "price < 20", 7},
		{rank.Person, []engine.Kind{"content"}, "price < 30", 6},
		{rank.Person, nil, "price < 20", 1},
		{rank.Repeat, nil, "a/b? < 3", 8},
		{rank.Repeat, []engine.Kind{"content"}, "", 2},
		{rank.Cold, []engine.Kind{"content"}, "price < 20", 4},
	} {
		if got := blend.For(c.task, c.kinds, c.filter)["ease"].Weight; got != c.want {
			t.Errorf("%s of %v with %q: weight %v, want %v", c.task, c.kinds, c.filter, got, c.want)
		}
		if key := c.task.In(c.kinds, c.filter); key.Of() != c.task {
			t.Errorf("%q is of task %q, want %q", key, key.Of(), c.task)
		}
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
		sums := []float64{0}
		s.AddTo(sums, []float32{raw})
		if got, parts := s.Apply(float64(raw)), s.Part(float64(raw))+s.Offset(); sums[0] != got || parts != got {
			t.Fatalf("Apply %v, AddTo %v, Part + Offset %v", got, sums[0], parts)
		}
		if want := s.Weight * (float64(raw) - s.Mean) / s.SD; math.Abs(s.Apply(float64(raw))-want) > 1e-12*(1+math.Abs(s.Part(float64(raw)))+math.Abs(s.Offset())) {
			t.Fatalf("Apply(%v) = %v, want %v", raw, s.Apply(float64(raw)), want)
		}
	})
}
