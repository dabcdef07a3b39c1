package evaluate

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// tableWidth is where a table is continued below itself: it fits a terminal on half a
// screen, and a mail.
const tableWidth = 120

// WriteTable writes the report for people: what was measured, a row a model, a row a
// slice, the comparisons, the warnings.
func (r *Report) WriteTable(w io.Writer) error {
	var b bytes.Buffer
	for _, line := range r.basis() {
		b.WriteString(line + "\n")
	}
	writeColumns(&b, r.modelColumns())
	if columns := r.sliceColumns(); len(columns) > 0 {
		writeColumns(&b, abreast(columns))
	}
	for _, columns := range r.certaintyColumns() {
		writeColumns(&b, columns)
	}
	if len(r.Paired) > 0 {
		b.WriteByte('\n')
	}
	for i := range r.Paired {
		r.writePaired(&b, &r.Paired[i])
	}
	for i, text := range r.warnings() {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "warning: %s\n", text)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the evaluation table: %w", err)
	}
	return nil
}

// basis says in a few lines what was measured on, and what models knew.
func (r *Report) basis() []string {
	d, p := &r.Dataset, &r.Protocol
	who := "customers"
	switch p.Unit {
	case Query:
		return []string{
			fmt.Sprintf("%d queries are judged, in %d of them something is right: %d items; seed %d", d.Customers, d.TestCustomers, d.Targets, p.Seed),
		}
	case Ticket:
		return []string{
			fmt.Sprintf("%s to %s, nothing fits %d of them; each asked of what %s taught", Counted(d.Cases, "question"), Counted(d.Solutions, "solution"), d.Nothing, Counted(d.Learnt, "solved question")),
			fmt.Sprintf("split %s, seed %d", p.Split, p.Seed),
		}
	case SessionPrefix:
		who = "sessions"
	}
	asked := fmt.Sprintf("%d %s", d.TestCustomers, who)
	if d.Cases > d.TestCustomers {
		asked = fmt.Sprintf("%d questions of %d %s", d.Cases, d.TestCustomers, who)
	}
	lines := []string{
		fmt.Sprintf("%d interactions of %d %s with %d items: train %d, valid %d, test %d", d.Interactions, d.Customers, who, d.Items, d.Train, d.Valid, d.Test),
		fmt.Sprintf("%s to predict for, %d targets, %d of them not eligible; split %s, seed %d", asked, d.Targets, d.Unreachable, p.Split, p.Seed),
	}
	if p.Known != "" {
		lines = append(lines, "known: "+p.Known, "eligible: "+p.Eligible)
	}
	return lines
}

// Counted writes "1 question" or "2 questions".
func Counted(n int, noun string) string { return fmt.Sprintf("%d %s", n, One(n, noun, noun+"s")) }

