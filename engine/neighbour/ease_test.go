package neighbour

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

func world(customers, items, length int) (*model.Data, *catalogue.IDs, [][]engine.Interest) {
	ids, histories := modeltest.Items(items+5), modeltest.Histories(2, customers, items, length)
	var b model.Builder
	for _, h := range histories {
		b.Add(h)
	}
	return b.Data(ids, 1), ids, histories
}

func mustFit(t testing.TB, data *model.Data, p Params) *EASE {
	t.Helper()
	e, err := Fit(context.Background(), data, p)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return e
}

func TestContract(t *testing.T) {
	data, ids, histories := world(80, 60, 12)
	for _, maxItems := range []int{0, 25} {
		e := mustFit(t, data, Params{Lambda: 5, MaxItems: maxItems})
		c := modeltest.Contract{Knows: func(n engine.ItemNum, _ float32) bool {
			_, ok := e.Rows().Row(n)
			return ok
		}}
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
		modeltest.Source(t, e, c)
		modeltest.Saved(t, e, Load, ids, c)
	}
}

func TestLearns(t *testing.T) {
	modeltest.Learner(t, func(data *model.Data) model.Source {
		return mustFit(t, data, Params{Lambda: 10})
	})
}

// TestWeightsAreTheClosedForm computes B from dense matrices, as the paper has it.
func TestWeightsAreTheClosedForm(t *testing.T) {
	data, _, _ := world(150, 130, 10)
	n, lambda := data.Rows.Len(), 7.0
	x := mat.NewDense(len(data.Customers), n, nil)
	for u, cells := range data.Customers {
		for _, c := range cells {
			if c.Weight > 0 {
				x.Set(u, int(c.Row), 1)
			}
		}
	}
	var g, p mat.Dense
	g.Mul(x.T(), x)
	for i := range n {
		g.Set(i, i, g.At(i, i)+lambda)
	}
	if err := p.Inverse(&g); err != nil {
		t.Fatal(err)
	}
	e := mustFit(t, data, Params{Lambda: lambda, Workers: 3})
	for i := range n {
		for j := range n {
			want := 0.0
			if i != j {
				want = -p.At(i, j) / p.At(j, j)
			}
			if got := float64(e.weightsOf(i)[j]); math.Abs(got-want) > 1e-6 {
				t.Fatalf("B[%d,%d] = %v, want %v", i, j, got, want)
			}
		}
	}
}

// TestTwinsWithoutLambda has two items that the same customers want, and next to nothing on
// the diagonal: float32 has no inverse of that, and float64 has.
func TestTwinsWithoutLambda(t *testing.T) {
	var b model.Builder
	for u := range 50 {
		h := []engine.Interest{{Item: 0, Weight: 1}, {Item: 1, Weight: 1}}
		if u%2 == 0 {
			h = append(h, engine.Interest{Item: 2, Weight: 1})
		}
		b.Add(h)
	}
	e := mustFit(t, b.Data(modeltest.Items(3), 1), Params{Lambda: 1e-7})
	if got := float64(e.weightsOf(0)[1]); math.Abs(got-1) > 1e-3 {
		t.Errorf("an item adds %v to one that the same customers want, want all but 1", got)
	}
}

// TestCountsArePairs counts by going through all pairs of every customer.
func TestCountsArePairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(500, 1600)).Draw(t, "items")
		length := rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(1, 60)).Draw(t, "length")
		data, _, _ := world(rapid.IntRange(0, 300).Draw(t, "customers"), items, length)
		p := Params{MaxItems: rapid.IntRange(1, items+9).Draw(t, "most"), Workers: rapid.IntRange(1, 3).Draw(t, "workers")}
		g, err := countPairs(context.Background(), data, p, rapid.IntRange(1, 400).Draw(t, "at once"))
		if err != nil {
			t.Fatal(err)
		}
		n := g.rows.Len()
		want := make([]float32, triangle(n))
		for _, cells := range data.Customers {
			for _, a := range cells {
				for _, b := range cells {
					i, kept := g.rows.Row(data.Rows.Num(int(a.Row)))
					j, too := g.rows.Row(data.Rows.Num(int(b.Row)))
					if kept && too && j <= i && a.Weight > 0 && b.Weight > 0 {
						want[triangle(i)+j]++
					}
				}
			}
		}
		if !slices.Equal(g.counts, want) {
			t.Errorf("counts of the %d most wanted of %d items are not those of pairs", n, data.Rows.Len())
		}
	})
}

