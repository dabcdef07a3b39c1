package evaluate

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"px":  func(f float64) string { return fmt.Sprintf("%.1f", f) },
	"pct": func(f float64) string { return fmt.Sprintf("%.2f%%", f) },
	"add": func(a, b float64) float64 { return a + b },
	// cut parts "0.1012 [0.0919, 0.1111]" before its interval.
	"cut": func(cell string) [2]string {
		value, interval, found := strings.Cut(cell, " [")
		if found {
			interval = "[" + interval
		}
		return [2]string{value, interval}
	},
}).Parse(pageText))

// WriteHTML writes the report as one page for people: in words what was measured and
// found, plots, tables. It needs no other file, asks nobody for anything, and can be read
// without its script, which only sorts tables.
func (r *Report) WriteHTML(w io.Writer) error {
	var b bytes.Buffer // half a page is worse than none
	if err := page.Execute(&b, r.view()); err != nil {
		return fmt.Errorf("lay out the evaluation page: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the evaluation page: %w", err)
	}
	return nil
}

// pageView is what the page shows.
type pageView struct {
	Title, Verdict string
	Basis          []string
	Rest           []string // of the verdict: who is behind, who is alike
	Warnings       []string
	Facts          [][2]string
	Quality        []rows
	Latency        *scatter
	LatencyMetric  string
	Models, Cuts   *grid
	Certainty      []namedGrid
	Paired         *grid
	Differences    []rows
	Groups         []rows
	Curve          *curvePlot
	Settings       [][2]string
	Glossary       [][2]string
	Height         int
	Produced       string
}

// namedGrid is a table with its heading.
type namedGrid struct {
	Title string
	*grid
}

// grid is a table.
type grid struct {
	Head []string
	Rows [][]string
	Best [][]bool
}

func (r *Report) view() *pageView {
	main := r.mainMetric()
	v := &pageView{
		Title: "Evaluation", Basis: r.basis(), Warnings: r.warnings(), Facts: r.facts(), Height: scatterHeight,
		Models: newGrid(r.modelColumns()), Cuts: newGrid(r.sliceColumns()), Paired: r.pairedGrid(), Certainty: r.certaintyGrids(),
		Produced: strings.TrimSpace("rapport " + r.Version + " " + r.Commit),
	}
	if main == "" {
		v.Verdict = "Nothing was measured."
		return v
	}
	v.Verdict, v.Rest = r.verdict(main)
	v.Quality = r.qualityRows(main)
	v.Latency, v.LatencyMetric = r.latencyPlot(main), main
	v.Differences = r.differenceRows()
	v.Groups = r.groupRows(main)
	v.Curve = r.curvePlot(main)
	v.Settings = r.settings()
	for _, name := range r.metricNames() {
		if m, err := ParseMetric(name); err == nil && define(m.Name).words != "" {
			v.Glossary = append(v.Glossary, [2]string{name, define(m.Name).words})
		}
	}
	return v
}

// metricNames are those that any model has, in their order.
func (r *Report) metricNames() []string {
	found := map[string]bool{}
	for i := range r.Models {
		for name := range r.Models[i].Metrics {
			found[name] = true
		}
	}
	return slices.SortedFunc(maps.Keys(found), compareNames)
}

