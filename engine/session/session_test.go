package session

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

// world invents timelines: visits of related items, minutes between clicks, days between
// visits.
func world(seed uint64, customers, items int) (*model.Sequences, *catalogue.IDs) {
	rng := rand.New(rand.NewPCG(seed, 3))
	rows, ids := modeltest.Rows(items)
	timelines := make(model.Held, customers)
	seqs := &model.Sequences{Rows: rows, Of: timelines}
	for u := range timelines {
		at := noon.Add(time.Duration(rng.IntN(1000)) * time.Minute)
		for range 1 + rng.IntN(3) {
			about := rng.IntN(items)
			for range 1 + rng.IntN(6) {
				step := model.Step{Row: uint32(min(items-1, about+rng.IntN(6))), At: at, Weight: float32(rng.IntN(8))}
				timelines[u], seqs.Newest = append(timelines[u], step), later(seqs.Newest, at)
				at = at.Add(time.Duration(rng.IntN(40)) * time.Minute)
			}
			at = at.Add(time.Duration(rng.IntN(72)) * time.Hour)
		}
	}
	return seqs, ids
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func mustFit(t testing.TB, seqs *model.Sequences, p Params) *Model {
	t.Helper()
	m, err := Fit(context.Background(), seqs, p)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return m
}

// stan is every decay at once.
var stan = Params{K: 20, Plain: 1, Click: 2, Match: 3, Length: 0.5, Age: 48 * time.Hour, Near: 1.5}

// visiting returns a query of a visit under way, newest first, a minute between clicks.
func visiting(items ...engine.ItemNum) *model.Query {
	q := &model.Query{Now: noon}
	for i, n := range items {
		q.History = append(q.History, engine.Interest{Item: n, Weight: 1, At: noon.Add(-time.Duration(i) * time.Minute)})
	}
	return q
}

func contract(ids *catalogue.IDs) modeltest.Contract {
	c := modeltest.Contract{Knows: func(_ engine.ItemNum, score float32) bool { return score > 0 }}
	for n := range ids.Len() + 3 {
		c.Items = append(c.Items, engine.ItemNum(n))
	}
	c.Queries = []*model.Query{
		visiting(3, 4, 5), visiting(17), visiting(20, 2, 20, 9), visiting(),
		visiting(9999), visiting(9999, 6),
		{History: []engine.Interest{{Item: 3, At: noon}}},
		{History: visiting(8).History, Anchors: []engine.ItemNum{4, 7, 4}},
	}
	return c
}

func TestContract(t *testing.T) {
	seqs, ids := world(1, 80, 40)
	for _, p := range []Params{{}, {M: 7, K: 3, L: 4}, {L: 12, IDF: -1, Quantile: 0.8}, stan} {
		m := mustFit(t, seqs, p)
		modeltest.Source(t, m, contract(ids))
		modeltest.Saved(t, m, Load, ids, contract(ids))
	}
}

// TestByHand computes one small index on paper: visits {0,1}, {0,2}, {1,2,3}, oldest
// first, so 7 pairs.
func TestByHand(t *testing.T) {
	ids := modeltest.Items(4)
	seqs := &model.Sequences{Rows: model.NewRows([]engine.ItemNum{0, 1, 2, 3}, ids)}
	for day, rows := range [][]uint32{{0, 1}, {2, 0, 2}, {3, 1, 2}} {
		var steps []model.Step
		for i, row := range rows {
			steps = append(steps, model.Step{Row: row, Weight: 1, At: noon.Add(time.Duration(24*day)*time.Hour + time.Duration(i)*time.Minute)})
		}
		seqs.Add(steps)
	}
	rare, often := math.Log(7.0/1), math.Log(7.0/2)
	// Under way: 0, and before it 1. {1,2,3} shares 1, second newest: similarity 1/2,
	// decay 0.8. {0,2} shares 0: similarity 1, decay 0.9. {0,1} shares both: 1.5, 0.9.
	for k, want := range map[int][]float64{
		3: {(0.9 + 1.35) * often, (1.35 + 0.4) * often, (0.9 + 0.4) * often, 0.4 * rare},
		2: {(0.9 + 1.35) * often, 1.35 * often, 0.9 * often, 0},
		1: {1.35 * often, 1.35 * often, 0, 0},
	} {
		got := make([]float32, 4)
		mustFit(t, seqs, Params{K: k, Quantile: 1}).Open(visiting(0, 1)).Score([]engine.ItemNum{0, 1, 2, 3}, got)
		for i := range want {
			if math.Abs(float64(got[i])-want[i]) > 1e-6 {
				t.Errorf("k %d: item %d scores %v, want %v", k, i, got[i], want[i])
			}
		}
	}
	m := mustFit(t, seqs, Params{M: 2, Quantile: 1}) // the newest two: {1,2,3} and {0,2}
	got := make([]float32, 1)
	m.Open(visiting(0, 1)).Score([]engine.ItemNum{1}, got)
	if want := 0.4 * often; math.Abs(float64(got[0])-want) > 1e-6 {
		t.Errorf("m 2: item 1 scores %v, want %v", got[0], want)
	}
}

func TestCut(t *testing.T) {
	steps := make([]model.Step, 5)
	for i, minute := range []int{0, 60, 121, 122, 400} {
		steps[i] = model.Step{Row: uint32(i), At: noon.Add(time.Duration(minute) * time.Minute)}
	}
	var got []int
	for _, visit := range Cut(steps, time.Hour) {
		got = append(got, len(visit))
	}
	if want := []int{2, 2, 1}; !slices.Equal(got, want) { // an hour to the second is one visit
		t.Errorf("visits of %v steps, want %v", got, want)
	}
	if Cut(nil, time.Hour) != nil {
		t.Error("nothing is cut into something")
	}
}

// Visits are those of the definition: a list for each, sorted.
func TestGatheredVisits(t *testing.T) {
	type plain struct {
		rows []uint32
		end  time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		seqs, _ := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 60).Draw(t, "customers"), 30)
		p := Params{
			Gap:      rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, Ever}).Draw(t, "gap"),
			Quantile: rapid.SampledFrom([]float64{0.01, 0.5, 0.9, 1}).Draw(t, "quantile"),
		}
		var want []plain
		var lengths []int
		for steps := range seqs.All() {
			for _, part := range Cut(steps, p.Gap) {
				part = slices.DeleteFunc(slices.Clone(part), func(s model.Step) bool { return !(s.Weight > 0) })
				var v plain
				for i, s := range part {
					v.end = s.At
					if !slices.ContainsFunc(part[i+1:], func(later model.Step) bool { return later.Row == s.Row }) {
						v.rows = append(v.rows, s.Row)
					}
				}
				if len(v.rows) > 1 {
					want, lengths = append(want, v), append(lengths, len(v.rows))
				}
			}
		}
		slices.Sort(lengths)
		want = slices.DeleteFunc(want, func(v plain) bool { return len(v.rows) > lengths[int(p.Quantile*float64(len(lengths)-1))] })
		slices.SortStableFunc(want, func(a, b plain) int { return a.end.Compare(b.end) })
		got, err := gather(context.Background(), seqs, p)
		if err != nil || len(got.list) != len(want) {
			t.Fatalf("%d visits (%v), want %d", len(got.list), err, len(want))
		}
		for i, v := range got.list {
			if v.end != want[i].end.UnixNano() || !slices.Equal(got.of(v), want[i].rows) {
				t.Fatalf("visit %d: %v until %d, want %v until %d", i, got.of(v), v.end, want[i].rows, want[i].end.UnixNano())
			}
		}
	})
}

