package training

import (
	"context"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/content"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/vector"
)

// On how many held-out questions a blend is chosen at most, how many of each source's
// best items are looked at in one, and how many scores may be held in all (160 MB).
const (
	blendCases  = 4000
	blendDepth  = 100
	blendFloats = 40 << 20
)

// Every source scores every item in each question: of catalogues above 10,000 items fewer
// questions are asked, so that all their scores are blendScores a source, some 20 seconds of
// a processor; but blendFewest, on which the mean of a metric moves by some 7 % of itself. In
// catalogues of more than lookedAt items a question looks at the best of every source and at
// some of all.
const (
	blendScores = 40_000_000
	blendFewest = 1000
	lookedAt    = blendScores / blendFewest
)

// questionsFor returns on how many questions a blend is chosen at most among so many items.
func questionsFor(items int) int {
	return min(blendCases, max(blendFewest, blendScores/max(1, items)))
}

// question is a held-out case as far as the choice of weights looks at it: the items
// that some source has among its best. What no source puts there is in no blend's list.
type question struct {
	items  []engine.ItemNum // ascending
	scores [][]float32      // by source, of items, on its scale; nil where it says nothing
	wanted []int            // the targets, as places in items
	held   int              // targets in all, also those that are not in items
	who    engine.Subject   // of no ID for a basket, which is nobody's
	fold   int              // of cross-validation
}

// exam is what weights are chosen on: questions, put to all sources of a world.
type exam struct {
	names     []string
	fitted    int          // the first so many sources were fitted
	scales    []rank.Scale // by source; SD 0 where it says nothing, or the same of everything
	questions []*question
	sums      *moments
	most      int // questions
	workers   int
	fresh     *Newcomers // how new items are ranked, nil for by their likeness to what was had
	work      []int      // by source, of an answer; see model.Laborious
}

