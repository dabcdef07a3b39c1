package offline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/neighbour"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
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
	Repeats  bool          // what a customer already has may be recommended and predicted
	Target   engine.Type   // what is predicted; empty: every type with a weight above 0
	Settings engine.Settings
	Set      []string // "ease.lambda=100": fixes a setting that is searched for otherwise
	Seed     uint64
	Workers  int
	Version  string
	Commit   string
	Step     func(what string)
}

// ModelNames are our models, in the order of the table: what Run evaluates unless told
// otherwise. It also knows peer.Names.
func ModelNames() []string {
	var live []string
	for _, s := range recommend.LiveSources() {
		live = append(live, s.Name())
	}
	return append(append(live, factor.Name, neighbour.Name), Best)
}

// searched is everything settings are chosen from.
type searched struct {
	training.Search
	peers map[string][]peer.Params
}

// search is what settings are chosen from where nothing is fixed: what a shop's own
// training begins with, and wider than that can afford.
func search() searched {
	s := searched{Search: training.DefaultSearch(), peers: peerSearch()}
	f := s.Factor[0]
	f.Epochs = 16
	s.Factor = []factor.Params{f}
	for _, alpha0 := range []float64{0.1, 0.3, 1} {
		for _, lambda := range []float64{0.003, 0.01, 0.03} {
			f.Alpha0, f.Lambda = alpha0, lambda
			s.Factor = append(s.Factor, f)
		}
	}
	e := s.EASE[0]
	s.EASE = []neighbour.Params{e}
	for _, lambda := range []float64{50, 100, 500, 1000} {
		e.Lambda = lambda
		s.EASE = append(s.EASE, e)
	}
	return s
}

// fix narrows a search to the settings that were given.
func fix(s *searched, set []string) error {
	for _, text := range set {
		name, value, _ := strings.Cut(text, "=")
		x, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return engine.Invalidf(engine.CodeInvalidField, "set", "a number is wanted after the name, as in ease.lambda=100, not %q", text)
		}
		change, known := fixable[name]
		if !known {
			return engine.Invalidf(engine.CodeInvalidField, "set", "there is no setting %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(fixable)), ", "))
		}
		change(s, x)
	}
	s.Factor, s.EASE = distinct(s.Factor), distinct(s.EASE)
	for name, list := range s.peers {
		s.peers[name] = distinct(list)
	}
	return nil
}

// fixable are the settings that can be given.
var fixable = map[string]func(s *searched, x float64){
	"ease.lambda":   func(s *searched, x float64) { forEach(s.EASE, func(p *neighbour.Params) { p.Lambda = x }) },
	"factor.lambda": func(s *searched, x float64) { forEach(s.Factor, func(p *factor.Params) { p.Lambda = x }) },
	"factor.alpha0": func(s *searched, x float64) { forEach(s.Factor, func(p *factor.Params) { p.Alpha0 = x }) },
	"factor.dims":   func(s *searched, x float64) { forEach(s.Factor, func(p *factor.Params) { p.Dims = int(x) }) },
	"factor.epochs": func(s *searched, x float64) { forEach(s.Factor, func(p *factor.Params) { p.Epochs = int(x) }) },

	peer.BPR + ".dims":   func(s *searched, x float64) { forEach(s.peers[peer.BPR], func(p *peer.Params) { p.Dims = int(x) }) },
	peer.BPR + ".epochs": func(s *searched, x float64) { forEach(s.peers[peer.BPR], func(p *peer.Params) { p.Epochs = int(x) }) },
	peer.BPR + ".lr":     func(s *searched, x float64) { forEach(s.peers[peer.BPR], func(p *peer.Params) { p.Lr = x }) },
	peer.BPR + ".reg":    func(s *searched, x float64) { forEach(s.peers[peer.BPR], func(p *peer.Params) { p.Reg = x }) },
	peer.ALS + ".dims":   func(s *searched, x float64) { forEach(s.peers[peer.ALS], func(p *peer.Params) { p.Dims = int(x) }) },
	peer.ALS + ".epochs": func(s *searched, x float64) { forEach(s.peers[peer.ALS], func(p *peer.Params) { p.Epochs = int(x) }) },
	peer.ALS + ".alpha":  func(s *searched, x float64) { forEach(s.peers[peer.ALS], func(p *peer.Params) { p.Alpha = x }) },
	peer.ALS + ".reg":    func(s *searched, x float64) { forEach(s.peers[peer.ALS], func(p *peer.Params) { p.Reg = x }) },
}

func forEach[T any](list []T, do func(*T)) {
	for i := range list {
		do(&list[i])
	}
}

