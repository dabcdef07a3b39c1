package recommend_test

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model/modeltest"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Above the exact limit the sources propose. What they propose is scored exactly, so
// that nearly the same list comes out, and nothing that is not eligible; the very same
// where the answer says so.
func TestProposalsAgreeWithAnExactScan(t *testing.T) {
	const items, people = 2000, 25
	w := village(items, upTo(items))
	histories := modeltest.Histories(6, 300, items, 12)
	m := fitModels(w, histories, everything(), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	var all []engine.Row
	for _, h := range histories {
		for _, in := range h {
			all = append(all, engine.Row{Num: in.Item, Interaction: engine.Interaction{Item: theID(int(in.Item)), Type: engine.View, At: now}})
		}
	}
	w = w.WithRows(all)
	place := open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}})
	const few = `brand == "ba" && size == 1 && "ca" in categories` // 14 items
	requests := map[string]engine.Request{
		"plain":       {},
		"filter":      {Filter: `brand != "ba" && size < 3`},
		"boosted":     {Boosts: []engine.Boost{{Filter: `brand == "bc"`, Add: 9}, {Filter: `size == 0`, Add: -9}}},
		"few lifted":  {Boosts: []engine.Boost{{Filter: few, Add: 9}}},
		"all lowered": {Boosts: []engine.Boost{{Filter: "!(" + few + ")", Add: -9}}},
		"pinned":      {Arrangement: engine.Arrangement{Pins: []engine.Pin{{Item: theID(1999), Rank: 2}}}},
		"related":     {Item: theID(12)},
		"diverse":     {Arrangement: engine.Arrangement{Diversity: new(0.4)}},
		"constrained": {Arrangement: engine.Arrangement{Constraints: []engine.Constraint{{Attribute: "brand", Max: 3}}}},
		"relevant":    {Arrangement: engine.Arrangement{MinRelevance: new(-90.0)}},
	}
	for name, req := range requests {
		found, wanted, shown := 0, 0, 0
		for p := range people {
			who := &recommend.Someone{}
			for _, in := range histories[p] {
				who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
			}
			exact := ask(t, &recommend.Input{World: w, Place: place, Someone: who, Request: &req})
			in := &recommend.Input{World: w, Place: place, Someone: who, Request: &req}
			in.LimitExact(700)
			got := ask(t, in)
			if got.Exact {
				shown++
				if !slices.EqualFunc(got.Items, exact.Items, sameItem) {
					t.Fatalf("%s: an answer that says it is exact has %v, want %v", name, got.Items, exact.Items)
				}
			}
			if !exact.Exact || len(got.Items) != engine.DefaultCount || got.Eligible != exact.Eligible {
				t.Fatalf("%s: exact %v of all, %d items, %d eligible of %d", name, exact.Exact, len(got.Items), got.Eligible, exact.Eligible)
			}
			for _, item := range got.Items {
				it := w.Catalogue.Item(item.Num)
				bought := slices.ContainsFunc(who.Rows, func(r engine.Row) bool { return r.Item == it.ID })
				if bought || name == "filter" && (it.Attributes["brand"] == "ba" || it.Attributes["size"] == 3.0) {
					t.Fatalf("%s: %s is not eligible", name, it.ID)
				}
			}
			for _, item := range exact.Items {
				wanted++
				if slices.ContainsFunc(got.Items, func(o engine.Recommended) bool { return o.Item == item.Item }) {
					found++
				}
			}
		}
		if recall := float64(found) / float64(wanted); recall < 0.99 {
			t.Errorf("%s: recall@10 against an exact scan is %.4f, want 0.99", name, recall)
		}
		if name == "plain" && shown < people/2 {
			t.Errorf("%d of %d answers were shown to be exact", shown, people)
		}
	}
}

func sameItem(a, b engine.Recommended) bool { return a.Item == b.Item && a.Score == b.Score }

