// Command report writes benchmarks/README.md and its plots from the file of results, so
// that no figure is typed by hand:
//
//	go run ./benchmarks/report
package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/rapportengine/rapport/benchmarks/measure"
)

const usage = `Writes benchmarks/README.md and the plots beside it from the newest measurements.

    go run ./benchmarks/report`

//go:embed readme.tmpl
var readme string

func main() {
	results := flag.String("results", measure.Results, "file of measurements")
	to := flag.String("to", "benchmarks", "directory of README.md and plots/")
	measure.Main("report", usage, func(context.Context) error {
		files, err := pages(*results)
		if err != nil {
			return err
		}
		for name, text := range files {
			name = filepath.Join(*to, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, text, 0o644)); err != nil {
				return err
			}
		}
		return nil
	})
}

// object is a report as JSON has it: this command knows the fields it shows and nothing
// of the benchmarks' code, so that lines of older code are read as well as newer ones.
type object = map[string]any

// result is a line of the file.
type result struct {
	Benchmark string `json:"benchmark"`
	Data      string `json:"data"`
	At        string `json:"at"`
	Go        string `json:"go"`
	CPUs      int    `json:"cpus"`
	Commit    string `json:"commit"`
	Command   string `json:"command"` // "" in lines of before it was written
	Report    object `json:"report"`
}

// shown are the benchmarks of the page, each with a field that only reports of its
// present form have.
var shown = map[string]string{
	"serve": "kernels", "train": "epochs", "ingest": "crash", "filter": "at", "memory": "samples_bytes", "fresh": "mail", "growth": "fits",
	"sentence": "kept_mib", "intent": "paired", "itsm": "group hr@1", "desk": "failed_came_back",
	"suggest": "tokens", "kernels": "paths", "index": "probes",
}

// newest returns the newest line of each benchmark and data.
func newest(results string) (map[string]map[string]result, error) {
	f, err := os.Open(results)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make(map[string]map[string]result)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", results, n, err)
		}
		if _, present := r.Report[shown[r.Benchmark]]; !present {
			continue
		}
		if r.Benchmark == "serve" && r.Report["procs"] == 1. {
			r.Data += ", one processor"
		}
		if tuned(r.Report) {
			r.Data += ", tuned"
			for _, part := range []string{"ease", "itemknn", "embed"} { // which have nothing that was tuned
				delete(r.Report, part)
			}
		}
		if out[r.Benchmark] == nil {
			out[r.Benchmark] = make(map[string]result)
		}
		if r.At >= out[r.Benchmark][r.Data].At { // RFC 3339 in UTC
			out[r.Benchmark][r.Data] = r
		}
	}
	return out, lines.Err()
}

// tuned reports whether settings were looked for: such a line stands beside the one without.
func tuned(report object) bool {
	fits, _ := report["factor"].([]any)
	for _, fit := range fits {
		if fit, _ := fit.(object); fit["tuned"] == true {
			return true
		}
	}
	return false
}

// pages returns all files there are to write, by their names.
func pages(results string) (map[string][]byte, error) {
	found, err := newest(results)
	if err != nil {
		return nil, err
	}
	files := plots(found)
	t, err := template.New("readme").Option("missingkey=error").Funcs(template.FuncMap{
		"of": func(benchmark string) []result {
			var out []result
			for _, data := range slices.Sorted(maps.Keys(found[benchmark])) {
				out = append(out, found[benchmark][data])
			}
			return out
		},
		"plot": func(name string) bool { return files["plots/"+name] != nil },
		"n":    whole, "f": fixed, "mib": func(v any) string { return whole(number(v) / (1 << 20)) },
		"busy": func(o object, procs any) float64 {
			return number(o["rate"]) * number(o["cpu_us"]) / 1e6 / number(procs)
		},
		"ratio":    func(a, b any) float64 { return number(a) / number(b) },
		"percent":  func(v any) string { return strconv.FormatFloat(100*number(v), 'g', 3, 64) + " %" },
		"has":      func(o object, key string) bool { return o[key] != nil },
		"keys":     func(o object) []string { return slices.Sorted(maps.Keys(o)) },
		"run":      run,
		"interval": func(metrics object, name string) string { return interval(metrics[name]) }, "share": interval,
	}).Parse(readme)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	files["README.md"] = b.Bytes()
	return files, nil
}

// run says when and where a line was measured, and by which command where it knows.
func run(r result) string {
	day, _, _ := strings.Cut(r.At, "T")
	text := fmt.Sprintf("%s, %s, %d cores", day, r.Go, r.CPUs)
	if r.Commit != "" {
		text += ", " + r.Commit[:min(len(r.Commit), 10)]
		if strings.HasSuffix(r.Commit, "+") {
			text += " with changes"
		}
	}
	if r.Command != "" {
		text += ", `" + r.Command + "`"
	}
	return text
}

func number(v any) float64 {
	f, ok := v.(float64)
	if !ok {
		return math.NaN()
	}
	return f
}

// interval writes a value with its interval; nothing where there is none.
func interval(v any) string {
	m, ok := v.(object)
	if !ok {
		return ""
	}
	digits := 4
	if math.Abs(number(m["value"])) >= 10 {
		digits = 1
	}
	return fmt.Sprintf("%s [%s, %s]", fixed(digits, m["value"]), fixed(digits, m["low"]), fixed(digits, m["high"]))
}

// whole writes a number without its fraction, with commas between thousands.
func whole(v any) string {
	text := strconv.FormatFloat(math.Round(number(v)), 'f', 0, 64)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// fixed writes a number with so many digits after the point.
func fixed(digits int, v any) string { return strconv.FormatFloat(number(v), 'f', digits, 64) }
