package prepare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/engine"
)

// ListRequest is the request for a customer's ten, with defaults and no reasons.
func ListRequest(customer string) []byte {
	return ListRequestExplained(customer, engine.ExplainNone)
}

// ListRequestExplained is ListRequest with so much of the why.
func ListRequestExplained(customer string, explain engine.Explain) []byte {
	return fmt.Appendf(nil, "GET /v1/customers/%s/recommendations?count=10&explain=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", customer, explain)
}

// EventRequest is the request that posts one event.
func EventRequest(kind engine.Type, id, customer, item string, at time.Time) []byte {
	body := fmt.Appendf(nil, `{"event_id":%q,"type":%q,"customer_id":%q,"item_id":%q,"at":%q}`, id, kind, customer, item, at.UTC().Format(time.RFC3339Nano))
	return append(fmt.Appendf(nil, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(body)), body...)
}

// PriceRequest is the request that changes an item's price and nothing else.
func PriceRequest(item string, price float64) []byte {
	body := fmt.Appendf(nil, `{"price":%.2f}`, price)
	return append(fmt.Appendf(nil, "PATCH /v1/items/%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", item, len(body)), body...)
}

// Everybody asks a server once for each of some customers, so that their states are in
// memory before anything is counted, and returns what that took.
func Everybody(ctx context.Context, s *measure.Server, people []string) (*load.Loaded, error) {
	l := load.Closed{Addr: s.Addr, Connections: 2, Requests: len(people), CPU: s.CPU}
	l.Request = func(_, n int) []byte { return ListRequest(people[n]) }
	return l.Run(ctx)
}

// Some returns up to n of all, evenly spread.
func Some(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	out := make([]string, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}

// Trained is how a training that a server ran came to its end.
type Trained struct {
	Seconds float64   // from when it was asked for
	Ended   time.Time // when its model answered, or was refused
	Adopted bool      // it was not refused
}

// TrainBeside has a server train while something else is done, which until tells to end: so long
// after the training has, or at once where that fails. A training that lasts longer than most is an
// error.
func TrainBeside(ctx context.Context, s *measure.Server, most, after time.Duration, beside func(ctx context.Context, until <-chan struct{}) error) (Trained, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	until, failed := make(chan struct{}), make(chan error, 1)
	var t Trained
	go func() {
		defer close(until)
		var err error
		if t, err = train(ctx, s, most); err == nil {
			err = pause(ctx, after)
		}
		failed <- err
	}()
	err := beside(ctx, until)
	if err != nil {
		stop()
	}
	err = errors.Join(err, <-failed) // after which t is there
	return t, err
}

// train asks a server to train, and waits until it has.
func train(ctx context.Context, s *measure.Server, most time.Duration) (Trained, error) {
	ctx, stop := context.WithTimeoutCause(ctx, most, fmt.Errorf("a training did not end in %v", most))
	defer stop()
	start := time.Now()
	t := training{server: s}
	status, err := t.ask(ctx, "POST /v1/models/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
	if err == nil && status != 202 {
		err = fmt.Errorf("status %d to a training", status)
	}
	for err == nil && t.job.State == engine.JobRunning {
		if err = pause(ctx, time.Second/2); err == nil {
			_, err = t.ask(ctx, "GET /v1/jobs/"+t.job.ID+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}
	}
	if err != nil {
		return Trained{}, err
	}
	return t.trained(start)
}

// trained reads the job of a training that was asked for at start and has ended.
func (t *training) trained(start time.Time) (Trained, error) {
	refused := t.job.State == engine.JobRefused
	if t.job.State != engine.JobSucceeded && !refused || t.job.Ended == nil {
		return Trained{}, fmt.Errorf("the training %s: %s", t.job.State, t.job.Detail)
	}
	return Trained{Seconds: t.job.Ended.Sub(start).Seconds(), Ended: *t.job.Ended, Adopted: !refused}, nil
}

// pause waits a while.
func pause(ctx context.Context, lasts time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(lasts):
		return nil
	}
}

// training is a training that a server runs.
type training struct {
	server *measure.Server
	job    engine.Job
}

func (t *training) ask(ctx context.Context, request string) (status int, err error) {
	conn, err := load.Dial(ctx, t.server.Addr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	status, body, err := conn.Ask([]byte(request))
	if err != nil {
		return 0, err
	}
	if status >= 300 {
		return status, fmt.Errorf("status %d: %.200s", status, body)
	}
	return status, json.Unmarshal(body, &t.job)
}
