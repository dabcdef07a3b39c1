package evaluate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Query is the unit of an evaluation of lists that came from outside: a question of a
// search, a customer, whatever its file calls one.
const Query = "query"

// Rankings are the lists of one system, of any make: for each query items, best first.
type Rankings struct {
	Name  string
	lists map[string]*ranking
}

// ranking is one list as it comes in: sorted when it is asked for.
type ranking struct {
	items  []string
	order  []float64 // smaller comes first
	by     orderedBy
	sorted bool
}

// orderedBy says what the order of a list goes by.
type orderedBy int

const (
	byPlace orderedBy = iota // as the items came
	byRank
	byScore
)

// Add adds an item to the list of a query. The order is that of the ranks where the
// items have ranks, else of the scores, greatest first, else as they came; what is equal
// stays as it came. The error is an *engine.Invalid: the items of a list go by one of
// these alone.
func (r *Rankings) Add(query, item string, rank, score *float64) error {
	if r.lists == nil {
		r.lists = make(map[string]*ranking)
	}
	l := r.lists[query]
	if l == nil {
		l = new(ranking)
		r.lists[query] = l
	}
	by, at := byPlace, 0.0
	switch {
	case rank != nil:
		by, at = byRank, *rank
	case score != nil:
		by, at = byScore, -*score
	}
	if len(l.items) > 0 && by != l.by {
		return engine.Invalidf(engine.CodeInvalidField, "rank", "the list of %s has items with a rank or score and items without", query)
	}
	l.by, l.sorted = by, false
	l.items, l.order = append(l.items, item), append(l.order, at)
	return nil
}

// Len is the number of queries with a list.
func (r *Rankings) Len() int { return len(r.lists) }

// Lists calls fn with every query and its list, best first.
func (r *Rankings) Lists(fn func(query string, items []string)) {
	for _, query := range slices.Sorted(maps.Keys(r.lists)) {
		fn(query, r.list(query))
	}
}

// list returns the list of a query, best first; nil where there is none.
func (r *Rankings) list(query string) []string {
	l := r.lists[query]
	if l == nil {
		return nil
	}
	if !l.sorted && l.by != byPlace {
		at := make([]int, len(l.items))
		for i := range at {
			at[i] = i
		}
		slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(l.order[a], l.order[b]) })
		items, order := make([]string, len(at)), make([]float64, len(at))
		for place, i := range at {
			items[place], order[place] = l.items[i], l.order[i]
		}
		l.items, l.order = items, order
	}
	l.sorted = true
	return l.items
}

// Judgements say which items are right for which query, and how much.
type Judgements struct {
	queries []string // in the order in which they came
	grades  map[string]map[string]float64
	whose   map[string]string
}

// Ask names a query, so that it counts also where nothing is right for it.
func (j *Judgements) Ask(query string) {
	if j.grades == nil {
		j.grades = make(map[string]map[string]float64)
	}
	if j.grades[query] == nil {
		j.grades[query] = make(map[string]float64)
		j.queries = append(j.queries, query)
	}
}

// Of says who asks a query. What one asks several times is drawn together, as an
// evaluation draws its customers: answers to one person are alike.
func (j *Judgements) Of(query, who string) {
	if j.whose == nil {
		j.whose = make(map[string]string)
	}
	j.whose[query] = who
}

// askers numbers who asks each query; a query of nobody is its own.
func (j *Judgements) askers(queries []string) []int {
	out, number, next := make([]int, len(queries)), make(map[string]int), 0
	for i, query := range queries {
		who := j.whose[query]
		n, known := number[who]
		if !known || who == "" {
			n = next
			number[who] = n
			next++
		}
		out[i] = n
	}
	return out
}

// Add says that an item is right for a query: a grade of 0 or less says that it is not.
// Of several judgements of one pair the greatest counts: who bought twice, bought.
func (j *Judgements) Add(query, item string, grade float64) {
	j.Ask(query)
	if before, judged := j.grades[query][item]; !judged || grade > before {
		j.grades[query][item] = grade
	}
}

// Len is the number of queries.
func (j *Judgements) Len() int { return len(j.queries) }

