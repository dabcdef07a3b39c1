package own

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

const dims = 5

// shop returns items of which every third has no vector, one has a vector of another
// length and one has no direction.
func shop(count int) ([]catalogue.Entry, *catalogue.IDs) {
	ids := modeltest.Items(count)
	random := rand.New(rand.NewPCG(1, 2))
	items := make([]catalogue.Entry, count)
	for n := range items {
		item := &engine.Item{ID: ids.ID(engine.ItemNum(n))}
		switch {
		case n == 1:
			item.Embedding = []float32{1, 2}
		case n == 2:
			item.Embedding = make([]float32, dims)
		case n%3 > 0:
			for range dims {
				item.Embedding = append(item.Embedding, float32(random.NormFloat64()))
			}
		}
		items[n] = catalogue.Entry{Num: engine.ItemNum(n), Item: item}
	}
	return items, ids
}

// all yields the items of a shop.
func all(items []catalogue.Entry) iter.Seq2[engine.ItemNum, *engine.Item] {
	return func(yield func(engine.ItemNum, *engine.Item) bool) {
		for _, e := range items {
			if !yield(e.Num, e.Item) {
				return
			}
		}
	}
}

func mustFit(t testing.TB, items []catalogue.Entry, ids *catalogue.IDs, p Params) *Model {
	t.Helper()
	m, err := Fit(context.Background(), all(items), ids, p)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

func TestContract(t *testing.T) {
	items, ids := shop(40)
	for _, p := range []Params{{}, {Causes: 1}, {Causes: 50, Decay: 1}} {
		m := mustFit(t, items, ids, p)
		c := modeltest.Contract{Knows: func(_ engine.ItemNum, score float32) bool { return score > 0 }}
		for n := range ids.Len() + 3 {
			c.Items = append(c.Items, engine.ItemNum(n))
		}
		for _, h := range modeltest.Histories(3, 6, 40, 10) {
			c.Queries = append(c.Queries, &model.Query{History: h})
		}
		c.Queries = append(c.Queries,
			&model.Query{},
			&model.Query{History: []engine.Interest{{Item: 4, Weight: 0}, {Item: 1, Weight: 1}}},
			&model.Query{History: []engine.Interest{{Item: 9999, Weight: 1}}},
			&model.Query{Anchors: []engine.ItemNum{4, 7, 4}},
		)
		modeltest.Source(t, m, c)
		modeltest.Saved(t, m, Load, ids, c)
	}
}

// TestScoresAreCosines computes the profile from the vectors as they came.
func TestScoresAreCosines(t *testing.T) {
	items, ids := shop(40)
	m := mustFit(t, items, ids, Params{Decay: 0.5})
	history := []engine.Interest{{Item: 7, Weight: 2}, {Item: 3, Weight: 1}, {Item: 10, Weight: 1}} // 3 has no vector
	profile := make([]float64, dims)
	for _, cause := range []struct {
		n int
		w float64
	}{{7, 2}, {10, 0.5}} {
		v := items[cause.n].Item.Embedding
		for k := range v {
			profile[k] += cause.w * float64(v[k]) / direction(v)
		}
	}
	var got [1]float32
	s := m.Open(&model.Query{History: history})
	for n, e := range items {
		s.Score([]engine.ItemNum{e.Num}, got[:])
		want, length := 0.0, 0.0
		if len(e.Item.Embedding) == dims && direction(e.Item.Embedding) > 0 && n != 7 && n != 10 {
			for k, x := range e.Item.Embedding {
				want += profile[k] * float64(x) / direction(e.Item.Embedding)
				length += profile[k] * profile[k]
			}
			want /= math.Sqrt(length)
		}
		if n != 7 && n != 10 && math.Abs(float64(got[0])-want) > 1e-6 {
			t.Errorf("item %d scores %v, its cosine with the profile is %v", n, got[0], want)
		}
	}
}

func TestFitLeavesOut(t *testing.T) {
	items, ids := shop(40)
	m := mustFit(t, items, ids, Params{})
	want := 0
	for n := range items {
		_, got := m.Rows().Row(engine.ItemNum(n))
		if has := n > 2 && n%3 > 0; has != got {
			t.Errorf("item %d has a row: %v, want %v", n, got, has)
		} else if has {
			want++
		}
	}
	if m.Rows().Len() != want || !Given(all(items)) {
		t.Errorf("%d rows, want %d", m.Rows().Len(), want)
	}
	if Given(all(items[:1])) || mustFit(t, items[:1], ids, Params{}).Rows().Len() != 0 {
		t.Error("an item without a vector has one")
	}
}

func TestRefuse(t *testing.T) {
	items, ids := shop(10)
	var invalid *engine.Invalid
	for _, p := range []Params{{Causes: -1}, {Causes: engine.MaxHistory + 1}, {Decay: -1}, {Decay: 1.1}, {Decay: math.NaN()}} {
		if _, err := Fit(t.Context(), all(items), ids, p); !errors.As(err, &invalid) {
			t.Errorf("Fit with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(done, all(items), ids, Params{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit when cancelled: %v", err)
	}
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but may not fit
// together: neither may panic.
func FuzzLoad(f *testing.F) {
	items, ids := shop(8)
	var saved bytes.Buffer
	if err := mustFit(f, items, ids, Params{}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", uint32(2), 4)
	f.Add([]byte(nil), "item-2", uint32(0), 0)
	f.Add([]byte("rapport "), "other", uint32(1<<31), 3)
	f.Fuzz(func(t *testing.T, raw []byte, id string, width uint32, numbers int) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(Params{}.WithDefaults())
		w.Texts([]string{id, "item-2"})
		w.Uint32s([]uint32{width})
		w.Float32s(make([]float32, min(max(numbers, 0), 1000)))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			s := src.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}})
			s.Score([]engine.ItemNum{1, 2}, make([]float32, 2))
			s.Explain(2, nil)
		}
	})
}

// BenchmarkAnswer is an answer over 5,000 items with vectors of 128 numbers.
func BenchmarkAnswer(b *testing.B) {
	const count, width = 5000, 128
	ids, rng := modeltest.Items(count), rand.New(rand.NewPCG(1, 2))
	items := make([]catalogue.Entry, count)
	for n := range items {
		item := &engine.Item{ID: ids.ID(engine.ItemNum(n)), Embedding: make([]float32, width)}
		for k := range item.Embedding {
			item.Embedding[k] = float32(rng.NormFloat64())
		}
		items[n] = catalogue.Entry{Num: engine.ItemNum(n), Item: item}
	}
	var queries []*model.Query
	for _, h := range modeltest.Histories(3, 50, count, 30) {
		queries = append(queries, &model.Query{History: h})
	}
	modeltest.Answers(b, mustFit(b, items, ids, Params{}), queries, count)
}
