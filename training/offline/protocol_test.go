package offline_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// log reads lines of "customer item day", an order where several items are joined by
// "+".
func log(lines string) *offline.Data {
	var d offline.Data
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		var day int
		fmt.Sscan(f[2], &day)
		e := engine.RecordEvent{}
		for item := range strings.SplitSeq(f[1], "+") {
			e.Lines = append(e.Lines, engine.Interaction{
				Type: engine.Purchase, Customer: engine.CustomerID(f[0]), Item: engine.ItemID(item), At: newYear.AddDate(0, 0, day),
			})
		}
		d.AddEvent(e)
	}
	return &d
}

// lists reads lines of "customer item item ...": what another system shows.
func lists(d *offline.Data, lines string) []offline.Foreign {
	f := offline.Foreign{Name: "theirs", Lists: make(map[engine.Subject][]engine.ItemNum)}
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		who := engine.SubjectOf(engine.CustomerID(words[0]), "")
		for _, id := range words[1:] {
			n, _ := d.IDs().Assign(engine.ItemID(id))
			f.Lists[who] = append(f.Lists[who], n)
		}
	}
	return []offline.Foreign{f}
}

// measured runs with popularity alone beside what the options name, and returns the
// reports by model.
func measured(t *testing.T, o offline.Options) (*evaluate.Report, map[string]evaluate.ModelReport) {
	t.Helper()
	o.Models = []string{"popular"}
	if o.K == nil {
		o.K = []int{2}
	}
	o.Settings, o.Workers = engine.DefaultSettings(), 1
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]evaluate.ModelReport)
	for _, m := range report.Models {
		out[m.Name] = m
	}
	return report, out
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestNextBasketByHand holds out ann's last order and bob's. What was bought before is
// asked for, too. Shown are two items: ann has both of hers among them (recall 2/2),
// bob one of three; of the ideal list of three, cut at two or not, his NDCG is
// 1 / (1 + 1/log2(3)) and 1 / (1 + 1/log2(3) + 1/2).
func TestNextBasketByHand(t *testing.T) {
	d := log(`
		ann a+b 1
		ann c 2
		ann a+c 3
		bob a 1
		bob b 2
		bob b+c+d 3
		cat a 9`)
	rule, _ := evaluate.ParseRule("last-out")
	report, models := measured(t, offline.Options{Data: d, Rule: rule, Baskets: true, Repeats: true, Foreign: lists(d, "ann c a\nbob b x")})
	if s := report.Dataset; s.TestCustomers != 2 || s.Cases != 2 || s.Targets != 5 || s.Test != 5 || s.Valid != 2 {
		t.Errorf("dataset %+v", s)
	}
	m := models["theirs"].Metrics
	near(t, "recall@2", m["recall@2"].Value, (1+1./3)/2)
	near(t, "hr@2", m["hr@2"].Value, 1)
	ideal2 := 1 + 1/math.Log2(3)
	near(t, "ndcg@2", m["ndcg@2"].Value, (1+1/ideal2)/2)
	near(t, "ndcg_full@2", m["ndcg_full@2"].Value, (1+1/(ideal2+0.5))/2)
	// a has three buyers before the last orders, b and c fewer: popular shows a and b.
	near(t, "popular's recall@2", models["popular"].Metrics["recall@2"].Value, (1./2+1./3)/2)
}

