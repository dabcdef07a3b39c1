package evaluate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// fullReport has everything a page can show.
func fullReport() *Report {
	r := sampleReport()
	r.Models, r.Paired, r.Curve = nil, nil, nil
	rng := rand.New(rand.NewPCG(1, 2))
	for i, name := range []string{"popular", "trending", "content", "itemknn", "session", "factor", "ease", "embed", "gorse-bpr", "best"} {
		base := 0.04 + 0.007*float64(i) + 0.004*rng.Float64()
		value := func(scale float64) Value {
			v := base * scale
			return Value{v, &Interval{v * 0.86, v * 1.15}}
		}
		m := ModelReport{
			Name: name, Metrics: map[string]Value{
				"ndcg@10": value(1), "recall@10": value(1.8), "hr@10": value(2.2), "mrr@10": value(0.8), "map@10": value(0.7),
				"coverage@10": {Value: 0.05 * float64(i+1)}, "novelty@10": {Value: 8 + float64(i)/3}, "gini@10": {Value: 0.97 - 0.05*float64(i)},
			},
			Slices: map[string]Slice{
				"warm": {801, map[string]Value{"ndcg@10": value(1.1)}}, "cold": {141, map[string]Value{"ndcg@10": value(0.5)}},
				"country=France": {33, map[string]Value{"ndcg@10": value(1.3)}}, "country=United Kingdom": {850, map[string]Value{"ndcg@10": value(1)}},
			},
			FitSeconds: 0.1 * float64(i*i), RecommendLatency: Latency{20 + 35*float64(i), 80 + 90*float64(i)}, PeakBytes: uint64(i) << 23,
		}
		if name == "factor" {
			m.Settings = map[string]any{"factor.alpha0": 0.1, "factor.lambda": 0.005, "factor.dims": 64}
		}
		if name == "best" {
			m.Settings = map[string]any{"ease": 0.55, "factor": 0.25, "session": 0.2}
		}
		r.Models = append(r.Models, m)
		if name == "popular" || name == "ease" || name == "best" || name == "factor" {
			for _, share := range []float64{0.25, 0.5, 0.75, 1} {
				v := base * (0.7 + 0.3*share)
				r.Curve = append(r.Curve, CurvePoint{name, share, int(942 * share), map[string]Value{"ndcg@10": {v, &Interval{v * 0.9, v * 1.1}}}})
			}
		}
	}
	for i, m := range r.Models[:9] {
		for _, metric := range []string{"ndcg@10", "recall@10"} {
			d := r.Models[9].Metrics[metric].Value - m.Metrics[metric].Value
			r.Paired = append(r.Paired, Paired{A: "best", B: m.Name, Metric: metric, Comparison: Comparison{d, Interval{d - 0.011, d + 0.012}, 0.00001 * float64(uint(1)<<(2*i))}})
		}
	}
	r.AdjustPaired()
	r.Warnings = append(r.Warnings, "3 test rows also stand in the training part: scores are too good")
	return r
}

func pageOf(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// foreign finds what would ask somebody else for something.
var foreign = regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]|@import|url\(|<(iframe|object|embed|form)\b|\bsrc=`)

func TestPageShowsWhatTheReportSays(t *testing.T) {
	page := pageOf(t, fullReport())
	for _, want := range []string{
		"best is ahead by ndcg@10 with 0.", "Before you believe these figures", "3 targets were not eligible", "942 customers to predict for", "last-out",
		"best is surely better than popular, trending", "best cannot be told apart from", "country=United Kingdom (850)", "Learning curve", "learnt from 471 customers",
		"factor.alpha0 0.1, factor.dims 64", "paired sign flips", "the share of lists that hold at least one right item", "0.1.0 abc1234", "00ff",
		"Quality and time", "half of the answers within",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	page, _, _ = strings.Cut(page, "<script>")
	if found := foreign.FindString(page); found != "" {
		t.Errorf("the page asks for %q", found)
	}
	if found := regexp.MustCompile(`.{0,80}(ZgotmplZ|NaN|%!).{0,40}`).FindString(page); found != "" {
		t.Errorf("something of the page could not be written: %s", found)
	}
}

func TestPageIsSafeAndHoldsForLittle(t *testing.T) {
	evil := sampleReport()
	evil.Models[0].Name = `<script>alert(1)</script>`
	evil.Warnings = []string{`"><img src=x onerror=alert(1)>`}
	if page := pageOf(t, evil); strings.Contains(page, "<script>alert") || strings.Contains(page, "<img") {
		t.Error("a name became markup")
	}
	if page := pageOf(t, &Report{}); !strings.Contains(page, "Nothing was measured") {
		t.Error("an empty report does not say so")
	}
	one := &Report{Models: []ModelReport{{Name: "only", Metrics: map[string]Value{"map": {Value: 0}}}}}
	if page := pageOf(t, one); !strings.Contains(page, "only reaches map 0.0000.") || strings.Contains(page, "Quality and time") {
		t.Errorf("a report of one model:\n%s", page)
	}
	if err := sampleReport().WriteHTML(&failingWriter{}); err == nil {
		t.Error("a failed write was not told")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, fmt.Errorf("no room") }

func TestAxis(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{
		{[]float64{0.04, 0.11}, "0.00 0.05 0.10"},
		{[]float64{0.0811, 0.0925}, "0.085 0.090"},
		{[]float64{-0.01, 0.03}, "-0.01 0.00 0.01 0.02 0.03"},
		{[]float64{0, 0}, "-0.00010 -0.00005 0.00000 0.00005 0.00010"},
		{[]float64{8, 11}, "8 9 10 11"},
		{[]float64{0.3, 0.9}, "0.0 0.2 0.4 0.6 0.8"},
	} {
		var got []string
		a := newAxis(c.values, 5)
		for _, m := range a.Marks {
			got = append(got, m.Label)
			if m.At < -1e-9 || m.At > 100+1e-9 {
				t.Errorf("%v: the mark %s stands at %v %%", c.values, m.Label, m.At)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: marks at %v, want %s", c.values, got, c.want)
		}
	}
	var got []string
	for _, m := range newLogAxis([]float64{20, 4000}).Marks {
		got = append(got, m.Label)
	}
	if strings.Join(got, " ") != "100 µs 1 ms" {
		t.Errorf("marks of 20 µs to 4 ms: %v", got)
	}
}

// Every dot stands within its plot and its interval.
func TestPlotsStayInTheirFrames(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		r := &Report{}
		for i := range 1 + rng.IntN(14) {
			v := rng.Float64() * rng.Float64()
			r.Models = append(r.Models, ModelReport{
				Name: fmt.Sprint("m", i), Metrics: map[string]Value{"ndcg@10": {v, &Interval{v * 0.9, v * 1.2}}},
				RecommendLatency: Latency{rng.ExpFloat64() * 100, rng.ExpFloat64() * 1000},
			})
		}
		s := r.latencyPlot("ndcg@10")
		for i, p := range s.Points {
			if p.X < 0 || p.X > 100 || p.To > 100.01 || p.Low > scatterHeight || p.High < 0 || p.Y > p.Low || p.Y < p.High || p.Number != i+1 {
				t.Fatalf("%+v is outside", p)
			}
		}
		for _, q := range r.qualityRows("ndcg@10") {
			for _, row := range q.Rows {
				if row.Low < -1e-9 || row.Low > row.Dot || row.Dot > row.High || row.High > 100+1e-9 {
					t.Fatalf("%+v is outside", row)
				}
			}
		}
	}
}
