package offline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/repeat"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/peer"
)

// Best is the name of the blend of all sources: what serve would use by itself.
const Best = "best"

// Options say what is evaluated, and how.
type Options struct {
	Data     *Data
	Rule     evaluate.Rule // not looked at where Data.Parts is set
	Models   []string      // of ModelNames and peer.Names; empty: all of ModelNames
	K        []int         // cut-offs of the metrics; empty: 10
	Sessions bool          // each session is on its own, and its every next item is predicted
	Repeats  bool          // what a customer already has may be recommended and predicted
	Target   engine.Type   // what is predicted; empty: every type with a weight above 0
	Settings engine.Settings
	Set      []string // "ease.lambda=100": fixes a setting that is searched for otherwise
	Seed     uint64
	Workers  int
	Version  string
	Commit   string
	Step     func(what string)
	// Foreign are other systems' answers, models in the same table.
	Foreign []Foreign
	Taker   Taker // nil: nobody
}

// ModelNames are our models, in the order of the table: what Run evaluates unless told
// otherwise. It also knows peer.Names.
func ModelNames() []string {
	var names []string
	for _, s := range recommend.LiveSources() {
		names = append(names, s.Name())
	}
	for _, k := range ours() {
		names = append(names, k.Name)
	}
	return append(names, Best)
}

// evaluation is one run.
type evaluation struct {
	*Options
	selector training.Selector
	split    evaluate.Split
	past     *training.Snapshot // the train part
	choosing []training.Case    // of the validation part
	report   *evaluate.Report
}

// Run evaluates. Its errors are *engine.Invalid where the options or the data are at
// fault.
func Run(ctx context.Context, o Options) (*evaluate.Report, error) {
	e, err := prepare(o)
	if err != nil {
		return nil, err
	}
	cases := e.cases(evaluate.Test)
	if len(cases) == 0 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "events", "nothing is held out to predict: no %s has both a past and something new in the test part", e.unit())
	}
	recipe, blend, err := e.choose(ctx, e.past, e.choosing)
	if err != nil {
		return nil, err
	}
	return e.report, e.measure(ctx, recipe, blend, cases)
}

// prepare splits the data and makes ready what settings are chosen on.
func prepare(o Options) (*evaluation, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Sessions {
		o.Data = o.Data.bySession()
	}
	e := &evaluation{Options: &o, report: &evaluate.Report{Version: o.Version, Commit: o.Commit}}
	if err := e.divide(); err != nil {
		return nil, err
	}
	search, err := o.search()
	if err != nil {
		return nil, err
	}
	e.past = o.Data.snapshot(e.split.Rows(evaluate.Train), o.Settings)
	e.selector = training.Selector{
		Search: search, Place: e.past.Place(e.excluded()), Without: e.unfit(), Beside: o.Models,
		Fitter: &training.Fitter{Workers: o.Workers, Seed: o.Seed, Step: o.Step},
	}
	e.choosing = e.cases(evaluate.Valid)
	return e, nil
}

// unit is whose timelines are looked at.
func (o *Options) unit() string {
	if o.Sessions {
		return "session"
	}
	return "customer"
}

// excluded are the types of interaction after which an item is not shown again.
func (e *evaluation) excluded() []engine.Type {
	if e.Repeats {
		return nil
	}
	return e.types()
}

// unfit are the sources that would see the future where the split does not follow time.
func (e *evaluation) unfit() []string {
	if e.Data.Parts == nil && e.Rule.Name != "time" {
		return []string{"trending", "newest"}
	}
	return nil
}

func (o *Options) check() error {
	if len(o.Models) == 0 {
		o.Models = slices.DeleteFunc(ModelNames(), func(name string) bool { return name == repeat.Name && !o.Repeats })
	}
	for _, m := range o.Models {
		if all := slices.Concat(ModelNames(), peer.Names()); !slices.Contains(all, m) {
			return engine.Invalidf(engine.CodeInvalidField, "models", "there is no model %q; there are %s", m, strings.Join(all, ", "))
		}
	}
	if len(o.K) == 0 {
		o.K = []int{engine.DefaultCount}
	}
	for _, k := range o.K {
		if k < 1 || k > engine.MaxCount {
			return engine.Invalidf(engine.CodeInvalidField, "k", "a whole number from 1 to %d, not %d", engine.MaxCount, k)
		}
	}
	return nil
}

