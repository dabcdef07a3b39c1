package evaluate

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// plottedMetrics is how many metrics are plotted; the table has all.
const plottedMetrics = 4

// qualityRows are plots of the metrics that say most, the main one first.
func (r *Report) qualityRows(main string) (out []rows) {
	m, _ := ParseMetric(main)
	names := []string{main}
	for _, name := range []string{"ndcg", "recall", "hr", "mrr", "map", "precision", "coverage"} {
		for _, k := range []int{m.K, 0} {
			if other := (Metric{name, k}).String(); len(names) < plottedMetrics && len(r.ranked(other)) > 0 && !r.saysTheSame(other, names) {
				names = append(names, other)
			}
		}
	}
	for _, name := range names {
		var labels []string
		var values []Value
		for _, model := range r.ranked(name) {
			labels, values = append(labels, model.Name), append(values, model.Metrics[name])
		}
		p := newRows(name, fmt.Sprintf("%s of each model, best first, with 95 %% intervals", name), labels, values, false)
		p.Rows[0].Tone = "lead"
		out = append(out, p)
	}
	return out
}

// saysTheSame reports whether a metric has the values of one of others for every model,
// as recall and hr have where each question has one right answer.
func (r *Report) saysTheSame(metric string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		return !slices.ContainsFunc(r.Models, func(m ModelReport) bool { return m.Metrics[metric].Value != m.Metrics[other].Value })
	})
}

// latencyPlot is quality against the time of one answer; nil where nothing was timed.
func (r *Report) latencyPlot(metric string) *scatter {
	var models []*ModelReport
	var times, reach []float64
	for _, m := range r.ranked(metric) {
		if m.RecommendLatency.P50 <= 0 {
			continue
		}
		models, times = append(models, m), append(times, m.RecommendLatency.P50, max(m.RecommendLatency.P50, m.RecommendLatency.P99))
		v := m.Metrics[metric]
		reach = append(reach, v.Value)
		if v.Interval != nil {
			reach = append(reach, v.Low, v.High)
		}
	}
	if len(models) == 0 {
		return nil
	}
	x, y := newLogAxis(times), newAxis(reach, 5)
	down := func(v float64) float64 { return scatterHeight * (1 - y.at(v)/100) }
	s := &scatter{X: x.Marks}
	for _, m := range y.Marks {
		s.Y = append(s.Y, mark{scatterHeight * (1 - m.At/100), m.Label})
	}
	for i, m := range models {
		v := m.Metrics[metric]
		p := point{X: x.at(times[2*i]), To: x.at(times[2*i+1]), Y: down(v.Value), Name: m.Name, Number: i + 1}
		p.Low, p.High = p.Y, p.Y
		if v.Interval != nil {
			p.Low, p.High = down(v.Low), down(v.High)
		}
		if i == 0 {
			p.Tone = "lead"
		}
		p.About = fmt.Sprintf("%s: %s %.4f, half of the answers within %.0f µs, 99 in 100 within %.0f µs", m.Name, metric, v.Value, m.RecommendLatency.P50, m.RecommendLatency.P99)
		p.Value, p.Time = fmt.Sprintf("%.4f", v.Value), microseconds(math.Round(m.RecommendLatency.P50))
		s.Points = append(s.Points, p)
	}
	return s
}

// differenceRows are plots of the comparisons, one a metric.
func (r *Report) differenceRows() (out []rows) {
	var metrics []string
	for i := range r.Paired {
		if !slices.Contains(metrics, r.Paired[i].Metric) {
			metrics = append(metrics, r.Paired[i].Metric)
		}
	}
	for _, metric := range metrics {
		var labels, tones []string
		var values []Value
		who := ""
		for i := range r.Paired {
			c := &r.Paired[i]
			if c.Metric != metric {
				continue
			}
			interval := c.Interval
			who = c.A
			labels, values = append(labels, c.B), append(values, Value{c.Difference, &interval})
			switch {
			case c.Holm >= surely:
				tones = append(tones, "")
			case c.Difference > 0:
				tones = append(tones, "good")
			default:
				tones = append(tones, "bad")
			}
		}
		p := newRows(metric+": "+who+" minus", "differences to each other model on the same cases, with 95 % intervals", labels, values, true)
		for i, tone := range tones {
			p.Rows[i].Tone = tone
		}
		out = append(out, p)
	}
	return out
}

// groupModels is of how many models the groups are plotted: the best of all.
const groupModels = 4

