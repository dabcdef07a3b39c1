package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/engine"
)

// freshness is how soon purchases were known.
type freshness struct {
	Posted int `json:"posted"`
	Stale  int `json:"stale"` // answers that still had the item, though asked for after its purchase was acknowledged
	// LateP99 is how much after their time purchases were posted, for whatever reason. It is part of the
	// waits.
	LateP99 float64 `json:"late_p99_ms"`
	load.Waits
}

// prober follows interactions that are due at a constant rate, however the last ones fare: what one
// waits counts from when its post was due, as in a load.Open. Each has a connection of its own and
// a customer of its own, who is asked for the item they will buy some time ahead.
type prober struct {
	addr, name string // the name is part of all its events' ids: the same id again would be the same event
	every      time.Duration
	people     chan string // whom no probe is under way for, in the order of their turns

	mu     sync.Mutex // guards probes
	probes []probe
}

// probe is an interaction that was followed to its end.
type probe struct {
	due        time.Time
	late, took time.Duration
	stale      int
}

const (
	// mostProbes are under way at most; the next wait, and are charged for it. 20 a second take five, of
	// which each asks ahead.
	mostProbes = 64
	// ahead is how long before its post a probe asks for the item.
	ahead = 250 * time.Millisecond
	// fine is when a probe stops trusting Go's timers, before its post.
	fine = 2 * time.Millisecond
	// mostStale is how long an answer may lack an interaction before that is an error.
	mostStale = time.Minute
)

func newProber(addr, name string, every time.Duration, people []string) *prober {
	p := &prober{addr: addr, name: name, every: every, people: make(chan string, len(people))}
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(people)) { // the same turns in each run
		p.people <- people[i]
	}
	return p
}

// run has probes begin until over is closed, and waits for those under way. The first error ends it.
func (p *prober) run(ctx context.Context, over <-chan struct{}) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	room := make(chan struct{}, mostProbes)
	var under sync.WaitGroup
	defer under.Wait()
	start := time.Now().Add(ahead)
	for n := 0; ; n++ {
		due := start.Add(time.Duration(n) * p.every)
		begin := time.NewTimer(time.Until(due.Add(-ahead)))
		select {
		case <-over:
			if time.Until(due) > 0 { // what is overdue is followed, and charged for that
				under.Wait()
				return context.Cause(ctx)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-begin.C:
		}
		room <- struct{}{} // both come back: a probe ends by itself, or with ctx
		who := <-p.people
		under.Go(func() {
			if err := p.probe(ctx, fmt.Sprintf("probe-%s-%d", p.name, n), who, due, over); err != nil {
				stop(err)
			}
			p.people <- who
			<-room
		})
	}
}

// probe follows one interaction. Its connection is new: one that was kept for a time of many probes
// the server may have closed.
func (p *prober) probe(ctx context.Context, id, who string, due time.Time, over <-chan struct{}) error {
	conn, err := load.Dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // which ends what waits for an answer
	item, err := first(conn, who)
	if err != nil || item == "" { // they bought all there is
		return err
	}
	select {
	case <-over:
		if time.Until(due) > 0 {
			return nil
		}
	case <-time.After(time.Until(due) - fine):
	}
	load.SleepUntil(due)
	post := prepare.EventRequest(engine.Purchase, id, who, item, time.Now())
	one := probe{due: due, late: time.Since(due)}
	status, body, err := conn.Ask(post)
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("status %d to an event: %.200s", status, body)
	}
	for {
		holds, err := listHolds(conn, who, item)
		if err != nil {
			return err
		}
		one.took = time.Since(due)
		if !holds {
			break
		}
		if one.stale++; one.took > mostStale {
			return fmt.Errorf("%s is offered %s still, bought %v ago", who, item, one.took)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probes = append(p.probes, one)
	return nil
}

// freshness sums up what was due from a moment on; waits are since then.
func (p *prober) freshness(from time.Time) (f freshness, each []load.Wait) {
	var late, took []time.Duration
	for _, one := range p.probes {
		if one.due.Before(from) {
			continue
		}
		f.Stale += one.stale
		late, took = append(late, one.late), append(took, one.took)
		each = append(each, load.Wait{Due: one.due.Sub(from), Took: one.took})
	}
	f.Posted, f.LateP99, f.Waits = len(took), load.WaitsOf(late).P99, load.WaitsOf(took)
	return f, each
}

// first is the first item of somebody's list.
func first(conn *load.Conn, who string) (string, error) {
	var answer struct {
		Items []struct {
			ID string `json:"item_id"`
		} `json:"items"`
	}
	body, err := list(conn, who)
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err != nil || len(answer.Items) == 0 {
		return "", err
	}
	return answer.Items[0].ID, nil
}

// listHolds asks for a list and reports whether an item is in it.
func listHolds(conn *load.Conn, who, item string) (bool, error) {
	body, err := list(conn, who)
	return bytes.Contains(body, fmt.Appendf(nil, `"item_id":%q`, item)), err
}

func list(conn *load.Conn, who string) ([]byte, error) {
	status, body, err := conn.Ask(prepare.ListRequest(who))
	if err == nil && status != 200 {
		err = fmt.Errorf("status %d to a list: %.200s", status, body)
	}
	return body, err
}

func lines(name string) (int, error) {
	text, err := os.ReadFile(name)
	return bytes.Count(text, []byte{'\n'}), err
}
