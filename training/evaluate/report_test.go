package evaluate

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rapportengine/rapport/engine"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sampleReport() *Report {
	value := func(v, low, high float64) Value { return Value{v, &Interval{low, high}} }
	r := &Report{
		Version:  "0.1.0",
		Commit:   "abc1234",
		Dataset:  Dataset{Interactions: 55375, Customers: 942, Items: 1447, Train: 53491, Valid: 942, Test: 942, TestCustomers: 942, Targets: 942, Unreachable: 3, SHA256: "00ff"},
		Protocol: Protocol{Split: "last-out", Repeats: "exclude", Unit: "customer", Seed: 1, Resamples: 2000, Flips: 10000},
		Models: []ModelReport{
			{
				Name:     "best",
				Settings: map[string]any{"factors": 64},
				Metrics: map[string]Value{
					"ndcg@10": value(0.0811, 0.0702, 0.0925), "ndcg@5": value(0.0643, 0.0540, 0.0751), "recall@10": value(0.1465, 0.1242, 0.1699),
					"mrr@10": value(0.0612, 0.0516, 0.0715), "coverage@10": {Value: 0.3421}, "novelty@10": {Value: 10.1234}, "accuracy": {Value: 0.5},
				},
				Slices: map[string]Slice{
					"warm": {900, map[string]Value{"ndcg@10": value(0.0822, 0.0711, 0.0936)}},
					"cold": {42, map[string]Value{"ndcg@10": value(0.0575, 0.0180, 0.1034)}},
				},
				FitSeconds: 1.234, RecommendLatency: Latency{182.4, 412.9}, PeakBytes: 90 << 20,
			},
			{
				Name:       "popular",
				Metrics:    map[string]Value{"ndcg@10": value(0.0399, 0.0325, 0.0480), "ndcg@5": value(0.0310, 0.0243, 0.0381), "recall@10": value(0.0786, 0.0616, 0.0955), "mrr@10": value(0.0283, 0.0226, 0.0343), "coverage@10": {Value: 0.0421}, "novelty@10": {Value: 1.8032}},
				FitSeconds: 0.004, RecommendLatency: Latency{21, 44},
			},
		},
		Paired: []Paired{
			{A: "best", B: "popular", Metric: "ndcg@10", Comparison: Comparison{0.0412, Interval{0.03, 0.0525}, 1. / 10_001}},
			{A: "best", B: "popular", Metric: "recall@10", Comparison: Comparison{0.0679, Interval{0.0435, 0.0913}, 0.0312}},
		},
		Warnings: []string{"3 targets were not eligible"},
	}
	r.AdjustPaired()
	return r
}

func TestTableGolden(t *testing.T) {
	var got bytes.Buffer
	if err := sampleReport().WriteTable(&got); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/table.txt"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the table changed (go test -update rewrites %s):\n%s", file, &got)
	}
}

func TestTableOfOneComparison(t *testing.T) {
	r := sampleReport()
	r.Paired = r.Paired[:1]
	var got bytes.Buffer
	if err := r.WriteTable(&got); err != nil {
		t.Fatal(err)
	}
	if want := "\nbest vs popular: ndcg@10 +0.0412 [+0.0300, +0.0525], p < 0.0001\n"; !strings.Contains(got.String(), want) {
		t.Errorf("table without %q:\n%s", want, &got)
	}
}

