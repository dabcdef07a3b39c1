package serving

import (
	"bytes"
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

// recorder writes impressions behind the answers. They wait packed: an answer's reasons are some ten
// times as large, and full of pointers, and are at hand while it is given, and not some time later.
type recorder struct {
	log     Log
	dropped atomic.Uint64
	written atomic.Uint64
	wake    chan struct{} // a batch is full

	mu      sync.Mutex // guards all below
	waiting packed
	writing packed // on their way to the disk
	spare   packed // the room of those that were written last, to be used again
	refused error  // why those that were not packed were not, since the last writing
}

// packed are impressions, and the room that their bytes lie in; where it grew, in one before it.
type packed struct {
	list []engine.PackedImpression
	room []byte
}

func newRecorder(log Log) *recorder { return &recorder{log: log, wake: make(chan struct{}, 1)} }

// packing is where an impression is packed.
type packing struct {
	imp  engine.Impression
	room []byte
}

var packings = sync.Pool{New: func() any { return new(packing) }}

// packingKept is of how many bytes the room is used again.
const packingKept = 64 << 10

// add queues an impression; it is found by find from now on. Nothing that it points to is kept.
func (r *recorder) add(imp engine.Impression) {
	p := packings.Get().(*packing)
	p.imp = imp
	one, room, err := r.log.PackImpression(p.room[:0], &p.imp)
	r.mu.Lock()
	full := len(r.waiting.list) >= impressionsWaiting
	switch {
	case err != nil:
		r.refused = err
	case !full:
		r.waiting.put(one)
	}
	batch := len(r.waiting.list) >= impressionsBatch
	r.mu.Unlock()
	if p.imp, p.room = (engine.Impression{}), room; cap(room) <= packingKept {
		packings.Put(p)
	}
	if full || err != nil {
		r.dropped.Add(1)
	}
	if batch {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// put appends an impression, with its bytes.
func (p *packed) put(one engine.PackedImpression) {
	for _, row := range []*[]byte{&one.Shown, &one.Reasons} {
		if *row != nil {
			from := len(p.room)
			p.room = append(p.room, *row...)
			*row = p.room[from:len(p.room):len(p.room)]
		}
	}
	p.list = append(p.list, one)
}

// find returns an impression that is not on disk yet.
func (r *recorder) find(id string) (engine.PackedImpression, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range []packed{r.waiting, r.writing} {
		if i := slices.IndexFunc(p.list, func(one engine.PackedImpression) bool { return one.RecommendationID == id }); i >= 0 {
			found := p.list[i]
			found.Shown, found.Reasons = bytes.Clone(found.Shown), bytes.Clone(found.Reasons) // their room is used again
			return found, true
		}
	}
	return engine.PackedImpression{}, false
}

// forget drops what waits for the erased. What is on its way to the disk the store
// refuses, since it is older than the erasure.
func (r *recorder) forget(hashes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := func(one engine.PackedImpression) bool { return slices.Contains(hashes, one.Subject.Hash().String()) }
	r.waiting.list = slices.DeleteFunc(r.waiting.list, of)
	r.writing.list = slices.DeleteFunc(slices.Clone(r.writing.list), of)
}

// run writes batches until ctx ends, then what is left, and returns the last error of
// writing.
func (r *recorder) run(ctx context.Context) error {
	// The end must not lose what was answered, nor what is just being written.
	writing := context.WithoutCancel(ctx)
	tick := time.NewTicker(impressionsDelay)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return r.flush(writing)
		case <-tick.C:
		case <-r.wake:
		}
		// A failed batch is counted as dropped: the next one may succeed.
		_ = r.flush(writing)
	}
}

func (r *recorder) flush(ctx context.Context) (failed error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	failed, r.refused = r.refused, nil
	for len(r.waiting.list) > 0 {
		all := r.waiting
		r.writing, r.waiting, r.spare = all, r.spare, packed{}
		r.mu.Unlock()
		for batch := range slices.Chunk(all.list, impressionsBatch) {
			failed = errors.Join(failed, r.write(ctx, batch))
		}
		r.mu.Lock()
		r.writing = packed{}
		if cap(all.list) <= impressionsKept && cap(all.room) <= impressionsRoom {
			clear(all.list)
			r.spare = packed{all.list[:0], all.room[:0]}
		}
	}
	return failed
}

// impressionsKept and impressionsRoom are of how many impressions, and bytes of them, the room is used
// again: more of them waited for a disk that did not keep up.
const (
	impressionsKept = 4 * impressionsBatch
	impressionsRoom = 8 << 20
)

// write puts a batch.
func (r *recorder) write(ctx context.Context, batch []engine.PackedImpression) error {
	if err := r.log.PutImpressions(ctx, batch); err != nil {
		r.dropped.Add(uint64(len(batch)))
		return fmt.Errorf("write %d impressions: %w", len(batch), err)
	}
	r.written.Add(uint64(len(batch)))
	return nil
}