// ask puts the cases to every source that is not left out. Scales are taken over all
// eligible items or, of more than whole, over some evenly taken; questions keep the best few.
func ask(ctx context.Context, w *recommend.World, place *recommend.Place, cases []Case, leftOut func(source string) bool, whole, workers int) (*exam, error) {
	e := &exam{names: names(w.Models.Sources()), fitted: len(w.Models.Fitted), most: questionsIn(w), workers: workers}
	e.questions = make([]*question, len(cases))
	likeness := slices.Index(e.names, content.Name)
	keep := depth(len(cases), len(e.names))
	sums, history := make([]*moments, len(cases)), make([]int, len(cases))
	err := put(ctx, w, place, cases, workers, func(i int, in *recommend.Input) error {
		history[i] = min(len(in.Someone.Rows), engine.MaxHistory)
		raw, err := recommend.Raw(in, recommend.Look{LeftOut: leftOut, Whole: whole, Best: keep, Turn: i})
		if err != nil {
			return err
		}
		sums[i] = momentsOf(raw.By, raw.Even, likeness)
		e.questions[i] = newQuestion(raw, cases[i].Targets, keep)
		e.questions[i].who = cases[i].Who.Subject
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.sums = momentsOf(make([][]float32, len(e.names)), nil, likeness)
	for _, m := range sums { // in the order of the cases: the last bits count
		e.sums.add(m)
	}
	e.scales = e.sums.scales()
	for _, q := range e.questions {
		q.standardise(e.scales)
	}
	e.divide()
	e.work = worksOf(w.Models.Sources(), history)
	return e, nil
}

// worksOf returns the work of an answer by source for the mean of some histories.
func worksOf(sources []model.Source, history []int) []int {
	total := 0
	for _, n := range history {
		total += n
	}
	out := make([]int, len(sources))
	for s, source := range sources {
		if l, ok := source.(model.Laborious); ok {
			out[s] = l.Work(total / max(1, len(history)))
		}
	}
	return out
}

// questionsIn is questionsFor the items of a world.
func questionsIn(w *recommend.World) int {
	return questionsFor(int(w.Catalogue.Known().GetCardinality()))
}

func names(sources []model.Source) []string {
	out := make([]string, len(sources))
	for i, s := range sources {
		out[i] = s.Name()
	}
	return out
}

// depth is how many of each source's best items a question keeps, so that all questions
// fit in blendFloats even where no two sources agree.
func depth(cases, sources int) int {
	return max(2*blendMetric.K, min(blendDepth, blendFloats/max(1, cases*sources*sources)))
}

// newQuestion keeps the best items of every source.
func newQuestion(raw *recommend.RawScores, targets []engine.ItemNum, keep int) *question {
	q := &question{held: len(targets), scores: make([][]float32, len(raw.By))}
	place := make(map[engine.ItemNum]int)
	for _, scores := range raw.By {
		top := vector.NewTop(keep)
		for i, x := range scores {
			top.Push(raw.Items[i], x)
		}
		for _, best := range top.Best() {
			if _, kept := place[best.Item]; !kept {
				at, _ := slices.BinarySearch(raw.Items, best.Item)
				place[best.Item] = at
				q.items = append(q.items, best.Item)
			}
		}
	}
	slices.Sort(q.items)
	for _, n := range targets {
		if i, kept := slices.BinarySearch(q.items, n); kept {
			q.wanted = append(q.wanted, i)
		}
	}
	for s, scores := range raw.By {
		if scores != nil {
			q.scores[s] = make([]float32, len(q.items))
			for i, n := range q.items {
				q.scores[s][i] = scores[place[n]]
			}
		}
	}
	return q
}

// standardise lays raw scores on their scales. A source without a scale falls silent.
func (q *question) standardise(scales []rank.Scale) {
	for s, scores := range q.scores {
		if scales[s].SD == 0 {
			q.scores[s] = nil
			continue
		}
		for i, x := range scores {
			scores[i] = float32((float64(x) - scales[s].Mean) / scales[s].SD)
		}
	}
}

// sum writes the blended scores of the items to out, which may be lent, and returns it.
func (q *question) sum(weights []float64, out []float32) []float32 {
	out = slices.Grow(out[:0], len(q.items))[:len(q.items)]
	clear(out)
	for s, z := range q.scores {
		if z != nil && weights[s] != 0 {
			vector.Axpy(float32(weights[s]), z, out)
		}
	}
	return out
}

// folds is into how many parts cross-validation divides the questions.
const folds = 5

// divide gives all questions of one person to one fold, the persons in turn.
func (e *exam) divide() {
	of, next := make(map[engine.Subject]int), 0
	for _, q := range e.questions {
		fold, known := of[q.who]
		if !known || q.who.ID == "" {
			fold, next = next, (next+1)%folds
			of[q.who] = fold
		}
		q.fold = fold
	}
}

// len is how many questions there are; of none, 0.
func (e *exam) len() int {
	if e == nil {
		return 0
	}
	return len(e.questions)
}

// join adds the questions of an earlier exam of the same sources, evenly picked if both
// together are more than a blend is chosen on.
func (e *exam) join(earlier *exam) {
	if earlier == nil || !slices.Equal(e.names, earlier.names) {
		return
	}
	if room := e.most - len(e.questions); room > 0 {
		e.questions = append(e.questions, Pick(earlier.questions, room)...)
		e.divide()
	}
}

// moments are sums over eligible items, by source.
type moments struct {
	likeness        int // the source that knows the items' content, -1 for none
	n, sum, squares []float64
	both            []joint // of each source beside content
}

// joint are sums over the items of which both content and another source speak.
type joint struct{ n, product, likeness, other, squares float64 }

// momentsOf adds up what the sources say in one case of the items at some places, nil for
// all.
func momentsOf(by [][]float32, places []int, likeness int) *moments {
	m := &moments{likeness, make([]float64, len(by)), make([]float64, len(by)), make([]float64, len(by)), make([]joint, len(by))}
	liked := []float32(nil)
	if likeness >= 0 {
		liked = at(by[likeness], places)
	}
	for s, scores := range by {
		scores = at(scores, places)
		for _, x := range scores {
			m.sum[s] += float64(x)
			m.squares[s] += float64(x) * float64(x)
		}
		m.n[s] = float64(len(scores))
		if scores != nil && liked != nil {
			m.both[s].of(liked, scores)
		}
	}
	return m
}

// at returns the scores at some places, all of them for nil.
func at(scores []float32, places []int) []float32 {
	if scores == nil || places == nil {
		return scores
	}
	out := make([]float32, len(places))
	for i, place := range places {
		out[i] = scores[place]
	}
	return out
}

func (j *joint) of(likeness, other []float32) {
	for i, x := range other {
		l, o := float64(likeness[i]), float64(x)
		j.product += l * o
		j.likeness += l
		j.other += o
		j.squares += l * l
	}
	j.n = float64(len(other))
}

func (m *moments) add(o *moments) {
	for s := range m.n {
		m.n[s] += o.n[s]
		m.sum[s] += o.sum[s]
		m.squares[s] += o.squares[s]
		a, b := &m.both[s], &o.both[s]
		a.n += b.n
		a.product += b.product
		a.likeness += b.likeness
		a.other += b.other
		a.squares += b.squares
	}
}

// scales returns mean and standard deviation of what every source says; one that says
// the same of everything gets none.
func (m *moments) scales() []rank.Scale {
	out := make([]rank.Scale, len(m.n))
	for s, n := range m.n {
		if n == 0 {
			continue
		}
		mean := m.sum[s] / n
		if sd := math.Sqrt(max(0, m.squares[s]/n-mean*mean)); sd > 1e-9*math.Abs(mean) && sd > 0 {
			out[s] = rank.Scale{Mean: mean, SD: sd}
		}
	}
	return out
}

// mix is how new items are ranked, on scales that together have standard deviation 1.
func (e *exam) mix() map[string]rank.Scale {
	if e.fresh != nil {
		return e.fresh.Scales
	}
	return e.plainMix()
}

// plainMix ranks new items by their likeness to the mean of what was had.
func (e *exam) plainMix() map[string]rank.Scale {
	return map[string]rank.Scale{content.NewcomersName: {Weight: 1, SD: e.scales[e.sums.likeness].SD}}
}

// newcomers is what likeness in content is worth for an item that no fitted source has
// seen: the slope of what the fitted sources say together of an item, on their scales
// and under their weights, against its likeness in content, over all known items of all
// cases (least squares through the means). Held-out wishes cannot choose it: they are
// for known items, nearly all.
func (e *exam) newcomers(weights []float64) float64 {
	of := e.sums.likeness
	if of < 0 || e.scales[of].SD == 0 {
		return 0
	}
	l := e.scales[of]
	var both float64
	for s := range e.fitted {
		if scale := e.scales[s]; scale.SD > 0 {
			j := e.sums.both[s]
			centred := j.product - l.Mean*j.other - scale.Mean*j.likeness + l.Mean*scale.Mean*j.n
			both += weights[s] * centred / (l.SD * scale.SD)
		}
	}
	own := e.sums.both[of]
	squares := (own.squares - 2*l.Mean*own.likeness + l.Mean*l.Mean*own.n) / (l.SD * l.SD)
	if squares <= 0 {
		return 0
	}
	return max(0, both/squares)
}
