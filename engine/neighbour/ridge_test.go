package neighbour

import (
	"cmp"
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

func mustFitRidge(t testing.TB, data *model.Data, p RidgeParams) *Ridge {
	t.Helper()
	m, err := FitRidge(context.Background(), data, p)
	if err != nil {
		t.Fatalf("FitRidge: %v", err)
	}
	return m
}

func TestRidgeContract(t *testing.T) {
	data, ids, histories := world(80, 60, 12)
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
		&model.Query{History: histories[0], Anchors: []engine.ItemNum{4, 7, 4}},
	)
	for _, p := range []RidgeParams{{}, {K: 3, Lambda: 0.5, Shrink: -1}, {K: 1000}} {
		m := mustFitRidge(t, data, p)
		modeltest.Source(t, m, c)
		modeltest.Saved(t, m, LoadRidge, ids, c)
	}
}

func TestRidgeLearns(t *testing.T) {
	modeltest.Learner(t, func(data *model.Data) model.Source { return mustFitRidge(t, data, RidgeParams{}) })
}

// weightBetween returns what item i adds to item j, 0 for nothing.
func weightBetween[P settings[P]](m *Links[P], i, j int) float64 {
	weight, _ := m.adds.Weight(i, j)
	return float64(weight)
}

// TestRidgeOnAllItemsIsEASE gives every item all others for neighbours. EASE weighs also
// what nobody wanted together, so that all items of this world are wanted with all.
func TestRidgeOnAllItemsIsEASE(t *testing.T) {
	data, _, _ := world(400, 30, 12)
	const lambda = 7
	ease := mustFit(t, data, Params{Lambda: lambda})
	ridge := mustFitRidge(t, data, RidgeParams{Lambda: lambda, K: 100})
	n := data.Rows.Len()
	if ridge.Len() != n*(n-1) {
		t.Fatalf("%d weights between %d items: this world has items that nobody wants together", ridge.Len(), n)
	}
	for i := range n {
		for j := range n {
			if got, want := weightBetween(ridge, i, j), float64(ease.weightsOf(i)[j]); math.Abs(got-want) > 1e-5 {
				t.Fatalf("weight of %d for %d is %v, EASE has %v", i, j, got, want)
			}
		}
	}
}

// TestRidgeIsTheDefinition solves each item's normal equations from dense columns, for
// the neighbours that the cosine chose.
func TestRidgeIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b model.Builder
		for _, h := range modeltest.Histories(rapid.Uint64().Draw(t, "seed"), 25, 15, 6) {
			b.Add(h)
		}
		data := b.Data(modeltest.Items(15), 1)
		p := RidgeParams{
			K: rapid.IntRange(1, 9).Draw(t, "k"), Lambda: rapid.Float64Range(0.1, 50).Draw(t, "lambda"),
			Shrink: rapid.SampledFrom([]float64{-1, 5}).Draw(t, "shrink"), Workers: rapid.IntRange(1, 3).Draw(t, "workers"),
		}
		m, err := FitRidge(context.Background(), data, p)
		if err != nil {
			t.Fatal(err)
		}
		x := binary(data)
		for j := range data.Rows.Len() {
			near := plainNeighbours(x, j, p)
			want := plainRidge(x, near, j, p.Lambda)
			for i := range data.Rows.Len() {
				if got := weightBetween(m, i, j); math.Abs(got-want[i]) > 1e-5 {
					t.Fatalf("weight of %d for %d is %v, by definition %v (neighbours %v)", i, j, got, want[i], near)
				}
			}
		}
	})
}

// binary is who wants what.
func binary(data *model.Data) *mat.Dense {
	x := mat.NewDense(len(data.Customers), data.Rows.Len(), nil)
	for u, cells := range data.Customers {
		for _, c := range cells {
			if c.Weight > 0 {
				x.Set(u, int(c.Row), 1)
			}
		}
	}
	return x
}

// plainNeighbours sorts all items by their shrunk cosine with j, as float32 as they are
// compared.
func plainNeighbours(x *mat.Dense, j int, p RidgeParams) []int {
	_, n := x.Dims()
	cosine := make([]float32, n)
	var near []int
	for i := range n {
		a, b := x.ColView(i), x.ColView(j)
		dot := mat.Dot(a, b)
		cosine[i] = float32(dot / (math.Sqrt(mat.Dot(a, a)*mat.Dot(b, b)) + max(p.Shrink, 0)))
		if i != j && dot > 0 {
			near = append(near, i)
		}
	}
	slices.SortStableFunc(near, func(a, b int) int { return cmp.Compare(cosine[b], cosine[a]) })
	return near[:min(p.K, len(near))]
}

