package bridge

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
)

// shop is two tastes: people want lamps or mugs. Of 40 items the last ten are new, and the
// last of all has no words.
type shop struct {
	ids     *catalogue.IDs
	content *text.Vectors
	base    *factor.Model
	entries []catalogue.Entry
}

func newShop(t testing.TB) *shop {
	s := &shop{ids: catalogue.NewIDs()}
	rng := rand.New(rand.NewPCG(3, 4))
	words := [][]string{{"lamp", "bulb", "light", "glow"}, {"mug", "tea", "cup", "glaze"}}
	var docs [][]string
	for i := range 40 {
		item := &engine.Item{ID: engine.ItemID(fmt.Sprint("item", i))}
		if i < 39 {
			w := words[i%2]
			item.Title = fmt.Sprint(w[rng.IntN(4)], " ", w[rng.IntN(4)], " ", w[rng.IntN(4)])
		}
		n, _ := s.ids.Assign(item.ID)
		s.entries = append(s.entries, catalogue.Entry{Num: n, Item: item})
		docs = append(docs, text.ItemTerms(item))
	}
	s.content = text.NewVectors(text.Fit(docs, 16, 1)).With(s.entries)
	var b model.Builder
	for u := range 60 {
		var h []engine.Interest
		for range 6 {
			h = append(h, engine.Interest{Item: engine.ItemNum(2*rng.IntN(15) + u%2), Weight: 1})
		}
		slices.SortFunc(h, func(a, b engine.Interest) int { return int(a.Item) - int(b.Item) })
		b.Add(slices.CompactFunc(h, func(a, b engine.Interest) bool { return a.Item == b.Item }))
	}
	var err error
	if s.base, err = factor.Fit(context.Background(), b.Data(s.ids, 1), factor.Params{Dims: 8}, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) contract() modeltest.Contract {
	c := modeltest.Contract{Knows: func(n engine.ItemNum, _ float32) bool {
		_, known := s.base.Rows().Row(n)
		return !known && s.content.Row(n) != nil
	}}
	for n := range engine.ItemNum(42) {
		c.Items = append(c.Items, n)
	}
	c.Queries = []*model.Query{
		{Content: s.content},
		{Content: s.content, History: []engine.Interest{{Item: 0, Weight: 1}, {Item: 4, Weight: 2}, {Item: 1}}},
		{Content: s.content, Anchors: []engine.ItemNum{3, 7}},
		{History: []engine.Interest{{Item: 0, Weight: 1}}},
		{Content: s.content, History: []engine.Interest{{Item: 35, Weight: 1}}},
		{Content: text.NewVectors(text.Untrained(3)), History: []engine.Interest{{Item: 0, Weight: 1}}},
	}
	return c
}

var settings = []Params{{}, {Near: 3}, {Near: Regression}, {Near: Regression, Lambda: 2}}

func TestContract(t *testing.T) {
	s := newShop(t)
	for _, p := range settings {
		m, err := Fit(t.Context(), s.base, s.content, p)
		if err != nil {
			t.Fatal(err)
		}
		modeltest.Source(t, m, s.contract())
	}
}

// TestSaved holds that a model that was loaded and joined says the same to the bit, that
// before it is joined it says nothing, and that damaged bytes are refused.
func TestSaved(t *testing.T) {
	s := newShop(t)
	for _, p := range settings {
		m, err := Fit(t.Context(), s.base, s.content, p)
		if err != nil {
			t.Fatal(err)
		}
		var data bytes.Buffer
		if err := m.Save(&data); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(bytes.NewReader(data.Bytes()), s.ids)
		if err != nil {
			t.Fatal(err)
		}
		c := s.contract()
		if !loaded.Open(c.Queries[1]).Empty() {
			t.Error("it speaks before it is joined")
		}
		joined := loaded.(model.Joiner).Join([]model.Saver{s.base})
		for _, q := range c.Queries {
			want, got := make([]float32, len(c.Items)), make([]float32, len(c.Items))
			m.Open(q).Score(c.Items, want)
			joined.Open(q).Score(c.Items, got)
			if !slices.Equal(want, got) {
				t.Errorf("%+v: loaded it scores %v, before %v", p, got, want)
			}
		}
		modeltest.Refuses(t, Load, s.ids, data.Bytes())
	}
}

// TestNewItemsAreWanted holds that new lamps score above new mugs for who has lamps.
func TestNewItemsAreWanted(t *testing.T) {
	s := newShop(t)
	for _, p := range settings {
		m, err := Fit(t.Context(), s.base, s.content, p)
		if err != nil {
			t.Fatal(err)
		}
		m.Prepare(s.content, s.contract().Items, 2)
		var scores [8]float32
		q := &model.Query{Content: s.content, History: []engine.Interest{{Item: 2, Weight: 1}, {Item: 6, Weight: 1}}}
		m.Open(q).Score([]engine.ItemNum{30, 32, 34, 36, 31, 33, 35, 37}, scores[:])
		if lamps, mugs := sum(scores[:4]), sum(scores[4:]); lamps < 0.2 || lamps < 2*mugs {
			t.Errorf("%+v: new lamps score %v, new mugs %v", p, scores[:4], scores[4:])
		}
	}
}

// TestNeighboursChange holds that a new item moves when the content of an item near which
// it lay changes, or of one near which it comes to lie, and that nothing is made anew where
// an item changed in other ways.
func TestNeighboursChange(t *testing.T) {
	s := newShop(t)
	m, err := Fit(t.Context(), s.base, s.content, Params{Near: 3})
	if err != nil {
		t.Fatal(err)
	}
	items := []engine.ItemNum{30, 31, 32, 33, 38}
	score := func(m *Model, content *text.Vectors) []float32 {
		out := make([]float32, len(items))
		m.Open(&model.Query{Content: content, History: []engine.Interest{{Item: 2, Weight: 1}}}).Score(items, out)
		return out
	}
	before := score(m, s.content)
	dearer := *s.entries[4].Item
	dearer.Attributes = engine.Attributes{"price": 12.0}
	places := m.newest.Load().places
	if got := score(m, s.content.With([]catalogue.Entry{{Num: 4, Item: &dearer}})); !slices.Equal(got, before) || m.newest.Load().places != places {
		t.Error("a price changed, and the vectors of new items were made anew")
	}
	var swapped []catalogue.Entry // lamps become mugs in words, and mugs lamps
	for n := range 30 {
		item := *s.entries[n].Item
		item.Title = s.entries[n^1].Item.Title
		swapped = append(swapped, catalogue.Entry{Num: engine.ItemNum(n), Item: &item})
	}
	content := s.content.With(swapped)
	fresh, err := Fit(t.Context(), s.base, content, Params{Near: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := score(m, content), score(fresh, content); !slices.Equal(got, want) || slices.Equal(got, before) {
		t.Errorf("after their neighbours changed new items score %v, want %v; before %v", got, want, before)
	}
	if got := score(m, s.content); !slices.Equal(got, before) {
		t.Errorf("by the content before they score %v, want %v", got, before)
	}
}

func sum(values []float32) (total float32) {
	for _, v := range values {
		total += v
	}
	return total
}

// TestRidgeIsLeast holds the weights to be where no small step makes the objective less.
func TestRidgeIsLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		from, to, n := 1+rng.IntN(6), 1+rng.IntN(3), 1+rng.IntN(30)
		draw := func(width int) [][]float32 {
			out := make([][]float32, n)
			for i := range out {
				for range width {
					out[i] = append(out[i], float32(rng.NormFloat64()))
				}
			}
			return out
		}
		x, y, lambda := draw(from), draw(to), 0.1+rng.Float64()
		w, _, err := Ridge(context.Background(), x, y, from, to, lambda)
		if err != nil {
			t.Fatal(err)
		}
		objective := func(w []float32) float64 {
			sum := lambda * float64(vector.Dot(w, w))
			for i := range x {
				sum += distance(times(x[i], w, to), y[i])
			}
			return sum
		}
		least := objective(w)
		for i := range w {
			for _, step := range []float32{-0.05, 0.05} {
				moved := slices.Clone(w)
				moved[i] += step
				if objective(moved) < least-1e-5*math.Abs(least) {
					t.Fatalf("weight %d moved by %v makes %v of %v", i, step, objective(moved), least)
				}
			}
		}
	})
}

