package neighbour

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

func mustFitItems(t testing.TB, data *model.Data, p ItemParams) *Items {
	t.Helper()
	m, err := FitItems(context.Background(), data, p)
	if err != nil {
		t.Fatalf("FitItems: %v", err)
	}
	return m
}

func TestItemsContract(t *testing.T) {
	data, ids, histories := world(80, 60, 12)
	for _, p := range []ItemParams{{}, {K: 3, Weighting: BM25}, {Weighting: Plain, Shrink: -1, K: 1000}} {
		m := mustFitItems(t, data, p)
		c := modeltest.Contract{Knows: func(_ engine.ItemNum, score float32) bool { return score > 0 }}
		for n := range ids.Len() + 3 {
			c.Items = append(c.Items, engine.ItemNum(n))
		}
		for _, h := range histories[:6] {
			c.Queries = append(c.Queries, &model.Query{History: h})
		}
		c.Queries = append(c.Queries,
			&model.Query{},
			&model.Query{History: []engine.Interest{{Item: 3, Weight: 0}}},
			&model.Query{History: []engine.Interest{{Item: 9999, Weight: 1}}},
			&model.Query{History: histories[0], Anchors: []engine.ItemNum{4, 7, 4}},
		)
		modeltest.Source(t, m, c)
		modeltest.Saved(t, m, LoadItems, ids, c)
	}
}

func TestItemsLearn(t *testing.T) {
	for _, w := range []Weighting{BM25, TFIDF, Plain} {
		modeltest.Learner(t, func(data *model.Data) model.Source {
			return mustFitItems(t, data, ItemParams{Weighting: w})
		})
	}
}

// TestItemsByHand computes cosines on paper: items 0 and 1 share one customer of two
// each; who dislikes an item counts for nothing.
func TestItemsByHand(t *testing.T) {
	var b model.Builder
	for _, h := range [][]engine.Interest{
		{{Item: 0, Weight: 1}, {Item: 1, Weight: 1}},
		{{Item: 0, Weight: 2}, {Item: 2, Weight: 0}},
		{{Item: 1, Weight: 1}, {Item: 2, Weight: 1}},
	} {
		b.Add(h)
	}
	data := b.Data(modeltest.Items(3), 1)
	for shrink, want := range map[float64][]float64{
		-1: {0, 1 / math.Sqrt(5*2), 0},
		2:  {0, 1 / (math.Sqrt(5*2) + 2), 0},
	} {
		m := mustFitItems(t, data, ItemParams{Weighting: Plain, Shrink: shrink})
		got := make([]float32, 3)
		m.Open(&model.Query{History: []engine.Interest{{Item: 0, Weight: 1}}}).Score([]engine.ItemNum{0, 1, 2}, got)
		for n := range want {
			if math.Abs(float64(got[n])-want[n]) > 1e-7 {
				t.Errorf("shrink %v: item %d scores %v, want %v", shrink, n, got[n], want[n])
			}
		}
	}
}

// plainSimilarities is the slow twin: dense columns, every pair, sorted.
func plainSimilarities(data *model.Data, p ItemParams) [][]float64 {
	n := data.Rows.Len()
	columns := make([][]float64, n)
	lengths, mean := make([]float64, n), 0.0
	for i := range columns {
		columns[i] = make([]float64, len(data.Customers))
		for u, cells := range data.Customers {
			for _, c := range cells {
				if int(c.Row) == i {
					columns[i][u] = float64(c.Weight)
					lengths[i] += float64(c.Weight)
					mean += float64(c.Weight) / float64(n)
				}
			}
		}
	}
	for u := range data.Customers {
		wanted := 0.0
		for i := range columns {
			if columns[i][u] > 0 {
				wanted++
			}
		}
		for i := range columns {
			w, idf := columns[i][u], math.Log(1+float64(n)/wanted)
			switch p.Weighting {
			case BM25:
				columns[i][u] = idf * w * (1 + p.K1) / (w + p.K1*(1-p.B+p.B*lengths[i]/mean))
			case TFIDF:
				columns[i][u] = idf * math.Sqrt(w)
			}
		}
	}
	dot := func(a, b []float64) (sum float64) {
		for u := range a {
			sum += a[u] * b[u]
		}
		return sum
	}
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n)
		for j := range out {
			if i != j && dot(columns[i], columns[j]) > 0 {
				out[i][j] = dot(columns[i], columns[j]) / (math.Sqrt(dot(columns[i], columns[i])*dot(columns[j], columns[j])) + p.Shrink)
			}
		}
	}
	return out
}

