package desk

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Evaluation is what is to be measured, and how.
type Evaluation struct {
	Solutions []engine.Item
	Events    []engine.Interaction // of the customers who ask
	Train     []record.Question    // to learn from; folds of Questions, too
	Questions []record.Question
	Folds     int // of Questions: each is asked of what the others and Train taught; below 2 for none
	Shots     int // at most as many questions of each solution are learnt from; 0 for all
	K         []int
	Embedder  text.Embedder // nil for none
	Options
	// Progress hears how much of the work is done, and what comes; nil for nobody.
	Progress func(share float64, what string)
}

// rung is a step of the ladder: the kinds of evidence that it adds.
type rung struct {
	name string
	adds []solution.Evidence
}

// Best is the highest rung: all that is learnt from.
const Best = "best"

// ladder is what each kind of evidence is worth, on top of those before it.
var ladder = []rung{
	{"text", []solution.Evidence{solution.Words}},
	{"+ vectors", []solution.Evidence{solution.Meaning, solution.Sense}},
	{"+ head", []solution.Evidence{solution.Head, solution.HeadSure, solution.Codes, solution.Fresh, solution.FreshWords}},
	{"+ tickets", []solution.Evidence{solution.Near, solution.Votes}},
	{"+ ownership", []solution.Evidence{solution.About, solution.Owned, solution.Foreign, solution.ByProduct, solution.ByAge, solution.ByChannel}},
	{Best, []solution.Evidence{solution.Outcome}},
}

// Rungs are the names of the ladder, lowest first.
func Rungs() []string {
	var out []string
	for _, r := range ladder {
		out = append(out, r.name)
	}
	return out
}

// answer is what one rung said to one question.
type answer struct {
	list   []engine.ItemNum
	chance float64
}

// trial is all that is kept of the asking.
type trial struct {
	shop    *Shop
	tickets []Ticket   // of the questions
	answers [][]answer // by rung and question
	untried []bool     // of the questions: no fix that ends it ended, or failed on, what was learnt from
	weights []*solution.Weights
	took    []time.Duration
	fitted  time.Duration
	learnt  int
}

// Metrics are what lists are measured by.
func (e *Evaluation) Metrics() []evaluate.Metric {
	var out []evaluate.Metric
	for _, k := range e.K {
		out = append(out, evaluate.Metric{Name: "hr", K: k})
	}
	return append(out, evaluate.Metric{Name: "mrr"}, evaluate.Metric{Name: "map"})
}

// Run learns, asks and measures. Errors are *engine.Invalid where the data cannot be
// measured on.
func (e *Evaluation) Run(ctx context.Context) (*evaluate.Report, error) {
	switch {
	case len(e.Solutions) == 0:
		return nil, engine.Invalidf(engine.CodeMissingField, "solutions", "there is no solution to find")
	case len(e.Questions) == 0:
		return nil, engine.Invalidf(engine.CodeMissingField, "questions", "there is no question to ask")
	case e.Folds > len(e.Questions):
		return nil, engine.Invalidf(engine.CodeInvalidField, "folds", "%d folds of %d questions: at most as many as questions are wanted", e.Folds, len(e.Questions))
	}
	e.say(0, "reading the texts")
	t := &trial{answers: make([][]answer, len(ladder)), took: make([]time.Duration, len(e.Questions)), untried: make([]bool, len(e.Questions))}
	var err error
	if t.shop, err = NewShop(ctx, e.Solutions, e.Events, e.Embedder); err != nil {
		return nil, err
	}
	if t.tickets, err = t.shop.Tickets(ctx, e.Questions); err != nil {
		return nil, err
	}
	train, err := t.shop.Tickets(ctx, e.Train)
	if err != nil {
		return nil, err
	}
	for r := range t.answers {
		t.answers[r] = make([]answer, len(t.tickets))
	}
	folds := max(1, e.Folds)
	part := make([]int, len(t.tickets))
	if e.Folds > 1 {
		for i, at := range rand.New(rand.NewPCG(e.Seed, 1)).Perm(len(part)) {
			part[at] = i % folds
		}
	}
	for f := range folds {
		e.say(float64(f)/float64(folds), fmt.Sprintf("learning, %d of %d", f+1, folds))
		from, asked := slices.Clone(train), []int(nil)
		for i := range t.tickets {
			if part[i] == f {
				asked = append(asked, i)
			} else {
				from = append(from, t.tickets[i])
			}
		}
		from = slices.DeleteFunc(from, func(t Ticket) bool { return !t.Teaches() })
		from = e.few(from, f)
		t.learnt = max(t.learnt, len(from))
		if err := e.fold(ctx, t, newestFirst(from), asked); err != nil {
			return nil, err
		}
	}
	e.say(1, "measuring")
	r := e.report(t, folds)
	r.Warnings = append(r.Warnings, e.doubts(t.tickets, train)...)
	return r, ctx.Err()
}

func (e *Evaluation) say(share float64, what string) {
	if e.Progress != nil {
		e.Progress(share, what)
	}
}