// A visit of a year that nanoseconds cannot say is old, not new.
func TestVisitsOfLongAgoAreOld(t *testing.T) {
	rows, _ := modeltest.Rows(4)
	visit := func(at time.Time, items ...uint32) (steps []model.Step) {
		for _, row := range items {
			steps = append(steps, model.Step{Row: row, At: at, Weight: 1})
		}
		return steps
	}
	for _, then := range []int{1066, 1700} {
		of := model.Held{visit(time.Date(then, 1, 1, 0, 0, 0, 0, time.UTC), 0, 1), visit(noon, 2, 3)}
		m := mustFit(t, &model.Sequences{Rows: rows, Of: of, Newest: noon}, Params{Age: time.Hour})
		if len(m.worth) != 2 || m.worth[0] != 0 || m.worth[1] != 1 {
			t.Errorf("visits of the year %d and of today are worth %v, want 0 and 1", then, m.worth)
		}
	}
}

func TestVisitUnderWayEndsAtAGap(t *testing.T) {
	m := mustFit(t, &model.Sequences{Rows: model.NewRows(nil, modeltest.Items(1))}, Params{L: 3})
	at := func(n engine.ItemNum, minutes int, weight float64) engine.Interest {
		return engine.Interest{Item: n, Weight: weight, At: noon.Add(-time.Duration(minutes) * time.Minute)}
	}
	for name, c := range map[string]struct {
		history []engine.Interest
		want    []engine.ItemNum
	}{
		"gap":     {[]engine.Interest{at(5, 0, 1), at(6, 60, 1), at(7, 121, 1)}, []engine.ItemNum{5, 6}},
		"dislike": {[]engine.Interest{at(5, 0, 1), at(6, 50, 0), at(7, 100, 1)}, []engine.ItemNum{5, 7}},
		"long":    {[]engine.Interest{at(5, 0, 1), at(6, 1, 1), at(7, 2, 1), at(8, 3, 1)}, []engine.ItemNum{5, 6, 7}},
	} {
		if got := m.underWay(&model.Query{History: c.history}); !slices.Equal(got, c.want) {
			t.Errorf("%s: the visit is %v, want %v", name, got, c.want)
		}
	}
}