func distinct[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// evaluation is one run.
type evaluation struct {
	*Options
	selector training.Selector
	peers    map[string]*contender
	split    evaluate.Split
	report   *evaluate.Report
}

// Run evaluates. Its errors are *engine.Invalid where the options or the data are at
// fault.
func Run(ctx context.Context, o Options) (*evaluate.Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	e := &evaluation{Options: &o, report: &evaluate.Report{Version: o.Version, Commit: o.Commit}}
	if err := e.divide(); err != nil {
		return nil, err
	}
	settings := search()
	if err := fix(&settings, o.Set); err != nil {
		return nil, err
	}
	e.callPeers(settings.peers)
	e.selector = training.Selector{Search: settings.Search, Fitter: &training.Fitter{Workers: o.Workers, Seed: o.Seed, Step: o.Step, Only: o.Models}}
	if slices.Contains(o.Models, Best) {
		e.selector.Fitter.Only = nil
	}
	train, valid, test := e.split.Rows(evaluate.Train), e.split.Rows(evaluate.Valid), e.split.Rows(evaluate.Test)
	past := o.Data.snapshot(train, o.Settings)
	var exclude []engine.Type
	if !o.Repeats {
		exclude = e.types()
	}
	e.selector.Place = past.Place(exclude)
	if o.Data.Parts == nil && o.Rule.Name != "time" {
		e.selector.Without = []string{"trending", "newest"}
	}
	choosing := o.Data.cases(train, valid, e.isTarget, o.Repeats)
	cases := o.Data.cases(e.split.Rows(evaluate.Train, evaluate.Valid), test, e.isTarget, o.Repeats)
	if len(cases) == 0 {
		return nil, engine.Invalidf(engine.CodeInvalidField, "events", "nothing is held out to predict: no customer has both a past and something new in the test part")
	}
	recipe, blend, err := e.choose(ctx, past, choosing)
	if err != nil {
		return nil, err
	}
	return e.report, e.measure(ctx, recipe, blend, cases)
}

func (o *Options) check() error {
	if len(o.Models) == 0 {
		o.Models = ModelNames()
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
		e.Rule.Target, name = e.isTarget, e.Rule.String()
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
	repeats := "exclude"
	if e.Repeats {
		repeats = "allow"
	}
	e.report.Protocol = evaluate.Protocol{Split: name, Repeats: repeats, Unit: "customer", Seed: e.Seed, Resamples: 2000, Flips: 10000}
	if e.Target != "" {
		e.report.Protocol.Targets = []string{string(e.Target)}
	}
	return nil
}

// choose fits on the training part and chooses settings and blend on the validation
// part.
func (e *evaluation) choose(ctx context.Context, past *training.Snapshot, cases []training.Case) (training.Recipe, rank.Blend, error) {
	blend := rank.DefaultBlend()
	recipe := e.selector.Default()
	if len(cases) == 0 {
		e.report.Warnings = append(e.report.Warnings, "there is no validation part: settings are the first of the search, the blend is the default one")
		return recipe, blend, nil
	}
	fitter := e.selector.Fitter
	world := past.World(recommend.NewModels(0, past.Newest, nil, fitter.Encoder(past), blend))
	data := fitter.Data(past)
	var (
		sources []model.Saver
		err     error
	)
	if err := e.choosePeers(ctx, world, data, cases); err != nil {
		return recipe, blend, err
	}
	if sources, recipe, err = e.selector.Sources(ctx, world, data, cases); err != nil {
		return recipe, blend, err
	}
	if slices.Contains(e.Models, Best) {
		world = world.WithModels(recommend.NewModels(0, past.Newest, sources, world.Models.Encoder, blend), world.Content)
		if blend[rank.Person], _, err = e.selector.Blend(ctx, world, rank.Person, cases); err != nil {
			return recipe, blend, err
		}
	}
	return recipe, blend, nil
}

// measure fits on all but the test part and measures every model on that.
func (e *evaluation) measure(ctx context.Context, recipe training.Recipe, blend rank.Blend, cases []training.Case) error {
	fitter := e.selector.Fitter
	fitter.Took = nil
	all := e.Data.snapshot(e.split.Rows(evaluate.Train, evaluate.Valid), e.Settings)
	sources, err := fitter.All(ctx, all, recipe)
	if err != nil {
		return err
	}
	world := all.World(recommend.NewModels(0, all.Newest, sources, fitter.Encoder(all), blend))
	if err := e.fitPeers(ctx, fitter.Data(all)); err != nil {
		return err
	}
	contest := &training.Contest{
		Place: e.selector.Place, Cases: cases, Metrics: e.metrics(), Workers: e.Workers, Step: e.Step,
		Background: e.background(), Resampling: evaluate.Resampling{Seed: e.Seed},
	}
	e.report.Dataset = e.dataset(world, cases)
	measured := make(map[string]*training.Measured)
	for _, name := range e.Models {
		who := training.Contender{Name: name, World: world, Settings: settingsOf(name, recipe, blend)}
		switch p, rival := e.peers[name]; {
		case rival:
			p.enter(&who)
		case name == Best:
			for _, took := range fitter.Took {
				who.Fit += took
			}
		default:
			who.World = world.WithModels(world.Models.WithBlend(training.Alone(name)), world.Content)
			who.Fit = fitter.Took[name]
		}
		if measured[name], err = contest.Measure(ctx, who); err != nil {
			return err
		}
		e.report.Models = append(e.report.Models, measured[name].Report)
	}
	e.pair(contest, measured)
	return nil
}

// pair compares the best (else the first model) with every other.
func (e *evaluation) pair(c *training.Contest, measured map[string]*training.Measured) {
	first := e.Models[0]
	if slices.Contains(e.Models, Best) {
		first = Best
	}
	for _, other := range e.Models {
		if other != first {
			for _, metric := range c.Metrics {
				if metric.PerCustomer() && metric.K == e.K[0] && (metric.Name == "ndcg" || metric.Name == "recall") {
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
			if item := w.Catalogue.Item(n); item == nil || !item.ShownAt(c.Now) {
				d.Unreachable++
			}
		}
	}
	return d
}

// settingsOf says what a model was fitted with.
func settingsOf(name string, r training.Recipe, b rank.Blend) map[string]any {
	switch name {
	case factor.Name:
		return map[string]any{"dims": r.Factor.Dims, "lambda": r.Factor.Lambda, "alpha0": r.Factor.Alpha0}
	case neighbour.Name:
		return map[string]any{"lambda": r.EASE.Lambda}
	case Best:
		weights := make(map[string]any)
		for source, scale := range b[rank.Person] {
			weights[source] = scale.Weight
		}
		return weights
	}
	return nil
}
