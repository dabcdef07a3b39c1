package repeat

import (
	"bytes"
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

// world invents a year of purchases: the lower an item's number, the more often it is
// bought again.
func world(seed uint64, customers, items int) (*model.Sequences, *catalogue.IDs) {
	rng := rand.New(rand.NewPCG(seed, 4))
	rows, ids := modeltest.Rows(items)
	seqs := &model.Sequences{Rows: rows, Newest: noon}
	for range customers {
		var steps []model.Step
		for range 1 + rng.IntN(6) {
			row := rng.IntN(items)
			for at := rng.IntN(300); at < 365; at += 1 + row*5 + rng.IntN(30) {
				what := engine.Purchase
				if rng.IntN(20) == 0 {
					what = engine.Return
				}
				steps = append(steps, model.Step{Row: uint32(row), Type: what, At: noon.AddDate(0, 0, at-365), Weight: 1})
			}
		}
		slices.SortStableFunc(steps, func(a, b model.Step) int { return a.At.Compare(b.At) })
		seqs.Add(steps)
	}
	return seqs, ids
}

func mustFit(t testing.TB, seqs *model.Sequences, p Params) *Model {
	t.Helper()
	m, err := Fit(context.Background(), seqs, p)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

// buys is an interest in something bought k times, first and last so many days ago.
func buys(n engine.ItemNum, k, first, last int) engine.Interest {
	return engine.Interest{
		Item: n, Weight: 1, Type: engine.Purchase, Bought: k,
		FirstBought: noon.AddDate(0, 0, -first), LastBought: noon.AddDate(0, 0, -last),
	}
}

func TestContract(t *testing.T) {
	seqs, ids := world(1, 200, 20)
	c := modeltest.Contract{Knows: func(_ engine.ItemNum, score float32) bool { return score > 0 }}
	for n := range ids.Len() + 3 {
		c.Items = append(c.Items, engine.ItemNum(n))
	}
	bought := []engine.Interest{buys(2, 3, 90, 10), buys(7, 1, 40, 40), buys(1, 9, 200, 1), {Item: 4, Weight: 1}, buys(21, 1, 5, 5)}
	c.Queries = []*model.Query{
		{History: bought, Now: noon},
		{History: bought, Now: noon.AddDate(-1, 0, 0)}, // before anything was bought
		{History: bought},
		{Now: noon},
		{History: []engine.Interest{{Item: 3, Weight: 1, At: noon}}, Now: noon},
		{History: []engine.Interest{buys(9999, 2, 30, 10)}, Now: noon},
		{History: bought, Anchors: []engine.ItemNum{2, 7}, Now: noon},
	}
	for _, p := range []Params{{}, {Prior: 0.5, Horizon: 30 * day}} {
		m := mustFit(t, seqs, p)
		modeltest.Source(t, m, c)
		modeltest.Saved(t, m, Load, ids, c)
	}
}

// TestRateByHand follows one habit, shape 2 and scale 20 days, for one purchase: the
// mean time to the next is 20/2 = 10 days.
func TestRateByHand(t *testing.T) {
	h := habit{again: [kept]float64{0.5, 0.6, 0.7, 0.8}, shape: 2, scale: 20}
	for waited, want := range map[float64]float64{
		0:  3.0 / (20 + 20),
		5:  3.0 / (10 + 20),
		10: 3.0 / 20, // due
		15: 3.0 / (10 + 20),
		20: 3.0 / (20 + 20), // both rules say the same
		50: 3.0 / (50 + 20),
	} {
		if got := h.rate(1, 0, waited, 1); math.Abs(got-want) > 1e-12 {
			t.Errorf("after %v days the rate is %v, want %v", waited, got, want)
		}
	}
	if got, want := h.rate(4, 60, 16, 1), 6.0/(60+20); math.Abs(got-want) > 1e-12 { // (60+20)/(3+2) = 16: due
		t.Errorf("four times in 60 days, due: rate %v, want %v", got, want)
	}
	for soon, want := range map[float64]float64{0: 3.0 / 20, 0.5: 3.0 / (10 + 20), 1: 3.0 / (20 + 20)} {
		if got := h.rate(1, 0, 0, soon); math.Abs(got-want) > 1e-12 {
			t.Errorf("just bought, soon %v: the rate is %v, want %v", soon, got, want)
		}
	}
	for in, want := range map[engine.Interest]float64{
		buys(0, 1, 10, 10): 0.5 * (1 - math.Exp(-7*3.0/20)),
		buys(0, 9, 80, 10): 0.8 * (1 - math.Exp(-7*11.0/(70+10+20))), // due after 9 days; not waited for with soon 0
	} {
		p := Params{Horizon: 7 * day, Soon: 1}
		if in.Bought > 1 {
			p.Soon = -1
		}
		if got := h.score(&in, noon, &p); math.Abs(got-want) > 1e-12 {
			t.Errorf("bought %d times: the score is %v, want %v", in.Bought, got, want)
		}
	}
}

// TestFitByHand counts three customers' purchases of two items: the shares lie between
// what was counted and the mean, and an order of two lines, and what came back, count
// as Interest.Bought counts them.
func TestFitByHand(t *testing.T) {
	step := func(row uint32, what engine.Type, daysAgo int) model.Step {
		return model.Step{Row: row, Type: what, At: noon.AddDate(0, 0, -daysAgo), Weight: 1}
	}
	seqs := &model.Sequences{Newest: noon, Rows: model.NewRows([]engine.ItemNum{0, 1, 2}, modeltest.Items(3)), Of: model.Held{
		{step(0, engine.Purchase, 40), step(0, engine.Purchase, 30), step(1, engine.Purchase, 30), step(0, engine.Purchase, 20)}, // 3 in 40 days
		{step(0, engine.Purchase, 60), step(0, engine.Purchase, 10), step(1, engine.Purchase, 8), step(1, engine.Purchase, 8)},   // 2 in 60
		{step(1, engine.Purchase, 9), step(1, engine.Purchase, 5), step(1, engine.Return, 3), step(2, engine.View, 1)},           // nothing again
	}}
	m := mustFit(t, seqs, Params{})
	if m.Rows().Len() != 2 {
		t.Fatalf("%d items were bought, want 2", m.Rows().Len())
	}
	if got := m.shop.again; math.Abs(got[0]-2.0/5) > 1e-12 || math.Abs(got[1]-1.0/2) > 1e-12 || got[2] != 0 {
		t.Errorf("the mean shares are %v, want 2 of 5, 1 of 2 and none", got)
	}
	if a, b := m.habits[0].again[0], m.habits[1].again[0]; !(a > 0.4 && a <= 1 && b < 0.4 && b > 0) {
		t.Errorf("shares %v and %v, want above and below 0.4", a, b)
	}
	for _, h := range []habit{m.shop, m.habits[0], m.habits[1]} { // both rates are of item 0: the mean is theirs
		if got, want := h.shape/h.scale, (3.0/40+2.0/60)/2; math.Abs(got-want) > 1e-9 {
			t.Errorf("mean rate %v, want %v", got, want)
		}
	}
}

// TestGammaIsFound draws rates from known Gamma distributions.
func TestGammaIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range []int{1, 2, 5} {
		var r rates
		for range 50_000 {
			sum := 0.0
			for range shape { // a sum of exponentials
				sum += rng.ExpFloat64() / 30
			}
			r.add(sum)
		}
		got, scale := r.fit()
		if math.Abs(got/float64(shape)-1) > 0.04 || math.Abs(scale/30-1) > 0.05 {
			t.Errorf("shape %d, scale 30: found %v and %v", shape, got, scale)
		}
	}
}

// TestShareIsFound draws shares from a known beta distribution: Beta(2, 6) has mean 1/4
// and is worth 8 customers.
func TestShareIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	var items []share
	for range 5000 {
		var parts [8]float64
		total := 0.0
		for i := range parts {
			parts[i] = rng.ExpFloat64()
			total += parts[i]
		}
		s := share{customers: float64(5 + rng.IntN(50))}
		for range int(s.customers) {
			if rng.Float64() < (parts[0]+parts[1])/total {
				s.again++
			}
		}
		items = append(items, s)
	}
	mean, customers := trust(items)
	if math.Abs(mean-0.25) > 0.01 || math.Abs(customers-8) > 0.8 {
		t.Errorf("mean %v worth %v customers, want 0.25 worth 8", mean, customers)
	}
	if _, customers := trust([]share{{100, 30}, {100, 30}}); customers != 10_000 {
		t.Errorf("alike items are shrunk by %v customers, want 10,000", customers)
	}
}

