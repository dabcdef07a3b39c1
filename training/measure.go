package training

import (
	"context"
	"fmt"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Contender is a model that is measured: a world under it.
type Contender struct {
	Name     string
	World    *recommend.World
	Settings map[string]any
	Fit      time.Duration
	Peak     uint64 // bytes more than before, at most, while it was fitted; 0 for unknown
}

// Contest measures contenders on the same cases, each asked through engine/recommend.
// Somebody with several cases is one draw of every interval and test.
type Contest struct {
	Place      *recommend.Place
	Cases      []Case
	Metrics    []evaluate.Metric
	Background evaluate.Background
	Resampling evaluate.Resampling
	Workers    int
	// Slices are some of the cases, measured by themselves too, by name.
	Slices map[string]Slice
	// Step, if not nil, is told what begins.
	Step func(what string)

	whose []int // of each case, made when first asked for
}

// Slice is some cases of a contest, by their place in it.
type Slice struct {
	Cases []int
	// Targets are looked for in place of the cases' own, one list a case; nil for theirs.
	Targets [][]engine.ItemNum
}

// Measured is what one contender reached; Each holds the values one case, by metric.
type Measured struct {
	Report evaluate.ModelReport
	Each   map[evaluate.Metric][]float64
}

// Measure asks one contender every case and judges its lists.
func (c *Contest) Measure(ctx context.Context, who Contender) (*Measured, error) {
	outcomes, err := c.Ask(ctx, who, c.Cases)
	if err != nil {
		return nil, err
	}
	return c.Judge(who, outcomes), nil
}

// Ask asks one contender some cases: lists as long as the deepest metric looks.
func (c *Contest) Ask(ctx context.Context, who Contender, cases []Case) ([]Outcome, error) {
	if c.Step != nil {
		c.Step("measuring " + who.Name)
	}
	asked := make([]Case, len(cases))
	for i, one := range cases {
		one.Request.Count, one.Request.Explain = c.Depth(), engine.ExplainNone
		asked[i] = one
	}
	outcomes, err := Ask(ctx, who.World, c.Place, asked, c.Workers)
	if err != nil {
		return nil, fmt.Errorf("measure %s: %w", who.Name, err)
	}
	return outcomes, nil
}

// Depth is how far down lists are looked at.
func (c *Contest) Depth() int {
	depth := 0
	for _, m := range c.Metrics {
		depth = max(depth, m.K)
	}
	return depth
}

// Judge measures the lists that a contender gave to all cases, in their order.
func (c *Contest) Judge(who Contender, outcomes []Outcome) *Measured {
	m := &Measured{
		Report: evaluate.ModelReport{
			Name: who.Name, Settings: who.Settings, Metrics: make(map[string]evaluate.Value),
			FitSeconds: who.Fit.Seconds(), PeakBytes: who.Peak,
		},
		Each: make(map[evaluate.Metric][]float64),
	}
	var (
		took  []time.Duration
		lists [][]engine.ItemNum
	)
	for i, o := range outcomes {
		took, lists = append(took, o.Took), append(lists, o.Items)
		judged := evaluate.Judge(o.Items, c.Cases[i].Targets, nil)
		for _, metric := range c.Metrics {
			if metric.PerCustomer() {
				m.Each[metric] = append(m.Each[metric], metric.Of(judged))
			}
		}
	}
	m.Report.RecommendLatency = evaluate.LatencyOf(took)
	for _, metric := range c.Metrics {
		if metric.PerCustomer() {
			m.Report.Metrics[metric.String()] = c.value(m.Each[metric], c.customers())
		} else if value, ok := metric.Over(lists, &c.Background); ok {
			m.Report.Metrics[metric.String()] = evaluate.Value{Value: value}
		}
	}
	for name, s := range c.Slices {
		if m.Report.Slices == nil {
			m.Report.Slices = make(map[string]evaluate.Slice)
		}
		m.Report.Slices[name] = c.slice(s, m, lists)
	}
	return m
}

// slice measures some of the lists by themselves.
func (c *Contest) slice(s Slice, m *Measured, lists [][]engine.ItemNum) evaluate.Slice {
	whose := make([]int, len(s.Cases))
	number := make(map[int]int) // of a customer among those of the slice
	for at, i := range s.Cases {
		who := c.customers()[i]
		if _, known := number[who]; !known {
			number[who] = len(number)
		}
		whose[at] = number[who]
	}
	out := evaluate.Slice{Customers: len(number), Metrics: make(map[string]evaluate.Value)}
	for _, metric := range c.Metrics {
		if !metric.PerCustomer() {
			continue
		}
		values := make([]float64, len(s.Cases))
		for at, i := range s.Cases {
			if s.Targets == nil {
				values[at] = m.Each[metric][i]
			} else {
				values[at] = metric.Of(evaluate.Judge(lists[i], s.Targets[at], nil))
			}
		}
		out.Metrics[metric.String()] = c.value(values, whose)
	}
	return out
}

func (c *Contest) value(values []float64, whose []int) evaluate.Value {
	mean, interval := c.Resampling.MeanBy(values, whose)
	return evaluate.Value{Value: mean, Interval: &interval}
}

// customers numbers whom each case is of. A case of nobody is its own.
func (c *Contest) customers() []int {
	if len(c.whose) == len(c.Cases) {
		return c.whose
	}
	c.whose = make([]int, len(c.Cases))
	number := make(map[engine.Subject]int)
	next := 0
	for i := range c.Cases {
		who := c.Cases[i].Who.Subject
		n, known := number[who]
		if !known || who.IsZero() {
			n = next
			number[who] = n
			next++
		}
		c.whose[i] = n
	}
	return c.whose
}

// Customers is how many people the cases are of.
func (c *Contest) Customers() int {
	most := -1
	for _, n := range c.customers() {
		most = max(most, n)
	}
	return most + 1
}

// Compare compares two contenders of the contest in one metric.
func (c *Contest) Compare(a, b *Measured, metric evaluate.Metric) evaluate.Paired {
	return evaluate.Paired{
		A: a.Report.Name, B: b.Report.Name, Metric: metric.String(),
		Comparison: c.Resampling.CompareBy(a.Each[metric], b.Each[metric], c.customers()),
	}
}
