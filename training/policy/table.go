package policy

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Write writes the result for people: warnings first, so that nobody reads past them.
func (r *Result) Write(w io.Writer) error {
	for _, warning := range r.Warnings {
		if _, err := fmt.Fprintf(w, "WARNING: %s\n", warning); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "%d rounds of %d answers, %d with a reward, %d items\nweights: mean %.4f, max %.4g, effective sample size %.0f (%.1f %%), the heaviest hundredth of the rounds has %.1f %%\n\n",
		r.Rounds, r.Answers, r.Rewarded, r.Actions, r.Weights.Mean, r.Weights.Max, r.Weights.ESS, 100*r.Weights.ESS/float64(r.Rounds), 100*r.Weights.Top); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "estimator\treward a round\t95 % interval\tof logged")
	for _, e := range r.Estimates {
		relative := "-"
		if logged := r.Estimates[0].Value; logged != 0 {
			relative = fmt.Sprintf("%.3f", e.Value/logged)
		}
		fmt.Fprintf(t, "%s\t%.6f\t[%.6f, %.6f]\t%s\n", e.Name, e.Value, e.Low, e.High, relative)
	}
	return t.Flush()
}