// plainRidge returns the weights of the ridge regression of column j on the columns near.
func plainRidge(x *mat.Dense, near []int, j int, lambda float64) []float64 {
	_, n := x.Dims()
	out := make([]float64, n)
	if len(near) == 0 {
		return out
	}
	g, right := mat.NewDense(len(near), len(near), nil), mat.NewVecDense(len(near), nil)
	for a, i := range near {
		right.SetVec(a, mat.Dot(x.ColView(i), x.ColView(j)))
		for b, k := range near {
			g.Set(a, b, mat.Dot(x.ColView(i), x.ColView(k)))
		}
		g.Set(a, a, g.At(a, a)+lambda)
	}
	var solved mat.VecDense
	if err := solved.SolveVec(g, right); err != nil {
		panic(err) // lambda is above 0
	}
	for a, i := range near {
		out[i] = solved.AtVec(a)
	}
	return out
}

// TestRidgeInParts learns from the counts of few items at a time, with places of either
// width.
func TestRidgeInParts(t *testing.T) {
	data, _, _ := world(400, 300, 20)
	p := RidgeParams{K: 20, Workers: 3}.WithDefaults()
	want, err := learnRidge[uint16](t.Context(), &wanting{data, ones}, p, pairsBytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{1, 50_000} {
		for name, learn := range map[string]func(context.Context, *wanting, RidgeParams, int) ([][]model.Edge, error){
			"two": learnRidge[uint16], "four": learnRidge[uint32],
		} {
			got, err := learn(t.Context(), &wanting{data, ones}, p, room)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d bytes of counts at a time, places of %s bytes: other weights than all at once", room, name)
			}
		}
	}
}

// TestCountsApartAreThoseTogether counts the pairs of the same groups in both ways, each in room that
// was counted in before.
func TestCountsApartAreThoseTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, k := histories(t, rapid.IntRange(2, 200).Draw(t, "items")), rapid.IntRange(1, 30).Draw(t, "k")
		items := data.Rows.Len() // that somebody wants
		wanted := &wanting{data, ones}
		s := newSimilarity(wanted, 1)
		turned := turn[uint32](wanted, s.norms)
		near, err := turned.nearest(context.Background(), s.shrink, k, 2)
		if err != nil {
			t.Fatal(err)
		}
		from := rapid.IntRange(0, items-1).Draw(t, "from")
		to := rapid.IntRange(from+1, items).Draw(t, "to")
		spoilt := func() *groups[uint32] { // room that others have counted in
			g := newGroups(turned, near, 0, items, nil)
			for i := range g.counts {
				g.counts[i] = -1
			}
			return g
		}
		apart, together := newGroups(turned, near, from, to, spoilt()), newGroups(turned, near, from, to, spoilt())
		if together.apart { // which then has no seats
			in := make([]int, items)
			for _, members := range together.members {
				for _, m := range members {
					in[m]++
				}
			}
			together.seat(in, new(groups[uint32]))
		}
		apart.countApart(context.Background(), 2)
		together.countTogether(context.Background(), 2)
		if !slices.Equal(apart.counts, together.counts) {
			t.Fatalf("apart\n%v, together\n%v", apart.counts, together.counts)
		}
	})
}

func TestRidgeSameBitsForAnyWorkers(t *testing.T) {
	data, _, _ := world(400, 300, 20)
	ridge := mustFitRidge(t, data, RidgeParams{K: 20})
	for _, workers := range []int{2, 5} {
		if m := mustFitRidge(t, data, RidgeParams{K: 20, Workers: workers}); !reflect.DeepEqual(m.adds, ridge.adds) {
			t.Errorf("ridge: %d workers learn other weights than one", workers)
		}
	}
}

func TestRidgeRefuses(t *testing.T) {
	data, _, _ := world(10, 10, 5)
	var invalid *engine.Invalid
	for _, p := range []RidgeParams{{K: -1}, {K: maxK + 1}, {Lambda: -1}, {Lambda: math.NaN()}, {Shrink: math.Inf(1)}, {Workers: -1}} {
		if _, err := FitRidge(t.Context(), data, p); !errors.As(err, &invalid) {
			t.Errorf("FitRidge with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FitRidge(done, data, RidgeParams{}); !errors.Is(err, context.Canceled) {
		t.Errorf("FitRidge when cancelled: %v", err)
	}
	var none model.Builder
	if m := mustFitRidge(t, none.Data(modeltest.Items(3), 1), RidgeParams{}); m.Len() != 0 || !m.Open(&model.Query{}).Empty() {
		t.Error("a fit of no data is not empty")
	}
}

func BenchmarkFitRidge(b *testing.B) {
	data, _, _ := world(20_000, 20_000, 40)
	for b.Loop() {
		mustFitRidge(b, data, RidgeParams{Workers: 2})
	}
	b.ReportMetric(float64(data.Rows.Len()), "items")
}