// brute is the slow twin: the definition, with all visits compared and sorted. It keeps
// no lists of visits, no bits and no tables.
func brute(all *visits, newest time.Time, p Params, clicks []uint32) map[uint32]float64 {
	type compared struct {
		rows       []uint32
		similarity float64
		first      int // place of the newest shared click
	}
	count, pairs := map[uint32]int{}, 0
	var sharing []compared
	for _, v := range slices.Backward(all.list) {
		rows := all.of(v)
		for _, row := range rows {
			count[row]++
			pairs++
		}
		c := compared{rows: rows}
		for i, click := range clicks {
			if !slices.Contains(rows, click) {
				continue
			}
			if c.similarity == 0 {
				c.first = i
			}
			if p.Click > 0 {
				c.similarity += math.Exp(-float64(i) / p.Click)
			} else {
				c.similarity += float64(len(clicks) - i)
			}
		}
		if c.similarity == 0 {
			continue
		}
		fade := math.Pow(float64(len(rows)), -p.Length)
		if p.Age > 0 {
			fade *= math.Exp(-float64(newest.UnixNano()-v.end) / float64(p.Age))
		}
		c.similarity *= float64(float32(fade))
		sharing = append(sharing, c)
	}
	sharing = sharing[:min(len(sharing), p.M)]
	slices.SortStableFunc(sharing, func(a, b compared) int { return cmp.Compare(b.similarity, a.similarity) })
	scores := map[uint32]float64{}
	for _, c := range sharing[:min(len(sharing), p.K)] {
		decay := max(0, 1-0.1*float64(c.first+1))
		if p.Match > 0 {
			decay = math.Exp(-float64(c.first) / p.Match)
		} else if p.Match < 0 {
			decay = 1
		}
		if p.Click == 0 {
			decay /= float64(len(clicks))
		}
		for k, row := range c.rows {
			idf := p.Plain + p.IDF*math.Log(float64(pairs)/float64(count[row]))
			if idf <= 0 {
				idf = 1
			}
			near := 1.0
			if p.Near > 0 {
				near = math.Exp(-math.Abs(float64(k-slices.Index(c.rows, clicks[c.first]))) / p.Near)
			}
			scores[row] += decay * c.similarity * near * idf
		}
	}
	return scores
}

func TestScoresAreThoseOfTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seqs, _ := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 60).Draw(t, "customers"), 30)
		p := Params{
			M: rapid.IntRange(1, 40).Draw(t, "m"), K: rapid.IntRange(1, 30).Draw(t, "k"), L: rapid.IntRange(1, 12).Draw(t, "l"),
			IDF: rapid.SampledFrom([]float64{-1, 0.5, 1}).Draw(t, "idf"), Quantile: rapid.SampledFrom([]float64{0.7, 1}).Draw(t, "quantile"),
			Plain: rapid.SampledFrom([]float64{0, 1}).Draw(t, "plain"), Click: rapid.SampledFrom([]float64{0, 0.5, 3}).Draw(t, "click"),
			Match: rapid.SampledFrom([]float64{0, -1, 2}).Draw(t, "match"), Length: rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "length"),
			Age: rapid.SampledFrom([]time.Duration{0, 30 * time.Hour}).Draw(t, "age"), Near: rapid.SampledFrom([]float64{0, 0.3, 1.5}).Draw(t, "near"),
		}.WithDefaults()
		m, err := Fit(context.Background(), seqs, p)
		if err != nil {
			t.Fatal(err)
		}
		visits, err := gather(context.Background(), seqs, p)
		if err != nil {
			t.Fatal(err)
		}
		clicks := rapid.SliceOfNDistinct(rapid.Uint32Range(0, 32), 0, p.L, rapid.ID).Draw(t, "clicks")
		items := make([]engine.ItemNum, len(clicks))
		for i, c := range clicks {
			items[i] = engine.ItemNum(c)
		}
		want := brute(visits, seqs.Newest, p, clicks)
		got, all := make([]float32, 33), make([]engine.ItemNum, 33)
		for n := range all {
			all[n] = engine.ItemNum(n)
		}
		m.Open(visiting(items...)).Score(all, got)
		for n, score := range got {
			if math.Abs(float64(score)-want[uint32(n)]) > 1e-5*(1+want[uint32(n)]) {
				t.Fatalf("clicks %v: item %d scores %v, by definition %v", clicks, n, score, want[uint32(n)])
			}
		}
	})
}

