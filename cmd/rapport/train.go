package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training"
)

type trainCommand struct {
	target
	Seed uint64 `default:"0" help:"Start of all that is random: the same seed and log give the same model."`
	JSON string `name:"json" placeholder:"FILE" help:"Write the report as JSON, too; - is standard output instead of the table."`
	HTML string `name:"html" placeholder:"FILE" help:"Write what was measured on held-out time as a page with plots, too."`
}

func (trainCommand) Help() string {
	return `Fits models on all that happened, chooses settings and blend on held-out time, and keeps the result unless it is clearly worse than the model that serves. A model that is refused changes nothing; the exit code is then 1.

Where a server works on the directory, that one trains.

Examples:

  rapport train
  rapport train --seed 7 --json report.json --html report.html
  rapport train --server http://shop.internal:8080 --key-file key`
}

// Run trains once.
func (t *trainCommand) Run(ctx context.Context, c *console) (err error) {
	if err := (&reportFiles{JSON: t.JSON, HTML: t.HTML}).writable(); err != nil {
		return err
	}
	w, far, err := t.open(ctx, c, openOptions{
		trainer: training.Options{Seed: t.Seed, Workers: runtime.GOMAXPROCS(0)}, // nobody waits for answers here
		unasked: true,
	})
	if err != nil {
		return err
	}
	if far != nil {
		defer func() { err = errors.Join(err, far.Close()) }()
		if t.Seed != 0 {
			return usagef("--seed: %s trains, with a seed of its own; stop it to choose one", far.where)
		}
		report, err := far.train(ctx, c)
		return t.tell(c, report, err)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	boundGarbage(ctx, trainingBounds)
	report, err := w.train(ctx, c)
	return t.tell(c, report, err)
}

// tell writes the report, which may be of a model that was refused.
func (t *trainCommand) tell(c *console, report *training.Report, err error) error {
	if report == nil {
		return err
	}
	if t.JSON != "" {
		err = errors.Join(err, writeFile(c, t.JSON, func(out io.Writer) error { return writeJSON(out, report) }))
	}
	if t.HTML != "" && report.Table != nil {
		err = errors.Join(err, writeFile(c, t.HTML, report.Table.WriteHTML))
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

// followEvery is how often a training elsewhere is asked how far it is.
const followEvery = 200 * time.Millisecond

// train has the server train, and follows it. The report is that of the model it made.
func (r *remote) train(ctx context.Context, c *console) (*training.Report, error) {
	var job engine.Job
	if err := r.post(ctx, "/v1/models/train", struct{}{}, &job); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	b := c.bar("training", 1000)
	err := r.follow(ctx, &job, b)
	b.end(err)
	if err != nil {
		return nil, err
	}
	made, err := r.serving(ctx)
	if err != nil {
		return nil, err
	}
	report := new(training.Report)
	if err := json.Unmarshal(made.Report, report); err != nil {
		return nil, fmt.Errorf("read the report of model %d: %w", made.Version, err)
	}
	return report, nil
}

// follow waits until a job has ended. The error says how, unless well.
func (r *remote) follow(ctx context.Context, job *engine.Job, b *bar) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for job.State == engine.JobRunning {
		b.share(job.Step, job.Progress)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; the training goes on there", ctx.Err())
		case <-tick.C:
		}
		if err := r.get(ctx, "/v1/jobs/"+job.ID, job); err != nil {
			return err
		}
	}
	switch job.State {
	case engine.JobRefused:
		return fmt.Errorf("%w: %s", training.ErrRefused, job.Detail)
	case engine.JobFailed, engine.JobCancelled:
		return fmt.Errorf("train: %s", job.Detail)
	}
	return nil
}

// writeJSON writes a value as people may read it, too.
func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