// One is the word for one of something, or else that for several.
func One(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// writePaired writes "best vs popular: ndcg@10 +0.0412 [+0.0300, +0.0525], p < 0.0001".
// Of several comparisons each shows what is left of its p among the others.
func (r *Report) writePaired(b *bytes.Buffer, c *Paired) {
	fmt.Fprintf(b, "%s vs %s: %s %+.4f [%+.4f, %+.4f], p %s", c.A, c.B, c.Metric, c.Difference, c.Low, c.High, chance(c.P))
	if len(r.Paired) > 1 {
		fmt.Fprintf(b, " (Holm %s)", chance(c.Holm))
	}
	b.WriteByte('\n')
}

func chance(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("= %.4f", p)
}

// column is a header and a cell a row.
type column []string

func (r *Report) modelColumns() []column {
	names := column{"model"}
	var values []map[string]Value
	for i := range r.Models {
		names = append(names, r.Models[i].Name)
		values = append(values, r.Models[i].Metrics)
	}
	return slices.Concat([]column{names}, metricColumns(values), r.costColumns())
}

// costColumns are what the models cost. Lists that came from outside were not measured,
// and a column that says nothing of any model is left out.
func (r *Report) costColumns() (out []column) {
	asked := func(m *ModelReport) bool { return m.RecommendLatency.P99 > 0 }
	for _, c := range []struct {
		name, form string
		of         func(m *ModelReport) float64
		known      func(m *ModelReport) bool
	}{
		{"fit s", "%.2f", func(m *ModelReport) float64 { return m.FitSeconds }, asked},
		{"µs p50", "%.0f", func(m *ModelReport) float64 { return m.RecommendLatency.P50 }, asked},
		{"µs p99", "%.0f", func(m *ModelReport) float64 { return m.RecommendLatency.P99 }, asked},
		{"peak MiB", "%.0f", func(m *ModelReport) float64 { return float64(m.PeakBytes) / (1 << 20) }, func(m *ModelReport) bool { return m.PeakBytes > 0 }},
	} {
		cells, said := column{c.name}, false
		for i := range r.Models {
			cell := "-"
			if m := &r.Models[i]; c.known(m) {
				cell, said = fmt.Sprintf(c.form, c.of(m)), true
			}
			cells = append(cells, cell)
		}
		if said {
			out = append(out, cells)
		}
	}
	return out
}

// sliceColumns are nil where the report has no slices.
func (r *Report) sliceColumns() []column {
	names, counts := column{"model, slice"}, column{"customers"}
	var values []map[string]Value
	for i := range r.Models {
		m := &r.Models[i]
		for _, name := range slices.Sorted(maps.Keys(m.Slices)) {
			names = append(names, m.Name+", "+name)
			counts = append(counts, fmt.Sprint(m.Slices[name].Customers))
			values = append(values, m.Slices[name].Metrics)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return append([]column{names, counts}, metricColumns(values)...)
}

// metricColumns makes a column of every metric any of the rows has.
func metricColumns(rows []map[string]Value) []column {
	found := map[string]bool{}
	for _, row := range rows {
		for name := range row {
			found[name] = true
		}
	}
	var columns []column
	for _, name := range slices.SortedFunc(maps.Keys(found), compareNames) {
		c := column{name}
		for _, row := range rows {
			c = append(c, valueCell(row, name))
		}
		columns = append(columns, c)
	}
	return columns
}

func valueCell(row map[string]Value, name string) string {
	v, ok := row[name]
	switch {
	case !ok:
		return "-"
	case v.Interval == nil:
		return fmt.Sprintf("%.4f", v.Value)
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f]", v.Value, v.Low, v.High)
}

// compareNames puts the metrics of this package into their order and others after them.
func compareNames(a, b string) int {
	ma, errA := ParseMetric(a)
	mb, errB := ParseMetric(b)
	switch {
	case errA != nil && errB != nil:
		return strings.Compare(a, b)
	case errA != nil:
		return 1
	case errB != nil:
		return -1
	}
	return compareMetrics(ma, mb)
}

// abreast are the columns that fit beside one another: of slices the terminal shows the
// first metrics, the page and the JSON all.
func abreast(columns []column) []column {
	width := columns[0].width()
	for i, c := range columns[1:] {
		if width += 2 + c.width(); width > tableWidth && i > 1 {
			return columns[:i+1]
		}
	}
	return columns
}

// writeColumns writes columns side by side, the first one on the left edge and the
// others to the right of theirs. What is too wide is continued below, under the first
// column again.
func writeColumns(b *bytes.Buffer, columns []column) {
	first, rest := columns[0], columns[1:]
	for len(rest) > 0 {
		width, n := first.width(), 0
		for n < len(rest) && (n == 0 || width+2+rest[n].width() <= tableWidth) {
			width += 2 + rest[n].width()
			n++
		}
		b.WriteByte('\n')
		for row := range first {
			b.WriteString(first[row])
			b.WriteString(padding(first[row], first.width()))
			for _, c := range rest[:n] {
				b.WriteString("  ")
				b.WriteString(padding(c[row], c.width()))
				b.WriteString(c[row])
			}
			b.WriteByte('\n')
		}
		rest = rest[n:]
	}
}

func (c column) width() int {
	var w int
	for _, cell := range c {
		w = max(w, utf8.RuneCountInString(cell))
	}
	return w
}

func padding(cell string, width int) string {
	return strings.Repeat(" ", width-utf8.RuneCountInString(cell))
}