// A source that speaks alone is asked for its best. The list is that of all items scored,
// which is what ordering all of them by name gives.
func TestOneSourceAloneIsExact(t *testing.T) {
	const items, people = 4500, 6
	w := village(items, upTo(items))
	histories := modeltest.Histories(9, 300, items, 12)
	m := fitModels(w, histories, everything(), 2)
	w = w.WithModels(m, m.Encode(w.Catalogue, 2))
	var all []engine.ItemID
	for i := range items {
		all = append(all, theID(i))
	}
	for _, speaks := range m.Sources() {
		blend := make(map[string]float64)
		for _, s := range m.Sources() {
			blend[s.Name()] = 0
		}
		blend[speaks.Name()] = 1
		place := open(t, w, engine.Scenario{Exclude: []engine.Type{engine.Purchase}, Blend: blend})
		for p := range people {
			who := &recommend.Someone{}
			for _, in := range histories[p] {
				who.Rows = append(who.Rows, purchases(w.Catalogue.IDs(), theID(int(in.Item)))...)
			}
			for _, filter := range []string{"", "size < 2"} {
				in := &recommend.Input{World: w, Place: place, Someone: who, Request: &engine.Request{Filter: filter}}
				got := ask(t, in)
				want, err := recommend.Rank(in, all)
				if err != nil {
					t.Fatal(err)
				}
				if best := want.Items[:engine.DefaultCount]; !got.Exact || !slices.EqualFunc(got.Items, best, sameItem) {
					t.Fatalf("%s, filter %q: exact %v, %v, want %v", speaks.Name(), filter, got.Exact, got.Items, best)
				}
			}
		}
	}
}

// Where groups leave the proposals too few for the list, all that is eligible is
// looked at.
func TestListIsFullAboveTheExactLimit(t *testing.T) {
	const items = 2000
	w := village(items, upTo(items))
	var entries []catalogue.Entry
	for n := range engine.ItemNum(items - 20) { // one shirt in all its sizes, and 20 others at the end
		it := w.Catalogue.Item(n).Clone()
		it.GroupID = "shirt"
		entries = append(entries, catalogue.Entry{Num: n, Item: &it})
	}
	w = w.WithItems(entries)
	for _, constraints := range [][]engine.Constraint{nil, {{Attribute: "brand", Max: 4}}} {
		in := &recommend.Input{World: w, Place: open(t, w, engine.Scenario{}), Someone: &recommend.Someone{}, Request: &engine.Request{
			Count: 15, Arrangement: engine.Arrangement{Constraints: constraints},
		}}
		in.LimitExact(100)
		if answer := ask(t, in); len(answer.Items) != 15 {
			t.Errorf("constraints %v: %d items of 21 groups, want 15", constraints, len(answer.Items))
		}
	}
}

// The same data give the same models and lists, whatever the number of threads.
func TestSameForEveryNumberOfThreads(t *testing.T) {
	var models, lists []byte
	for _, threads := range []int{1, 2, 4} {
		before := runtime.GOMAXPROCS(threads)
		w := village(60, upTo(60))
		m := fitModels(w, modeltest.Histories(7, 80, 60, 8), everything(), threads)
		w = w.WithModels(m, m.Encode(w.Catalogue, 2))
		saved := save(t, m)
		var answers []engine.Answer
		for first := range 50 {
			answers = append(answers, ask(t, &recommend.Input{
				World: w, Place: open(t, w, engine.Scenario{Name: "all"}),
				Someone: &recommend.Someone{Rows: purchases(w.Catalogue.IDs(), theID(first), theID(first+3), theID(first+9))},
				Request: &engine.Request{Count: 20, Explain: engine.ExplainFull, Arrangement: engine.Arrangement{
					Diversity: new(0.4), Constraints: []engine.Constraint{{Attribute: "brand", Max: 2, Window: 5}},
				}},
			}))
		}
		told, err := json.Marshal(answers)
		if err != nil {
			t.Fatal(err)
		}
		runtime.GOMAXPROCS(before)
		if models == nil {
			models, lists = saved, told
		}
		if !bytes.Equal(saved, models) {
			t.Errorf("%d threads: other models than with 1", threads)
		}
		if !bytes.Equal(told, lists) {
			t.Errorf("%d threads: other lists than with 1", threads)
		}
	}
}
