// Package evaluate measures recommendations: it splits a log into what may be learnt
// from and what is held out, scores ranked lists against the held-out truth, says how
// sure the figures are, and writes the report. Every metric of the house has its only
// implementation here.
//
// It never prints, reads files or looks at a clock: rows, lists and writers come in as
// values, and the same seed gives the same figures for any number of threads.
package evaluate

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Metric is one way to measure lists: a name, and how far down it looks.
type Metric struct {
	Name string
	K    int // the first K of a list; 0 is the whole list
}

// definition is a metric's only implementation: of for one customer's list against what
// was held out, over for all lists together.
type definition struct {
	name  string
	whole bool                           // has a meaning without @k
	words string                         // what it says, for people
	less  bool                           // is better
	of    func(j *Judged, k int) float64 // nil, as over, for what Resampling.CertaintyMetrics measures
	over  func(lists [][]engine.ItemNum, k int, bg *Background) (float64, bool)
}

// definitions are all metrics, in the order in which reports name them.
var definitions = []definition{
	{name: "ndcg", words: "how much of what was right stands in the list, places near the top counting more; 1 is the best list there could be", whole: true, of: (*Judged).ndcg},
	{name: "ndcg_full", words: "as ndcg, against a list long enough for all that was right", of: (*Judged).ndcgFull},
	{name: "recall", words: "the share of what was right that the list holds", of: (*Judged).recall},
	{name: "recall_min", words: "as recall, of as much as the list has room for", of: (*Judged).recallMin},
	{name: "hr", words: "the share of lists that hold at least one right item", of: (*Judged).hitRate},
	{name: "mrr", words: "1 / the place of the first right item, 0 where the list has none", whole: true, of: (*Judged).reciprocalRank},
	{name: "map", words: "the precision at each right item of the list, averaged over what could be found", whole: true, of: (*Judged).averagePrecision},
	{name: "precision", words: "the share of the places that hold a right item", of: (*Judged).precision},
	{name: "coverage", words: "the share of all items that somebody is shown", over: coverage},
	{name: "novelty", words: "how little known the shown items are, in bits: one more is half as many customers who had it", over: novelty},
	{name: "gini", words: "how unevenly the places are shared among the items: 0 all alike, near 1 always the same few; less is more even", less: true, over: gini},
	{name: Diversity, words: "how unlike one another the items of a list are, by their titles, categories and texts: 0 all alike, 1 unrelated", over: diversity},
	{name: "accuracy", words: "the share of questions whose first answer is right, of those that have one", whole: true},
	{name: "untried", words: "accuracy on the questions that only solutions end which no solved question tells of", whole: true},
	{name: "brier", words: "how far the chance of each answer was from what came of it, squared; less is better", whole: true, less: true},
	{name: "ece", words: "how far the chance of answers is from the share that is right, over ten bins; less is better", whole: true, less: true},
	{name: "auroc_none", words: "how well chances part questions that have an answer from those that have none: 0.5 not at all, 1 wholly", whole: true},
	{name: "recall_none", words: "the share of the questions without an answer that is rejected where 5 % of the others are", whole: true},
}

// Diversity is the metric that needs to know what items are: see Background.Similarity.
const Diversity = "diversity"

// ParseMetric reads "ndcg@10", or "map" for the whole list. Errors are *engine.Invalid
// and say which names or cut-offs there are.
func ParseMetric(text string) (Metric, error) {
	name, cut, hasCut := strings.Cut(text, "@")
	d := define(name)
	if d == nil {
		return Metric{}, engine.Invalidf(engine.CodeInvalidField, "metric", "no metric is called %q; there are %s", name, metricNames())
	}
	if !hasCut {
		if !d.whole {
			return Metric{}, engine.Invalidf(engine.CodeInvalidField, "metric", "%s looks at the first k of a list: write %s@10", name, name)
		}
		return Metric{Name: name}, nil
	}
	k, err := strconv.ParseUint(cut, 10, 31)
	if err != nil || k == 0 {
		return Metric{}, engine.Invalidf(engine.CodeInvalidField, "metric", "the k of %q is a whole number from 1, as in %s@10", text, name)
	}
	return Metric{Name: name, K: int(k)}, nil
}

// String returns the form ParseMetric reads.
func (m Metric) String() string {
	if m.K == 0 {
		return m.Name
	}
	return m.Name + "@" + strconv.Itoa(m.K)
}

// PerCustomer reports whether m has one value a customer (Of), so that it can have an
// interval and be compared in pairs; else it has one for all lists together (Over).
func (m Metric) PerCustomer() bool {
	d := define(m.Name)
	return d != nil && d.of != nil
}

// Of returns m for one customer, 0 to 1. It panics if m is not PerCustomer.
func (m Metric) Of(j *Judged) float64 { return define(m.Name).of(j, m.cut()) }

// Over returns m for the lists of all customers. It is not ok where the background
// lacks what m needs, or no list is long enough to say anything. It panics if m is
// PerCustomer.
func (m Metric) Over(lists [][]engine.ItemNum, bg *Background) (value float64, ok bool) {
	return define(m.Name).over(lists, m.cut(), bg)
}

func (m Metric) cut() int {
	if m.K == 0 {
		return math.MaxInt
	}
	return m.K
}

// compareMetrics is the order of reports: by name as defined, then by cut-off.
func compareMetrics(a, b Metric) int {
	if c := place(a.Name) - place(b.Name); c != 0 {
		return c
	}
	return a.K - b.K
}

func define(name string) *definition {
	if i := place(name); i >= 0 {
		return &definitions[i]
	}
	return nil
}

func place(name string) int {
	return slices.IndexFunc(definitions, func(d definition) bool { return d.name == name })
}

func metricNames() string {
	var b strings.Builder
	for i, d := range definitions {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.name)
		if d.whole {
			b.WriteString("[@k]")
		} else {
			b.WriteString("@k")
		}
	}
	return b.String()
}
