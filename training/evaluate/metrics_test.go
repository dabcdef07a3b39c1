package evaluate

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

// Worked by hand. The list shows items 1..5; 2, 5 and 9 were held out: hits at places 2
// and 5.
func TestMetricsByHand(t *testing.T) {
	list := []engine.ItemNum{1, 2, 3, 4, 5}
	held := []engine.ItemNum{9, 5, 2}
	log2 := math.Log2
	for _, c := range []struct {
		metric string
		want   float64
	}{
		{"ndcg@5", (1/log2(3) + 1/log2(6)) / (1 + 1/log2(3) + 1/log2(4))}, // 0.4776
		{"ndcg@2", (1 / log2(3)) / (1 + 1/log2(3))},
		{"ndcg_full@2", (1 / log2(3)) / (1 + 1/log2(3) + 1/log2(4))},
		{"ndcg@1", 0},
		{"ndcg", (1/log2(3) + 1/log2(6)) / (1 + 1/log2(3) + 1/log2(4))},
		{"recall@5", 2. / 3},
		{"recall@2", 1. / 3},
		{"recall_min@2", 1. / 2},
		{"recall_min@5", 2. / 3},
		{"hr@1", 0},
		{"hr@2", 1},
		{"mrr@1", 0},
		{"mrr@2", 1. / 2},
		{"mrr", 1. / 2},
		{"map@2", (1. / 2) / 2},
		{"map@5", (1./2 + 2./5) / 3},
		{"map", (1./2 + 2./5) / 3},
		{"precision@2", 1. / 2},
		{"precision@5", 2. / 5},
		{"precision@10", 2. / 10}, // five places were left empty
	} {
		m, err := ParseMetric(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Of(Judge(list, held, nil)); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s of %v against %v = %v, want %v", m, list, held, got, c.want)
		}
	}
}

func TestGradedGains(t *testing.T) {
	// Gains 1 and 3, the lesser first: DCG 1 + 3/log2(3), ideal 3 + 1/log2(3).
	j := Judge([]engine.ItemNum{7, 8, 6}, []engine.ItemNum{7, 8, 6}, []float64{1, 3, 0})
	want := (1 + 3/math.Log2(3)) / (3 + 1/math.Log2(3))
	if got := (Metric{"ndcg", 2}).Of(j); math.Abs(got-want) > 1e-12 {
		t.Errorf("ndcg@2 = %v, want %v", got, want)
	}
	if got := (Metric{"precision", 3}).Of(j); math.Abs(got-2./3) > 1e-12 {
		t.Errorf("precision@3 = %v with one gain of 0, want 2/3", got)
	}
}

func TestRepeatedItemCountsOnce(t *testing.T) {
	j := Judge([]engine.ItemNum{3, 3, 3}, []engine.ItemNum{3, 4}, nil)
	if got := (Metric{"recall", 3}).Of(j); got != 0.5 {
		t.Errorf("recall@3 of one item three times = %v, want 0.5", got)
	}
}

func TestNothingRelevantScoresZero(t *testing.T) {
	for _, d := range definitions {
		if d.of == nil {
			continue
		}
		if got := d.of(Judge([]engine.ItemNum{1, 2}, nil, nil), 10); got != 0 {
			t.Errorf("%s@10 with nothing to find = %v, want 0", d.name, got)
		}
	}
}

// Three lists of two over items 1..4: shown 1 three times, 2 twice, 3 once, 4 never.
func TestOverListsByHand(t *testing.T) {
	lists := [][]engine.ItemNum{{1, 2, 4}, {1, 2}, {1, 3}}
	bg := &Background{
		Items:     []engine.ItemNum{4, 3, 2, 1},
		Customers: 7,
		Reach:     map[engine.ItemNum]int{1: 7, 2: 3, 3: 1},
		Similarity: func(a, b engine.ItemNum) (float64, bool) {
			return 0.25, a != 3 && b != 3 // nothing is known of 3
		},
	}
	for _, c := range []struct {
		metric string
		want   float64
	}{
		{"coverage@2", 3. / 4},
		{"coverage@1", 1. / 4},
		{"coverage@3", 1},
		{"gini@2", (-3.*0 + -1.*1 + 1.*2 + 3.*3) / (4 * 6)},
		{"gini@1", 3. / 4},                      // always the same of four
		{"novelty@2", (3*0. + 2*1. + 1*2.) / 6}, // bits: 1 -> 0, 2 -> 1, 3 -> 2
		{"diversity@2", 0.75},
	} {
		m, err := ParseMetric(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := m.Over(lists, bg)
		if !ok || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s = %v, %v, want %v", m, got, ok, c.want)
		}
		if m.PerCustomer() {
			t.Errorf("%s is said to have a value a customer", m)
		}
	}
}