// TestItemsAreTheDefinition holds every similarity against the dense way, and that the K
// most similar are kept.
func TestItemsAreTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b model.Builder
		for _, h := range modeltest.Histories(rapid.Uint64().Draw(t, "seed"), 20, 15, 6) {
			b.Add(h)
		}
		data := b.Data(modeltest.Items(15), 1)
		p := ItemParams{
			K: rapid.IntRange(1, 12).Draw(t, "k"), Shrink: rapid.Float64Range(0.5, 20).Draw(t, "shrink"),
			Weighting: rapid.SampledFrom([]Weighting{BM25, TFIDF, Plain}).Draw(t, "weighting"),
			B:         rapid.Float64Range(0.1, 1).Draw(t, "b"), Workers: rapid.IntRange(1, 3).Draw(t, "workers"),
		}.WithDefaults()
		m, err := FitItems(context.Background(), data, p)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range plainSimilarities(data, p) {
			sorted := slices.SortedFunc(slices.Values(want), func(a, b float64) int { return cmp.Compare(b, a) })
			least, kept := 0.0, 0
			if p.K < len(sorted) {
				least = sorted[p.K-1]
			}
			for j, similarity := range want {
				got, found := m.adds.Weight(j, i)
				if found {
					kept++
				}
				if found && (math.Abs(float64(got)-similarity) > 1e-5 || similarity < least-1e-5) {
					t.Fatalf("item %d by %d: %v, by definition %v and the least kept %v", i, j, got, similarity, least)
				}
				if !found && similarity > least+1e-5 {
					t.Fatalf("item %d has no neighbour %d of %v, the least kept is %v", i, j, similarity, least)
				}
			}
			if kept > p.K {
				t.Fatalf("item %d has %d neighbours of %d", i, kept, p.K)
			}
		}
	})
}

// TestItemPartsAreCounterfactual takes each item out of a history: the score is lower by
// exactly its part.
func TestItemPartsAreCounterfactual(t *testing.T) {
	data, ids, histories := world(80, 60, 12)
	m, named := mustFitItems(t, data, ItemParams{K: 20}), 0
	for _, h := range histories[:10] {
		with := m.Open(&model.Query{History: h})
		for n := range engine.ItemNum(ids.Len()) {
			_, parts := with.Explain(n, nil)
			for _, part := range parts {
				rest := slices.DeleteFunc(slices.Clone(h), func(in engine.Interest) bool { return in.Item == part.Item })
				score, without := scoreOf(with, n), scoreOf(m.Open(&model.Query{History: rest}), n)
				if math.Abs(score-without-part.Contribution) > 1e-6*(score+without) {
					t.Errorf("item %d scores %v, without item %d %v: want %v less", n, score, part.Item, without, part.Contribution)
				}
				named++
			}
		}
	}
	if named == 0 {
		t.Error("no part was named")
	}
}

func TestItemsSameBitsForAnyWorkers(t *testing.T) {
	data, _, _ := world(400, 300, 20)
	one := mustFitItems(t, data, ItemParams{K: 20})
	for _, workers := range []int{2, 5} {
		many := mustFitItems(t, data, ItemParams{K: 20, Workers: workers})
		if !reflect.DeepEqual(many.adds, one.adds) {
			t.Errorf("%d workers find other neighbours than one", workers)
		}
	}
}

func TestItemsRefuse(t *testing.T) {
	data, _, _ := world(10, 10, 5)
	var invalid *engine.Invalid
	for _, p := range []ItemParams{{K: -1}, {K: maxK + 1}, {Shrink: math.NaN()}, {Weighting: "cosine"}, {K1: -1}, {B: 2}, {Workers: -1}} {
		if _, err := FitItems(t.Context(), data, p); !errors.As(err, &invalid) {
			t.Errorf("FitItems with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FitItems(done, data, ItemParams{}); !errors.Is(err, context.Canceled) {
		t.Errorf("FitItems when cancelled: %v", err)
	}
}

// FuzzLoadItems tries bytes as they come, and sections that are well sealed but may not
// fit together: neither may panic.
func FuzzLoadItems(f *testing.F) {
	data, ids, _ := world(8, 6, 3)
	var saved bytes.Buffer
	if err := mustFitItems(f, data, ItemParams{}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", []byte{1, 2}, []byte{1, 0})
	f.Add([]byte(nil), "item-2", []byte{1, 2}, []byte{1, 0})
	f.Add([]byte("rapport "), "item-1", []byte{2, 1}, []byte{1, 7})
	f.Fuzz(func(t *testing.T, raw []byte, id string, ends, to []byte) {
		_, _ = LoadItems(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, ItemName, 1)
		w.JSON(ItemParams{}.WithDefaults())
		w.Texts([]string{id, "item-2"})
		w.Uint32s(whole(ends))
		w.Uint32s(whole(to))
		w.Float32s(make([]float32, len(to)))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := LoadItems(&sealed, ids); err == nil {
			s := src.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}})
			s.Score([]engine.ItemNum{1, 2}, make([]float32, 2))
			s.Explain(2, nil)
		}
	})
}

func whole(bytes []byte) []uint32 {
	out := make([]uint32, len(bytes))
	for i, b := range bytes {
		out[i] = uint32(b)
	}
	return out
}

func BenchmarkFitItems(b *testing.B) {
	data, _, _ := world(20_000, 20_000, 40)
	for b.Loop() {
		mustFitItems(b, data, ItemParams{Workers: 2})
	}
	b.ReportMetric(float64(data.Rows.Len()), "items")
}
