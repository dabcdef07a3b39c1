package evaluate

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Report is what an evaluation found. Its JSON is a contract (rapport eval --json).
type Report struct {
	Version  string        `json:"version"`
	Commit   string        `json:"commit"`
	Dataset  Dataset       `json:"dataset"`
	Protocol Protocol      `json:"protocol"`
	Models   []ModelReport `json:"models"`
	Paired   []Paired      `json:"paired"`
	Curve    []CurvePoint  `json:"learning_curve,omitempty"`
	Warnings []string      `json:"warnings"`
}

// Dataset says what was measured on.
type Dataset struct {
	Interactions  int    `json:"interactions"`
	Customers     int    `json:"customers"`
	Items         int    `json:"items"`
	Train         int    `json:"train"` // interactions
	Valid         int    `json:"valid"`
	Test          int    `json:"test"`
	TestCustomers int    `json:"test_customers"` // with something to predict
	Repeated      int    `json:"repeated"`       // customers who are not asked: all that is held out of them they had before
	Cases         int    `json:"cases"`          // questions: several of a customer in sessions and over rolling cuts
	Targets       int    `json:"targets"`        // items to predict, over all of them
	Solutions     int    `json:"solutions,omitempty"`
	Learnt        int    `json:"solved_questions,omitempty"` // that each question is asked of at most: with folds, those of the others
	Nothing       int    `json:"nothing_fits,omitempty"`     // questions that no solution answers
	Unreachable   int    `json:"unreachable"`                // targets that were not eligible: misses for every model
	SHA256        string `json:"sha256"`                     // of the files, in the order they were given
}

// Ticket is the unit of an evaluation of solutions: a question of Solutions known ones.
const Ticket = "question"

// SessionPrefix is the unit of an evaluation in which every item of a session but the
// first is predicted from those before it.
const SessionPrefix = "session prefix"

// Protocol says how it was measured.
type Protocol struct {
	Split     string             `json:"split"`
	Targets   []string           `json:"targets,omitempty"`   // interaction types to predict, empty for all
	Types     map[string]float64 `json:"types,omitempty"`     // weights that replace the settings'
	MinValue  *float64           `json:"min_value,omitempty"` // interactions below were left out
	Repeats   string             `json:"repeats,omitempty"`   // allow or exclude
	Unit      string             `json:"unit,omitempty"`      // customer, or SessionPrefix
	By        string             `json:"by,omitempty"`        // the attribute of the slices
	Known     string             `json:"known,omitempty"`     // what every model may look at when it is asked
	Eligible  string             `json:"eligible,omitempty"`  // what may be recommended
	Seed      uint64             `json:"seed"`
	Resamples int                `json:"resamples"` // of each interval
	Flips     int                `json:"flips"`     // of each paired test
}

// ModelReport is what one model reached.
type ModelReport struct {
	Name             string           `json:"name"`
	Settings         map[string]any   `json:"settings"`
	Metrics          map[string]Value `json:"metrics"` // by Metric.String
	Slices           map[string]Slice `json:"slices"`
	Reliability      []Bin            `json:"reliability,omitempty"`
	Coverage         []Covered        `json:"coverage_precision,omitempty"`
	FitSeconds       float64          `json:"fit_seconds"`
	RecommendLatency Latency          `json:"recommend_us"`
	PeakBytes        uint64           `json:"peak_bytes,omitempty"` // more than before, at most, while it was fitted
}

// Value is a metric's value, with its interval where the metric has one a customer.
type Value struct {
	Value float64 `json:"value"`
	*Interval
}

// Slice is what a model reached for some of the customers, targets or cuts: the cold, a
// country. Its intervals are of its own customers.
type Slice struct {
	Customers int              `json:"customers"`
	Metrics   map[string]Value `json:"metrics"`
}

// Latency is the time of one answer, in microseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// LatencyOf returns the percentiles of the times answers took; zero for none.
func LatencyOf(took []time.Duration) Latency {
	if len(took) == 0 {
		return Latency{}
	}
	us := make([]float64, len(took))
	for i, d := range took {
		us[i] = float64(d) / float64(time.Microsecond)
	}
	slices.Sort(us)
	return Latency{quantile(us, 0.5), quantile(us, 0.99)}
}

// Paired compares model A with model B on the same customers.
type Paired struct {
	A      string `json:"a"`
	B      string `json:"b"`
	Metric string `json:"metric"`
	Comparison
	// Holm is P adjusted for all the comparisons of the report.
	Holm float64 `json:"p_holm"`
}

// AdjustPaired sets Holm of every comparison. Call it once all are there.
func (r *Report) AdjustPaired() {
	p := make([]float64, len(r.Paired))
	for i := range r.Paired {
		p[i] = r.Paired[i].P
	}
	for i, adjusted := range Holm(p) {
		r.Paired[i].Holm = adjusted
	}
}

// WriteJSON writes the report as one indented JSON object. Lists and objects without
// entries are [] and {}, never null.
func (r *Report) WriteJSON(w io.Writer) error {
	out := *r
	out.Models = append([]ModelReport{}, r.Models...)
	for i := range out.Models {
		m := &out.Models[i]
		m.Settings, m.Metrics, m.Slices = orEmpty(m.Settings), orEmpty(m.Metrics), orEmpty(m.Slices)
	}
	out.Paired = append([]Paired{}, r.Paired...)
	out.Warnings = r.warnings()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(&out); err != nil {
		return fmt.Errorf("write the evaluation report as JSON: %w", err)
	}
	return nil
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// model returns the named model's report.
func (r *Report) model(name string) (*ModelReport, bool) {
	i := slices.IndexFunc(r.Models, func(m ModelReport) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return &r.Models[i], true
}

// fewCustomers is under how many customers figures say so little that a reader should be
// told: with 30, a rate near one half has an interval of 18 points to either side.
const fewCustomers = 30

// warnings are those of the run, and that of too few customers.
func (r *Report) warnings() []string {
	out := append([]string{}, r.Warnings...)
	if n := r.Dataset.TestCustomers; n > 0 && n < fewCustomers {
		out = append(out, fmt.Sprintf("%d to predict for are too few: these figures prove nothing", n))
	}
	return out
}