// mainMetric is what models are compared by, else the first there is; "" for none.
func (r *Report) mainMetric() string {
	if len(r.Paired) > 0 {
		return r.Paired[0].Metric
	}
	if names := r.metricNames(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// ranked are the models that have a metric, best first.
func (r *Report) ranked(metric string) []*ModelReport {
	var out []*ModelReport
	for i := range r.Models {
		if _, ok := r.Models[i].Metrics[metric]; ok {
			out = append(out, &r.Models[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *ModelReport) int {
		switch x, y := a.Metrics[metric].Value, b.Metrics[metric].Value; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return out
}

// surely is under which adjusted p a difference is called one.
const surely = 0.05

// verdict says who is ahead, and of whom that is sure.
func (r *Report) verdict(metric string) (first string, rest []string) {
	top := r.ranked(metric)[0]
	first = fmt.Sprintf("%s is ahead by %s with %s.", top.Name, metric, inWords(top.Metrics[metric]))
	if len(r.Models) == 1 {
		first = fmt.Sprintf("%s reaches %s %s.", top.Name, metric, inWords(top.Metrics[metric]))
	}
	var behind, alike, better []string
	who := ""
	for i := range r.Paired {
		c := &r.Paired[i]
		if c.Metric != metric {
			continue
		}
		who = c.A
		switch {
		case c.Holm >= surely:
			alike = append(alike, c.B)
		case c.Difference > 0:
			behind = append(behind, c.B)
		default:
			better = append(better, c.B)
		}
	}
	if len(better) > 0 {
		rest = append(rest, fmt.Sprintf("%s is surely worse than %s.", who, enumerate(better)))
	}
	if len(behind) > 0 {
		rest = append(rest, fmt.Sprintf("%s is surely better than %s.", who, enumerate(behind)))
	}
	if len(alike) > 0 {
		rest = append(rest, fmt.Sprintf("%s cannot be told apart from %s on this data.", who, enumerate(alike)))
	}
	return first, rest
}

func inWords(v Value) string {
	if v.Interval == nil {
		return fmt.Sprintf("%.4f", v.Value)
	}
	return fmt.Sprintf("%.4f (95 %% interval %.4f to %.4f)", v.Value, v.Low, v.High)
}

// enumerate writes "a, b and c".
func enumerate(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// facts are the protocol and the data, a line each.
func (r *Report) facts() [][2]string {
	p, d := &r.Protocol, &r.Dataset
	facts := [][2]string{{"Split", p.Split}}
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, [2]string{name, value})
		}
	}
	add("What is predicted", strings.Join(p.Targets, ", "))
	add("Unit", p.Unit)
	switch p.Repeats {
	case "allow":
		add("Repeats", "what somebody has may be recommended and predicted")
	case "exclude":
		add("Repeats", "what somebody has is neither recommended nor predicted")
	}
	if p.MinValue != nil {
		add("Least value", fmt.Sprintf("%g; rows below are left out", *p.MinValue))
	}
	var types []string
	for _, name := range slices.Sorted(maps.Keys(p.Types)) {
		types = append(types, fmt.Sprintf("%s %g", name, p.Types[name]))
	}
	add("Weights", strings.Join(types, ", "))
	add("Groups by", p.By)
	add("Intervals", fmt.Sprintf("95 %%, percentile bootstrap, %d resamples", p.Resamples))
	add("Tests", fmt.Sprintf("paired sign flips, %d, adjusted by Holm for %d comparisons", p.Flips, len(r.Paired)))
	add("Seed", fmt.Sprint(p.Seed))
	add("SHA-256 of the data", d.SHA256)
	return facts
}

// newGrid turns columns into rows, and marks what is best in the columns of metrics.
func newGrid(columns []column) *grid {
	if len(columns) == 0 {
		return nil
	}
	g := &grid{}
	for _, c := range columns {
		g.Head = append(g.Head, c[0])
	}
	for i := 1; i < len(columns[0]); i++ {
		row, best := make([]string, len(columns)), make([]bool, len(columns))
		for j, c := range columns {
			row[j] = c[i]
			_, err := ParseMetric(c[0])
			best[j] = err == nil && len(c) > 2 && isBest(c, i)
		}
		g.Rows, g.Best = append(g.Rows, row), append(g.Best, best)
	}
	return g
}

// isBest reports whether no cell of a metric's column is better than the i-th one, by the
// numbers they begin with.
func isBest(c column, i int) bool {
	m, err := ParseMetric(c[0])
	if err != nil || c[i] == "-" {
		return false
	}
	sign := 1.0
	if define(m.Name).less {
		sign = -1
	}
	number := func(cell string) (f float64) {
		_, _ = fmt.Sscanf(cell, "%f", &f)
		return f
	}
	for _, cell := range c[1:] {
		if cell != "-" && sign*number(cell) > sign*number(c[i]) {
			return false
		}
	}
	return true
}

func (r *Report) pairedGrid() *grid {
	if len(r.Paired) == 0 {
		return nil
	}
	g := &grid{Head: []string{"compared", "metric", "difference", "95 % from", "to", "p", "p (Holm)"}}
	for i := range r.Paired {
		c := &r.Paired[i]
		g.Rows = append(g.Rows, []string{
			c.A + " − " + c.B, c.Metric, fmt.Sprintf("%+.4f", c.Difference), fmt.Sprintf("%+.4f", c.Low), fmt.Sprintf("%+.4f", c.High),
			strings.TrimPrefix(chance(c.P), "= "), strings.TrimPrefix(chance(c.Holm), "= "),
		})
		g.Best = append(g.Best, make([]bool, len(g.Head)))
	}
	return g
}

// settings are those that were chosen, a line a model.
func (r *Report) settings() (out [][2]string) {
	for i := range r.Models {
		m := &r.Models[i]
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(m.Settings)) {
			value := fmt.Sprint(m.Settings[name])
			if f, ok := m.Settings[name].(float64); ok {
				value = fmt.Sprintf("%.4g", f)
			}
			parts = append(parts, name+" "+value)
		}
		if len(parts) > 0 {
			out = append(out, [2]string{m.Name, strings.Join(parts, ", ")})
		}
	}
	return out
}
