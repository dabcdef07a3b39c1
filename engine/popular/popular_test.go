package popular

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/tally"
	"github.com/rapportengine/rapport/engine/vector"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// sold returns counters of purchases, each so many days ago.
func sold(daysAgo map[engine.ItemNum][]float64) *tally.Counters {
	var rows []engine.Row
	for n, days := range daysAgo {
		for _, d := range days {
			rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{
				Item: "x", Type: engine.Purchase, At: now.Add(-time.Duration(d * float64(day))),
			}})
		}
	}
	return tally.New(engine.DefaultSettings()).With(rows)
}

// shop returns a catalogue in which item n was published n x 10 days ago, item 0 will
// be in 10 days, and every seventh has no such day.
func shop(items int) *catalogue.Snapshot {
	ids := modeltest.Items(items)
	var entries []catalogue.Entry
	for n := range items {
		it := engine.Item{ID: ids.ID(engine.ItemNum(n))}
		published := now.Add(-time.Duration(n*10) * day)
		if n == 0 {
			published = now.Add(10 * day)
		}
		if n%7 != 6 {
			it.Published = &published
		}
		entries = append(entries, catalogue.Entry{Num: engine.ItemNum(n), Item: &it})
	}
	return catalogue.New(ids).With(entries)
}

func TestContract(t *testing.T) {
	counters := sold(map[engine.ItemNum][]float64{0: {100, 200}, 3: {1, 2, 3}, 9: {0}, 12: {40, 41}, 300: {5}})
	c := modeltest.Contract{Queries: []*model.Query{
		{Now: now, Counters: counters, Catalogue: shop(30)},
		{Now: now.Add(60 * day), Counters: counters, Catalogue: shop(30), History: []engine.Interest{{Item: 3, Weight: 1}}},
		{Now: now, Counters: sold(nil), Catalogue: shop(30)},
		{Now: now, Counters: seen(map[engine.ItemNum][2]int{0: {10, 1}, 3: {0, 2}, 9: {5, 0}, 300: {7, 7}})},
		{Now: now, Counters: seen(map[engine.ItemNum][2]int{3: {4, 0}})},
		{Now: now},
	}}
	for n := range engine.ItemNum(320) {
		c.Items = append(c.Items, n)
	}
	for _, src := range []model.Source{Popular{tally.AllTime}, Popular{tally.Month}, Popular{tally.Days}, ClickThrough{}, Trending{}, Trending{Smoothing: 3}, Newest{}} {
		modeltest.Source(t, src, c)
	}
}

func score(src model.Source, q *model.Query, items ...engine.ItemNum) []float32 {
	out := make([]float32, len(items))
	src.Open(q).Score(items, out)
	return out
}

func near(got []float32, want ...float64) bool {
	return slices.EqualFunc(got, want, func(g float32, w float64) bool { return math.Abs(float64(g)-w) < 1e-6 })
}

func TestScores(t *testing.T) {
	steady := make([]float64, 0, 1000)
	for d := range 1000 {
		steady = append(steady, float64(d)+0.5)
	}
	q := &model.Query{Now: now, Catalogue: shop(8), Counters: sold(map[engine.ItemNum][]float64{
		1: steady, 2: {0}, 3: {30, 30}, 4: {0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	})}
	if got := score(Popular{}, q, 1, 2, 3, 5); !near(got, math.Log(1001), math.Log(2), math.Log(3), 0) {
		t.Errorf("popular of all time: %v", got)
	}
	if got := score(Popular{tally.Month}, q, 2, 3); !near(got, math.Log(2), math.Log(2)) {
		t.Errorf("popular of the month: %v", got)
	}
	if got := score(Newest{}, q, 0, 3, 6, 99); !near(got, 1, 0.5, 0, 0) {
		t.Errorf("newest: %v", got)
	}
	got := score(Trending{}, q, 1, 2, 3, 4, 5)
	if math.Abs(float64(got[0])) > 0.02 {
		t.Errorf("trending: an item that sells steadily scores %v, want about 0", got[0])
	}
	if math.Abs(float64(got[1])-0.7) > 0.05 || math.Abs(float64(got[3])-2.4) > 0.1 || !(got[2] < 0) || got[4] != 0 {
		t.Errorf("trending: one sale, two a month ago, ten today, none: %v, want 0.7, below 0, 2.4, 0", got[1:])
	}
}

// seen returns counters of how often items were on a screen, and clicked.
func seen(times map[engine.ItemNum][2]int) *tally.Counters {
	var rows []engine.Row
	for n, counts := range times {
		for i, what := range []engine.Type{engine.Seen, engine.Click} {
			for range counts[i] {
				rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{Item: "x", Type: what, At: now}})
			}
		}
	}
	return tally.New(engine.DefaultSettings()).With(rows)
}

