package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/store"
)

type checkCommand struct {
	directory
	Deep bool `help:"Read and verify every byte of the models and the checksums of all tables, too."`
}

func (checkCommand) Help() string {
	return `Opens the store, counts what is in it and looks for what does not fit together. Problems are listed; the exit code is then 1.

Examples:

  rapport check
  rapport check --deep --dir /var/lib/rapport`
}

// Run verifies a store.
func (k *checkCommand) Run(ctx context.Context, c *console) (err error) {
	if err := exists(k.Dir); err != nil {
		return err
	}
	s, err := store.Open(k.Dir, store.Options{Log: c.log(slog.LevelWarn, "text")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	report, err := s.Check(ctx, k.Deep)
	if err != nil {
		return err
	}
	models, err := s.Models(ctx)
	if err != nil {
		return err
	}
	if err := writeCheck(c.out, &report, models); err != nil {
		return err
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("%d problems in %s", len(report.Problems), k.Dir)
	}
	return nil
}

func writeCheck(out io.Writer, r *store.Report, models []engine.ModelVersion) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range []struct {
		n    int
		what string
	}{
		{r.Interactions, "interactions"},
		{r.Customers, "customer records"},
		{r.Items, "items"},
		{r.Tickets, "tickets"},
		{r.Impressions, "impressions"},
		{r.Models, "models"},
	} {
		fmt.Fprintf(t, "%s\t %s\n", count(row.n), row.what)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, m := range models {
		current := ""
		if m.Current {
			current = ", current"
		}
		fmt.Fprintf(out, "model %d of %s, %d KiB%s\n", m.Version, m.Created.Format(time.RFC3339), m.Bytes>>10, current)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(out, "problem:", p)
	}
	return nil
}
