package offline_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// kept remembers what an evaluation hands on.
type kept struct {
	parts   []evaluate.Part
	lists   map[string]string // by model, customer, moment and history
	sources []string
}

func (k *kept) Split(_ []engine.Row, parts []evaluate.Part, _ []int) error {
	k.parts = slices.Clone(parts)
	return nil
}

func (k *kept) List(model string, c *training.Case, items []engine.ItemNum, scores []float64) error {
	if k.lists == nil {
		k.lists = make(map[string]string)
	}
	k.lists[fmt.Sprint(model, c.Who.Subject, len(c.Who.Rows))] = fmt.Sprint(items, scores)
	return nil
}

func (k *kept) Source(s model.Source) error {
	k.sources = append(k.sources, s.Name())
	return nil
}

// everyProtocol are the ways to hold out.
func everyProtocol() map[string]func(*offline.Options) {
	rule := func(text string) func(*offline.Options) {
		return func(o *offline.Options) { o.Rule, _ = evaluate.ParseRule(text) }
	}
	return map[string]func(*offline.Options){
		"last-out": rule("last-out"), "time": rule("time:0.8"), "random": rule("random:0.8"), "rolling": rule("rolling:3"),
		"sessions": func(o *offline.Options) {
			rule("time:0.8")(o)
			o.Sessions = true
		},
		"baskets": func(o *offline.Options) {
			rule("last-out")(o)
			o.Baskets, o.Repeats = true, true
		},
		"repeats": func(o *offline.Options) {
			rule("time:0.8")(o)
			o.Repeats = true
		},
		"cold-items": func(o *offline.Options) { o.Rule, _ = evaluate.ColdItems(0.2) },
	}
}

// described is tastes with a record of every item and two visits a customer.
func described() *offline.Data {
	var d offline.Data
	for i := range 40 {
		d.AddItem(engine.Item{ID: engine.ItemID(fmt.Sprint("i", i)), Title: fmt.Sprintf("thing %d %s", i, []string{"red", "blue"}[i%2])})
	}
	for c := range 200 {
		d.AddCustomer(engine.Customer{ID: engine.CustomerID(fmt.Sprint("c", c)), Attributes: engine.Attributes{"colour": []string{"red", "blue"}[c%2]}})
	}
	for _, r := range tastes().Rows {
		e := engine.RecordEvent{Lines: []engine.Interaction{r.Interaction}}
		e.Lines[0].Session = engine.SessionID(fmt.Sprint(r.Customer, "-", r.At.YearDay()/5))
		d.AddEvent(e)
	}
	return &d
}

// TestNoTestInteractionIsSeen changes what the last fold holds out as only a spoiler
// could: in place of every target stands the item that was liked least, ten times over,
// at ten times the weight. Whoever counted it, fitted it, chose settings by it or had it
// in a history would answer otherwise. The lists must be the same to the bit.
func TestNoTestInteractionIsSeen(t *testing.T) {
	for name, protocol := range everyProtocol() {
		t.Run(name, func(t *testing.T) {
			run := func(d *offline.Data) (*kept, *evaluate.Report) {
				t.Helper()
				var k kept
				o := options(d, "")
				o.Models, o.Set = []string{"popular", "itemknn", "ease", "embed", "session", "best"}, []string{
					"embed.dims=8", "embed.epochs=1", "factor.dims=4", "factor.epochs=2", "factor.lambda=0.01", "factor.alpha0=0.3", "ease.lambda=10",
				}
				o.Taker = &k
				protocol(&o)
				report, err := offline.Run(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				return &k, report
			}
			honest := described()
			before, report := run(honest)
			after, spoilt := run(spoil(t, honest, before, name))
			compared := 0
			for key, list := range before.lists {
				if got, asked := after.lists[key]; asked {
					if compared++; got != list {
						t.Fatalf("%s: the test changed the answer\nfrom %s\nto   %s", key, list, got)
					}
				}
			}
			if compared < len(before.lists)/4 {
				t.Errorf("only %d of %d lists could be compared", compared, len(before.lists))
			}
			for i, m := range report.Models {
				if got := spoilt.Models[i].Settings; !maps.EqualFunc(m.Settings, got, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
					t.Errorf("%s: settings were chosen by the test: %v, then %v", m.Name, m.Settings, got)
				}
			}
		})
	}
}

// spoil puts other rows in place of those of the last fold.
func spoil(t *testing.T, honest *offline.Data, k *kept, protocol string) *offline.Data {
	t.Helper()
	parts := k.parts
	d := described()
	var last time.Time // of the first row of the last fold
	if protocol == "rolling" {
		rule, _ := evaluate.ParseRule("rolling:3")
		s, err := rule.Split(honest.Rows)
		if err != nil {
			t.Fatal(err)
		}
		_, held := s.Fold(2)
		last = honest.Rows[held[0]].At
	}
	d.Rows = slices.Clone(honest.Rows)
	spoilt := 0
	for i := range d.Rows {
		r := &d.Rows[i]
		if parts[i] != evaluate.Test || r.At.Before(last) {
			continue
		}
		// The customers of odd numbers are spoilt, the others asked as before.
		if r.Customer[len(r.Customer)-1]%2 == 0 {
			continue
		}
		spoilt++
		switch protocol {
		case "random", "cold-items": // a row's part hangs on what it says: only its weight may change
			r.Quantity = 1000
		default:
			r.Item, r.Quantity = "i39", 1000
			r.Num, _ = d.IDs().Num("i39")
		}
	}
	if spoilt < 10 {
		t.Fatalf("only %d rows are spoilt", spoilt)
	}
	return d
}

// TestALeakWouldBeSeen is the test of the test: the same change in a row of the training
// part changes lists.
func TestALeakWouldBeSeen(t *testing.T) {
	run := func(d *offline.Data) map[string]string {
		t.Helper()
		var k kept
		o := options(d, "time:0.8")
		o.Models, o.Taker = []string{"popular", "ease"}, &k
		if _, err := offline.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		return k.lists
	}
	honest := described()
	before := run(honest)
	d := described()
	r := &d.Rows[0]
	r.Item, r.Quantity = "i39", 1e6
	r.Num, _ = d.IDs().Num("i39")
	after := run(d)
	changed := make(map[string]int)
	for key, list := range before {
		if got, asked := after[key]; asked && got != list {
			changed[key[:4]]++
		}
	}
	if changed["popu"] == 0 || changed["ease"] == 0 {
		t.Errorf("a planted leak changed %v lists: the comparison sees nothing", changed)
	}
}

// TestTakersGetEverything: the part of every row, every list and the fitted sources.
func TestTakersGetEverything(t *testing.T) {
	var k kept
	o := options(described(), "rolling:3")
	o.Models, o.Taker = []string{"popular", "ease"}, &k
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(k.parts) != 2000 || len(k.lists) != 2*report.Dataset.Cases || !slices.Equal(k.sources, []string{"ease"}) {
		t.Errorf("%d parts, %d lists of %d questions to two models, sources %v", len(k.parts), len(k.lists), report.Dataset.Cases, k.sources)
	}
}