// TestRollingCutsByHand has ten purchases, one a day: of rolling:2 the cuts lie after
// the fifth and the seventh. Popularity is as of each cut: at the first a leads, at the
// second b does.
func TestRollingCutsByHand(t *testing.T) {
	d := log(`
		ann a 0
		bob a 1
		cat b 2
		dan b 3
		eve a 4
		fay b 5
		gus b 6
		hal b 7
		ivy a 8
		fay a 9`)
	rule, _ := evaluate.ParseRule("rolling:2")
	report, models := measured(t, offline.Options{Data: d, Rule: rule, K: []int{1}, Curve: []float64{1}})
	if s := report.Dataset; s.Cases != 5 || s.TestCustomers != 4 || s.Test != 5 {
		t.Errorf("dataset %+v", s)
	}
	m := models["popular"]
	// First window: fay and gus want b, a is shown (3 to 2). Second: b leads by 4 to 3,
	// and fay, who has b, is shown a: hal and fay are right, ivy is not.
	near(t, "hr@1", m.Metrics["hr@1"].Value, 2./5)
	near(t, "cut 1", m.Slices["cut 1"].Metrics["hr@1"].Value, 0)
	near(t, "cut 2", m.Slices["cut 2"].Metrics["hr@1"].Value, 2./3)
	near(t, "cold", m.Slices["cold"].Metrics["hr@1"].Value, 1./4)
	near(t, "warm", m.Slices["warm"].Metrics["hr@1"].Value, 1)
	if m.Slices["cold"].Customers != 4 || m.Slices["warm"].Customers != 1 {
		t.Errorf("slices %+v", m.Slices)
	}
	if c := report.Curve[0]; c.Customers != 7 {
		t.Errorf("the whole of the learning curve is %d customers, want the 7 before the last cut", c.Customers)
	}
}

// TestSlicesByHand parts by country and by what is known: dan and the item e come after
// the cut. Who is from nowhere is in no group, who is from two countries in both.
func TestSlicesByHand(t *testing.T) {
	d := log(`
		ann a 0
		bob b 0
		cat a 0
		cat b 1
		ann b 8
		bob e 8
		cat e+c 8
		dan a 9
		zoe c 0`)
	for who, country := range map[string]any{"ann": "DE", "bob": "FR", "cat": []string{"DE", "FR"}} {
		d.AddCustomer(engine.Customer{ID: engine.CustomerID(who), Attributes: engine.Attributes{"country": country}})
	}
	o := offline.Options{Data: d, By: "country", Foreign: lists(d, "ann b a\nbob e c\ncat x c\ndan c a")}
	o.Rule = evaluate.Rule{Name: "time", Share: 0.8, Cut: newYear.AddDate(0, 0, 5)}
	report, models := measured(t, o)
	m := models["theirs"]
	for slice, want := range map[string]struct {
		customers int
		recall    float64
	}{
		"cold":       {1, 1},            // dan
		"warm":       {3, 2.5 / 3},      // cat finds one of two
		"cold items": {2, 0.5},          // bob finds e, cat does not
		"warm items": {3, 1},            // ann's b, cat's c, dan's a
		"country=DE": {2, (1 + .5) / 2}, // ann, cat
		"country=FR": {2, (1 + .5) / 2}, // bob, cat
	} {
		got := m.Slices[slice]
		if got.Customers != want.customers {
			t.Errorf("%s has %d customers, want %d", slice, got.Customers, want.customers)
		}
		near(t, slice, got.Metrics["recall@2"].Value, want.recall)
	}
	if len(m.Slices) != 6 {
		t.Errorf("slices %v", m.Slices)
	}
	if !slices.ContainsFunc(report.Warnings, func(w string) bool {
		return w == "theirs: 1 of 4 customers are shown items they already have, which cannot be hits: leave these out of the lists, or evaluate with repeats allowed"
	}) {
		t.Errorf("warnings %q", report.Warnings)
	}
}

// TestColdItemsAreAskedAlone: the lists hold cold items only, for customers who have a
// past with others.
func TestColdItemsAreAskedAlone(t *testing.T) {
	d := tastes()
	rule, err := evaluate.ColdItems(0.3)
	if err != nil {
		t.Fatal(err)
	}
	s, err := rule.Split(d.Rows)
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	report, _ := measured(t, offline.Options{Data: d, Rule: rule, Taker: &k, K: []int{5}})
	if report.Protocol.Eligible != fmt.Sprintf("the %d cold items", len(s.Only)) || report.Dataset.Unreachable != 0 {
		t.Errorf("protocol %+v, dataset %+v", report.Protocol, report.Dataset)
	}
	targets := 0
	for i := range d.Rows {
		if s.Parts[i] == evaluate.Test {
			targets++
		}
	}
	if report.Dataset.Targets != targets {
		t.Errorf("%d targets of %d interactions with cold items", report.Dataset.Targets, targets)
	}
	for key, list := range k.lists {
		for _, n := range strings.Fields(strings.Trim(strings.SplitAfter(list, "]")[0], "[]")) {
			var num engine.ItemNum
			fmt.Sscan(n, &num)
			if id := d.IDs().ID(num); !s.Only[id] {
				t.Fatalf("%s: %s is shown, which is no cold item", key, id)
			}
		}
	}
}

