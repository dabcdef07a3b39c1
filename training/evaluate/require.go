package evaluate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rapportengine/rapport/engine"
)

// Requirement is a condition on a report: "ndcg@10: best > popular", with a number on the
// right, "recall@20: ease >= 0.27", or of one slice, "ndcg@10 cold: best > popular".
type Requirement struct {
	Metric  Metric
	Slice   string // "" for all
	Left    string // a model
	OrEqual bool   // >= instead of >
	Right   string // a model, "" where Number is meant
	Number  float64
}

// ParseRequirement reads a requirement. Spaces around the parts do not matter.
func ParseRequirement(text string) (Requirement, error) {
	bad := func(want string, args ...any) (Requirement, error) {
		return Requirement{}, engine.Invalidf(engine.CodeInvalidField, "require", want, args...)
	}
	colon := strings.LastIndexByte(text, ':') // slices may have one in their name
	if colon < 0 {
		return bad("%q has no metric: write 'ndcg@10: best > popular'", text)
	}
	condition := text[colon+1:]
	metric, slice, _ := strings.Cut(strings.TrimSpace(text[:colon]), " ")
	m, err := ParseMetric(metric)
	if err != nil {
		return bad("%v", err)
	}
	left, right, ok := strings.Cut(condition, ">")
	if !ok {
		return bad("%q compares nothing: write > or >= between a model and a model or a number", strings.TrimSpace(condition))
	}
	req := Requirement{Metric: m, Slice: strings.TrimSpace(slice), Left: strings.TrimSpace(left)}
	right, req.OrEqual = strings.CutPrefix(right, "=")
	req.Right = strings.TrimSpace(right)
	if req.Left == "" || req.Right == "" || strings.ContainsAny(req.Left+req.Right, "<>=") {
		return bad("%q needs one model, > or >=, and one model or number", strings.TrimSpace(condition))
	}
	if f, err := strconv.ParseFloat(req.Right, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		req.Right, req.Number = "", f
	}
	return req, nil
}

// String returns the form ParseRequirement reads.
func (q Requirement) String() string {
	op, right := ">", q.Right
	if q.OrEqual {
		op = ">="
	}
	if right == "" {
		right = strconv.FormatFloat(q.Number, 'g', -1, 64)
	}
	of := q.Metric.String()
	if q.Slice != "" {
		of += " " + q.Slice
	}
	return fmt.Sprintf("%s: %s %s %s", of, q.Left, op, right)
}

// Check reports whether the report meets q by its values, intervals aside, and says so
// in a sentence. The error is an *engine.Invalid that names a model or metric the
// report does not have.
func (q Requirement) Check(r *Report) (met bool, verdict string, err error) {
	left, err := q.value(r, q.Left)
	if err != nil {
		return false, "", err
	}
	right := q.Number
	if q.Right != "" {
		if right, err = q.value(r, q.Right); err != nil {
			return false, "", err
		}
	}
	met = left > right || q.OrEqual && left == right
	word := "not met"
	if met {
		word = "met"
	}
	return met, fmt.Sprintf("%s: %s (%.4f against %.4f)", q, word, left, right), nil
}

func (q Requirement) value(r *Report, model string) (float64, error) {
	m, ok := r.model(model)
	if !ok {
		names := make([]string, len(r.Models))
		for i := range r.Models {
			names[i] = r.Models[i].Name
		}
		return 0, engine.Invalidf(engine.CodeInvalidField, "require", "no model %q was evaluated; there are %s", model, strings.Join(names, ", "))
	}
	metrics := m.Metrics
	if q.Slice != "" {
		slice, ok := m.Slices[q.Slice]
		if !ok {
			return 0, engine.Invalidf(engine.CodeInvalidField, "require", "%s was not measured on %q; there are %s", model, q.Slice, strings.Join(slices.Sorted(maps.Keys(m.Slices)), ", "))
		}
		metrics = slice.Metrics
	}
	v, ok := metrics[q.Metric.String()]
	if !ok {
		names := slices.SortedFunc(maps.Keys(metrics), compareNames)
		return 0, engine.Invalidf(engine.CodeInvalidField, "require", "%s was not measured for %s; there are %s", q.Metric, model, strings.Join(names, ", "))
	}
	return v.Value, nil
}
