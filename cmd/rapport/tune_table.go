package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/rapportengine/rapport/training/tune"
)

// tableTrials is how many trials of a kind the table shows, the best of them.
const tableTrials = 8

// tell writes the report.
func (t *tuneCommand) tell(c *console, report *tuneReport) error {
	if t.JSON != "" {
		if err := writeFile(c, t.JSON, func(out io.Writer) error { return writeJSON(out, report) }); err != nil {
			return err
		}
	}
	if t.JSON == "-" {
		return nil
	}
	for i := range report.Kinds {
		if err := report.Kinds[i].write(c.out, report.Metric); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.out, "On the test part, once:")
	if err := report.Test.WriteTable(c.out); err != nil {
		return err
	}
	for _, warning := range report.Warnings {
		fmt.Fprintf(c.out, "warning: %s\n", warning)
	}
	return nil
}

// write writes the best trials.
func (k *tuned) write(w io.Writer, metric string) error {
	fmt.Fprintf(w, "%s: %d trials (%d given up early, %d failed) in %.1f s; the best is number %d\n\n", k.Kind, len(k.Trials), k.Pruned, k.Failed, k.Seconds, k.Best)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "trial\t%s\ts\tsettings\n", metric)
	ranked := tune.Ranked(k.Trials)
	for i, one := range ranked {
		if i >= tableTrials && one.Number > 0 {
			continue
		}
		note := ""
		switch {
		case one.Failed != "":
			note = "  (" + one.Failed + ")"
		case one.Pruned:
			note = "  (given up)"
		case one.Number == 0:
			note = "  (as it was)"
		}
		fmt.Fprintf(table, "%d\t%.4f\t%.1f\t%s%s\n", one.Number, one.Value, one.Seconds, inWords(one.Settings), note)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
