package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
)

// crash is what became of acknowledged events.
type crash struct {
	Acknowledged int      `json:"acknowledged"`
	InBatches    int      `json:"in_batches"`
	Lost         int      `json:"lost"`
	Examples     []string `json:"examples,omitempty"`
	Ready        float64  `json:"ready_seconds"` // from start to serving, after the crash
}

// acknowledged are requests that were answered: the first event of each.
type acknowledged struct {
	mu             sync.Mutex // guards what follows
	batches, alone []int
}

// crashed kills a server while batches and single events come in on two connections
// each, and looks for what was acknowledged.
func (o *options) crashed(ctx context.Context, b *prepare.Binary, dir string) (c crash, err error) {
	s, err := serve(ctx, b, dir, o.procs)
	if err != nil {
		return c, err
	}
	began := time.Now().Add(-time.Hour)
	var (
		got     acknowledged
		all     sync.WaitGroup
		enough  = make(chan struct{})
		goneBy  sync.Once
		threads = 4
	)
	for i := range threads {
		count, first := o.batch, i*o.crash
		if i%2 == 1 {
			count = 1
		}
		all.Go(func() {
			defer goneBy.Do(func() { close(enough) }) // its share is sent, or the server is gone
			conn, err := load.Dial(ctx, s.Addr)
			if err != nil {
				return
			}
			defer conn.Close()
			for n := first; n < first+o.crash && ctx.Err() == nil; n += count {
				status, _, err := conn.Ask(o.request(n, count, began))
				if err != nil {
					return
				}
				if status == 200 {
					got.add(n, count)
				}
			}
		})
	}
	<-enough // a connection of batches is done; the others are in the midst of theirs
	err = s.Kill()
	all.Wait()
	if err := errors.Join(err, ctx.Err()); err != nil {
		return c, err
	}
	c.InBatches = len(got.batches) * o.batch
	c.Acknowledged = c.InBatches + len(got.alone)
	if s, err = serve(ctx, b, dir, o.procs); err != nil {
		return c, err
	}
	c.Ready = s.Ready.Seconds()
	if err := s.Stop(); err != nil {
		return c, err
	}
	there, err := exported(ctx, b, dir)
	if err != nil {
		return c, err
	}
	look := func(n int) {
		if id := fmt.Sprint("event-", n); !there[id] {
			if c.Lost++; len(c.Examples) < 5 {
				c.Examples = append(c.Examples, id)
			}
		}
	}
	for _, first := range got.batches {
		for n := first; n < first+o.batch; n++ {
			look(n)
		}
	}
	for _, n := range got.alone {
		look(n)
	}
	return c, nil
}

func (a *acknowledged) add(first, count int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if count == 1 {
		a.alone = append(a.alone, first)
	} else {
		a.batches = append(a.batches, first)
	}
}

// exported returns the ids of all events in a workspace.
func exported(ctx context.Context, b *prepare.Binary, dir string) (map[string]bool, error) {
	name := dir + ".ndjson"
	if _, err := (&measure.Command{Name: b.Name, Args: []string{"export", "--as", "events", "--dir", dir, "--out", name}}).Run(ctx); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make(map[string]bool)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, err
		}
		out[one.ID] = true
	}
	return out, lines.Err()
}
