package serving

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// Bounds of the impressions that wait to be written. When the disk does not keep up
// they are dropped and counted: an answer never waits for its own record.
const (
	impressionsWaiting = 8192
	impressionsBatch   = 512
	impressionsDelay   = 50 * time.Millisecond
)

// recorder writes impressions behind the answers.
type recorder struct {
	dropped atomic.Uint64
	written atomic.Uint64
	wake    chan struct{} // a batch is full

	mu      sync.Mutex // guards all below
	waiting []engine.Impression
	writing []engine.Impression // on their way to the disk
	spare   []engine.Impression // the room of those that were written last, to be used again
}

func newRecorder() *recorder { return &recorder{wake: make(chan struct{}, 1)} }

// add queues an impression; it is found by find from now on. Its items are copied.
func (r *recorder) add(i *engine.Impression) {
	r.mu.Lock()
	full := len(r.waiting) >= impressionsWaiting
	if !full {
		r.put(i)
	}
	batch := len(r.waiting) >= impressionsBatch
	r.mu.Unlock()
	if full {
		r.dropped.Add(1)
	}
	if batch {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// put appends an impression, in the room that one before it had if there was one.
func (r *recorder) put(i *engine.Impression) {
	n := len(r.waiting)
	r.waiting = slices.Grow(r.waiting, 1)[:n+1]
	at := &r.waiting[n]
	items := at.Answer.Items[:0]
	*at = *i
	at.Answer.Items = append(items, i.Answer.Items...)
	for i := range at.Answer.Items {
		at.Answer.Items[i].Properties = nil // the catalogue has them
	}
}

// find returns an impression that is not on disk yet.
func (r *recorder) find(id string) (engine.Impression, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range [][]engine.Impression{r.waiting, r.writing} {
		if i := slices.IndexFunc(list, func(i engine.Impression) bool { return i.RecommendationID == id }); i >= 0 {
			found := list[i]
			found.Answer.Items = append([]engine.Recommended{}, found.Answer.Items...) // their room is used again; an empty list stays one
			return found, true
		}
	}
	return engine.Impression{}, false
}

// forget drops what waits for the erased. What is on its way to the disk the store
// refuses, since it is older than the erasure.
func (r *recorder) forget(hashes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := func(i engine.Impression) bool { return slices.Contains(hashes, i.Subject.Hash().String()) }
	r.waiting = slices.DeleteFunc(r.waiting, of)
	r.writing = slices.DeleteFunc(slices.Clone(r.writing), of)
}

// run writes batches until ctx ends, then what is left, and returns the last error of
// writing.
func (r *recorder) run(ctx context.Context, log Log) error {
	// The end must not lose what was answered, nor what is just being written.
	writing := context.WithoutCancel(ctx)
	tick := time.NewTicker(impressionsDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return r.flush(writing, log)
		case <-tick.C:
		case <-r.wake:
		}
		// A failed batch is counted as dropped: the next one may succeed.
		_ = r.flush(writing, log)
	}
}

func (r *recorder) flush(ctx context.Context, log Log) (failed error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) > 0 {
		all := r.waiting
		r.writing, r.waiting, r.spare = all, r.spare, nil
		r.mu.Unlock()
		for batch := range slices.Chunk(all, impressionsBatch) {
			failed = errors.Join(failed, r.write(ctx, log, batch))
		}
		r.mu.Lock()
		r.writing = nil
		if cap(all) <= impressionsKept {
			r.spare = emptied(all)
		}
	}
	return failed
}

// impressionsKept is of how many impressions the room is used again: more of them waited for a
// disk that did not keep up.
const impressionsKept = 4 * impressionsBatch

// emptied lets go of all that impressions point to but the room of their items.
func emptied(list []engine.Impression) []engine.Impression {
	for i := range list {
		items := list[i].Answer.Items
		clear(items)
		list[i] = engine.Impression{}
		if cap(items) <= itemsKept {
			list[i].Answer.Items = items[:0]
		}
	}
	return list[:0]
}

// itemsKept is of how many items an answer is whose room is used again.
const itemsKept = 2 * engine.DefaultCount

// write puts a batch. The store stops at one that it refuses: then each is put alone, so
// that one which is too large costs nobody else their record.
func (r *recorder) write(ctx context.Context, log Log, batch []engine.Impression) error {
	err := log.PutImpressions(ctx, batch)
	if _, refused := errors.AsType[*engine.Invalid](err); refused && len(batch) > 1 {
		err = nil
		for one := range slices.Chunk(batch, 1) {
			err = errors.Join(err, r.write(ctx, log, one))
		}
		return err
	}
	if err != nil {
		r.dropped.Add(uint64(len(batch)))
		return fmt.Errorf("write %d impressions: %w", len(batch), err)
	}
	r.written.Add(uint64(len(batch)))
	return nil
}