// isTarget reports whether a row is something to predict.
func (e *evaluation) isTarget(r *engine.Row) bool {
	if e.Target != "" {
		return r.Type == e.Target
	}
	return e.Settings.Types[r.Type].Weight > 0
}

// types are the interaction types of the data.
func (e *evaluation) types() []engine.Type {
	var out []engine.Type
	for i := range e.Data.Rows {
		if t := e.Data.Rows[i].Type; !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// divide splits the rows and warns of what makes a split doubtful.
func (e *evaluation) divide() (err error) {
	name := "given files"
	if e.Data.Parts != nil {
		e.split, err = evaluate.Given(e.Data.Rows, e.Data.Parts)
	} else {
		e.Rule.Target, e.Rule.Whole, name = e.isTarget, e.Sessions, e.Rule.String()
		e.split, err = e.Rule.Split(e.Data.Rows)
	}
	if err != nil {
		return err
	}
	if leaks := e.split.Leaks(e.Data.Rows, nil); len(leaks) > 0 {
		first := e.Data.Rows[leaks[0].Test]
		e.report.Warnings = append(e.report.Warnings, fmt.Sprintf(
			"%d test interactions also stand in the training part, with the same customer, item, type and time: the first is %s with item %s; this flatters every model",
			len(leaks), first.Subject(), first.Item))
	}
	repeats, unit := "exclude", e.unit()
	if e.Repeats {
		repeats = "allow"
	}
	if e.Sessions {
		unit = evaluate.SessionPrefix
	}
	e.report.Protocol = evaluate.Protocol{Split: name, Repeats: repeats, Unit: unit, Seed: e.Seed, Resamples: 2000, Flips: 10000}
	if e.Target != "" {
		e.report.Protocol.Targets = []string{string(e.Target)}
	}
	return nil
}

// pair compares the best (else the first model) with every other.
func (e *evaluation) pair(c *training.Contest, measured map[string]*training.Measured) {
	first, by := e.Models[0], []string{"ndcg", "recall"}
	if e.Sessions {
		by = []string{"mrr", "hr"} // as the literature on sessions does
	}
	if slices.Contains(e.Models, Best) {
		first = Best
	}
	for _, other := range e.Models {
		if other != first {
			for _, metric := range c.Metrics {
				if metric.PerCustomer() && metric.K == e.K[0] && slices.Contains(by, metric.Name) {
					e.report.Paired = append(e.report.Paired, c.Compare(measured[first], measured[other], metric))
				}
			}
		}
	}
	e.report.AdjustPaired()
}

func (e *evaluation) metrics() []evaluate.Metric {
	var out []evaluate.Metric
	for _, k := range e.K {
		for _, name := range []string{"ndcg", "recall", "recall_min", "hr", "mrr", "map", "precision", "coverage", "novelty", "gini"} {
			out = append(out, evaluate.Metric{Name: name, K: k})
		}
	}
	return out
}

func (e *evaluation) background() evaluate.Background {
	bg := evaluate.Background{Reach: make(map[engine.ItemNum]int)}
	for _, item := range e.Data.Items {
		bg.Items = append(bg.Items, item.Num)
	}
	for _, h := range e.Data.histories(e.split.Rows(evaluate.Train, evaluate.Valid)) {
		bg.Customers++
		had := make(map[engine.ItemNum]bool)
		for i := range h.rows {
			if n := h.rows[i].Num; h.rows[i].Item != "" && !had[n] {
				had[n] = true
				bg.Reach[n]++
			}
		}
	}
	return bg
}

func (e *evaluation) dataset(w *recommend.World, cases []training.Case) evaluate.Dataset {
	d := evaluate.Dataset{
		Interactions: len(e.Data.Rows), Items: len(e.Data.Items), SHA256: e.Data.SHA256,
		Customers:     len(e.Data.histories(e.split.Order)),
		Train:         len(e.split.Rows(evaluate.Train)),
		Valid:         len(e.split.Rows(evaluate.Valid)),
		Test:          len(e.split.Rows(evaluate.Test)),
		TestCustomers: len(cases),
	}
	for _, c := range cases {
		d.Targets += len(c.Targets)
		for _, n := range c.Targets {
			if item := w.Catalogue.Item(n); item == nil || !item.ShownAt(c.Now) || slices.Contains(c.Request.Exclude, item.ID) {
				d.Unreachable++
			}
		}
	}
	return d
}
