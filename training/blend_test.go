package training

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// invented are questions about 50 items in which the source "good" lifts the target by
// so much, "again" says the same as good, and "noise" knows nothing.
func invented(cases int, lift float32, workers int) *exam {
	e := &exam{names: []string{"good", "again", "noise", content.Name, content.NewcomersName}, fitted: 3, workers: workers}
	rng := rand.New(rand.NewPCG(7, 8))
	e.sums = momentsOf(make([][]float32, len(e.names)), nil, 3)
	for i := range cases {
		raw := &recommend.RawScores{By: make([][]float32, len(e.names))}
		target := rng.IntN(50)
		for s := range 4 {
			raw.By[s] = make([]float32, 50)
		}
		for i := range 50 {
			raw.Items = append(raw.Items, engine.ItemNum(i))
			for s := range 4 {
				raw.By[s][i] = rng.Float32()
			}
			raw.By[1][i] = raw.By[0][i]
		}
		raw.By[0][target] += lift
		raw.By[1][target] += lift
		e.sums.add(momentsOf(raw.By, nil, 3))
		q := newQuestion(raw, []engine.ItemNum{engine.ItemNum(target)}, 50)
		q.fold = i % folds
		e.questions = append(e.questions, q)
	}
	e.scales = e.sums.scales()
	for _, q := range e.questions {
		q.standardise(e.scales)
	}
	return e
}

func TestBlendKeepsWhatHelps(t *testing.T) {
	scales, how, err := invented(200, 0.5, 2).fit(t.Context(), rank.Person, nil)
	if err != nil {
		t.Fatal(err)
	}
	if scales["good"].Weight+scales["again"].Weight == 0 || scales["noise"].Weight != 0 || how.NDCG < 0.6 {
		t.Errorf("blend %v reaches %+v", scales, how)
	}
	if scales["good"].Weight != 0 && scales["again"].Weight != 0 {
		t.Errorf("two sources that say the same both speak: %v", scales)
	}
	if how.Cases != 200 || how.Method == "" || len(how.Tried) != 5 || how.Single != "good" {
		t.Errorf("chosen: %+v", how)
	}
}

