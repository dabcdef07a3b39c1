package basket

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// history lays baskets out as rows, one a day, the newest at noon.
func history(baskets ...[]engine.ItemNum) []engine.Row {
	var rows []engine.Row
	for i, items := range baskets {
		for _, n := range items {
			rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{
				Item: "it", Type: engine.Purchase, At: noon.AddDate(0, 0, i+1-len(baskets)),
			}})
		}
	}
	return rows
}

// sequences are what a fit sees of histories over so many items.
func sequences(items int, histories ...[]engine.Row) (*model.Sequences, *catalogue.IDs) {
	rows, ids := modeltest.Rows(items)
	seqs := &model.Sequences{Rows: rows, Newest: noon}
	for _, rows := range histories {
		var steps []model.Step
		for _, r := range rows {
			steps = append(steps, model.Step{Row: uint32(r.Num), Type: r.Type, At: r.At, Weight: 1})
		}
		seqs.Add(steps)
	}
	return seqs, ids
}

// slowShares is the twin of shares: item by item, what each basket with it weighs.
func slowShares(p Params, baskets [][]uint32) []share {
	sums := map[uint32]float64{}
	for i, items := range baskets {
		for _, item := range items {
			sums[item] += p.weight(i, len(baskets))
		}
	}
	var out []share
	for item, sum := range sums {
		out = append(out, share{item, sum})
	}
	slices.SortFunc(out, func(a, b share) int { return cmp.Compare(a.item, b.item) })
	return out
}

// world invents histories in which low numbers are bought often and some things come
// back.
func world(seed uint64, customers, items int) [][]engine.Row {
	rng := rand.New(rand.NewPCG(seed, 9))
	out := make([][]engine.Row, customers)
	for c := range out {
		var orders [][]engine.ItemNum
		for range 1 + rng.IntN(12) {
			var order []engine.ItemNum
			for range 1 + rng.IntN(5) {
				order = append(order, engine.ItemNum(float64(items)*math.Pow(rng.Float64(), 2)))
			}
			orders = append(orders, order)
		}
		out[c] = history(orders...)
		for i := range out[c] {
			if rng.IntN(20) == 0 {
				out[c][i].Type = engine.Return
			}
		}
	}
	return out
}

