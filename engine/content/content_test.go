package content

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/text"
)

var titles = []string{"red lamp", "blue lamp", "red mug", "tea mug", "wall clock", "", "alarm clock", "lamp bulb"}

// vectors of 40 items; every eighth has no words and so no vector.
func vectors() *text.Vectors {
	v := text.NewVectors(text.Untrained(32))
	var entries []catalogue.Entry
	for i := range 40 {
		entries = append(entries, catalogue.Entry{Num: engine.ItemNum(i), Item: &engine.Item{Title: titles[i%8]}})
	}
	return v.With(entries)
}

func drawQuery(t *rapid.T, v *text.Vectors) *model.Query {
	q := &model.Query{Content: v}
	for _, item := range rapid.SliceOfNDistinct(rapid.IntRange(0, 45), 0, 46, rapid.ID).Draw(t, "history") {
		q.History = append(q.History, engine.Interest{
			Item:   engine.ItemNum(item),
			Weight: rapid.SampledFrom([]float64{0, 0.2, 1, 5}).Draw(t, "weight"),
		})
	}
	if rapid.IntRange(0, 4).Draw(t, "anchors") == 0 {
		q.Anchors = []engine.ItemNum{engine.ItemNum(rapid.IntRange(0, 45).Draw(t, "anchor"))}
	}
	if rapid.IntRange(0, 4).Draw(t, "text") == 0 {
		q.Text = v.Encoder().Encode([]string{"lamp", "clock"})
	}
	return q
}

func TestContract(t *testing.T) {
	v := vectors()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t, v)
		s := Source{}.Open(q)
		eligible := roaring.New()
		for range rapid.IntRange(0, 30).Draw(t, "eligible") {
			eligible.Add(uint32(rapid.IntRange(0, 45).Draw(t, "item")))
		}
		items := make([]engine.ItemNum, 46)
		for i := range items {
			items[i] = engine.ItemNum(i)
		}
		scores := make([]float32, len(items))
		s.Score(items, scores)

		n := rapid.IntRange(0, 12).Draw(t, "n")
		want := slices.DeleteFunc(slices.Clone(items), func(i engine.ItemNum) bool {
			return !eligible.Contains(uint32(i)) || scores[i] <= 0
		})
		slices.SortStableFunc(want, func(a, b engine.ItemNum) int { return cmp.Compare(scores[b], scores[a]) })
		want = want[:min(n, len(want))]
		if got := s.Propose(eligible, n, nil); !slices.Equal(got, want) {
			t.Fatalf("Propose = %v, want %v", got, want)
		}
		for _, i := range items {
			var alone [1]float32
			if s.Score([]engine.ItemNum{i}, alone[:]); alone[0] != scores[i] {
				t.Fatalf("item %d scores %v alone and %v among others", i, alone[0], scores[i])
			}
			base, parts := s.Explain(i, nil)
			sum, size := base, math.Abs(base)
			for _, p := range parts {
				sum, size = sum+p.Contribution, size+math.Abs(p.Contribution)
			}
			if math.Abs(sum-float64(scores[i])) > 1e-5*size {
				t.Fatalf("item %d scores %v, its parts sum to %v", i, scores[i], sum)
			}
			if len(parts) > 0 && math.Abs(base) > 1e-5 {
				t.Fatalf("item %d: %v is explained by nothing", i, base)
			}
			if s.Empty() && scores[i] != 0 {
				t.Fatalf("an empty query scores item %d %v", i, scores[i])
			}
		}
	})
}