// TestClickThrough: 15 of 100 were clicked on average, so 30 times shown let expect 4.5.
func TestClickThrough(t *testing.T) {
	q := &model.Query{Now: now, Counters: seen(map[engine.ItemNum][2]int{1: {30, 7}, 2: {30, 0}, 3: {30, 3}, 4: {10, 0}, 5: {0, 5}})}
	got := score(ClickThrough{}, q, 1, 2, 3, 4, 5, 6)
	rate := 15.0 / 100
	if !near(got, math.Log2(8/(30*rate+1)), -math.Log2(30*rate+1), math.Log2(4/(30*rate+1)), -math.Log2(10*rate+1), 0, 0) {
		t.Errorf("click-through: %v", got)
	}
	if later := score(ClickThrough{}, &model.Query{Now: now.AddDate(1, 0, 0), Counters: q.Counters}, 1, 2); math.Abs(float64(later[0])) > 0.01 || math.Abs(float64(later[1])) > 0.01 {
		t.Errorf("click-through a year later: %v, want next to nothing", later)
	}
	for _, times := range []map[engine.ItemNum][2]int{{}, {1: {9, 0}}, {1: {0, 9}}} {
		if !(ClickThrough{}).Open(&model.Query{Now: now, Counters: seen(times)}).Empty() {
			t.Errorf("click-through knows something of %v times shown and clicked", times)
		}
	}
}

// TestReturnsCountAsNone checks that more returns than purchases are no worse than none.
func TestReturnsCountAsNone(t *testing.T) {
	returned := engine.Row{Num: 1, Interaction: engine.Interaction{Item: "x", Type: engine.Return, At: now}}
	q := &model.Query{Now: now, Counters: tally.New(engine.DefaultSettings()).With([]engine.Row{returned})}
	for _, src := range []model.Source{Popular{}, Trending{}} {
		if got := score(src, q, 1); got[0] != 0 {
			t.Errorf("%s: an item that only came back scores %v, want 0", src.Name(), got[0])
		}
	}
}

func TestProposesEvenWhatNobodyWants(t *testing.T) {
	q := &model.Query{Now: now, Counters: sold(map[engine.ItemNum][]float64{7: {1}})}
	got := Popular{}.Open(q).Propose(roaring.BitmapOf(2, 5, 7, 900), 10, nil)
	if want := []engine.ItemNum{7, 2, 5, 900}; !slices.Equal(got, want) {
		t.Errorf("proposed %v, want %v: a list is full when enough is eligible", got, want)
	}
}

// Above some eligible items those that cannot be among the best are passed over.
func TestPassesOverWhatIsNotAmongTheBest(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		times := map[engine.ItemNum][2]int{}
		for range rng.IntN(3000) {
			times[engine.ItemNum(rng.IntN(30_000)/(1+rng.IntN(5)))] = [2]int{1 + rng.IntN(9), rng.IntN(3)}
		}
		counters := seen(times)
		for n := range times {
			counters = counters.With(purchasesOf(n, rng.IntN(4)))
		}
		eligible := roaring.New()
		share := rng.Float64()
		for n := range uint32(40_000) {
			if rng.Float64() < share {
				eligible.Add(n)
			}
		}
		q := &model.Query{Now: now, Counters: counters}
		for _, src := range []model.Source{Popular{}, Popular{Span: tally.Days}, Trending{}, ClickThrough{}} {
			s, ok := src.Open(q).(scorer)
			if !ok || s.empty {
				continue
			}
			top, k := vector.NewTop(50), 1+rng.IntN(50)
			items := itemsIn(eligible)
			scores := make([]float32, len(items))
			s.Score(items, scores)
			top.OfferItems(items, scores)
			want := top.AppendItems(nil)
			passed := vector.NewTop(k)
			s.pass(eligible, passed)
			want = want[:min(k, len(want))]
			if got := passed.AppendItems(nil); !slices.Equal(got, want) {
				t.Fatalf("%s, best %d of %d: %v, want %v", src.Name(), k, len(items), got, want)
			}
			if got := s.Propose(eligible, k, nil); !slices.Equal(got, want) {
				t.Fatalf("%s proposes %v, want %v", src.Name(), got, want)
			}
		}
	}
}

func purchasesOf(n engine.ItemNum, times int) (rows []engine.Row) {
	for range times {
		rows = append(rows, engine.Row{Num: n, Interaction: engine.Interaction{Item: "x", Type: engine.Purchase, At: now.Add(-day)}})
	}
	return rows
}

func itemsIn(b *roaring.Bitmap) (items []engine.ItemNum) {
	for it := b.Iterator(); it.HasNext(); {
		items = append(items, engine.ItemNum(it.Next()))
	}
	return items
}