// few keeps Shots tickets of each solution and of what nothing fits, by chance.
func (e *Evaluation) few(tickets []Ticket, fold int) []Ticket {
	if e.Shots == 0 {
		return tickets
	}
	count := make(map[engine.ItemNum]int)
	unanswered := 0
	var out []Ticket
	for _, i := range rand.New(rand.NewPCG(e.Seed, 2+uint64(fold))).Perm(len(tickets)) {
		right := tickets[i].Right
		if len(right) == 0 {
			if unanswered++; unanswered <= e.Shots {
				out = append(out, tickets[i])
			}
			continue
		}
		if slices.ContainsFunc(right, func(n engine.ItemNum) bool { return count[n] >= e.Shots }) {
			continue
		}
		for _, n := range right {
			count[n]++
		}
		out = append(out, tickets[i])
	}
	return out
}

// newestFirst sorts by time, what has none as it stands.
func newestFirst(tickets []Ticket) []Ticket {
	slices.SortStableFunc(tickets, func(a, b Ticket) int { return b.Now.Compare(a.Now) })
	return tickets
}

// fold learns from some tickets and asks others.
func (e *Evaluation) fold(ctx context.Context, t *trial, from []Ticket, asked []int) error {
	began := time.Now()
	learnt, err := t.shop.Learn(ctx, from, e.Options)
	if err != nil {
		return err
	}
	t.fitted += time.Since(began)
	tried := make(map[engine.ItemNum]bool)
	for i := range from {
		for _, trial := range from[i].Solved.Trials {
			tried[trial.Fix] = true
		}
	}
	for _, i := range asked {
		right := t.tickets[i].Right
		t.untried[i] = len(right) > 0 && !slices.ContainsFunc(right, func(n engine.ItemNum) bool { return tried[n] })
	}
	var kinds [][]solution.Evidence
	var weights []*solution.Weights
	var sures []*solution.Sure
	for r, step := range ladder {
		kinds = append(kinds, slices.Concat(step.adds))
		if r > 0 {
			kinds[r] = slices.Concat(kinds[r-1], step.adds)
		}
		w, s, err := learnt.fit(kinds[r])
		if err != nil {
			return err
		}
		weights, sures = append(weights, w), append(sures, s)
	}
	t.weights = weights
	vector.Fork(max(1, e.Workers), len(asked), func(_, at int) {
		if ctx.Err() != nil {
			return
		}
		i := asked[at]
		in := t.tickets[i].Input
		in.Lexicon, in.Knowledge, in.Count = learnt.Lexicon, learnt.Knowledge, int(t.shop.Fixes.GetCardinality())
		choice := solution.ChoiceOf(&in, nil)
		for r := range ladder[:len(ladder)-1] {
			c := choice.Only(kinds[r])
			order, _, chance := c.Rank(weights[r])
			a := answer{chance: chance}
			if sures[r] != nil && len(order) > 0 {
				a.chance = sures[r].Of(chance, len(in.Tried))
			}
			for _, at := range order {
				a.list = append(a.list, choice.Fixes[at])
			}
			t.answers[r][i] = a
		}
		began := time.Now()
		said := solution.Suggest(&in)
		t.took[i] = time.Since(began)
		best := answer{chance: said.Chance}
		for _, fix := range said.Fixes {
			best.list = append(best.list, fix.Num)
		}
		t.answers[len(ladder)-1][i] = best
	})
	return ctx.Err()
}

// report judges the answers.
func (e *Evaluation) report(t *trial, folds int) *evaluate.Report {
	chance := evaluate.Resampling{Seed: e.Seed}
	metrics := e.Metrics()
	r := &evaluate.Report{
		Dataset:  evaluate.Dataset{Solutions: len(e.Solutions), Cases: len(e.Questions), Learnt: t.learnt, Train: len(e.Train)},
		Protocol: evaluate.Protocol{Split: "files as given", Unit: evaluate.Ticket, Seed: e.Seed, Resamples: 2_000, Flips: 10_000},
	}
	if folds > 1 {
		r.Protocol.Split = fmt.Sprintf("%d folds", folds)
	}
	if e.Shots > 0 {
		r.Protocol.Split += fmt.Sprintf(", %d questions of a solution", e.Shots)
	}
	var ended []int
	for i := range t.tickets {
		switch {
		case t.tickets[i].Open():
			continue
		case t.tickets[i].Nothing():
			r.Dataset.Nothing++
			continue
		}
		ended = append(ended, i)
		r.Dataset.Targets += len(t.tickets[i].Right) + len(t.tickets[i].Unknown)
	}
	r.Dataset.TestCustomers = len(ended)
	first := make([][]float64, len(ladder))
	for rung := range ladder {
		m, hits := e.judge(t, rung, ended, metrics, chance)
		first[rung] = hits
		r.Models = append(r.Models, m)
	}
	compare := func(a, b int) {
		r.Paired = append(r.Paired, evaluate.Paired{
			A: ladder[a].name, B: ladder[b].name, Metric: "accuracy", Comparison: chance.Compare(first[a], first[b]),
		})
	}
	compare(len(ladder)-1, 0)
	for rung := 1; rung < len(ladder); rung++ { // what each step adds
		compare(rung, rung-1)
	}
	r.AdjustPaired()
	if r.Dataset.Nothing == 0 {
		r.Warnings = append(r.Warnings, "every question has an answer: whether the desk knows when it has none was not measured")
	}
	return r
}

