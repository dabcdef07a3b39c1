package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// line is one line of the results file.
type line struct {
	Benchmark string          `json:"benchmark"`
	Data      string          `json:"data"`
	At        string          `json:"at"`
	Report    json.RawMessage `json:"report"`
}

// writePage writes the newest measurement of every table as a page of Markdown: figures
// stand in documents as they were measured, or not at all.
func writePage(results, name string) error {
	text, err := pageOf(results)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

func pageOf(results string) ([]byte, error) {
	newest, err := newestOf(results)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, t := range tables {
		if r, ok := newest[t.name]; ok {
			t.section(&b, r)
		}
	}
	return b.Bytes(), nil
}

const pageHead = `# Figures on public data

<!-- Written by go run ./benchmarks/tables -page docs/results.md from benchmarks/results.jsonl. -->

Every table is one run of ` + "`go run ./benchmarks/tables -data DIR -only TABLE`" + `, which says where the
sets come from. Settings and blend were chosen on the validation part alone, all items are
ranked, intervals are 95 % bootstrap intervals over customers. ` + "`best`" + ` is what ` + "`serve`" + ` would use.
Gorse's models (v0.4.15, its own library) had their settings chosen in the same way.
[How to read them](evaluation.md). Fit seconds and answer times are of two busy cores.

`

// newestOf returns the newest report of every table, by name.
func newestOf(results string) (map[string]*evaluate.Report, error) {
	f, err := os.Open(results)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make(map[string]*evaluate.Report)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s: %w", results, err)
		}
		if l.Benchmark != "tables" {
			continue
		}
		var r evaluate.Report
		if err := json.Unmarshal(l.Report, &r); err != nil {
			return nil, fmt.Errorf("%s: %w", results, err)
		}
		out[l.Data] = &r
	}
	return out, lines.Err()
}

// section writes one table.
func (t *table) section(b *bytes.Buffer, r *evaluate.Report) {
	first, second := "ndcg@10", "hr@10"
	if t.sessions {
		first, second = "mrr@20", "hr@20"
	}
	d := &r.Dataset
	fmt.Fprintf(b, "## %s\n\n", t.name)
	fmt.Fprintf(b, "%s; %s, repeats %s, seed %d. %d interactions of %d %s with %d items; %d to predict for.\n\n",
		t.folder, cmp.Or(t.split, "given files"), r.Protocol.Repeats, r.Protocol.Seed, d.Interactions, d.Customers, t.unit(), d.Items, d.TestCustomers)
	fmt.Fprintf(b, "| model | %s | %s | fit s | µs p50 |\n| --- | --- | --- | --- | --- |\n", first, second)
	models := slices.Clone(r.Models)
	slices.SortStableFunc(models, func(a, b evaluate.ModelReport) int {
		return cmp.Compare(b.Metrics[first].Value, a.Metrics[first].Value)
	})
	for _, m := range models {
		name := m.Name
		if name == offline.Best {
			name = "**" + name + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %.1f | %.0f |\n", name, cell(m.Metrics[first]), cell(m.Metrics[second]), m.FitSeconds, m.RecommendLatency.P50)
	}
	b.WriteByte('\n')
	for _, c := range r.Paired {
		if c.Metric == first && slices.ContainsFunc(models[:min(3, len(models))], func(m evaluate.ModelReport) bool { return m.Name == c.B }) || c.Metric == first && strings.HasPrefix(c.B, "gorse") {
			fmt.Fprintf(b, "- best − %s: %+.4f [%+.4f, %+.4f], p %.4f, Holm %.4f\n", c.B, c.Difference, c.Low, c.High, c.P, c.Holm)
		}
	}
	if weights := weighed(r); weights != "" {
		fmt.Fprintf(b, "\nThe blend: %s.\n", weights)
	}
	b.WriteByte('\n')
}

func (t *table) unit() string {
	if t.sessions {
		return "sessions"
	}
	return "customers"
}

func cell(v evaluate.Value) string {
	if v.Interval == nil {
		return fmt.Sprintf("%.4f", v.Value)
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f]", v.Value, v.Low, v.High)
}

// weighed are the sources that speak in the best, the heaviest first.
func weighed(r *evaluate.Report) string {
	i := slices.IndexFunc(r.Models, func(m evaluate.ModelReport) bool { return m.Name == offline.Best })
	if i < 0 {
		return ""
	}
	type share struct {
		name   string
		weight float64
	}
	var all []share
	for name, value := range r.Models[i].Settings {
		if w, ok := value.(float64); ok && w != 0 {
			all = append(all, share{name, w})
		}
	}
	slices.SortFunc(all, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), strings.Compare(a.name, b.name))
	})
	var text []string
	for _, s := range all {
		text = append(text, fmt.Sprintf("`%s` %.2f", s.name, s.weight))
	}
	return strings.Join(text, ", ")
}
