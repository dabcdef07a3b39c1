package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rapportengine/rapport/training/evaluate"
	"github.com/rapportengine/rapport/training/offline"
)

// conditions reads what --require says.
func conditions(texts []string) ([]evaluate.Requirement, error) {
	var out []evaluate.Requirement
	for _, text := range texts {
		q, err := evaluate.ParseRequirement(text)
		if err != nil {
			return nil, &usageError{err}
		}
		out = append(out, q)
	}
	return out, nil
}

// foreseen refuses, before the work, conditions on what the report will not have.
func foreseen(required []evaluate.Requirement, p offline.Plan) error {
	for _, q := range required {
		for _, name := range []string{q.Left, q.Right} {
			if name != "" && !slices.Contains(p.Models, name) {
				return usagef("--require: no model %q is evaluated; there are %s", name, strings.Join(p.Models, ", "))
			}
		}
		metrics := p.Metrics
		switch {
		case q.Slice == "":
		case len(p.Slices) == 0:
			return usagef("--require: %q is no slice of this evaluation; it has none", q.Slice)
		case !slices.Contains(p.Slices, q.Slice):
			return usagef("--require: %q is no slice of this evaluation; there are %s", q.Slice, strings.Join(p.Slices, ", "))
		default: // slices are measured by what each customer's list says
			metrics = slices.DeleteFunc(slices.Clone(metrics), func(m evaluate.Metric) bool { return !m.PerCustomer() })
		}
		if err := amongMetrics(q, metrics); err != nil {
			return err
		}
	}
	return nil
}

// amongMetrics refuses a condition on a metric that is not among some.
func amongMetrics(q evaluate.Requirement, metrics []evaluate.Metric) error {
	if slices.Contains(metrics, q.Metric) {
		return nil
	}
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = m.String()
	}
	what := q.Metric.String()
	if q.Slice != "" {
		what += " of " + q.Slice
	}
	return usagef("--require: %s is not measured; there are %s", what, strings.Join(names, ", "))
}

func check(c *console, required []evaluate.Requirement, report *evaluate.Report) error {
	var err error
	for _, q := range required {
		met, verdict, bad := q.Check(report)
		if bad != nil {
			return &usageError{bad}
		}
		c.say("%s", verdict)
		if !met {
			err = errors.Join(err, fmt.Errorf("%w: %s", errUnmet, q))
		}
	}
	return err
}