// TestLambdaFollowsTheNoise holds that what is all noise is held down, and what is none
// is not.
func TestLambdaFollowsTheNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var x, noise, clean [][]float32
	for range 200 {
		v := make([]float32, 20)
		for k := range v {
			v[k] = float32(rng.NormFloat64() / math.Sqrt(20))
		}
		x, noise, clean = append(x, v), append(noise, []float32{float32(rng.NormFloat64())}), append(clean, []float32{3*v[0] - v[1]})
	}
	_, high, err := Ridge(t.Context(), x, noise, 20, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, low, _ := Ridge(t.Context(), x, clean, 20, 1, 0); low != lambdas[0] || high < 10 {
		t.Errorf("lambda %v without noise, %v of noise alone", low, high)
	}
}

func TestRefusedSettings(t *testing.T) {
	s := newShop(t)
	for _, p := range []Params{{Near: -2}, {Near: maxNear + 1}, {Lambda: -1}, {Lambda: math.NaN()}, {Lambda: math.Inf(1)}} {
		if _, err := Fit(t.Context(), s.base, s.content, p); err == nil {
			t.Errorf("%+v was fitted", p)
		}
	}
}

func FuzzLoad(f *testing.F) {
	s := newShop(f)
	f.Add(8, 16, 3, 1.0)
	f.Add(8, 16, Regression, 0.0)
	f.Add(-1, 1<<40, Regression, math.MaxFloat64)
	f.Fuzz(func(_ *testing.T, dims, content, near int, lambda float64) {
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(head{Params{near, lambda}, content, dims})
		w.Float32s(make([]float32, min(max(dims, 0), 64)*min(max(content, 0), 64)))
		if w.Close() != nil {
			return
		}
		if src, err := Load(&sealed, s.ids); err == nil {
			q := s.contract().Queries[1]
			src.(model.Joiner).Join([]model.Saver{s.base}).Open(q).Score([]engine.ItemNum{1, 36}, make([]float32, 2))
		}
	})
}
