package offline_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
	"github.com/rapportengine/rapport/training/peer"
)

// tastes is what 200 customers bought: even ones even items, odd ones odd items.
func tastes() *offline.Data {
	var d offline.Data
	rng := rand.New(rand.NewPCG(3, 4))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for c := range 200 {
		for n, i := range rng.Perm(20)[:10] {
			d.AddEvent(bought(c, 2*i+c%2, at.Add(time.Duration(n)*24*time.Hour+time.Duration(c)*time.Minute)))
		}
	}
	return &d
}

func bought(customer, item int, at time.Time) engine.RecordEvent {
	return engine.RecordEvent{Lines: []engine.Interaction{{
		Type: engine.Purchase, At: at, // no event id: files seldom have one
		Customer: engine.CustomerID(fmt.Sprint("c", customer)), Item: engine.ItemID(fmt.Sprint("i", item)),
	}}}
}

// options evaluates with small fixed settings, to be quick.
func options(d *offline.Data, split string) offline.Options {
	o := offline.Options{
		Data: d, Models: []string{"popular", "factor", "ease", "best"}, K: []int{5}, Settings: engine.DefaultSettings(), Seed: 1, Workers: 2,
		Set: []string{"factor.dims=4", "factor.epochs=4", "factor.lambda=0.01", "factor.alpha0=0.3", "ease.lambda=10"},
	}
	if split != "" {
		rule, err := evaluate.ParseRule(split)
		if err != nil {
			panic(err)
		}
		o.Rule = rule
	}
	return o
}

func TestEverySplitFindsTheTastes(t *testing.T) {
	for _, split := range []string{"last-out", "time:0.8", "random:0.8"} {
		t.Run(split, func(t *testing.T) {
			report, err := offline.Run(t.Context(), options(tastes(), split))
			if err != nil {
				t.Fatal(err)
			}
			reached := make(map[string]float64)
			for _, m := range report.Models {
				reached[m.Name] = m.Metrics["ndcg@5"].Value
			}
			for _, name := range []string{"factor", "ease", "best"} {
				if reached[name] < 1.5*reached["popular"] {
					t.Errorf("%s reaches %.3f, popularity %.3f", name, reached[name], reached["popular"])
				}
			}
			if p := report.Paired[0]; p.A != "best" || p.B != "popular" || p.P > 0.01 || p.Low <= 0 {
				t.Errorf("best against popular: %+v", p)
			}
			if d := report.Dataset; d.Interactions != 2000 || d.Items != 40 || d.Train+d.Valid+d.Test != 2000 || d.TestCustomers == 0 || d.Unreachable != 0 {
				t.Errorf("dataset %+v", d)
			}
			if len(report.Warnings) > 0 {
				t.Errorf("warnings %q", report.Warnings)
			}
		})
	}
}

func TestTheSameSeedGivesTheSameReport(t *testing.T) {
	var first string
	for _, workers := range []int{1, 3} {
		o := options(tastes(), "last-out")
		o.Workers = workers
		report, err := offline.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range report.Models { // times and heaps differ from run to run
			report.Models[i].FitSeconds, report.Models[i].PeakBytes, report.Models[i].RecommendLatency = 0, 0, evaluate.Latency{}
		}
		var out bytes.Buffer
		if err := report.WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		} else if out.String() != first {
			t.Errorf("with %d workers:\n%s\nwith 1:\n%s", workers, &out, first)
		}
	}
}

// TestAPlantedLeakIsNamed gives a test file that repeats lines of the training file.
func TestAPlantedLeakIsNamed(t *testing.T) {
	d := tastes()
	for range d.Rows {
		d.Parts = append(d.Parts, evaluate.Train)
	}
	for i := range 5 {
		d.Rows, d.Parts = append(d.Rows, d.Rows[i*10]), append(d.Parts, evaluate.Test)
	}
	d.AddEvent(bought(0, 39, d.Rows[0].At.AddDate(0, 1, 0)))
	d.Parts = append(d.Parts, evaluate.Test)
	report, err := offline.Run(t.Context(), options(d, ""))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(report.Warnings, func(w string) bool { return strings.HasPrefix(w, "5 test interactions") }) {
		t.Errorf("five planted lines are not warned of: %q", report.Warnings)
	}
	if report.Dataset.TestCustomers != 1 || report.Dataset.Targets != 1 {
		t.Errorf("what the customer already had was asked for: %+v", report.Dataset)
	}
}

