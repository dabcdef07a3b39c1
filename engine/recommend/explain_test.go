package recommend_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

type renamed struct{ model.Saver }

func (renamed) Name() string { return "of another age" }

// easeOf sums what EASE says for an item, its constants apart.
func easeOf(answer engine.Answer, id engine.ItemID) (sum, size float64) {
	for _, item := range answer.Items {
		for _, r := range item.Reasons {
			if item.Item == id && r.Source == "ease" && r.Type != engine.ReasonBase {
				sum += r.Contribution
				size += math.Abs(r.Contribution)
			}
		}
	}
	return sum, size
}

// For EASE a reason is counterfactual: take the item it names out of the history, and
// the source's part of the score falls by just what the reason said.
func TestEASEReasonsAreCounterfactual(t *testing.T) {
	w := trained(40, 4)
	place := open(t, w, engine.Scenario{Name: "all"})
	named := 0
	rapid.Check(t, func(rt *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 39), 1, 14, rapid.ID).Draw(rt, "history")
		history := make([]engine.ItemID, len(ids))
		for i, n := range ids {
			history[i] = theID(n)
		}
		tell := func(history []engine.ItemID) engine.Answer {
			return ask(t, &recommend.Input{
				World: w, Place: place, Someone: &recommend.Someone{Rows: purchases(w.Catalogue.IDs(), history...)},
				Request: &engine.Request{Count: 40, Explain: engine.ExplainFull},
			})
		}
		full := tell(history)
		for _, without := range history {
			rest := slices.DeleteFunc(slices.Clone(history), func(id engine.ItemID) bool { return id == without })
			less := tell(rest)
			for _, item := range full.Items {
				for _, r := range item.Reasons {
					if r.Source != "ease" || r.Item != without {
						continue
					}
					named++
					before, size := easeOf(full, item.Item)
					after, _ := easeOf(less, item.Item)
					if math.Abs(before-after-r.Contribution) > 1e-6*size {
						rt.Fatalf("%s: without %s EASE falls from %v to %v, the reason said %v", item.Item, without, before, after, r.Contribution)
					}
				}
			}
		}
	})
	if named == 0 {
		t.Error("no reason ever named an item")
	}
}

// A reason tells the deed it names, not a later one of another kind.
func TestReasonTellsWhatHappened(t *testing.T) {
	w := trained(20, 5)
	rows := purchases(w.Catalogue.IDs(), theID(5))
	view := rows[0]
	view.Type, view.At = engine.View, now
	answer := ask(t, &recommend.Input{
		World: w, Place: open(t, w, engine.Scenario{Name: "all"}), Someone: &recommend.Someone{Rows: append(rows, view)},
		Request: &engine.Request{Count: 20, Explain: engine.ExplainFull},
	})
	told := 0
	for _, item := range answer.Items {
		for _, r := range item.Reasons {
			if r.Item == "" {
				continue
			}
			told++
			if r.Interaction != engine.Purchase || !r.At.Equal(rows[0].At) || r.Text != "You bought running lantern" {
				t.Fatalf("reason %+v: want the purchase of %v", r, rows[0].At)
			}
		}
	}
	if told == 0 {
		t.Error("nothing was told")
	}
}

// A reason counts beside what it names only that of which the same is true, and counts no
// further than nine.
func TestReasonCountsWhatIsAlike(t *testing.T) {
	w := trained(40, 5)
	did := func(first engine.Type, others ...engine.Type) []engine.Row {
		all := make([]engine.ItemID, 1+len(others))
		for i := range all {
			all[i] = theID(i)
		}
		rows := purchases(w.Catalogue.IDs(), all...)
		for i, of := range append([]engine.Type{first}, others...) {
			rows[i].Type = of
		}
		return rows
	}
	buys := func(n int) []engine.Type { return slices.Repeat([]engine.Type{engine.Purchase}, n) }
	for name, c := range map[string]struct {
		rows []engine.Row
		want map[string]string // what follows the title, by what the text begins with
	}{
		"one basket among purchases": {did(engine.AddToCart, buys(4)...), map[string]string{"You put in your basket": "", "You bought": ", and 3 more"}},
		"a view among purchases":     {did(engine.View, buys(3)...), map[string]string{"You looked at": "", "You bought": ", and 2 more"}},
		"looks of two kinds":         {did(engine.View, engine.Click), map[string]string{"You looked at": ", and 1 more"}},
		"ten":                        {did(engine.Purchase, buys(9)...), map[string]string{"You bought": ", and 9 more"}},
		"eleven":                     {did(engine.Purchase, buys(10)...), map[string]string{"You bought": ", and more"}},
		"a view among very many":     {did(engine.View, buys(30)...), map[string]string{"You looked at": "", "You bought": ", and more"}},
	} {
		answer := ask(t, &recommend.Input{
			World: w, Place: open(t, w, engine.Scenario{Name: "all"}), Someone: &recommend.Someone{Rows: c.rows},
			Request: &engine.Request{Count: 40, Explain: engine.ExplainSources},
		})
		told := 0
		for _, item := range answer.Items {
			if slices.ContainsFunc(c.rows, func(r engine.Row) bool { return r.Item == item.Item }) {
				continue // an item is no cause of itself by ease
			}
			for _, r := range item.Reasons {
				if r.Source != "ease" || r.Item == "" { // ease has a part of everything else that was done
					continue
				}
				n, _ := w.Catalogue.IDs().Num(r.Item)
				did, after, _ := strings.Cut(r.Text, " "+w.Catalogue.Item(n).Title)
				if want, is := c.want[did]; !is || after != want {
					t.Fatalf("%s: %q, want %v", name, r.Text, c.want)
				}
				told++
			}
		}
		if told == 0 {
			t.Errorf("%s: nothing was told", name)
		}
	}
}