func TestJSONHasTheContractsKeys(t *testing.T) {
	var buf bytes.Buffer
	if err := sampleReport().WriteJSON(&buf); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	model := got["models"].([]any)[0].(map[string]any)
	wantKeys(t, "report", got, "version", "commit", "dataset", "protocol", "models", "paired", "warnings")
	wantKeys(t, "model", model, "name", "settings", "metrics", "slices", "fit_seconds", "recommend_us", "peak_bytes")
	wantKeys(t, "recommend_us", model["recommend_us"], "p50", "p99")
	wantKeys(t, "ndcg@10", model["metrics"].(map[string]any)["ndcg@10"], "value", "low", "high")
	wantKeys(t, "coverage@10", model["metrics"].(map[string]any)["coverage@10"], "value")
	wantKeys(t, "paired", got["paired"].([]any)[0], "a", "b", "metric", "difference", "low", "high", "p", "p_holm")

	var back Report
	if err := json.Unmarshal(buf.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if v := back.Models[0].Metrics["ndcg@10"]; v.Interval == nil || v.Low != 0.0702 {
		t.Errorf("read back ndcg@10 = %+v", v)
	}
}

func wantKeys(t *testing.T, what string, object any, keys ...string) {
	t.Helper()
	m := object.(map[string]any)
	for _, k := range keys {
		if _, ok := m[k]; !ok {
			t.Errorf("%s has no %q", what, k)
		}
	}
	if len(m) != len(keys) && what != "dataset" {
		t.Errorf("%s has %d keys, want %v", what, len(m), keys)
	}
}

func TestEmptyReportHasNoNulls(t *testing.T) {
	var buf bytes.Buffer
	r := &Report{Models: []ModelReport{{Name: "x"}}}
	if err := r.WriteJSON(&buf); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(buf.String(), "null") {
		t.Errorf("nulls in %s", &buf)
	}
	if r.Models[0].Metrics != nil {
		t.Error("WriteJSON changed the report")
	}
	if err := (&Report{}).WriteTable(&buf); err != nil {
		t.Error(err)
	}
}

func TestJSONRefusesNaN(t *testing.T) {
	r := &Report{Models: []ModelReport{{Metrics: map[string]Value{"ndcg@10": {Value: math.NaN()}}}}}
	if err := r.WriteJSON(&bytes.Buffer{}); err == nil {
		t.Error("a NaN was written")
	}
}

func TestLatencyOf(t *testing.T) {
	var took []time.Duration
	for i := range 101 {
		took = append(took, time.Duration(100-i)*time.Microsecond)
	}
	if got := LatencyOf(took); got != (Latency{50, 99}) {
		t.Errorf("LatencyOf(0..100 µs) = %v, want 50 and 99", got)
	}
	if got := LatencyOf(nil); got != (Latency{}) {
		t.Errorf("LatencyOf(nil) = %v", got)
	}
}

func TestRequirement(t *testing.T) {
	r := sampleReport()
	r.Models[0].Slices["at=12:30"] = Slice{2, map[string]Value{"ndcg@10": {Value: 0.5}}}
	for _, c := range []struct {
		text string
		met  bool
	}{
		{"ndcg@10: best > popular", true},
		{"ndcg@10:popular>best", false},
		{"ndcg@10: best > best", false},
		{"ndcg@10: best >= best", true},
		{"recall@10: best >= 0.1465", true},
		{" recall@10 : best > 0.1465", false},
		{"coverage@10: popular > 1e-3", true},
		{"ndcg@10 cold: best > 0.05", true},
		{"ndcg@10  warm : best > 0.0822", false},
		{"ndcg@10 at=12:30: best >= 0.5", true},
	} {
		q, err := ParseRequirement(c.text)
		if err != nil {
			t.Errorf("ParseRequirement(%q): %v", c.text, err)
			continue
		}
		met, verdict, err := q.Check(r)
		if err != nil || met != c.met {
			t.Errorf("%q: %v, %q, %v; want %v", c.text, met, verdict, err, c.met)
		}
		if again, err := ParseRequirement(q.String()); err != nil || again != q {
			t.Errorf("%q reads back as %v, %v", q, again, err)
		}
	}
	q, _ := ParseRequirement("ndcg@10: best > popular")
	if _, verdict, _ := q.Check(r); verdict != "ndcg@10: best > popular: met (0.0811 against 0.0399)" {
		t.Errorf("verdict %q", verdict)
	}
}

func TestRequirementErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"best > popular", "has no metric"},
		{"ndgc@10: best > popular", `no metric is called "ndgc"`},
		{"recall: best > popular", "write recall@10"},
		{"ndcg@10: best", "compares nothing"},
		{"ndcg@10: best < popular", "compares nothing"},
		{"ndcg@10: best > ", "needs one model"},
		{"ndcg@10: > 0.2", "needs one model"},
		{"ndcg@10: best => 0.2", "needs one model"},
		{"ndcg@10: a > b > c", "needs one model"},
		{"ndcg@10: best > gorse", `no model "gorse" was evaluated; there are best, popular`},
		{"ndcg@10 lukewarm: best > 0", `best was not measured on "lukewarm"; there are cold, warm`},
		{"recall@10 cold: best > 0", "recall@10 was not measured for best; there are ndcg@10"},
		{"gini@10: best > popular", "gini@10 was not measured for best; there are ndcg@5, ndcg@10, recall@10"},
	} {
		q, err := ParseRequirement(c.text)
		if err == nil {
			_, _, err = q.Check(sampleReport())
		}
		var invalid *engine.Invalid
		if !errors.As(err, &invalid) || !strings.Contains(invalid.Want, c.want) {
			t.Errorf("%q says %v, want %q in it", c.text, err, c.want)
		}
	}
}

func TestFewCustomersAreWarnedOf(t *testing.T) {
	for n, want := range map[int]bool{0: false, 2: true, 29: true, 30: false} {
		var b strings.Builder
		if err := (&Report{Dataset: Dataset{TestCustomers: n}}).WriteTable(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "prove nothing"); got != want {
			t.Errorf("of %d customers the table says\n%s", n, &b)
		}
	}
}
