package follow

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/model/modeltest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world invents timelines: walks over neighbouring items, with pauses and dislikes.
func world(seed uint64, customers, items int) (*model.Sequences, *catalogue.IDs) {
	rng := rand.New(rand.NewPCG(seed, 5))
	rows, ids := modeltest.Rows(items)
	timelines := make(model.Held, customers)
	seqs := &model.Sequences{Rows: rows, Of: timelines}
	for u := range timelines {
		at, where := noon, rng.IntN(items)
		for range rng.IntN(12) {
			timelines[u] = append(timelines[u], model.Step{Row: uint32(where), At: at, Weight: float32(rng.IntN(6)) - 0.5})
			where = (where + 1 + rng.IntN(3)) % items
			at = at.Add(time.Duration(rng.IntN(90)) * time.Minute)
		}
	}
	return seqs, ids
}

// asked returns a query of a history, newest first.
func asked(items ...engine.ItemNum) *model.Query {
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
		asked(3, 4, 5), asked(17), asked(20, 2, 20, 9), asked(), asked(9999), asked(9999, 6),
		{History: []engine.Interest{{Item: 3, At: noon}}},
		{History: asked(8).History, Anchors: []engine.ItemNum{4, 7, 4}},
	}
	return c
}

var rich = Params{Steps: 4, Fall: Quadratic, Back: 0.5, From: 0.5, To: 0.5, K: 3, Gap: time.Hour, Causes: 2, Decay: 0.9}

func TestContract(t *testing.T) {
	seqs, ids := world(1, 80, 40)
	for _, p := range []Params{{}, rich, {From: -1, Fall: Log}} {
		m, err := Fit(t.Context(), seqs, p)
		if err != nil {
			t.Fatal(err)
		}
		modeltest.Source(t, m, contract(ids))
		modeltest.Saved(t, m, Load, ids, contract(ids))
	}
	m, err := FitMarkov(t.Context(), seqs, Params{})
	if err != nil {
		t.Fatal(err)
	}
	modeltest.Source(t, m, contract(ids))
	modeltest.Saved(t, m, LoadMarkov, ids, contract(ids))
}

// TestByHand computes two timelines on paper: 0 1 2 and 0 2 0.
func TestByHand(t *testing.T) {
	seqs := &model.Sequences{Rows: model.NewRows([]engine.ItemNum{0, 1, 2}, modeltest.Items(3))}
	for _, rows := range [][]uint32{{0, 1, 2}, {0, 2, 0}} {
		var steps []model.Step
		for _, row := range rows {
			steps = append(steps, model.Step{Row: row, Weight: 1})
		}
		seqs.Add(steps)
	}
	scores := func(m *Model, err error) []float32 {
		if err != nil {
			t.Fatal(err)
		}
		out := make([]float32, 3)
		m.Open(asked(0, 1)).Score([]engine.ItemNum{0, 1, 2}, out)
		return out
	}
	// 0 was done three times: once 1 came next and once 2.
	if got, want := scores(FitMarkov(t.Context(), seqs, Params{})), []float32{0, 1. / 3, 1. / 3}; !slices.Equal(got, want) {
		t.Errorf("markov: %v, want %v", got, want)
	}
	// 2 came two steps after 0, too; and one step after 1, which counts half.
	if got, want := scores(Fit(t.Context(), seqs, Params{Steps: 10, Back: -1, From: 1, Decay: 0.5})), []float32{0, 1. / 3, 1.5/3 + 0.5}; !slices.Equal(got, want) {
		t.Errorf("rules: %v, want %v", got, want)
	}
}

// brute is the slow twin: every pair of every timeline, one after the other.
func brute(seqs *model.Sequences, p Params) map[[2]uint32]float64 {
	done, sums := map[uint32]float64{}, map[[2]uint32]float64{}
	for all := range seqs.All() {
		var steps []model.Step
		for _, s := range all {
			if s.Weight > 0 {
				steps = append(steps, s)
				done[s.Row]++
			}
		}
		for i, a := range steps {
			for j := i + 1; j < len(steps) && j-i <= p.Steps; j++ {
				if p.Gap > 0 && steps[j].At.Sub(steps[j-1].At) > p.Gap {
					break
				}
				if b := steps[j]; a.Row != b.Row {
					sums[[2]uint32{a.Row, b.Row}] += p.weight(j - i)
					sums[[2]uint32{b.Row, a.Row}] += p.weight(j-i) * max(p.Back, 0)
				}
			}
		}
	}
	for pair := range sums {
		sums[pair] /= math.Pow(done[pair[0]], max(p.From, 0)) * math.Pow(done[pair[1]], p.To)
	}
	return sums
}

func TestStrengthsAreThoseOfTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seqs, _ := world(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 40).Draw(t, "customers"), 12)
		p := Params{
			Steps: rapid.IntRange(1, 14).Draw(t, "steps"), Fall: rapid.SampledFrom([]Fall{Div, Quadratic, Linear, Log, Same}).Draw(t, "fall"),
			Back: rapid.SampledFrom([]float64{-1, 0.3, 1}).Draw(t, "back"), From: rapid.SampledFrom([]float64{-1, 0.5, 1}).Draw(t, "from"),
			To: rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "to"), Gap: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "gap"),
			Workers: rapid.IntRange(1, 3).Draw(t, "workers"), Causes: 1,
		}.WithDefaults()
		m, err := Fit(context.Background(), seqs, p)
		if err != nil {
			t.Fatal(err)
		}
		want := brute(seqs, p)
		for a := range uint32(12) {
			score := make([]float32, 1)
			s := m.Open(asked(engine.ItemNum(a)))
			for b := range uint32(12) {
				s.Score([]engine.ItemNum{engine.ItemNum(b)}, score)
				if w := want[[2]uint32{a, b}]; math.Abs(float64(score[0])-w) > 1e-6*(1+w) {
					t.Fatalf("%d after %d scores %v, by definition %v", b, a, score[0], w)
				}
			}
		}
	})
}

func TestOnlyTheStrongestAreKept(t *testing.T) {
	seqs, _ := world(3, 500, 30)
	all, err := Fit(t.Context(), seqs, Params{})
	if err != nil {
		t.Fatal(err)
	}
	few, err := Fit(t.Context(), seqs, Params{K: 2})
	if err != nil {
		t.Fatal(err)
	}
	eligible := roaring.New()
	eligible.AddRange(0, 30)
	for n := range engine.ItemNum(30) {
		want := all.Open(asked(n)).Propose(eligible, 2, nil)
		if got := few.Open(asked(n)).Propose(eligible, 5, nil); !slices.Equal(got, want) {
			t.Errorf("after %d the two strongest are %v, want %v", n, got, want)
		}
	}
}

func TestFitRefuses(t *testing.T) {
	seqs, _ := world(1, 5, 5)
	var invalid *engine.Invalid
	for _, p := range []Params{
		{Steps: -1},
		{Steps: maxSteps + 1},
		{Fall: "x"},
		{Back: -2},
		{Back: 2},
		{From: math.NaN()},
		{To: -1},
		{K: -1},
		{K: maxK + 1},
		{Gap: -1},
		{Causes: -1},
		{Decay: -1},
		{Decay: 1.5},
		{Workers: -1},
	} {
		if _, err := Fit(t.Context(), seqs, p); !errors.As(err, &invalid) {
			t.Errorf("Fit with %+v: %v, want *engine.Invalid", p, err)
		}
	}
	for _, p := range []Params{{Steps: 2}, {Causes: 2}} {
		if _, err := FitMarkov(t.Context(), seqs, p); !errors.As(err, &invalid) {
			t.Errorf("FitMarkov with %+v: %v, want *engine.Invalid", p, err)
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
	seqs, ids := world(2, 9, 5)
	m, err := Fit(f.Context(), seqs, Params{})
	if err != nil {
		f.Fatal(err)
	}
	var saved bytes.Buffer
	if err := m.Save(&saved); err != nil {
		f.Fatal(err)
	}
	f.Add(saved.Bytes(), "item-1", []byte{1, 2}, []byte{1, 0}, []byte{3, 1})
	f.Add([]byte(nil), "item-1", []byte{2, 1}, []byte{1, 0}, []byte{3, 1})
	f.Add([]byte("rapport "), "unknown", []byte{1, 2}, []byte{1, 9}, []byte{0, 1})
	f.Fuzz(func(t *testing.T, raw []byte, id string, ends, to, strength []byte) {
		_, _ = Load(bytes.NewReader(raw), ids)
		var sealed bytes.Buffer
		w := model.NewWriter(&sealed, RulesName, version)
		w.JSON(Params{}.WithDefaults())
		w.Texts([]string{id, "item-2"})
		w.Uint32s(whole(ends))
		w.Uint32s(whole(to))
		strengths := make([]float32, len(strength))
		for i, b := range strength {
			strengths[i] = float32(b)
		}
		w.Float32s(strengths)
		if err := w.Close(); err != nil {
			return
		}
		if src, err := Load(&sealed, ids); err == nil {
			s, score := src.Open(asked(1, 2)), make([]float32, 1)
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

// BenchmarkAnswer is an answer over 5,000 items.
func BenchmarkAnswer(b *testing.B) {
	seqs, _ := world(9, 50_000, 5000)
	var queries []*model.Query
	for n := engine.ItemNum(0); n < 4900; n += 97 {
		queries = append(queries, asked(n, n+1, n+2, n+40, n+41, n+50, n+60, n+61, n+70, n+80))
	}
	for name, fit := range map[string]func(context.Context, *model.Sequences, Params) (*Model, error){MarkovName: FitMarkov, RulesName: Fit} {
		m, err := fit(b.Context(), seqs, Params{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { modeltest.Answers(b, m, queries, 5000) })
	}
}