// TestProposeByBytes holds that rows looked at in bytes first propose what all floats do.
func TestProposeByBytes(t *testing.T) {
	const items = 5000
	rng := rand.New(rand.NewPCG(1, 2))
	var entries []catalogue.Entry
	for i := range items {
		title := ""
		for range rng.IntN(4) {
			title += fmt.Sprintf("word%d ", rng.IntN(60))
		}
		entries = append(entries, catalogue.Entry{Num: engine.ItemNum(i), Item: &engine.Item{Title: title}})
	}
	v := text.NewVectors(text.Untrained(32)).With(entries)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t, v)
		if q.Text != nil {
			q.Text = v.Encoder().Encode([]string{"word7", "word13"})
		}
		s := Source{}.Open(q).(*scorer)
		eligible := roaring.New()
		from, share := rapid.IntRange(0, items).Draw(t, "from"), rapid.Float64Range(0, 1).Draw(t, "share")
		pick := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for i := from; i < items; i++ {
			if pick.Float64() < share {
				eligible.Add(uint32(i))
			}
		}
		n := rapid.IntRange(0, 300).Draw(t, "n")
		if got, want := s.propose(eligible, n, nil, true), s.propose(eligible, n, nil, false); !slices.Equal(got, want) {
			t.Fatalf("%d of %d items: %v by bytes, %v by floats", n, eligible.GetCardinality(), got, want)
		}
	})
}

func TestLikeness(t *testing.T) {
	v := vectors()
	score := func(q model.Query, n engine.ItemNum) float32 {
		q.Content = v
		var out [1]float32
		Source{}.Open(&q).Score([]engine.ItemNum{n}, out[:])
		return out[0]
	}
	liked := model.Query{History: []engine.Interest{{Item: 0, Weight: 1}, {Item: 4, Weight: 0}}}
	if lamp, clock := score(liked, 1), score(liked, 6); lamp < 0.3 || clock > 0.3 {
		t.Errorf("after a red lamp: blue lamp %.3f, alarm clock %.3f; a disliked wall clock must not pull", lamp, clock)
	}
	if got := score(liked, 5); got != 0 {
		t.Errorf("an item without words scores %v, want 0", got)
	}
	liked.Text = v.Encoder().Encode([]string{"clock"})
	if lamp, clock := score(liked, 1), score(liked, 6); clock < 0.5 || lamp > 0.3 {
		t.Errorf("asked for a clock: blue lamp %.3f, alarm clock %.3f", lamp, clock)
	}
}

// TestNothingIsLikeItself holds that having looked at an item does not lift it.
func TestNothingIsLikeItself(t *testing.T) {
	v := vectors()
	q := &model.Query{Content: v, History: []engine.Interest{{Item: 0, Weight: 1}, {Item: 6, Weight: 1}}}
	var out [2]float32
	s := Source{}.Open(q)
	s.Score([]engine.ItemNum{0, 1}, out[:])
	if out[0] >= out[1] {
		t.Errorf("the red lamp that was looked at scores %v, the blue one %v", out[0], out[1])
	}
	if _, parts := s.Explain(0, nil); len(parts) != 1 || parts[0].Item != 6 {
		t.Errorf("the red lamp is explained by %v, want the clock alone", parts)
	}
}

func TestEmpty(t *testing.T) {
	v := vectors()
	for name, q := range map[string]*model.Query{
		"stranger":       {Content: v},
		"no vectors":     {History: []engine.Interest{{Item: 1, Weight: 1}}},
		"only dislikes":  {Content: v, History: []engine.Interest{{Item: 1}}},
		"only wordless":  {Content: v, Anchors: []engine.ItemNum{5}},
		"another model":  {Content: v, Text: make([]float32, 7)},
		"unknown number": {Content: v, Anchors: []engine.ItemNum{1 << 20}},
	} {
		s := Source{}.Open(q)
		if got := s.Propose(roaring.BitmapOf(0, 1, 2), 3, nil); !s.Empty() || len(got) > 0 {
			t.Errorf("%s: Empty %v, proposed %v; want true and nothing", name, s.Empty(), got)
		}
	}
}

// TestNewestCausesCount holds the profile to the newest maxCauses items.
func TestNewestCausesCount(t *testing.T) {
	var entries []catalogue.Entry
	q := &model.Query{}
	for i := range maxCauses + 10 {
		entries = append(entries, catalogue.Entry{Num: engine.ItemNum(i), Item: &engine.Item{Title: fmt.Sprintf("word%d", i)}})
		q.History = append(q.History, engine.Interest{Item: engine.ItemNum(i), Weight: 1})
	}
	q.Content = text.NewVectors(text.Untrained(64)).With(entries)
	_, parts := Source{}.Open(q).Explain(maxCauses+5, nil) // not a cause: those leave themselves out
	if len(parts) != maxCauses || parts[0].Item != 0 {
		t.Errorf("%d causes from item %d, want the newest %d", len(parts), parts[0].Item, maxCauses)
	}
}