// TestDatesThatLieAreNamed: an item bought before it was published.
func TestDatesThatLieAreNamed(t *testing.T) {
	d := log("ann a 0\nann b 1\nbob a 2\nbob b 3")
	published := newYear.AddDate(0, 0, 2)
	d.AddItem(engine.Item{ID: "b", Published: &published})
	rule, _ := evaluate.ParseRule("last-out")
	report, _ := measured(t, offline.Options{Data: d, Rule: rule})
	if !slices.ContainsFunc(report.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "1 items were used before they were published, as b was 1 times")
	}) {
		t.Errorf("warnings %q", report.Warnings)
	}
}

// TestFilesThatOverlapInTimeAreNamed: the train file knows what ann did after the test
// asked what she would do. That others did something later is how last-out is.
func TestFilesThatOverlapInTimeAreNamed(t *testing.T) {
	d := log("ann a 0\nann b 1\nbob a 2\nbob b 3\ncat b 5\nann c 6")
	d.Parts = []evaluate.Part{evaluate.Train, evaluate.Test, evaluate.Train, evaluate.Test, evaluate.Train, evaluate.Train}
	report, _ := measured(t, offline.Options{Data: d})
	if !slices.ContainsFunc(report.Warnings, func(w string) bool {
		return strings.HasPrefix(w, "1 of 2 tested customers have interactions in the training part that are newer")
	}) {
		t.Errorf("warnings %q", report.Warnings)
	}
}

func TestDefaultModelsSuitTheProtocol(t *testing.T) {
	names := func(change func(*offline.Options)) string {
		t.Helper()
		o := options(tastes(), "last-out")
		o.Models = nil
		o.Set = append(o.Set, "embed.dims=4", "embed.epochs=1")
		change(&o)
		report, err := offline.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, m := range report.Models {
			out = append(out, m.Name)
		}
		return strings.Join(out, " ") + " "
	}
	last := names(func(*offline.Options) {})
	for _, unfit := range []string{"trending ", "newest ", "repeat ", "itemknn "} {
		if strings.Contains(last, unfit) {
			t.Errorf("%sis in the table of last-out: %s", unfit, last)
		}
	}
	inTime := names(func(o *offline.Options) { o.Rule, _ = evaluate.ParseRule("time:0.8") })
	for _, fit := range []string{"popular ", "trending ", "factor ", "ease ", "best "} {
		if !strings.Contains(inTime, fit) {
			t.Errorf("%sis not in the table of a split in time: %s", fit, inTime)
		}
	}
}

// TestProgressAndCosts: the share of the work done only rises, and a fit says how long
// it took and what it held.
func TestProgressAndCosts(t *testing.T) {
	o := options(tastes(), "rolling:2")
	o.Models = []string{"popular", "ease"}
	var shares []float64
	o.Progress = func(share float64, what string) { shares = append(shares, share) }
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(shares) || shares[0] > 0.3 || shares[len(shares)-1] < 0.5 || slices.Max(shares) > 1 {
		t.Errorf("shares %v", shares)
	}
	popular, ease := report.Models[0], report.Models[1]
	if popular.PeakBytes != 0 || ease.FitSeconds <= 0 || ease.RecommendLatency.P50 <= 0 {
		t.Errorf("popular %+v, ease %+v: what is not fitted takes nothing, what is takes time", popular, ease)
	}
}