// Scoring says how rankings are measured.
type Scoring struct {
	Metrics []Metric // with a value a query: see Metric.PerCustomer
	// Paired are those of Metrics by which the first system is compared with the others.
	Paired []Metric
	// Keep has queries for which nothing is right count, as 0 in everything.
	Keep bool
	Resampling
}

// Measure measures lists of any make. A judged query without a list scores 0; a list
// for a query that nobody judged is passed over; both are warned of.
func (s *Scoring) Measure(judged *Judgements, runs []*Rankings) *Report {
	r := &Report{
		Dataset:  Dataset{Customers: judged.Len()},
		Protocol: Protocol{Split: "lists and judgements as given", Unit: Query, Seed: s.Seed, Resamples: cmp.Or(s.Resamples, defaultResamples), Flips: cmp.Or(s.Flips, defaultFlips)},
	}
	var asked []string
	for _, query := range judged.queries {
		right := 0
		for _, grade := range judged.grades[query] {
			if grade > 0 {
				right++
			}
		}
		r.Dataset.Interactions += len(judged.grades[query])
		r.Dataset.Targets += right
		if right > 0 || s.Keep {
			asked = append(asked, query)
		}
	}
	r.Dataset.TestCustomers = len(asked)
	whose := judged.askers(asked)
	each := make([]map[Metric][]float64, len(runs))
	for i, run := range runs {
		each[i] = s.each(judged, run, asked)
		r.Models = append(r.Models, s.report(run.Name, each[i], whose))
		r.Warnings = append(r.Warnings, run.gaps(judged, asked)...)
	}
	for i := range runs[min(1, len(runs)):] {
		for _, m := range s.Paired {
			r.Paired = append(r.Paired, Paired{
				A: runs[0].Name, B: runs[i+1].Name, Metric: m.String(), Comparison: s.CompareBy(each[0][m], each[i+1][m], whose),
			})
		}
	}
	r.AdjustPaired()
	return r
}

// each measures one system on every query.
func (s *Scoring) each(judged *Judgements, run *Rankings, asked []string) map[Metric][]float64 {
	out := make(map[Metric][]float64)
	for _, query := range asked {
		j := judgeNamed(run.list(query), judged.grades[query])
		for _, m := range s.Metrics {
			out[m] = append(out[m], m.Of(j))
		}
	}
	return out
}

// judgeNamed is Judge of items that have names and no numbers.
func judgeNamed(list []string, grades map[string]float64) *Judged {
	numbers := make(map[string]engine.ItemNum, len(list)+len(grades))
	number := func(item string) engine.ItemNum {
		n, known := numbers[item]
		if !known {
			n = engine.ItemNum(len(numbers))
			numbers[item] = n
		}
		return n
	}
	items := make([]engine.ItemNum, len(list))
	for i, item := range list {
		items[i] = number(item)
	}
	right, gains := make([]engine.ItemNum, 0, len(grades)), make([]float64, 0, len(grades))
	for item, grade := range grades {
		right, gains = append(right, number(item)), append(gains, grade)
	}
	return Judge(items, right, gains)
}

func (s *Scoring) report(name string, each map[Metric][]float64, whose []int) ModelReport {
	m := ModelReport{Name: name, Metrics: make(map[string]Value)}
	for _, metric := range s.Metrics {
		mean, interval := s.MeanBy(each[metric], whose)
		m.Metrics[metric.String()] = Value{mean, &interval}
	}
	return m
}

// gaps says where lists and judgements do not belong together.
func (r *Rankings) gaps(judged *Judgements, asked []string) (warnings []string) {
	missing, unjudged := 0, 0
	for _, query := range asked {
		if r.lists[query] == nil {
			missing++
		}
	}
	for query := range r.lists {
		if judged.grades[query] == nil {
			unjudged++
		}
	}
	if missing > 0 {
		warnings = append(warnings, fmt.Sprintf("%s has no list for %d of the %d queries: they score 0", r.Name, missing, len(asked)))
	}
	if unjudged > 0 {
		warnings = append(warnings, fmt.Sprintf("%s has lists for %d queries that nobody judged: they are passed over", r.Name, unjudged))
	}
	return warnings
}
