package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/rapportengine/rapport/cmd/rapport/embedder"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/recommend"
	"github.com/rapportengine/rapport/engine/sentence"
	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/tally"
	terms "github.com/rapportengine/rapport/engine/text"
	"github.com/rapportengine/rapport/serving"
	"github.com/rapportengine/rapport/store"
	"github.com/rapportengine/rapport/training"
)

// workspace is one directory at work: the store, the recommender that follows it and
// the trainer that feeds it. It is assembled here and nowhere else.
type workspace struct {
	dir         string
	store       *store.Store
	recommender *serving.Recommender
	trainer     *training.Trainer
	log         *slog.Logger
	doors       doors // for answer
	embedder    terms.Embedder
	apart       *encoderApart // what encodes passages in a process of its own; nil for none

	unasked      bool    // openOptions.unasked
	tasks        []*task // running, in the order of their start
	checkpointed uint64  // sequence number of the counters on disk
}

// openOptions say how a workspace is opened.
type openOptions struct {
	dir     string
	create  bool // make the directory if there is none
	fsync   bool
	log     *slog.Logger
	trainer training.Options
	// embedder makes the vectors of fixes and tickets; nil for the encoder that is part of
	// the program.
	embedder terms.Embedder
	sense    bool // have the vectors of fixes ready: for who is about to ask once
	unasked  bool // nobody asks for lists: what they need beside the items is not there
	// apart starts the processes of trainings, nil for none.
	apart *helperCommand
}

// open opens a workspace and brings it up to date: items, scenarios, the current model,
// the counters of the last checkpoint, and what happened since. It then takes writes.
// Close must be called.
func open(ctx context.Context, o openOptions) (_ *workspace, err error) {
	if !o.create {
		if err := exists(o.dir); err != nil {
			return nil, err
		}
	}
	s, err := store.Open(o.dir, store.Options{Fsync: o.fsync, Log: o.log})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	settings, err := s.Settings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the settings of %s: %w", o.dir, err)
	}
	o.trainer.Log = o.log
	encoder := o.embedder
	if encoder == nil {
		encoder = sentence.New(max(1, runtime.GOMAXPROCS(0)/2)) // answers keep the other half
	}
	if remote, is := encoder.(*embedder.Embedder); is { // before anybody asks for its name
		if err := remote.Remember(ctx, s); err != nil {
			return nil, fmt.Errorf("open %s: %w", o.dir, err)
		}
	}
	w := &workspace{dir: o.dir, embedder: encoder, store: s, log: o.log, unasked: o.unasked}
	behind := encoder
	if o.apart != nil && o.embedder == nil {
		w.apart = o.apart.encoder(encoder, o.log)
		behind = w.apart
	}
	w.recommender = serving.New(s, s.IDs(), serving.Options{Settings: &settings, Embedder: encoder, Behind: behind, Log: o.log, Unasked: o.unasked})
	o.trainer.Embedder, o.trainer.SentencesNow = encoder, w.sentences
	o.trainer.SettingsNow, o.trainer.ScenariosNow = w.recommender.Settings, w.recommender.Scenarios
	if o.apart != nil {
		o.trainer.Apart = o.apart.of(w)
	}
	swap, restore := w.recommender.Swap, w.restore
	if o.unasked {
		swap, restore = func(*recommend.Models) {}, w.stock
		o.trainer.Alone, o.trainer.Items = true, func() *catalogue.Snapshot { return w.recommender.World().Catalogue }
	}
	w.trainer = training.New(s, swap, o.trainer)
	if err := restore(ctx); err != nil {
		return nil, fmt.Errorf("bring %s up to date: %w", o.dir, err)
	}
	// The store ends with Close, not with ctx: what was taken is finished first.
	s.Start(context.WithoutCancel(ctx), w.recommender.Observe)
	if o.sense {
		if _, err := w.recommender.ReadSentences(ctx, fixesAwaited); err != nil {
			w.log.Warn("the vectors of fixes are not made; answers go without", "why", err)
		}
	}
	return w, ctx.Err()
}

// fixesAwaited is how many fixes a training waits for whose passages have no vectors yet: a
// minute or two of one core. Of the others it learns nothing by what their sentences mean.
const fixesAwaited = 4_096

// sentences returns the vectors of the fixes' passages, after those that can be waited for:
// where they cannot be made, those that are there.
func (w *workspace) sentences(ctx context.Context) *solution.Sentences {
	if left, err := w.recommender.ReadSentences(ctx, fixesAwaited); err != nil && ctx.Err() == nil {
		w.log.Warn("not all vectors of fixes are made; the training goes without the others", "fixes", left, "why", err)
	}
	return w.recommender.World().Sentences
}

// exists refuses a directory that is not there: for a command that only reads, an empty
// workspace of its own making would hide a misspelt name.
func exists(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usagef("there is no workspace in %s; rapport import makes one, or name another with --dir", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return usagef("%s is not a directory", dir)
	}
	return nil
}

// restore gives the recommender its state.
func (w *workspace) restore(ctx context.Context) error {
	start, err := w.kept(ctx)
	if err != nil {
		return err
	}
	if start.Counters == nil {
		return w.recount(ctx, start)
	}
	w.recommender.Restore(start)
	err = w.store.Tail(ctx, start.Seq, func(group []engine.Committed) error {
		w.recommender.Observe(group)
		return ctx.Err()
	})
	if errors.Is(err, store.ErrTailTrimmed) {
		w.log.Warn("the log's tail does not reach back to the last checkpoint; counting again from all that happened")
		return w.recount(ctx, start)
	}
	w.checkpointed = start.Seq
	// The newest commands may not stand any more (an erasure took them): what is left
	// is up to date all the same.
	w.recommender.Observe([]engine.Committed{{Seq: w.store.Seq()}})
	return err
}

