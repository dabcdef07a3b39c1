package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// task is a goroutine of a workspace that runs until it is told to end.
type task struct {
	name  string
	stop  context.CancelFunc
	ended chan struct{}
}

// run starts a task. It does not end with ctx but with stopTasks, so that the last one
// to be started is the first to end.
func (w *workspace) run(ctx context.Context, name string, do func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	t := &task{name: name, stop: stop, ended: make(chan struct{})}
	w.tasks = append(w.tasks, t)
	go func() {
		defer close(t.ended)
		if err := do(ctx); err != nil && !errors.Is(err, context.Canceled) {
			w.log.Error(name+" ended", "err", err)
		}
	}()
}

// checkpointEvery bounds how much of the tail a start has to replay.
const checkpointEvery = time.Minute

// work starts what a serving workspace does on its own: it writes impressions,
// checkpoints and trains.
func (w *workspace) work(ctx context.Context) {
	w.run(ctx, "writing impressions", w.recommender.Run)
	w.run(ctx, "checkpointing", w.keepCheckpointing)
	w.run(ctx, "training", w.trainer.Run)
	w.run(ctx, "moving merged rows", w.keepMoving)
}

// moveEvery is how often rows are moved to whom they were merged into. Histories are
// whole without it; it makes reading them cheaper.
const moveEvery = 10 * time.Minute

func (w *workspace) keepMoving(ctx context.Context) error {
	tick := time.NewTicker(moveEvery)
	defer tick.Stop()
	for {
		if _, err := w.store.MoveMerged(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("moving merged rows", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *workspace) keepCheckpointing(ctx context.Context) error {
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		// A failed checkpoint only makes the next start longer.
		if err := w.checkpoint(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("checkpoint", "err", err)
		}
	}
}

// stopTasks ends the tasks, the last one first, and waits for each.
func (w *workspace) stopTasks(ctx context.Context) error {
	for _, t := range slices.Backward(w.tasks) {
		t.stop()
		select {
		case <-t.ended:
		case <-ctx.Done():
			return fmt.Errorf("shutdown: %s has not ended: %w", t.name, ctx.Err())
		}
	}
	w.tasks = nil
	return nil
}