// groupRows are plots of the groups of customers, one a group, on one axis.
func (r *Report) groupRows(metric string) (out []rows) {
	found := map[string]int{}
	for i := range r.Models {
		for name, s := range r.Models[i].Slices {
			if _, ok := s.Metrics[metric]; ok {
				found[name] = max(found[name], s.Customers)
			}
		}
	}
	models := r.ranked(metric)
	models = models[:min(groupModels, len(models))]
	var labels []string
	var values []Value
	type place struct{ from, to int }
	places := map[string]place{}
	names := slices.Sorted(maps.Keys(found))
	for _, name := range names {
		from := len(values)
		for _, m := range models {
			if v, ok := m.Slices[name].Metrics[metric]; ok {
				labels, values = append(labels, m.Name), append(values, v)
			}
		}
		places[name] = place{from, len(values)}
	}
	if len(values) == 0 {
		return nil
	}
	all := newRows("", "", labels, values, false)
	for _, name := range names {
		at := places[name]
		if at.from == at.to {
			continue
		}
		out = append(out, rows{
			Title: fmt.Sprintf("%s (%d)", name, found[name]),
			About: fmt.Sprintf("%s of the models among %s, %d of them, with 95 %% intervals", metric, name, found[name]),
			Marks: all.Marks, Rows: all.Rows[at.from:at.to],
		})
	}
	return out
}

// curvePlot is quality against the share of the customers that was learnt from.
type curvePlot struct {
	Metric, About string
	X, Y          []mark
	Lines         []line
}

// CurvePoint is what a model reached that learnt from some of the customers alone. All
// points are of the same questions.
type CurvePoint struct {
	Model     string           `json:"model"`
	Share     float64          `json:"share"`     // of the customers, above 0 to 1
	Customers int              `json:"customers"` // that was
	Metrics   map[string]Value `json:"metrics"`
}

// curveLines is how many lines are told apart by colour and dashes.
const curveLines = 6

// curvePlot is nil where no curve was measured.
func (r *Report) curvePlot(metric string) *curvePlot {
	var reach, shares []float64
	at := map[string][]CurvePoint{}
	for _, p := range r.Curve {
		v, ok := p.Metrics[metric]
		if !ok {
			continue
		}
		shares, reach = append(shares, p.Share), append(reach, v.Value)
		if v.Interval != nil {
			reach = append(reach, v.Low, v.High)
		}
		at[p.Model] = append(at[p.Model], p)
	}
	if len(shares) == 0 {
		return nil
	}
	slices.Sort(shares)
	shares = slices.Compact(shares)
	x, y := axis{low: 0, high: 1.0}, newAxis(reach, 5)
	c := &curvePlot{Metric: metric, About: fmt.Sprintf("%s of each model by the share of customers it learnt from", metric)}
	for _, share := range shares {
		c.X = append(c.X, mark{x.at(share), fmt.Sprintf("%.0f %%", 100*share)})
	}
	for _, m := range y.Marks {
		c.Y = append(c.Y, mark{scatterHeight * (1 - m.At/100), m.Label})
	}
	for _, m := range r.ranked(metric) {
		if points := at[m.Name]; len(points) > 0 && len(c.Lines) < curveLines {
			c.Lines = append(c.Lines, newLine(m.Name, metric, points, len(c.Lines)+1, x, y))
		}
	}
	c.spread()
	return c
}

func newLine(name, metric string, points []CurvePoint, style int, x, y axis) line {
	l := line{Name: name, Style: style}
	var xs, ys, lows, highs []float64
	slices.SortFunc(points, func(a, b CurvePoint) int {
		if a.Share < b.Share {
			return -1
		}
		return 1
	})
	for _, p := range points {
		v := p.Metrics[metric]
		xs, ys = append(xs, x.at(p.Share)), append(ys, 100-y.at(v.Value))
		if v.Interval != nil {
			lows, highs = append(lows, 100-y.at(v.Low)), append(highs, 100-y.at(v.High))
		}
		l.Dots = append(l.Dots, point{
			X: x.at(p.Share), Y: scatterHeight * (1 - y.at(v.Value)/100),
			About: fmt.Sprintf("%s, learnt from %d customers: %s %s", name, p.Customers, metric, inWords(v)),
		})
	}
	l.Path = path(xs, ys)
	if len(lows) == len(xs) {
		back, low := slices.Clone(xs), slices.Clone(lows)
		slices.Reverse(back)
		slices.Reverse(low)
		l.Band = path(append(slices.Clone(xs), back...), append(highs, low...)) + "Z"
	}
	l.LabelY = l.Dots[len(l.Dots)-1].Y
	return l
}

// spread moves the names at the ends of the lines apart.
func (c *curvePlot) spread() {
	const height = 15
	order := make([]*line, len(c.Lines))
	for i := range c.Lines {
		order[i] = &c.Lines[i]
	}
	slices.SortStableFunc(order, func(a, b *line) int {
		if a.LabelY < b.LabelY {
			return -1
		}
		return 1
	})
	for i, l := range order {
		l.LabelY = max(l.LabelY, 10)
		if i > 0 {
			l.LabelY = max(l.LabelY, order[i-1].LabelY+height)
		}
	}
	if n := len(order); n > 0 {
		if over := order[n-1].LabelY - scatterHeight; over > 0 {
			for _, l := range order {
				l.LabelY -= over
			}
		}
	}
}
