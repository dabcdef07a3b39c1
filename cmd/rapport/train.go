package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"

	"github.com/rapportengine/rapport/training"
)

type trainCommand struct {
	directory
	Seed uint64 `default:"0" help:"Start of all that is random: the same seed and log give the same model."`
	JSON string `name:"json" placeholder:"FILE" help:"Write the report as JSON, too; - is standard output instead of the table."`
}

func (trainCommand) Help() string {
	return `Fits models on all that happened, chooses settings and blend on held-out time, and keeps the result unless it is clearly worse than the model that serves. A model that is refused changes nothing; the exit code is then 1.

Examples:

  rapport train
  rapport train --seed 7 --json report.json`
}

// Run trains once.
func (t *trainCommand) Run(ctx context.Context, c *console) (err error) {
	w, err := open(ctx, openOptions{
		dir: t.Dir, log: c.log(slog.LevelWarn, "text"),
		trainer: training.Options{Seed: t.Seed, Workers: runtime.GOMAXPROCS(0)}, // nobody waits for answers here
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	report, err := w.train(ctx, c)
	if report == nil {
		return err
	}
	if t.JSON != "" {
		err = errors.Join(err, writeFile(c, t.JSON, func(out io.Writer) error { return writeJSON(out, report) }))
	}
	if t.JSON != "-" {
		err = errors.Join(err, report.Write(c.out))
	}
	return err
}

// train runs one training under a bar. What was refused comes back with the error.
func (w *workspace) train(ctx context.Context, c *console) (*training.Report, error) {
	b := c.bar("training", 1000)
	report, err := w.trainer.Now(ctx, b.share)
	b.end(err)
	if err != nil && !errors.Is(err, training.ErrRefused) {
		return nil, fmt.Errorf("train: %w", err)
	}
	return report, err
}

// writeJSON writes a value as people may read it, too.
func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
