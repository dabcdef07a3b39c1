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
}

// Contest measures contenders on the same cases, each asked through engine/recommend.
type Contest struct {
	Place      *recommend.Place
	Cases      []Case
	Metrics    []evaluate.Metric
	Background evaluate.Background
	Resampling evaluate.Resampling
	Workers    int
	// Step, if not nil, is told what begins.
	Step func(what string)
}

// Measured is what one contender reached; Each holds the values one case, by metric.
type Measured struct {
	Report evaluate.ModelReport
	Each   map[evaluate.Metric][]float64
}

// Measure asks one contender every case.
func (c *Contest) Measure(ctx context.Context, who Contender) (*Measured, error) {
	if c.Step != nil {
		c.Step("measuring " + who.Name)
	}
	depth := 0
	for _, m := range c.Metrics {
		depth = max(depth, m.K)
	}
	cases := make([]Case, len(c.Cases))
	for i, one := range c.Cases {
		one.Request.Count, one.Request.Explain = depth, engine.ExplainNone
		cases[i] = one
	}
	outcomes, err := Ask(ctx, who.World, c.Place, cases, c.Workers)
	if err != nil {
		return nil, fmt.Errorf("measure %s: %w", who.Name, err)
	}
	m := &Measured{
		Report: evaluate.ModelReport{Name: who.Name, Settings: who.Settings, Metrics: make(map[string]evaluate.Value), FitSeconds: who.Fit.Seconds()},
		Each:   make(map[evaluate.Metric][]float64),
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
			mean, interval := c.Resampling.Mean(m.Each[metric])
			m.Report.Metrics[metric.String()] = evaluate.Value{Value: mean, Interval: &interval}
		} else if value, ok := metric.Over(lists, &c.Background); ok {
			m.Report.Metrics[metric.String()] = evaluate.Value{Value: value}
		}
	}
	return m, nil
}

// Compare compares two contenders of the contest in one metric.
func (c *Contest) Compare(a, b *Measured, metric evaluate.Metric) evaluate.Paired {
	return evaluate.Paired{
		A: a.Report.Name, B: b.Report.Name, Metric: metric.String(),
		Comparison: c.Resampling.Compare(a.Each[metric], b.Each[metric]),
	}
}