func mustFit(t testing.TB, seqs *model.Sequences, p Params) *Model {
	t.Helper()
	m, err := Fit(context.Background(), seqs, p)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

func TestContract(t *testing.T) {
	histories := world(1, 200, 20)
	seqs, ids := sequences(20, histories...)
	c := modeltest.Contract{Knows: func(_ engine.ItemNum, score float32) bool { return score > 0 }}
	for n := range ids.Len() + 3 {
		c.Items = append(c.Items, engine.ItemNum(n))
	}
	viewed := history([]engine.ItemNum{3})
	viewed[0].Type = engine.View
	c.Queries = []*model.Query{
		{Rows: histories[0], Now: noon},
		{Rows: histories[7]},
		{Rows: history([]engine.ItemNum{1, 4}, []engine.ItemNum{21, 9999}, []engine.ItemNum{1}), Now: noon}, // some new since the fit
		{Rows: history([]engine.ItemNum{22}), Now: noon},
		{Rows: viewed, Now: noon},
		{Now: noon},
		{Rows: histories[0], Anchors: []engine.ItemNum{2, 7}, Now: noon},
	}
	for _, p := range []Params{{}, {Within: 0.9, Groups: 7}, {K: 5, Groups: 2, Within: 0.5, Alpha: 0.2}, {Alpha: 1}, {Customers: 3}} {
		m := mustFit(t, seqs, p)
		modeltest.Source(t, m, c)
		modeltest.Saved(t, m, Load, ids, c)
	}
}

// TestSharesByHand follows the formula through three baskets in two groups: the first
// group has one basket, the second two.
func TestSharesByHand(t *testing.T) {
	p := Params{Within: 0.5, Groups: 2, Between: 0.25}
	got := p.shares(baskets(boughtIn(history([]engine.ItemNum{1, 2}, []engine.ItemNum{1}, []engine.ItemNum{3, 1}))))
	first, second, third := 0.25*0.25/2, 0.5/2/2, 1.0/2/2
	want := []share{{1, first + second + third}, {2, first}, {3, third}}
	if len(got) != len(want) {
		t.Fatalf("shares %v, want %v", got, want)
	}
	for i, w := range want {
		if got[i].item != w.item || math.Abs(got[i].value-w.value) > 1e-15 {
			t.Errorf("shares %v, want %v", got, want)
		}
	}
	// One basket of seven groups: it is the first of them, 0.7^6 from the newest.
	p = Params{Within: 0.9, Groups: 7, Between: 0.7}
	if got, want := p.weight(0, 1), math.Pow(0.7, 6); math.Abs(got-want) > 1e-15 {
		t.Errorf("the only basket weighs %v, want %v", got, want)
	}
}

// TestScoreByHand asks two neighbours of four: of one group and without decay a share is
// how many of the baskets hold the item.
func TestScoreByHand(t *testing.T) {
	seqs, _ := sequences(5,
		history([]engine.ItemNum{0, 1}, []engine.ItemNum{0}), // 1, 1/2: squared distance 1/4
		history([]engine.ItemNum{0}, []engine.ItemNum{0, 2}), // 1, 0, 1/2: 1/4
		history([]engine.ItemNum{3, 4, 2}),                   // shares nothing
		history([]engine.ItemNum{1, 3, 4}),
	)
	m := mustFit(t, seqs, Params{K: 2, Within: 1, Groups: 1, Between: 1, Alpha: 0.75})
	s := m.Open(&model.Query{Rows: history([]engine.ItemNum{0})})
	got := make([]float32, 5)
	s.Score([]engine.ItemNum{0, 1, 2, 3, 4}, got)
	for i, want := range []float64{0.75 + 0.25*1, 0.25 * 0.25, 0.25 * 0.25, 0, 0} {
		if math.Abs(float64(got[i])-want) > 1e-5 {
			t.Errorf("item %d scores %v, want %v", i, got[i], want)
		}
	}
	base, parts := s.Explain(0, nil)
	if len(parts) != 1 || parts[0].Item != 0 || parts[0].Contribution != 0.75 || math.Abs(base-0.25) > 1e-9 {
		t.Errorf("explained by %v and %v, want 0.25 of others and 0.75 of their own", base, parts)
	}
}

func TestGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Params{Groups: rapid.IntRange(1, 12).Draw(t, "groups")}
		n := rapid.IntRange(1, 60).Draw(t, "baskets")
		count := make([]int, p.Groups)
		last := 0
		for i := range n {
			g, _ := p.groupOf(i, n)
			if g < last || g > last+1 {
				t.Fatalf("basket %d of %d is in group %d after %d", i, n, g, last)
			}
			last = g
			count[g]++
		}
		for i := range n {
			if g, size := p.groupOf(i, n); size != count[g] {
				t.Fatalf("group %d of %d baskets has %d, not %d", g, n, count[g], size)
			}
		}
		if n >= p.Groups && (!slices.IsSorted(count) || count[p.Groups-1] > count[0]+1) {
			t.Fatalf("%d baskets are cut into %v", n, count)
		}
	})
}

// TestBasketsAreBoughtAlike holds the baskets of a query against those of a fit, and
// both against the count of an interest.
func TestBasketsAreBoughtAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []engine.Row
		for range rapid.IntRange(0, 15).Draw(t, "rows") {
			rows = append(rows, engine.Row{Num: engine.ItemNum(rapid.IntRange(0, 3).Draw(t, "item")), Interaction: engine.Interaction{
				Item: "it", Type: rapid.SampledFrom([]engine.Type{engine.Purchase, engine.Purchase, engine.Return, engine.View}).Draw(t, "type"),
				At: noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "hour")) * time.Hour),
			}})
		}
		seqs, _ := sequences(4, rows)
		asked := baskets(boughtIn(rows))
		if fitted := baskets(bought(seqs.Of.Steps(0, nil))); !slices.EqualFunc(asked, fitted, slices.Equal) {
			t.Fatalf("a query has the baskets %v, a fit %v", asked, fitted)
		}
		p := Params{Within: 0.7, Groups: 2, Between: 0.6}.WithDefaults()
		if got, want := p.shares(asked), slowShares(p, asked); !slices.Equal(got, want) {
			t.Fatalf("the shares of %v are %v, want %v", asked, got, want)
		}
		for _, items := range asked {
			if len(items) == 0 || !slices.IsSorted(items) || len(slices.Compact(slices.Clone(items))) != len(items) {
				t.Fatalf("a basket of %v", items)
			}
		}
	})
}