// TestDueScoresHighest holds the shape over time: rising to when it is due, falling
// after; and more of a customer's purchases at the same pace never score less.
func TestDueScoresHighest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := habit{shape: rapid.Float64Range(0.2, 20).Draw(t, "shape"), scale: rapid.Float64Range(1, 500).Draw(t, "scale")}
		k, span := rapid.IntRange(1, 30).Draw(t, "k"), 0.0
		if k > 1 {
			span = rapid.Float64Range(1, 300).Draw(t, "span")
		}
		due := (span + h.scale) / (float64(k-1) + h.shape)
		a, b := rapid.Float64Range(0, 1).Draw(t, "a")*due, rapid.Float64Range(0, 1).Draw(t, "b")*due
		if a > b {
			a, b = b, a
		}
		if h.rate(k, span, a, 1) > h.rate(k, span, b, 1)+1e-12 {
			t.Fatalf("due in %v: the rate falls from day %v to %v", due, a, b)
		}
		if h.rate(k, span, due+3*a, 1) < h.rate(k, span, due+3*b, 1)-1e-12 {
			t.Fatalf("due in %v: the rate rises from day %v to %v", due, due+3*a, due+3*b)
		}
	})
}

// TestBoughtIsCountedAlike holds the count of a fit against that of a request.
func TestBoughtIsCountedAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b bought
		var rows []engine.Row
		at := noon
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "hours")) * time.Hour)
			what := rapid.SampledFrom([]engine.Type{engine.Purchase, engine.Purchase, engine.Return}).Draw(t, "type")
			b.add(model.Step{Type: what, At: at})
			rows = append(rows, engine.Row{Interaction: engine.Interaction{Item: "a", Type: what, At: at}})
		}
		var want engine.Interest
		for _, in := range engine.DefaultSettings().Interests(rows, at, 0) {
			want = in
		}
		if got := b.times(); got != want.Bought || got > 0 && (!b.first.Equal(want.FirstBought) || !b.last.Equal(want.LastBought)) {
			t.Fatalf("the fit counts %d from %v to %v, a request %+v", got, b.first, b.last, want)
		}
	})
}