// TestPeers puts the peers beside ours: they find the tastes, too, and what stands
// beside them reaches what it reaches without them.
func TestPeers(t *testing.T) {
	o := options(tastes(), "last-out")
	alone, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Models = append([]string{"gorse-bpr", "gorse-als"}, o.Models...)
	o.Set = append(o.Set, "gorse-bpr.dims=16", "gorse-bpr.epochs=30", "gorse-bpr.lr=0.1", "gorse-als.dims=16", "gorse-als.epochs=5", "gorse-als.alpha=0.1")
	beside, err := offline.Run(t.Context(), o)
	if errors.Is(err, peer.ErrChecked) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	value := func(m evaluate.ModelReport) float64 { return m.Metrics["ndcg@5"].Value }
	peers, ours := beside.Models[:2], beside.Models[2:]
	for i, m := range ours {
		if m.Name != alone.Models[i].Name || value(m) != value(alone.Models[i]) {
			t.Errorf("%s reaches %v, without the peers %v", m.Name, value(m), value(alone.Models[i]))
		}
	}
	for _, m := range peers {
		if value(m) < 1.5*value(ours[0]) {
			t.Errorf("%s reaches %.3f, popularity %.3f", m.Name, value(m), value(ours[0]))
		}
		if fmt.Sprint(m.Settings["dims"]) != "16" || m.FitSeconds <= 0 {
			t.Errorf("%s says %+v, fitted in %v s", m.Name, m.Settings, m.FitSeconds)
		}
	}
	o.Set = append(o.Set, "gorse-bpr.dims=20")
	var invalid *engine.Invalid
	if _, err := offline.Run(t.Context(), o); !errors.As(err, &invalid) {
		t.Errorf("with 20 dimensions: %v", err)
	}
}

func TestRepeats(t *testing.T) {
	d := tastes()
	last := d.Rows[len(d.Rows)-1].At
	for c := range 200 {
		again := d.Rows[c*10].Interaction
		again.At = last.AddDate(0, 0, 1)
		d.AddEvent(engine.RecordEvent{Lines: []engine.Interaction{again}})
	}
	o := options(d, "last-out")
	var invalid *engine.Invalid
	if _, err := offline.Run(t.Context(), o); !errors.As(err, &invalid) {
		t.Errorf("with nothing but repeats held out and repeats excluded: %v", err)
	}
	o.Repeats = true
	if report, err := offline.Run(t.Context(), o); err != nil || report.Dataset.TestCustomers != 200 || report.Protocol.Repeats != "allow" {
		t.Errorf("with repeats allowed: %v", err)
	}
}

// TestSessions predicts every next item of the newest sessions, of customers who have
// many of them: each session is on its own.
func TestSessions(t *testing.T) {
	var d offline.Data
	rng := rand.New(rand.NewPCG(5, 6))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range 300 {
		for step, i := range rng.Perm(10)[:4] {
			e := bought(n%7, 2*i+n%2, at.Add(time.Duration(n)*time.Hour+time.Duration(step)*time.Minute))
			e.Lines[0].Session = engine.SessionID(fmt.Sprint("s", n))
			d.AddEvent(e)
		}
	}
	o := options(&d, "time:0.8")
	o.Sessions = true
	report, err := offline.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// The newest 60 of 300 sessions; of four items each the last three can be predicted.
	if s, p := report.Dataset, report.Protocol; s.Customers != 300 || s.Test != 240 || s.TestCustomers != 60 || s.Cases != 180 || s.Targets != 180 || p.Unit != evaluate.SessionPrefix {
		t.Errorf("dataset %+v, protocol %+v", s, p)
	}
	reached := make(map[string]float64)
	for _, m := range report.Models {
		reached[m.Name] = m.Metrics["mrr@5"].Value
	}
	if reached["ease"] < 1.3*reached["popular"] {
		t.Errorf("mrr@5 = %v", reached)
	}
	if report.Paired[0].Metric != "hr@5" || report.Paired[1].Metric != "mrr@5" {
		t.Errorf("compared by %+v", report.Paired[:2])
	}
}

func TestWrongOptionsSayWhatWouldBeRight(t *testing.T) {
	for want, change := range map[string]func(*offline.Options){
		`models: there is no model "magic"; there are content, popular`: func(o *offline.Options) { o.Models = []string{"magic"} },
		`set: there is no setting "ease.gamma"; there are ease.lambda`:  func(o *offline.Options) { o.Set = []string{"ease.gamma=1"} },
		`set: a value is wanted after the name`:                         func(o *offline.Options) { o.Set = []string{"ease.lambda"} },
		`set: ease.lambda is a value such as 200, not "high"`:           func(o *offline.Options) { o.Set = []string{"ease.lambda=high"} },
		`set: ease.max_items is a value such as 4000, not "1.5"`:        func(o *offline.Options) { o.Set = []string{"ease.max_items=1.5"} },
		`k: a whole number from 1 to 1000, not 0`:                       func(o *offline.Options) { o.K = []int{0} },
		`k: 5 is named twice`:                                           func(o *offline.Options) { o.K = []int{5, 10, 5} },
		`models: ease is named twice`:                                   func(o *offline.Options) { o.Models = []string{"ease", "popular", "ease"} },
		`target: no interaction is of type "sale"; there are `:          func(o *offline.Options) { o.Target = "sale" },
		`types: no interaction is of a type with a weight`: func(o *offline.Options) {
			o.Settings.Types = map[engine.Type]engine.TypeSetting{"sale": {Weight: 1}}
		},
		`events: nothing is held out to predict`: func(o *offline.Options) { o.Data = &offline.Data{} },
	} {
		o := options(tastes(), "last-out")
		change(&o)
		var invalid *engine.Invalid
		if _, err := offline.Run(t.Context(), o); !errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q…", err, want)
		}
	}
}
