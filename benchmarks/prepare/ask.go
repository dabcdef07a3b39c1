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

// Everybody asks a server once for each of some customers, so that their states are in
// memory before anything is counted, and returns the mean length of an answer.
func Everybody(ctx context.Context, s *measure.Server, people []string) (int, error) {
	l := load.Closed{Addr: s.Addr, Connections: 2, Requests: len(people), CPU: s.CPU}
	l.Request = func(_, n int) []byte { return ListRequest(people[n]) }
	got, err := l.Run(ctx)
	if err != nil {
		return 0, err
	}
	return got.Bytes, nil
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

// Training is a training that a server runs.
type Training struct {
	server *measure.Server
	job    engine.Job
}

// Train asks a server to train.
func Train(ctx context.Context, s *measure.Server) (*Training, error) {
	t := &Training{server: s}
	status, err := t.ask(ctx, "POST /v1/models/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
	if err == nil && status != 202 {
		err = fmt.Errorf("status %d to a training", status)
	}
	return t, err
}

// Running reports whether the training has not ended, and how far it is.
func (t *Training) Running(ctx context.Context) (running bool, step string, err error) {
	if _, err := t.ask(ctx, "GET /v1/jobs/"+t.job.ID+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return false, "", err
	}
	switch t.job.State {
	case engine.JobRunning:
		return true, t.job.Step, nil
	case engine.JobSucceeded, engine.JobRefused: // it ran to its end
		return false, string(t.job.State), nil
	}
	return false, "", fmt.Errorf("the training %s: %s", t.job.State, t.job.Detail)
}

// Wait waits until it has ended.
func (t *Training) Wait(ctx context.Context) error {
	for {
		running, _, err := t.Running(ctx)
		if err != nil || !running {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second / 2):
		}
	}
}

func (t *Training) ask(ctx context.Context, request string) (status int, err error) {
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