// TestPartsAreCounterfactual takes each item out of a history: the score is lower by
// exactly its part.
func TestPartsAreCounterfactual(t *testing.T) {
	data, ids, histories := world(80, 60, 12)
	e := mustFit(t, data, Params{Lambda: 5})
	for _, h := range histories[:10] {
		with := e.Open(&model.Query{History: h})
		for n := range engine.ItemNum(ids.Len()) {
			score := scoreOf(with, n)
			_, parts := with.Explain(n, nil)
			for _, part := range parts {
				rest := slices.DeleteFunc(slices.Clone(h), func(in engine.Interest) bool { return in.Item == part.Item })
				without := scoreOf(e.Open(&model.Query{History: rest}), n)
				if math.Abs(score-without-part.Contribution) > 1e-6*(math.Abs(score)+math.Abs(without)) {
					t.Errorf("item %d scores %v, without item %d %v: want %v less", n, score, part.Item, without, part.Contribution)
				}
			}
		}
	}
}

func scoreOf(s model.Scorer, n engine.ItemNum) float64 {
	var out [1]float32
	s.Score([]engine.ItemNum{n}, out[:])
	return float64(out[0])
}

func TestKeepsTheMostWanted(t *testing.T) {
	histories := [][]engine.Interest{}
	for n, count := range []int{3, 9, 1, 9, 5, 3} { // customers an item
		for range count {
			histories = append(histories, []engine.Interest{{Item: engine.ItemNum(n), Weight: 1}})
		}
	}
	var b model.Builder
	for _, h := range histories {
		b.Add(h)
	}
	e := mustFit(t, b.Data(modeltest.Items(6), 1), Params{MaxItems: 4})
	var got []engine.ItemNum
	for row := range e.Rows().Len() {
		got = append(got, e.Rows().Num(row))
	}
	if want := []engine.ItemNum{0, 1, 3, 4}; !slices.Equal(got, want) { // 0 before 5: ties by number
		t.Errorf("kept %v, want %v", got, want)
	}
}

func TestSameBitsForAnyWorkers(t *testing.T) {
	data, _, _ := world(400, 300, 20)
	one := mustFit(t, data, Params{Lambda: 10, Workers: 1})
	for _, workers := range []int{2, 5} {
		if many := mustFit(t, data, Params{Lambda: 10, Workers: workers}); !slices.Equal(many.weights, one.weights) {
			t.Errorf("%d workers give other weights than one", workers)
		}
	}
}

func TestOneCountManyLambdas(t *testing.T) {
	data, _, _ := world(80, 60, 12)
	g, err := Count(t.Context(), data, Params{})
	if err != nil {
		t.Fatal(err)
	}
	for _, lambda := range []float64{1, 50, 1} {
		e, err := g.Fit(t.Context(), Params{Lambda: lambda})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(e.weights, mustFit(t, data, Params{Lambda: lambda}).weights) {
			t.Errorf("lambda %v: a shared count gives other weights", lambda)
		}
	}
}

func TestFitRefuses(t *testing.T) {
	data, _, _ := world(10, 10, 5)
	var invalid *engine.Invalid
	for _, p := range []Params{{Lambda: -1}, {Lambda: math.NaN()}, {MaxItems: -1}, {MaxItems: 1 << 20}, {Workers: -1}} {
		if _, err := Fit(t.Context(), data, p); !errors.As(err, &invalid) {
			t.Errorf("Fit with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(done, data, Params{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit when cancelled: %v", err)
	}
	var none model.Builder
	if e := mustFit(t, none.Data(modeltest.Items(3), 1), Params{}); e.Rows().Len() != 0 || !e.Open(&model.Query{}).Empty() {
		t.Error("a fit of no data is not empty")
	}
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but do not fit
// together: neither may panic.
func FuzzLoad(f *testing.F) {
	data, ids, _ := world(8, 6, 3)
	var saved bytes.Buffer
	if err := mustFit(f, data, Params{}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", 4)
	f.Add([]byte(nil), "item-2", 4)
	f.Add([]byte("rapport "), "unknown", 3)
	f.Fuzz(func(t *testing.T, raw []byte, id string, weights int) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(Params{})
		w.Texts([]string{id, "item-2"})
		w.Float32s(make([]float32, min(max(weights, 0), 1000)))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			src.Open(&model.Query{History: []engine.Interest{{Item: 1, Weight: 1}}}).Score([]engine.ItemNum{1, 2}, make([]float32, 2))
		}
	})
}

func BenchmarkFit(b *testing.B) {
	for _, n := range []int{1447, 2500, 3000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			data, _, _ := world(3000, n, 60)
			for b.Loop() {
				mustFit(b, data, Params{Workers: runtime.GOMAXPROCS(0)})
			}
			b.ReportMetric(float64(data.Rows.Len()), "items")
		})
	}
}

func BenchmarkScore(b *testing.B) {
	data, _, _ := world(3000, 2500, 60)
	e := mustFit(b, data, Params{Workers: 2})
	q := &model.Query{}
	for row := range 50 {
		q.History = append(q.History, engine.Interest{Item: e.Rows().Num(row * 11), Weight: 1})
	}
	items := make([]engine.ItemNum, e.Rows().Len())
	for row := range items {
		items[row] = e.Rows().Num(row)
	}
	out := make([]float32, len(items))
	b.ReportAllocs()
	for b.Loop() {
		e.Open(q).Score(items, out)
	}
}