// Where nothing is new, 0 lies above a mean below it, and is no reason to say that anything
// is.
func TestReasonSaysNothingOfWhatIsNot(t *testing.T) {
	w := trained(20, 5)
	quiet := *w
	quiet.Models = w.Models.WithBlend(rank.Blend{rank.Cold: {"newest": {Weight: 1, Mean: -1, SD: 1}}})
	for _, depth := range []engine.Explain{engine.ExplainSources, engine.ExplainFull} {
		answer := ask(t, &recommend.Input{
			World: &quiet, Place: open(t, w, engine.Scenario{Name: "all"}), Someone: &recommend.Someone{},
			Request: &engine.Request{Count: 20, Explain: depth},
		})
		for _, item := range answer.Items {
			if item.Score != 1 || len(item.Reasons) != 1 || item.Reasons[0].Contribution != 1 || item.Reasons[0].Text != "" {
				t.Fatalf("%s of %v: got %+v, want 1 without a word", item.Item, item.Score, item.Reasons)
			}
		}
	}
}

// What a person may not see, asked not to see, or would not want read over their
// shoulder still counts, and is not named.
func TestUnnamedCauses(t *testing.T) {
	secrets := map[string]func(it *engine.Item, c *engine.Customer){
		"nothing":        nil,
		"sensitive":      func(it *engine.Item, _ *engine.Customer) { it.Sensitive = true },
		"not published":  func(it *engine.Item, _ *engine.Customer) { it.Published = new(now.Add(time.Hour)) },
		"hidden":         func(it *engine.Item, _ *engine.Customer) { it.Hidden = true },
		"for agents":     func(it *engine.Item, _ *engine.Customer) { it.Visibility = engine.AgentOnly },
		"muted":          func(it *engine.Item, c *engine.Customer) { c.Preferences.MutedItems = []engine.ItemID{it.ID} },
		"category muted": func(it *engine.Item, c *engine.Customer) { c.Preferences.MutedCategories = it.Categories },
		"deleted":        nil,
	}
	for name, hide := range secrets {
		for _, depth := range []engine.Explain{engine.ExplainSources, engine.ExplainFull} {
			w := trained(20, 5)
			rows := purchases(w.Catalogue.IDs(), theID(5))
			it, customer := w.Catalogue.Item(rows[0].Num).Clone(), &engine.Customer{ID: "ann"}
			if hide != nil {
				hide(&it, customer)
			}
			w = withItem(w, rows[0].Num, &it)
			if name == "deleted" {
				w = withItem(w, rows[0].Num, nil)
			}
			for what, in := range map[string]*recommend.Input{
				"history": {Someone: &recommend.Someone{Customer: customer, Rows: rows}, Request: &engine.Request{}},
				"anchor":  {Someone: &recommend.Someone{Customer: customer}, Request: &engine.Request{Item: theID(5)}},
			} {
				in.World, in.Place = w, open(t, w, engine.Scenario{Name: "all"})
				in.Request.Explain, in.Request.Count = depth, 20
				counted, named := 0, 0
				for _, item := range ask(t, in).Items {
					for _, r := range item.Reasons {
						if r.Source == "ease" && r.Type != engine.ReasonBase && r.Contribution != 0 {
							counted++
						}
						if r.Item != "" {
							named++
						}
					}
				}
				if counted == 0 || (named > 0) != (name == "nothing") {
					t.Errorf("%s, %s, %s: counted %d times, named %d times", name, what, depth, counted, named)
				}
			}
		}
	}
}
