package serving

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/tally"
)

// Counters are sums of weighed rows: under other weights they are counted again, from the
// log, while the old ones serve. Meanwhile new rows count in the old ones and are noted;
// those that the reading of the log did not hold yet are added at the end, once.
const (
	recountRows  = 10_000           // counted at once, so that chunks are copied seldom
	recountAgain = 10 * time.Second // after a reading that failed
	recountRest  = 4                // times as long as the reading took, before what is asked for next
)

// wake has the counters counted again soon.
func (r *Recommender) wake() {
	select {
	case r.stale <- struct{}{}:
	default: // it is on its way
	}
}

// Recount has the counters counted again from the log, behind the answers. It is for
// after an import: events that were sent long before are stored once however often they
// come, and are counted each time until then.
func (r *Recommender) Recount() {
	r.asked.Store(true)
	r.wake()
}

// recountUntil counts again when woken, until ctx ends. It returns why the last recount
// failed, where it did. Other settings count at once; what was asked for waits while the
// last reading rests, so that many small imports do not keep a core reading the log.
func (r *Recommender) recountUntil(ctx context.Context) error {
	var (
		failed error
		rested time.Time // when the last reading has
	)
	for {
		s := r.shop.Load()
		other := !s.Counters.Weighs(s.Settings)
		wait := time.Until(rested)
		if other && failed == nil || wait <= 0 && (other || r.asked.Load()) {
			r.asked.Store(false)
			began := time.Now()
			if failed = r.recount(ctx); failed == nil {
				rested = time.Now().Add(recountRest * time.Since(began))
			} else {
				r.asked.Store(true)
				rested = time.Now().Add(recountAgain)
			}
			continue
		}
		var later <-chan time.Time
		if other || r.asked.Load() {
			later = time.After(wait)
		}
		select {
		case <-ctx.Done():
			if errors.Is(failed, ctx.Err()) {
				return nil // it was only cut short: the next start counts again
			}
			return failed
		case <-r.stale:
		case <-later:
		}
	}
}

// recount counts the whole log under the settings of now and swaps the result in.
func (r *Recommender) recount(ctx context.Context) error {
	r.mu.Lock()
	settings := r.shop.Load().Settings
	r.noting = true
	r.mu.Unlock()

	counters, upTo, err := Count(ctx, r.log, settings)

	r.mu.Lock()
	defer r.mu.Unlock()
	noted := r.noted
	r.noting, r.noted = false, nil
	if err != nil {
		return err
	}
	for i := range noted {
		if noted[i].Seq > upTo {
			counters = counters.Without(noted[i].Was).With(noted[i].Rows)
		}
	}
	next := *r.shop.Load()
	if next.Counters.Weighs(next.Settings) && !counters.Weighs(next.Settings) {
		r.asked.Store(true) // the settings went back to what they were: what this was for is counted later
		return nil
	}
	next.World, next.counted = next.World.WithCounters(counters), upTo
	r.shop.Store(&next)
	return nil
}

// Count counts the whole log under settings, as of one moment: upTo is the newest command
// in it.
func Count(ctx context.Context, log Log, settings engine.Settings) (counters *tally.Counters, upTo uint64, err error) {
	counters = tally.New(settings)
	var rows []engine.Row
	upTo, err = log.ScanAt(ctx, func(_ engine.Subject, history []engine.Row) error {
		if rows = append(rows, history...); len(rows) >= recountRows {
			counters, rows = counters.With(rows), rows[:0]
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("count what happened: %w", err)
	}
	return counters.With(rows), upTo, nil
}

// note keeps what a recount under way may not have read. The caller holds mu.
func (r *Recommender) note(c *engine.Committed) {
	if r.noting && len(c.Rows)+len(c.Was) > 0 {
		r.noted = append(r.noted, *c)
	}
}