// slowNearest is the twin of nearest: all distances, sorted.
func slowNearest(m *Model, own []share) []neighbour {
	asked := map[uint32]int64{}
	for _, o := range own {
		if row, ok := m.rows.Row(engine.ItemNum(o.item)); ok {
			asked[uint32(row)] = int64(whole(o.value))
		}
	}
	var all []neighbour
	for c := range m.ends {
		n := neighbour{customer: uint32(c)}
		for _, s := range m.of(n.customer) {
			n.distance += int64(s.share)*int64(s.share) - 2*asked[s.of]*int64(s.share)
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.customer, b.customer))
	})
	return all[:min(m.params.K, len(all))]
}

func TestNearestAsAllDistances(t *testing.T) { rapid.Check(t, nearestAsAllDistances) }

func FuzzNearest(f *testing.F) { f.Fuzz(rapid.MakeFuzz(nearestAsAllDistances)) }

func nearestAsAllDistances(t *rapid.T) {
	histories := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 60).Draw(t, "customers"), rapid.IntRange(1, 40).Draw(t, "items"))
	seqs, _ := sequences(40, histories[1:]...)
	p := Params{K: rapid.IntRange(1, 30).Draw(t, "k"), Groups: rapid.IntRange(1, 4).Draw(t, "groups")}
	m, err := Fit(context.Background(), seqs, p)
	if err != nil {
		t.Fatal(err)
	}
	own, w := m.params.shares(baskets(boughtIn(histories[0]))), newWorkspace(len(m.ends), m.rows.Len())
	m.nearest(m.params.shares(baskets(boughtIn(histories[len(histories)-1]))), w) // leaves nothing behind
	want, got := slowNearest(m, own), m.nearest(own, w)
	slices.SortFunc(got, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.customer, b.customer))
	})
	if !slices.Equal(got, want) {
		t.Fatalf("nearest are %v, all distances say %v", got, want)
	}
}

// TestKeeper holds what is kept against sorting all.
func TestKeeper(t *testing.T) {
	order := func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.customer, b.customer))
	}
	var kept keeper
	rapid.Check(t, func(t *rapid.T) {
		k, apart := rapid.IntRange(0, 40).Draw(t, "k"), rapid.Int64Range(0, 200).Draw(t, "distances")
		var all []neighbour
		for c := range rapid.IntRange(0, 300).Draw(t, "customers") {
			n := neighbour{rapid.Int64Range(-apart, apart).Draw(t, "distance"), uint32(c)}
			all = append(all, n)
		}
		sorted, most := slices.SortedFunc(slices.Values(all), order), int64(math.MaxInt64)
		if k > 0 && k <= len(all) && rapid.Bool().Draw(t, "bounded") {
			most = sorted[k-1].distance
		}
		kept.open(k, most)
		for _, n := range all {
			if k > 0 {
				kept.offer(n)
			}
		}
		kept.cut()
		slices.SortFunc(kept.all, order)
		if want := sorted[:min(k, len(all))]; !slices.Equal(kept.all, want) {
			t.Fatalf("kept are %v, want %v", kept.all, want)
		}
	})
}

// TestNobodyIsNearTwice: a share so small that nothing of it is kept shares nothing.
func TestNobodyIsNearTwice(t *testing.T) {
	seqs, _ := sequences(5, history([]engine.ItemNum{0}), history([]engine.ItemNum{2}), history([]engine.ItemNum{3, 4}))
	m := mustFit(t, seqs, Params{K: 3})
	near := m.nearest([]share{{0, 1e-9}, {2, 1}}, newWorkspace(len(m.ends), m.rows.Len()))
	seen := map[uint32]bool{}
	for _, n := range near {
		if seen[n.customer] {
			t.Errorf("customer %d is among the nearest %v twice", n.customer, near)
		}
		seen[n.customer] = true
	}
	if len(near) != 3 {
		t.Errorf("%d of 3 customers are near", len(near))
	}
}