func TestOverWithoutBackgroundIsLeftOut(t *testing.T) {
	full := &Background{
		Items: []engine.ItemNum{1}, Customers: 1,
		Similarity: func(_, _ engine.ItemNum) (float64, bool) { return 1, true },
	}
	for _, name := range []string{"coverage", "gini", "novelty", "diversity"} {
		m := Metric{name, 10}
		if v, ok := m.Over([][]engine.ItemNum{{1, 2}}, &Background{}); ok {
			t.Errorf("%s without a background = %v, want it left out", m, v)
		}
		if v, ok := m.Over(nil, full); ok {
			t.Errorf("%s without lists = %v, want it left out", m, v)
		}
	}
}

// The twins: every metric again, the slow way, from the definitions of the literature.

func TestMetricsAgreeWithNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(itemNum(), 0, 25, rapid.ID).Draw(t, "list")
		held := rapid.SliceOfNDistinct(itemNum(), 1, 12, rapid.ID).Draw(t, "held")
		gains := rapid.SliceOfN(rapid.Float64Range(0.1, 5), len(held), len(held)).Draw(t, "gains")
		k := rapid.IntRange(1, 30).Draw(t, "k")
		binary, graded := Judge(list, held, nil), Judge(list, held, gains)
		for _, d := range definitions {
			if d.of == nil {
				continue
			}
			m := Metric{d.name, k}
			if d.whole && rapid.Bool().Draw(t, "whole") {
				m.K = 0
			}
			if got, want := m.Of(binary), naive(m, list, held, nil); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s of %v against %v = %v, want %v", m, list, held, got, want)
			}
			got, want := m.Of(graded), naive(m, list, held, gains)
			if math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s of %v against %v with gains %v = %v, want %v", m, list, held, gains, got, want)
			}
			if got < 0 || got > 1+1e-12 {
				t.Fatalf("%s of %v against %v = %v, want 0 to 1", m, list, held, got)
			}
		}
	})
}

// FuzzMetrics holds the metrics against their twin on lists of bytes: items of a list,
// and of what is right with its grade.
func FuzzMetrics(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5}, []byte{9, 1, 5, 1, 2, 3}, uint8(5))
	f.Add([]byte{1, 1, 1}, []byte{1, 255}, uint8(1))
	f.Add([]byte{}, []byte{7, 1}, uint8(10))
	f.Fuzz(func(t *testing.T, shown, right []byte, k uint8) {
		var list, held []engine.ItemNum
		var gains []float64
		for _, b := range shown {
			if n := engine.ItemNum(b); !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
		for i := 0; i+1 < len(right); i += 2 {
			if n := engine.ItemNum(right[i]); !slices.Contains(held, n) {
				held, gains = append(held, n), append(gains, float64(right[i+1])/16+0.1)
			}
		}
		if len(held) == 0 || k == 0 {
			return
		}
		for _, d := range definitions {
			if d.of == nil {
				continue
			}
			m := Metric{d.name, int(k)}
			for _, grades := range [][]float64{nil, gains} {
				if got, want := m.Of(Judge(list, held, grades)), naive(m, list, held, grades); !(math.Abs(got-want) <= 1e-9) {
					t.Errorf("%s of %v against %v with gains %v = %v, want %v", m, list, held, grades, got, want)
				}
			}
		}
	})
}

func naive(m Metric, list, held []engine.ItemNum, gains []float64) float64 {
	k := m.K
	if k == 0 {
		k = len(list) + len(held)
	}
	gain := func(n engine.ItemNum) float64 {
		i := slices.Index(held, n)
		switch {
		case i < 0:
			return 0
		case gains == nil:
			return 1
		}
		return gains[i]
	}
	found := func(upTo int) (n float64) {
		for _, h := range held {
			if i := slices.Index(list, h); i >= 0 && i < upTo {
				n++
			}
		}
		return n
	}
	dcg := func(list []engine.ItemNum, k int) (sum float64) {
		for place := 1; place <= k && place <= len(list); place++ {
			sum += gain(list[place-1]) * math.Ln2 / math.Log(float64(place)+1)
		}
		return sum
	}
	ideal := slices.Clone(held)
	slices.SortFunc(ideal, func(a, b engine.ItemNum) int {
		switch {
		case gain(a) > gain(b):
			return -1
		case gain(a) < gain(b):
			return 1
		}
		return 0
	})
	switch m.Name {
	case "ndcg":
		return dcg(list, k) / dcg(ideal, k)
	case "ndcg_full":
		return dcg(list, k) / dcg(ideal, len(ideal))
	case "recall":
		return found(k) / float64(len(held))
	case "recall_min":
		return found(k) / math.Min(float64(k), float64(len(held)))
	case "hr":
		return math.Min(1, found(k))
	case "precision":
		return found(k) / float64(k)
	case "mrr":
		for place := 1; place <= k && place <= len(list); place++ {
			if found(place) > 0 {
				return 1 / float64(place)
			}
		}
		return 0
	case "map":
		var sum float64
		for _, h := range held {
			if i := slices.Index(list, h); i >= 0 && i < k {
				sum += found(i+1) / float64(i+1)
			}
		}
		return sum / math.Min(float64(k), float64(len(held)))
	}
	panic(m.Name)
}

func TestOverAgreesWithNaiveTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfNDistinct(itemNum(), 1, 30, rapid.ID).Draw(t, "items")
		lists := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.SampledFrom(items), 0, len(items), rapid.ID), 1, 10).Draw(t, "lists")
		k := rapid.IntRange(1, 12).Draw(t, "k")
		bg := &Background{Items: items, Customers: 50, Reach: map[engine.ItemNum]int{}}
		for _, n := range items {
			bg.Reach[n] = int(n) % 50
		}
		bg.Similarity = func(a, b engine.ItemNum) (float64, bool) {
			return math.Cos(float64(a) - float64(b)), (a+b)%5 != 0
		}
		for _, name := range []string{"coverage", "novelty", "gini", "diversity"} {
			m := Metric{name, k}
			got, ok := m.Over(lists, bg)
			want := naiveOver(m, lists, bg)
			if ok == math.IsNaN(want) || ok && math.Abs(got-want) > 1e-9 {
				t.Fatalf("%s of %v = %v, %v, want %v", m, lists, got, ok, want)
			}
		}
	})
}

// naiveOver is NaN where there is nothing to say.
func naiveOver(m Metric, lists [][]engine.ItemNum, bg *Background) float64 {
	shown := map[engine.ItemNum]float64{}
	var places, bits, unlike, told float64
	for _, list := range lists {
		if len(list) > m.K {
			list = list[:m.K]
		}
		var sum, pairs float64
		for i, a := range list {
			shown[a]++
			places++
			bits += math.Log2(51 / (float64(bg.Reach[a]) + 1))
			for j, b := range list {
				if s, ok := bg.Similarity(a, b); ok && i != j {
					sum += 1 - s
					pairs++
				}
			}
		}
		if pairs > 0 {
			unlike += sum / pairs
			told++
		}
	}
	switch m.Name {
	case "coverage":
		return float64(len(shown)) / float64(len(bg.Items))
	case "novelty":
		return bits / places
	case "diversity":
		return unlike / told
	}
	// Half the relative mean absolute difference between any two items.
	var apart float64
	for _, a := range bg.Items {
		for _, b := range bg.Items {
			apart += math.Abs(shown[a] - shown[b])
		}
	}
	n := float64(len(bg.Items))
	return apart / (2 * n * places)
}

func TestParseMetric(t *testing.T) {
	for _, text := range []string{"ndcg@10", "recall_min@100", "map", "map@1", "ndcg_full@20", "diversity@5", "mrr"} {
		m, err := ParseMetric(text)
		if err != nil || m.String() != text {
			t.Errorf("ParseMetric(%q) = %v, %v", text, m, err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"ndgc@10", `no metric is called "ndgc"; there are ndcg[@k], ndcg_full@k, recall@k`},
		{"", "no metric is called"},
		{"NDCG@10", "no metric is called"},
		{"recall", "write recall@10"},
		{"gini", "write gini@10"},
		{"ndcg@0", "whole number from 1"},
		{"ndcg@", "whole number from 1"},
		{"ndcg@-3", "whole number from 1"},
		{"ndcg@10@20", "whole number from 1"},
		{"ndcg@1.5", "whole number from 1"},
		{"ndcg@99999999999", "whole number from 1"},
	} {
		_, err := ParseMetric(c.text)
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("ParseMetric(%q) says %v, want %q in it", c.text, err, c.want)
		}
	}
}

func itemNum() *rapid.Generator[engine.ItemNum] {
	return rapid.Map(rapid.IntRange(0, 40), func(n int) engine.ItemNum { return engine.ItemNum(n) })
}