func TestFitRefuses(t *testing.T) {
	seqs, _ := world(1, 5, 5)
	var invalid *engine.Invalid
	for _, p := range []Params{{Prior: -1}, {Prior: math.NaN()}, {Horizon: -1}, {Soon: 2}, {Soon: math.NaN()}} {
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
	if !m.Open(&model.Query{History: []engine.Interest{buys(1, 2, 30, 10)}, Now: noon}).Empty() {
		t.Error("where nobody bought again, something is proposed")
	}
}

func TestSameBitsEachTime(t *testing.T) {
	seqs, _ := world(6, 500, 30)
	one := mustFit(t, seqs, Params{})
	for range 3 {
		if again := mustFit(t, seqs, Params{}); !slices.Equal(again.habits, one.habits) || again.shop != one.shop {
			t.Fatal("fitted twice, two models")
		}
	}
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but may not fit
// together: neither may panic, and no score leaves 0 to 1.
func FuzzLoad(f *testing.F) {
	seqs, ids := world(2, 30, 5)
	var saved bytes.Buffer
	if err := mustFit(f, seqs, Params{}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", 0.2, 1.0, 30.0)
	f.Add([]byte(nil), "item-1", -0.2, 1.0, 30.0)
	f.Add([]byte("rapport "), "unknown", 0.2, 0.0, 1e-300)
	f.Fuzz(func(t *testing.T, raw []byte, id string, again, shape, scale float64) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(Params{}.WithDefaults())
		w.Texts([]string{id, "item-2"})
		w.Float64s(slices.Concat(
			habit{shape: 1, scale: 1}.appendTo(nil),
			habit{[kept]float64{again, again, 0, 1}, shape, scale}.appendTo(nil),
			habit{[kept]float64{again, 1, 0, 1}, shape, scale}.appendTo(nil),
		))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			score := make([]float32, 1)
			src.Open(&model.Query{History: []engine.Interest{buys(1, 2, 30, 10)}, Now: noon}).Score([]engine.ItemNum{1}, score)
			if !(score[0] >= 0 && score[0] <= 1) {
				t.Errorf("again %v, shape %v, scale %v: scores %v", again, shape, scale, score[0])
			}
		}
	})
}

// BenchmarkAnswer is an answer over 5,000 items for people who bought up to sixty.
func BenchmarkAnswer(b *testing.B) {
	seqs, _ := world(4, 2000, 5000)
	var queries []*model.Query
	for i := range 50 {
		q := &model.Query{Now: noon}
		for k := range 10 + i {
			q.History = append(q.History, buys(engine.ItemNum((i*31+k*97)%5000), 1+k%3, 90+k, k))
		}
		queries = append(queries, q)
	}
	modeltest.Answers(b, mustFit(b, seqs, Params{}), queries, 5000)
}