// TestOnlyReachableVisitsAreKept bounds what is kept without changing any score: the
// definition above is held for all m.
func TestOnlyReachableVisitsAreKept(t *testing.T) {
	seqs, _ := world(5, 2000, 10)
	if m := mustFit(t, seqs, Params{M: 3}); m.Visits() > 3*m.Rows().Len() || m.Visits() == 0 {
		t.Errorf("%d visits are kept, want at most 3 an item", m.Visits())
	}
}

func TestFitRefuses(t *testing.T) {
	seqs, _ := world(1, 5, 5)
	var invalid *engine.Invalid
	for _, p := range []Params{
		{M: -1},
		{M: maxM + 1},
		{K: -1},
		{L: -1},
		{L: 33},
		{IDF: math.NaN()},
		{Quantile: -1},
		{Quantile: 2},
		{Gap: -1},
		{Plain: -1},
		{Click: -1},
		{Click: math.Inf(1)},
		{Match: math.NaN()},
		{Length: -1},
		{Length: 9},
		{Age: -1},
		{Near: math.NaN()},
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
}

// FuzzLoad tries bytes as they come, and sections that are well sealed but may not fit
// together: neither may panic.
func FuzzLoad(f *testing.F) {
	seqs, ids := world(2, 6, 5)
	var saved bytes.Buffer
	if err := mustFit(f, seqs, Params{}).Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", []byte{1, 1}, []byte{2, 2}, []byte{0, 1}, []byte{3, 1}, uint64(2))
	f.Add([]byte(nil), "item-1", []byte{1, 1}, []byte{2, 1}, []byte{0, 1}, []byte{}, uint64(2))
	f.Add([]byte("rapport "), "item-1", []byte{1, 1}, []byte{2}, []byte{1, 0}, []byte{0}, uint64(2))
	f.Fuzz(func(t *testing.T, raw []byte, id string, counts, ends, all, worth []byte, pairs uint64) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, Name, version)
		w.JSON(head{Params{}.WithDefaults(), pairs})
		w.Texts([]string{id, "item-2"})
		w.Uint32s(whole(counts))
		w.Uint32s(whole(ends))
		w.Uint32s(whole(all))
		w.Float32s(shares(worth))
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			s, score := src.Open(visiting(1, 2)), make([]float32, 1)
			s.Score([]engine.ItemNum{1}, score)
			s.Explain(1, nil)
			if math.IsNaN(float64(score[0])) {
				t.Error("a score is no number")
			}
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

// shares turns bytes into numbers some of which are from 0 to 1.
func shares(bytes []byte) []float32 {
	out := make([]float32, len(bytes))
	for i, b := range bytes {
		out[i] = float32(b) / 128
	}
	return out
}

// TestLargest compares quickselect with sorting.
func TestLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 4).Filter(func(x float64) bool { return x == x }), 1, 60).Draw(t, "values")
		if rapid.Bool().Draw(t, "ties") {
			for i := range values {
				values[i] = math.Floor(values[i])
			}
		}
		k := rapid.IntRange(1, len(values)).Draw(t, "k")
		sorted := slices.Sorted(slices.Values(values))
		if got, want := largest(values, k), sorted[len(sorted)-k]; got != want {
			t.Fatalf("the %d. largest is %v, want %v", k, got, want)
		}
	})
}

// BenchmarkAnswer is an answer over 5,000 items.
func BenchmarkAnswer(b *testing.B) {
	seqs, _ := world(9, 100_000, 5000)
	var queries []*model.Query
	for n := engine.ItemNum(0); n < 4900; n += 97 {
		queries = append(queries, visiting(n, n+1, n+2, n+4))
	}
	for name, p := range map[string]Params{"vmis": {}, "stan": stan} {
		m := mustFit(b, seqs, p)
		b.Run(name, func(b *testing.B) { modeltest.Answers(b, m, queries, 5000) })
	}
}