// stock gives the recommender what a training asks of it: items and places. Counters it has none,
// and makes no checkpoint.
func (w *workspace) stock(ctx context.Context) (err error) {
	start := serving.Start{Seq: w.store.Seq()}
	if start.Items, err = w.items(ctx); err != nil {
		return err
	}
	if start.Scenarios, err = w.store.Scenarios(ctx); err != nil {
		return fmt.Errorf("read scenarios: %w", err)
	}
	w.recommender.Restore(start)
	_, err = w.models(ctx)
	return err
}

// items reads the catalogue.
func (w *workspace) items(ctx context.Context) (*catalogue.Snapshot, error) {
	items, err := catalogue.Read(w.store.IDs(), func(fn func(engine.ItemNum, engine.Item) error) error { return w.store.Items(ctx, fn) })
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	return items, nil
}

// kept reads what the store holds ready. Without a usable checkpoint Counters is nil.
func (w *workspace) kept(ctx context.Context) (start serving.Start, err error) {
	// The models are read beside the items: each keeps a processor busy.
	var (
		loading sync.WaitGroup
		models  *recommend.Models
		failed  error
	)
	loading.Go(func() { models, failed = w.models(ctx) })
	defer func() {
		loading.Wait()
		start.Models, err = models, errors.Join(err, failed)
	}()
	if start.Items, err = w.items(ctx); err != nil {
		return start, err
	}
	if start.Scenarios, err = w.store.Scenarios(ctx); err != nil {
		return start, fmt.Errorf("read scenarios: %w", err)
	}
	start.Seq, start.Counters, err = w.loadCounters(ctx)
	return start, err
}

// models returns the newest models that can be read, nil where there are none.
func (w *workspace) models(ctx context.Context) (*recommend.Models, error) {
	models, skipped, err := w.trainer.Latest(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the model: %w", err)
	}
	for _, why := range skipped {
		w.log.Warn("a model was passed over", "why", why)
	}
	return models, nil
}

// countersName is the name of the counters' checkpoint.
const countersName = "counters"

// loadCounters returns the counters of the last checkpoint: empty ones where nothing was
// checkpointed yet, nil where the checkpoint is damaged or counted under other settings.
func (w *workspace) loadCounters(ctx context.Context) (uint64, *tally.Counters, error) {
	settings := w.recommender.World().Settings
	seq, data, found, err := w.store.LoadCheckpoint(ctx, countersName)
	switch {
	case errors.Is(err, store.ErrCorrupt):
	case err != nil:
		return 0, nil, fmt.Errorf("load the checkpoint of the counters: %w", err)
	case !found:
		return 0, tally.New(settings), nil
	default:
		var counters *tally.Counters
		if counters, err = tally.Unmarshal(data, settings); err == nil {
			return seq, counters, nil
		}
	}
	w.log.Warn("the checkpoint of the counters cannot be used; counting again from all that happened", "why", err)
	return 0, nil, nil
}

// recount restores with counters made from the whole log.
func (w *workspace) recount(ctx context.Context, start serving.Start) (err error) {
	start.Counters, start.Seq, err = serving.Count(ctx, w.store, w.recommender.Settings())
	if err == nil {
		w.recommender.Restore(start)
	}
	return err
}

// tailKept is how much of the tail is kept behind the checkpoint: from it the store
// learns at its start which events it has seen lately, so that a client that sends again
// what it sent before a restart is not counted twice.
const tailKept = 1 << 16

// checkpoint saves the live counters and lets go of the part of the tail that they make
// unnecessary.
func (w *workspace) checkpoint(ctx context.Context) error {
	if w.unasked {
		return nil
	}
	seq, counters, err := w.recommender.Checkpoint()
	if err != nil || seq == w.checkpointed {
		return err
	}
	return w.saveCounters(ctx, seq, counters)
}

func (w *workspace) saveCounters(ctx context.Context, seq uint64, counters []byte) error {
	if err := w.store.SaveCheckpoint(ctx, seq, countersName, counters); err != nil {
		return fmt.Errorf("save the checkpoint of the counters: %w", err)
	}
	w.checkpointed = seq
	if seq <= tailKept {
		return nil
	}
	if err := w.store.TrimTail(ctx, seq-tailKept); err != nil {
		return fmt.Errorf("trim the tail below %d: %w", seq-tailKept, err)
	}
	return nil
}

// settle counts again after an import and makes that the checkpoint: an import that was
// interrupted and ran again has rewritten rows which the live counters, having forgotten
// them, count twice.
func (w *workspace) settle(ctx context.Context) error {
	counters, seq, err := serving.Count(ctx, w.store, w.recommender.Settings())
	if err != nil {
		return err
	}
	data, err := counters.MarshalBinary()
	if err != nil {
		return fmt.Errorf("save the checkpoint of the counters: %w", err)
	}
	return w.saveCounters(ctx, seq, data)
}

// shutdownTime bounds how long Close waits for what is running.
const shutdownTime = 20 * time.Second

// Close ends what was started, in reverse order, checkpoints and closes the store. What
// was acknowledged is durable whether or not it succeeds.
func (w *workspace) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := w.stopTasks(ctx); err != nil {
		return err // closing the store under what still runs would only add to the harm
	}
	err := w.checkpoint(ctx)
	if errors.Is(err, store.ErrDiskFull) {
		w.log.Warn("the counters are not saved; the next start counts what came since the last time they were", "why", err)
		err = nil
	}
	if w.apart != nil {
		w.apart.Close()
	}
	if remote, is := w.embedder.(interface{ Close() }); is {
		remote.Close()
	}
	return errors.Join(err, w.store.Close())
}