// TestBounded keeps who bought last.
func TestBounded(t *testing.T) {
	seqs, _ := sequences(4,
		history([]engine.ItemNum{0}),
		history([]engine.ItemNum{1}, []engine.ItemNum{1}, nil), // a day before
		history([]engine.ItemNum{2}),
	)
	m := mustFit(t, seqs, Params{Customers: 2})
	if len(m.ends) != 2 || m.rows.Len() != 2 || m.rows.Num(0) != 0 || m.rows.Num(1) != 2 {
		t.Errorf("%d customers are kept, who bought %d items", len(m.ends), m.rows.Len())
	}
}

func TestFitRefuses(t *testing.T) {
	seqs, _ := sequences(5, world(1, 5, 5)...)
	var invalid *engine.Invalid
	for _, p := range []Params{
		{K: -1}, {Within: 1.1}, {Within: math.NaN()}, {Groups: -1}, {Groups: maxGroups + 1}, {Between: -1}, {Alpha: 2}, {Customers: -1}, {Customers: maxCustomers + 1},
	} {
		if _, err := Fit(t.Context(), seqs, p); !errors.As(err, &invalid) {
			t.Errorf("Fit with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(done, seqs, Params{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fit when cancelled: %v", err)
	}
	seqs.Of = nil
	m := mustFit(t, seqs, Params{})
	if got := make([]float32, 1); true {
		m.Open(&model.Query{Rows: history([]engine.ItemNum{1})}).Score([]engine.ItemNum{1}, got)
		if want := 0.7; math.Abs(float64(got[0])-want) > 1e-6 {
			t.Errorf("where nobody else bought, what was bought scores %v, want %v", got[0], want)
		}
	}
}

func TestSameBitsEachTime(t *testing.T) {
	seqs, _ := sequences(30, world(6, 300, 30)...)
	one := mustFit(t, seqs, Params{})
	for range 3 {
		if again := mustFit(t, seqs, Params{}); !slices.Equal(again.cells, one.cells) || !slices.Equal(again.ends, one.ends) {
			t.Fatal("fitted twice, two models")
		}
	}
}

// BenchmarkAnswer is an answer over 5,000 items among 5,000 customers.
func BenchmarkAnswer(b *testing.B) {
	histories := world(4, 5000, 5000)
	seqs, _ := sequences(5000, histories...)
	var queries []*model.Query
	for i := range 50 {
		queries = append(queries, &model.Query{Rows: slices.Concat(histories[3*i], histories[3*i+1], histories[3*i+2])})
	}
	modeltest.Answers(b, mustFit(b, seqs, Params{}), queries, 5000)
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but may not fit
// together: neither may panic, and no score leaves 0 to 1.
func FuzzLoad(f *testing.F) {
	seqs, ids := sequences(5, world(2, 30, 5)...)
	var saved bytes.Buffer
	if err := mustFit(f, seqs, Params{}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", uint32(2), uint32(0), uint32(1), uint32(900))
	f.Add([]byte(nil), "unknown", uint32(1), uint32(1), uint32(0), uint32(0))
	f.Add([]byte("rapport "), "item-2", uint32(9), uint32(7), uint32(7), uint32(1<<31))
	f.Fuzz(func(t *testing.T, raw []byte, id string, end, a, b, value uint32) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(Params{}.WithDefaults())
		w.Texts([]string{id, "item-2"})
		w.Uint32s([]uint32{end, 3})
		w.Uint32s([]uint32{a, b, 1})
		w.Uint32s([]uint32{value, 1, one})
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			score := make([]float32, 1)
			src.Open(&model.Query{Rows: history([]engine.ItemNum{1})}).Score([]engine.ItemNum{1}, score)
			if !(score[0] >= 0 && score[0] <= 1) {
				t.Errorf("end %d, rows %d and %d, share %d: scores %v", end, a, b, value, score[0])
			}
		}
	})
}
