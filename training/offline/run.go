package offline

import (
	"context"
	"fmt"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Best is the name of the blend of all sources: what serve would use by itself.
const Best = "best"

// Options say what is evaluated, and how.
type Options struct {
	Data     *Data
	Rule     evaluate.Rule // not looked at where Data.Parts is set
	Models   []string      // of ModelNames and peer.Names, and best~SOURCE; empty: all of ModelNames that suit
	More     []string      // where Models is empty, those that stand beside what suits
	K        []int         // cut-offs of the metrics; empty: 10
	Sessions bool          // each session is on its own, and its every next item is predicted
	Baskets  bool          // each customer's last basket is predicted, all items of it
	Repeats  bool          // what a customer already has may be recommended and predicted
	Target   engine.Type   // what is predicted; empty: every type with a weight above 0
	By       string        // an attribute of Data.Customers whose values are measured by themselves
	Settings engine.Settings
	Set      []string // "ease.lambda=100": fixes a setting that is searched for otherwise
	Seed     uint64
	Workers  int
	Version  string
	Commit   string
	// Step, if not nil, is told what begins, and Progress which share of the work is
	// done then.
	Step     func(what string)
	Progress func(share float64, what string)
	// Foreign are other systems' answers, models in the same table.
	Foreign []Foreign
	Taker   Taker // nil: nobody
	// Begin, if not nil, is told what the report will have, once that is known and before
	// anything is fitted. Its error ends the evaluation.
	Begin func(Plan) error
	// Curve are shares of the customers, above 0 to 1: how well the models would do that
	// learn from these alone.
	Curve []float64
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
	carved   string             // the rule by which the validation part was taken off the training part
	past     *training.Snapshot // the train part
	choosing []training.Case    // of the validation part
	parts    map[string]training.Slice
	repeated int                       // subjects who are not asked: all that is held out of them they had
	asked    map[string]training.Asked // for the blend of each best
	report   *evaluate.Report
	steps    struct{ done, all int }
}

// Run evaluates. Its errors are *engine.Invalid where the options or the data are at
// fault.
func Run(ctx context.Context, o Options) (*evaluate.Report, error) {
	e, err := prepare(o)
	if err != nil {
		return nil, err
	}
	folds := e.folds()
	e.parts = e.slices(folds)
	if e.Begin != nil {
		if err := e.Begin(e.plan()); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(folds, func(f fold) bool { return len(f.cases) > 0 }) {
		return nil, e.nothingAsked()
	}
	if e.Taker != nil {
		if err := e.Taker.Split(e.Data.Rows, e.split.Parts, e.split.Windows); err != nil {
			return nil, fmt.Errorf("keep the split: %w", err)
		}
	}
	e.expect(len(folds))
	recipe, chosen, err := e.choose(ctx)
	if err != nil {
		return nil, err
	}
	return e.report, e.measure(ctx, recipe, chosen, folds)
}

// prepare splits the data and makes ready what settings are chosen on.
func prepare(o Options) (*evaluation, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Sessions {
		o.Data = o.Data.bySession()
	}
	e := &evaluation{Options: &o, asked: make(map[string]training.Asked), report: &evaluate.Report{Version: o.Version, Commit: o.Commit}}
	if err := e.checkTargets(); err != nil {
		return nil, err
	}
	if err := e.divide(); err != nil {
		return nil, err
	}
	train, valid := e.split.Rows(evaluate.Train), e.split.Rows(evaluate.Valid)
	e.past = o.Data.snapshot(train, o.Settings)
	if len(o.Models) == 0 {
		o.Models = o.suitable(e.past.Material().Rows().Len())
		for _, name := range o.More {
			if !slices.Contains(o.Models, name) {
				o.Models = append(o.Models, name)
			}
		}
	}
	search, err := e.search()
	if err != nil {
		return nil, err
	}
	e.warnOfSet(search)
	e.selector = training.Selector{
		Search: search, Place: e.past.Place(e.excluded()), Without: e.unfit(), Beside: o.Models,
		Fitter: &training.Fitter{Workers: o.Workers, Seed: o.Seed, Step: e.step},
	}
	choosing, _ := e.cases(train, valid, e.numbers(e.split.ValidOnly))
	e.choosing = training.Pick(choosing, choosingCases)
	return e, nil
}

// expect counts the steps of the work ahead: a fit of every try, and at every cut the
// choice of the blends, a fit of every kind and an asking of every model.
func (e *evaluation) expect(folds int) {
	times := folds * (1 + len(slices.DeleteFunc(slices.Clone(e.Curve), func(share float64) bool { return share == 1 })))
	e.steps.all = 2*folds + times*(len(e.selector.Search)+len(e.Models)) + len(e.Foreign)
	for _, k := range e.selector.Search {
		if len(e.choosing) > 0 {
			e.steps.all += len(k.Tries)
		}
	}
}

// step tells what begins.
func (e *evaluation) step(what string) {
	if e.Step != nil {
		e.Step(what)
	}
	if e.Progress != nil && e.steps.all > 0 {
		e.Progress(min(1, float64(e.steps.done)/float64(e.steps.all)), what)
	}
	e.steps.done++
}

// warn adds a warning to the report.
func (e *evaluation) warn(format string, args ...any) {
	e.report.Warnings = append(e.report.Warnings, fmt.Sprintf(format, args...))
}

// unit is whose timelines are looked at.
func (o *Options) unit() string {
	if o.Sessions {
		return "session"
	}
	return "customer"
}

// excluded are the types of interaction after which an item is not shown again: all there
// are, and purchases where the data have none, so that lists are weighed as lists of what
// is new.
func (e *evaluation) excluded() []engine.Type {
	if e.Repeats {
		return nil
	}
	return append(e.types(), engine.Purchase)
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

// pair compares the best (else the first model) with every other.
func (e *evaluation) pair(c *training.Contest, measured []*training.Measured) {
	by := []string{"ndcg", "recall"}
	if e.Sessions {
		by = []string{"mrr", "hr"} // as the literature on sessions does
	}
	first := max(0, slices.Index(e.Models, Best))
	for i, other := range measured {
		if i == first {
			continue
		}
		for _, metric := range c.Metrics {
			if metric.PerCustomer() && metric.K == e.K[0] && slices.Contains(by, metric.Name) {
				e.report.Paired = append(e.report.Paired, c.Compare(measured[first], other, metric))
			}
		}
	}
	e.report.AdjustPaired()
}

// Metrics are those of the report.
func (o *Options) Metrics() []evaluate.Metric {
	names := []string{"ndcg", "recall", "recall_min", "hr", "mrr", "map", "precision", "coverage", "novelty", "gini", evaluate.Diversity}
	if o.Baskets {
		names = slices.Insert(names, 1, "ndcg_full") // the form of that literature
	}
	var out []evaluate.Metric
	for _, k := range o.K {
		for _, name := range names {
			out = append(out, evaluate.Metric{Name: name, K: k})
		}
	}
	return out
}

// background is what was known at the first cut.
func (e *evaluation) background() evaluate.Background {
	known := e.split.Rows(evaluate.Train, evaluate.Valid)
	bg := evaluate.Background{Reach: e.reach(known), Customers: len(e.Data.histories(known))}
	for _, item := range e.Data.Items {
		if e.split.Only == nil || e.split.Only[item.Item.ID] {
			bg.Items = append(bg.Items, item.Num)
		}
	}
	return bg
}

// reach counts who had each item in some rows.
func (e *evaluation) reach(rows []int) map[engine.ItemNum]int {
	out := make(map[engine.ItemNum]int)
	for _, h := range e.Data.histories(rows) {
		had := make(map[engine.ItemNum]bool)
		for i := range h.rows {
			if n := h.rows[i].Num; h.rows[i].Item != "" && !had[n] {
				had[n] = true
				out[n]++
			}
		}
	}
	return out
}

func (e *evaluation) dataset(c *training.Contest) evaluate.Dataset {
	d := evaluate.Dataset{
		Interactions: len(e.Data.Rows), Items: len(e.Data.Items), SHA256: e.Data.SHA256,
		Customers:     len(e.Data.histories(e.split.Order)),
		Train:         len(e.split.Rows(evaluate.Train)),
		Valid:         len(e.split.Rows(evaluate.Valid)),
		Test:          len(e.split.Rows(evaluate.Test)),
		TestCustomers: c.Customers(),
		Repeated:      e.repeated,
		Cases:         len(c.Cases),
	}
	for i := range c.Cases {
		one := &c.Cases[i]
		d.Targets += len(one.Targets)
		for _, n := range one.Targets {
			if !e.reachable(one, n) {
				d.Unreachable++
			}
		}
	}
	return d
}

// reachable reports whether a target could have been in the list.
func (e *evaluation) reachable(c *training.Case, n engine.ItemNum) bool {
	item := e.Data.Items[e.Data.known[n]].Item
	kinds := e.selector.Place.Scenario.Kinds
	return item.ShownAt(c.Now) && !slices.Contains(c.Request.Exclude, item.ID) &&
		(len(kinds) == 0 || slices.Contains(kinds, item.KindOrProduct())) && (c.Only == nil || c.Only.Contains(uint32(n)))
}