// judge measures one rung; first is whether each first answer was right.
func (e *Evaluation) judge(t *trial, rung int, ended []int, metrics []evaluate.Metric, chance evaluate.Resampling) (m evaluate.ModelReport, first []float64) {
	m = evaluate.ModelReport{Name: ladder[rung].name, Metrics: make(map[string]evaluate.Value), Settings: settings(t.weights[rung])}
	values := make(map[string][]float64)
	for _, i := range ended {
		judged := evaluate.Judge(t.answers[rung][i].list, targets(&t.tickets[i]), nil)
		for _, metric := range metrics {
			values[metric.String()] = append(values[metric.String()], metric.Of(judged))
		}
		first := evaluate.Metric{Name: "hr", K: 1}.Of(judged)
		values["accuracy"] = append(values["accuracy"], first)
		if t.untried[i] && t.learnt > 0 {
			values["untried"] = append(values["untried"], first)
		}
	}
	for name, v := range values {
		mean, interval := chance.Mean(v)
		m.Metrics[name] = evaluate.Value{Value: mean, Interval: &interval}
	}
	var claims []evaluate.Claim
	for i := range t.tickets {
		if t.tickets[i].Open() {
			continue
		}
		a := &t.answers[rung][i]
		right := t.tickets[i].Right
		claims = append(claims, evaluate.Claim{Chance: a.chance, Right: len(a.list) > 0 && slices.Contains(right, a.list[0]), Nothing: t.tickets[i].Nothing()})
	}
	for name, v := range chance.CertaintyMetrics(claims) {
		m.Metrics[name] = v
	}
	if ladder[rung].name == Best {
		m.Reliability, m.Coverage = evaluate.Reliability(claims), evaluate.Coverage(claims)
		m.RecommendLatency = evaluate.LatencyOf(t.took)
		m.FitSeconds = t.fitted.Seconds()
	}
	return m, values["accuracy"]
}

// targets are what ends the ticket, unknown fixes under numbers that no list has.
func targets(t *Ticket) []engine.ItemNum {
	out := slices.Clone(t.Right)
	for i := range t.Unknown {
		out = append(out, math.MaxUint32-engine.ItemNum(i))
	}
	return out
}

// doubts says in sentences what of the files makes figures other than they look.
func (e *Evaluation) doubts(asked, train []Ticket) (out []string) {
	missed, left, seen, open := 0, 0, 0, 0
	var such, leftSuch engine.ItemID
	for i := range asked {
		if asked[i].Open() {
			open++
		}
		if unknown := asked[i].Unknown; len(unknown) > 0 {
			if missed++; missed == 1 {
				such = unknown[0]
			}
		}
	}
	if missed > 0 {
		out = append(out, fmt.Sprintf("%s %s fixes that are not among the solutions, such as %s: counted as misses", evaluate.Counted(missed, "question"), evaluate.One(missed, "names", "name"), such))
	}
	if open > 0 {
		out = append(out, fmt.Sprintf("%s %s only of fixes that failed: nobody knows what ends such a one, and it is not measured", evaluate.Counted(open, "question"), evaluate.One(open, "tells", "tell")))
	}
	texts := make(map[string]bool, len(train))
	for i := range train {
		texts[train[i].Text] = true
		if !train[i].Teaches() {
			if left++; left == 1 {
				leftSuch = train[i].Unknown[0]
			}
		}
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("%s to learn from %s only fixes that are not among the solutions, such as %s: left out", evaluate.Counted(left, "question"), evaluate.One(left, "names", "name"), leftSuch))
	}
	for i := range asked {
		if texts[asked[i].Text] {
			seen++
		}
	}
	if seen > 0 {
		out = append(out, fmt.Sprintf("%s of %d %s word for word among those learnt from (--train): what is measured of them is memory", evaluate.Counted(seen, "question"), len(asked), evaluate.One(seen, "stands", "stand")))
	}
	return out
}

// settings are the weights that count.
func settings(w *solution.Weights) map[string]any {
	out := make(map[string]any)
	for _, kind := range solution.Kinds() {
		if w.Of[kind] != 0 {
			out[kind.String()] = w.Of[kind]
		}
	}
	return out
}

// Certainties are the metrics of chances, and accuracy.
func Certainties() []evaluate.Metric {
	var out []evaluate.Metric
	for _, name := range []string{"accuracy", "untried", "brier", "ece", "auroc_none", "recall_none"} {
		out = append(out, evaluate.Metric{Name: name})
	}
	return out
}