// TestNewcomers holds that the source speaks for new items only, as Source does, and not
// at all where nothing was fitted.
func TestNewcomers(t *testing.T) {
	v := vectors()
	q := &model.Query{Content: v, History: []engine.Interest{{Item: 0, Weight: 1}}}
	known := roaring.BitmapOf(0, 1, 2, 3)
	all, fresh := Source{}.Open(q), Newcomers{Known: NewKnown(known)}.Open(q)
	items := []engine.ItemNum{0, 1, 2, 3, 8, 9, 10}
	want, got := make([]float32, len(items)), make([]float32, len(items))
	all.Score(items, want)
	fresh.Score(items, got)
	for i, n := range items {
		if known.Contains(uint32(n)) {
			want[i] = 0
		}
		base, parts := fresh.Explain(n, nil)
		for _, p := range parts {
			base += p.Contribution
		}
		if got[i] != want[i] || math.Abs(base-float64(got[i])) > 1e-6 {
			t.Errorf("item %d scores %v, want %v; its parts sum to %v", n, got[i], want[i], base)
		}
	}
	if got := fresh.Propose(roaring.BitmapOf(1, 8, 9), 3, nil); len(got) == 0 || slices.Contains(got, 1) {
		t.Errorf("proposed %v, want new items alone", got)
	}
	if silent := (Newcomers{}).Open(q); !silent.Empty() || len(silent.Propose(roaring.BitmapOf(8), 1, nil)) > 0 {
		t.Error("without a fitted source every item is new, and content itself speaks")
	}
}

// TestNearest holds that of a mixed history one thing that is like a new item is enough,
// that this thing explains it, and that known items are left to others.
func TestNearest(t *testing.T) {
	v := vectors()
	known := roaring.BitmapOf(0, 1, 2, 3, 4, 5, 6, 7)
	q := &model.Query{Content: v, History: []engine.Interest{{Item: 6, Weight: 1}, {Item: 0, Weight: 2}, {Item: 2, Weight: 0}}}
	s := Nearest{Known: NewKnown(known)}.Open(q)
	items := []engine.ItemNum{1, 8, 14, 11, 13} // blue lamp, red lamp, alarm clock, tea mug, no words
	out := make([]float32, len(items))
	s.Score(items, out)
	if out[0] != 0 || out[4] != 0 || math.Abs(float64(out[1])-1) > 1e-6 || math.Abs(float64(out[2])-0.5) > 1e-6 || out[3] > 0.4 {
		t.Errorf("scores %v, want the new red lamp 1, the clock, worth half, 0.5, and 0 for what is known or has no words", out)
	}
	for i, n := range items {
		base, parts := s.Explain(n, nil)
		for _, p := range parts {
			base += p.Contribution
		}
		if float32(base) != out[i] || len(parts) > 1 {
			t.Errorf("item %d scores %v, explained by %v and %v", n, out[i], base, parts)
		}
	}
	if got := s.Propose(roaring.BitmapOf(1, 8, 11, 14), 2, nil); !slices.Equal(got, []engine.ItemNum{8, 14}) {
		t.Errorf("proposed %v", got)
	}
	q.Text = v.Encoder().Encode([]string{"tea", "mug"})
	Nearest{Known: NewKnown(known)}.Open(q).Score(items, out)
	if out[3] < 0.99 || out[1] > 0.5 {
		t.Errorf("asked for a tea mug: %v", out)
	}
	if !(Nearest{}).Open(q).Empty() || !(Nearest{Known: NewKnown(known)}).Open(&model.Query{}).Empty() {
		t.Error("it speaks without a fitted source, or without vectors")
	}
}
