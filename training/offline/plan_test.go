package offline_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/offline"
)

// worded gives the items of tastes words: the even ones are lamps, the odd ones chairs.
func worded(d *offline.Data) *offline.Data {
	for i := range 40 {
		word := []string{"lamp", "chair"}[i%2]
		d.AddItem(engine.Item{ID: engine.ItemID(fmt.Sprint("i", i)), Title: "a " + word, Categories: []string{word}})
	}
	return d
}

// TestThePlanIsWhatTheReportHas: models, metrics and slices, no more and no fewer.
func TestThePlanIsWhatTheReportHas(t *testing.T) {
	for name, o := range map[string]offline.Options{
		"as it is":          options(tastes(), "last-out"),
		"items with words":  options(worded(tastes()), "last-out"),
		"several cuts":      options(worded(tastes()), "rolling:2"),
		"models that suit":  {Data: worded(tastes()), Rule: options(tastes(), "time:0.8").Rule, Settings: engine.DefaultSettings(), Set: []string{"factor.epochs=1", "factor.dims=4"}, Workers: 2},
		"customers' groups": grouped(options(tastes(), "time:0.8")),
	} {
		t.Run(name, func(t *testing.T) {
			var plan offline.Plan
			o.Begin = func(p offline.Plan) error { plan = p; return nil }
			if len(o.Models) > 0 {
				o.Models = []string{"popular", "ease"}
				o.Foreign = []offline.Foreign{{Name: "theirs", Lists: map[engine.Subject][]engine.ItemNum{engine.SubjectOf("c1", ""): {1, 2}}}}
			}
			if o.Rule.Name == "rolling" {
				o.Foreign = nil
			}
			report, err := offline.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var models, metrics []string
			for _, m := range report.Models {
				models = append(models, m.Name)
			}
			for _, m := range plan.Metrics {
				metrics = append(metrics, m.String())
			}
			slices.Sort(metrics)
			if !slices.Equal(models, plan.Models) {
				t.Errorf("models are %v, planned %v", models, plan.Models)
			}
			for _, m := range report.Models {
				if got := slices.Sorted(maps.Keys(m.Metrics)); !slices.Equal(got, metrics) {
					t.Errorf("%s: metrics are %v, planned %v", m.Name, got, metrics)
				}
				if got := slices.Sorted(maps.Keys(m.Slices)); !slices.Equal(got, plan.Slices) {
					t.Errorf("%s: slices are %v, planned %v", m.Name, got, plan.Slices)
				}
			}
		})
	}
}

// grouped parts the customers by the parity of their number.
func grouped(o offline.Options) offline.Options {
	for c := range 200 {
		o.Data.AddCustomer(engine.Customer{ID: engine.CustomerID(fmt.Sprint("c", c)), Attributes: map[string]any{"parity": fmt.Sprint(c % 2)}})
	}
	o.By = "parity"
	return o
}

// TestBeginEndsTheWorkBeforeIt: nothing is fitted where the plan is not what is wanted.
func TestBeginEndsTheWorkBeforeIt(t *testing.T) {
	o := options(tastes(), "last-out")
	no := errors.New("no")
	o.Begin = func(offline.Plan) error { return no }
	o.Step = func(what string) { t.Errorf("begun is %q", what) }
	if _, err := offline.Run(t.Context(), o); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}

// TestDiversity measures lists of lamps alone, and of lamps and chairs by turns. Two lamps
// say the same, a lamp and a chair have one word of no weight in common; of the pairs of a
// mixed list of four, four of six are of different kinds.
func TestDiversity(t *testing.T) {
	o := options(worded(tastes()), "last-out")
	o.Models, o.K = []string{"popular"}, []int{4}
	alike, mixed := make(map[engine.Subject][]engine.ItemNum), make(map[engine.Subject][]engine.ItemNum)
	number := func(i int) engine.ItemNum {
		n, _ := o.Data.IDs().Num(engine.ItemID(fmt.Sprint("i", i)))
		return n
	}
	for c := range 200 {
		who := engine.SubjectOf(engine.CustomerID(fmt.Sprint("c", c)), "")
		alike[who] = []engine.ItemNum{number(0), number(2), number(4), number(6)}
		mixed[who] = []engine.ItemNum{number(0), number(1), number(2), number(3)}
	}
	o.Foreign = []offline.Foreign{{Name: "alike", Lists: alike}, {Name: "mixed", Lists: mixed}}
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, m := range report.Models {
		value, measured := m.Metrics["diversity@4"]
		if !measured {
			t.Fatalf("%s has no diversity", m.Name)
		}
		got[m.Name] = value.Value
	}
	if got["alike"] > 1e-6 || got["mixed"] < 0.5 || got["mixed"] > 0.8 {
		t.Errorf("diversity of lists %v: want 0 for alike, about 4/6 for mixed", got)
	}
}