// TestBlendIsTheSameForAnyWorkers to the bit.
func TestBlendIsTheSameForAnyWorkers(t *testing.T) {
	want, _, err := invented(300, 0.3, 1).fit(t.Context(), rank.Person, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := invented(300, 0.3, 5).fit(t.Context(), rank.Person, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, scale := range want {
		if got[name] != scale {
			t.Errorf("%s: %v with one worker, %v with five", name, scale, got[name])
		}
	}
}

// TestAPlaceKeepsTheTasksBlend unless its own is better by more than chance.
func TestAPlaceKeepsTheTasksBlend(t *testing.T) {
	e := invented(300, 0.5, 2)
	right := map[string]rank.Scale{"good": {Weight: 1, SD: 0.3}}
	if scales, how, err := e.fit(t.Context(), rank.Person, right); err != nil || scales != nil || how.Method != ByTask {
		t.Errorf("a place that differs in nothing: %v, %+v (%v)", scales, how, err)
	}
	e.work = []int{freeWork + 10*pricedWork, 0, 0, 0, 0}
	if scales, how, err := e.fit(t.Context(), rank.Person, right); err != nil || scales != nil || how.Method != ByTask || how.Spared != nil {
		t.Errorf("a place that differs in nothing from a task whose source is dear: %v, %+v (%v)", scales, how, err)
	}
	e.work = nil
	wrong := map[string]rank.Scale{"noise": {Weight: 1, SD: 0.3}}
	if scales, how, err := e.fit(t.Context(), rank.Person, wrong); err != nil || scales["good"].Weight+scales["again"].Weight == 0 || how.Method == ByTask {
		t.Errorf("a place where the task's blend knows nothing: %v, %+v (%v)", scales, how, err)
	}
	few := invented(blendLeast-1, 0.5, 2)
	if scales, _, err := few.fit(t.Context(), rank.Person, wrong); err != nil || scales != nil {
		t.Errorf("a place with too few cases: %v (%v)", scales, err)
	}
}

// TestInterruptedChoiceEnds with the context's error, wherever it is interrupted.
func TestInterruptedChoiceEnds(t *testing.T) {
	e := invented(60, 0.5, 1)
	for left := 1; ; left += 1 + left/8 {
		ctx := &tired{t.Context(), left}
		_, _, err := e.fit(ctx, rank.Person, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d looks at the context: %v", left, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := e.strongest(ctx, []bool{true, true, true, true, true}); !errors.Is(err, context.Canceled) {
		t.Errorf("the strongest source: %v", err)
	}
}

// tired is a context that is cancelled once it was looked at some times.
type tired struct {
	context.Context
	left int
}

func (c *tired) Err() error {
	if c.left--; c.left <= 0 {
		return context.Canceled
	}
	return nil
}

// TestBetween holds that a method which finds no weights leaves those of the other.
func TestBetween(t *testing.T) {
	found := func(weights ...float64) func(int) ([]float64, error) {
		return func(int) ([]float64, error) { return weights, nil }
	}
	for _, c := range []struct{ a, b, want []float64 }{
		{[]float64{1, 3}, []float64{2, 2}, []float64{0.375, 0.625}},
		{[]float64{0, 0}, []float64{2, 1}, []float64{2, 1}},
		{[]float64{2, 1}, []float64{0, 0}, []float64{2, 1}},
	} {
		if got, err := between(found(c.a...), found(c.b...), -1); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("between %v and %v: %v (%v), want %v", c.a, c.b, got, err, c.want)
		}
	}
}

func TestNothingForetellsAnything(t *testing.T) {
	e := invented(60, 0, 1)
	for _, q := range e.questions {
		q.wanted = nil // all targets are out of reach
	}
	scales, _, err := e.fit(t.Context(), rank.Person, nil)
	if err != nil || (rank.Blend{rank.Person: scales}).Validate() != nil {
		t.Errorf("blend %v (%v)", scales, err)
	}
	for _, q := range e.questions {
		clear(q.scores)
	}
	clear(e.scales)
	if scales, _, err = e.fit(t.Context(), rank.Person, nil); err != nil || scales["good"].Weight != 1 {
		t.Errorf("where no source speaks: %v (%v)", scales, err)
	}
}

// TestLineIsThatOfEach compares with lists made one by one.
func TestLineIsThatOfEach(t *testing.T) {
	e := invented(20, 0.2, 2)
	for i, q := range e.questions { // several targets, some out of reach, some beyond the list's length
		for n := range i {
			q.wanted = append(q.wanted, (q.wanted[0]+7*(n+1))%50)
		}
		q.held = len(q.wanted) + i%3
	}
	weights, tries := []float64{0.5, 0, 2, 1, 0}, fromGrid(nil, 0)
	for source := range e.names {
		got, err := e.line(t.Context(), weights, source, tries, -1)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range tries {
			trial := slices.Clone(weights)
			trial[source] = w
			for c, q := range e.questions {
				relevant := make([]engine.ItemNum, 0, q.held)
				for _, at := range q.wanted {
					relevant = append(relevant, q.items[at])
				}
				for len(relevant) < q.held {
					relevant = append(relevant, engine.ItemNum(1000+len(relevant)))
				}
				top := vector.NewTop(blendMetric.K)
				for item := range q.items {
					var sum float32
					for _, s := range slices.Concat([]int{0, 1, 2, 3, 4}[:source], []int{0, 1, 2, 3, 4}[source+1:], []int{source}) {
						if q.scores[s] != nil {
							sum += float32(trial[s]) * q.scores[s][item]
						}
					}
					top.Push(q.items[item], sum)
				}
				want := blendMetric.Of(evaluate.Judge(top.AppendItems(nil), relevant, nil))
				if math.Abs(got[i][c]-want) > 1e-12 {
					t.Errorf("source %d at weight %v, case %d: %v, want %v", source, w, c, got[i][c], want)
				}
			}
		}
	}
}

// TestLikelihood compares log, gradient and Hessian with differences of a plain softmax.
func TestLikelihood(t *testing.T) {
	e := invented(70, 0.4, 2)
	e.questions[3].wanted = append(e.questions[3].wanted, 11, 12)
	e.questions[4].scores[0] = nil
	plain := func(w []float64) (sum float64) {
		for _, q := range e.questions {
			score := func(i int) (s float64) {
				for k, z := range q.scores {
					if z != nil {
						s += w[k] * float64(z[i])
					}
				}
				return s
			}
			var total float64
			for i := range q.items {
				total += math.Exp(score(i))
			}
			for _, target := range q.wanted {
				sum += (score(target) - math.Log(total)) / float64(len(q.wanted))
			}
		}
		return sum
	}
	w := []float64{0.3, 0.2, 0.1, 0.4, 0}
	all := []bool{true, true, true, true, true}
	parts, err := e.likelihoods(t.Context(), w, all)
	if err != nil {
		t.Fatal(err)
	}
	l := newLikelihood(len(w))
	for _, part := range parts {
		l.add(part)
	}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 2e-3*(1+math.Abs(want)) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("log", l.log, plain(w))
	const h = 1e-3
	moved := func(s, t int, a, b float64) float64 {
		v := slices.Clone(w)
		v[s] += a
		v[t] += b
		return plain(v)
	}
	for s := range w {
		near("gradient", l.gradient[s], (moved(s, s, h, 0)-moved(s, s, -h, 0))/(2*h))
		for u := range s + 1 {
			want := -(moved(s, u, h, h) - moved(s, u, h, -h) - moved(s, u, -h, h) + moved(s, u, -h, -h)) / (4 * h * h)
			near("hessian", l.hessian[s*len(w)+u], want)
		}
	}
}

// TestLikelihoodOfSome sources is, for these, what it is among all.
func TestLikelihoodOfSome(t *testing.T) {
	e := invented(200, 0.2, 2)
	w := []float64{0.3, 0, 0.1, 0, 0.2}
	all, err := e.likelihoods(t.Context(), w, []bool{true, true, true, true, true})
	if err != nil {
		t.Fatal(err)
	}
	may := []bool{true, false, true, false, true}
	some, err := e.likelihoods(t.Context(), w, may)
	if err != nil {
		t.Fatal(err)
	}
	for f := range folds {
		if some[f].log != all[f].log {
			t.Errorf("fold %d: %v, among all %v", f, some[f].log, all[f].log)
		}
		for s := range w {
			if want := all[f].gradient[s]; may[s] && some[f].gradient[s] != want || !may[s] && some[f].gradient[s] != 0 {
				t.Errorf("fold %d: slope %v of source %d, among all %v", f, some[f].gradient[s], s, want)
			}
			for u := range s + 1 {
				at := s*len(w) + u
				if want := all[f].hessian[at]; may[s] && may[u] && some[f].hessian[at] != want {
					t.Errorf("fold %d: curve %v of %d and %d, among all %v", f, some[f].hessian[at], s, u, want)
				}
			}
		}
	}
}

// TestSoftmaxIsTheBest of all weights near it, and nothing is below 0.
func TestSoftmaxIsTheBest(t *testing.T) {
	e := invented(300, 0.2, 2)
	may := []bool{true, true, true, true, false}
	fit, err := e.softmax(t.Context(), may, make([]float64, 5))
	if err != nil {
		t.Fatal(err)
	}
	value := func(w []float64) float64 {
		parts, err := e.likelihoods(t.Context(), w, may)
		if err != nil {
			t.Fatal(err)
		}
		_, penalised := penalised(parts, w)
		return penalised
	}
	for s := range may {
		for _, by := range []float64{-0.05, 0.05} {
			w := slices.Clone(fit.weights)
			if w[s] += by; may[s] && w[s] >= 0 && value(w) > fit.value+newtonGain {
				t.Errorf("weight %d moved by %v is better: %v above %v", s, by, value(w), fit.value)
			}
		}
		if fit.weights[s] < 0 || (!may[s] && fit.weights[s] != 0) {
			t.Errorf("weights %v", fit.weights)
		}
	}
	far, err := e.softmax(t.Context(), may, []float64{30, 0, 30, 5, 0})
	if err != nil || math.Abs(far.value-fit.value) > 0.01 {
		t.Errorf("from far away the value is %v, not %v (%v)", far.value, fit.value, err)
	}
	for f := range folds { // one step away is nearly where a fit without the fold ends
		fewer := *e
		fewer.questions = slices.DeleteFunc(slices.Clone(e.questions), func(q *question) bool { return q.fold == f })
		exact, err := fewer.softmax(t.Context(), may, fit.weights)
		if err != nil {
			t.Fatal(err)
		}
		for s := range exact.weights {
			if math.Abs(exact.weights[s]-fit.without[f][s]) > 0.02 {
				t.Errorf("without fold %d: %v, want %v", f, fit.without[f], exact.weights)
				break
			}
		}
	}
}

// TestQuestionsFitInMemory at the worst: sources that agree on nothing.
func TestQuestionsFitInMemory(t *testing.T) {
	for _, sources := range []int{1, 5, 14, 40} {
		for _, cases := range []int{50, 1000, blendCases} {
			if d := depth(cases, sources); d > blendDepth || d < 2*blendMetric.K || (d > 2*blendMetric.K && cases*sources*sources*d > blendFloats) {
				t.Errorf("%d cases of %d sources: depth %d", cases, sources, d)
			}
		}
	}
}

// TestNewcomersIsASlope compares with the sums made one by one.
func TestNewcomersIsASlope(t *testing.T) {
	e := invented(30, 1, 1)
	for _, q := range e.questions { // content says half of what good says
		for i := range q.items {
			q.scores[3][i] = q.scores[0][i]/2 + q.scores[3][i]/4
		}
	}
	e.sums = momentsOf(make([][]float32, len(e.names)), nil, 3)
	for _, q := range e.questions {
		e.sums.add(momentsOf(q.scores, nil, 3))
	}
	e.scales = e.sums.scales()
	weights := []float64{0.7, 0, 0.2, 0, 0}
	var both, squares float64
	for _, q := range e.questions {
		for i := range q.items {
			z := func(s int) float64 { return (float64(q.scores[s][i]) - e.scales[s].Mean) / e.scales[s].SD }
			both += z(3) * (0.7*z(0) + 0.2*z(2))
			squares += z(3) * z(3)
		}
	}
	if got, want := e.newcomers(weights), both/squares; math.Abs(got-want) > 1e-6 || want < 0.1 {
		t.Errorf("newcomers %v, want %v", got, want)
	}
}

// TestBlendIsNotBelowItsBestSource learns on one half of the questions and is asked the
// other, on many and on few.
func TestBlendIsNotBelowItsBestSource(t *testing.T) {
	for _, cases := range []int{60, 1000} {
		e := invented(cases+2000, 0.15, 2)
		learn, ask := *e, *e
		learn.questions, ask.questions = e.questions[:cases], e.questions[cases:]
		scales, how, err := learn.fit(t.Context(), rank.Person, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ask.reach(t.Context(), ask.here(scales), -1)
		if err != nil {
			t.Fatal(err)
		}
		one := make([]float64, len(e.names))
		one[0] = 1
		alone, err := ask.reach(t.Context(), one, -1)
		if err != nil {
			t.Fatal(err)
		}
		if stat.Mean(got, nil) < 0.9*stat.Mean(alone, nil) {
			t.Errorf("on %d cases the blend (%+v) reaches %.3f, its best source %.3f", cases, how, stat.Mean(got, nil), stat.Mean(alone, nil))
		}
	}
}

// BenchmarkBlend is a whole choice on 1,000 questions about 1,682 items, of 14 sources that
// each know a little.
func BenchmarkBlend(b *testing.B) {
	const sources, items, cases = 14, 1682, 1000
	rng := rand.New(rand.NewPCG(1, 2))
	raws := make([]*recommend.RawScores, cases)
	nums := make([]engine.ItemNum, items)
	for i := range nums {
		nums[i] = engine.ItemNum(i)
	}
	for c := range raws {
		raws[c] = &recommend.RawScores{Items: nums}
		for s := range sources {
			scores := make([]float32, items)
			for i := range scores {
				scores[i] = float32(rng.ExpFloat64())
			}
			scores[c] += float32(s) / 4
			raws[c].By = append(raws[c].By, scores)
		}
	}
	for b.Loop() {
		e := &exam{names: make([]string, sources), fitted: sources, workers: 1, sums: momentsOf(make([][]float32, sources), nil, -1)}
		for s := range e.names {
			e.names[s] = string(rune('a' + s))
		}
		for c, raw := range raws {
			e.sums.add(momentsOf(raw.By, nil, -1))
			q := newQuestion(raw, nums[c:c+1], depth(cases, sources))
			q.fold = c % folds
			e.questions = append(e.questions, q)
		}
		e.scales = e.sums.scales()
		for _, q := range e.questions {
			q.standardise(e.scales)
		}
		if _, _, err := e.fit(b.Context(), rank.Person, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// A source whose work is dear stays for what it adds, and goes where another says the same.
func TestDearSourcesEarnTheirPlace(t *testing.T) {
	dear := freeWork + 10*pricedWork // has to add a tenth
	for _, c := range []struct {
		may   []bool
		work  []int
		stays []string
	}{
		{[]bool{true, false, true, false, false}, []int{dear, 0, dear, 0, 0}, []string{"good"}}, // knows it all
		{[]bool{true, true, false, false, false}, []int{dear, 0, 0, 0, 0}, []string{"again"}},
		{[]bool{true, true, false, false, false}, []int{0, dear, 0, 0, 0}, []string{"good"}},
	} {
		e := invented(400, 0.4, 2)
		e.work = c.work
		got, err := e.choose(t.Context(), c.may, nil)
		if err != nil {
			t.Fatal(err)
		}
		how := Chosen{}
		if got, err = e.spare(t.Context(), c.may, got, nil, &how); err != nil {
			t.Fatal(err)
		}
		for s, name := range e.names {
			if (got.weights[s] > 0.05) != slices.Contains(c.stays, name) {
				t.Errorf("with the work %v the weights are %v of %v, want %v to stay (%v)", c.work, got.weights, e.names, c.stays, how.Spared)
			}
		}
	}
	if price(freeWork) != 0 || price(freeWork+pricedWork) != priceOfWork {
		t.Errorf("the price of what is free is %v, of pricedWork more %v", price(freeWork), price(freeWork+pricedWork))
	}
}
