package main

import (
	"context"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/store"
)

// sink is where an intake's records go.
type sink interface {
	// keep writes a batch and says what became of it; of what was refused, Line is the
	// place in the batch, from 1. A batch that was begun is finished even if ctx ends.
	keep(ctx context.Context, batch []engine.Command) (outcome, error)
}

// outcome is what became of a batch, or of a file that a server took in.
type outcome struct {
	Accepted   int               `json:"accepted"`
	Duplicates int               `json:"duplicates"`
	Rejected   []record.Rejected `json:"rejected"`
	Refused    int               `json:"refused"` // of a file: how many, where Rejected lists the first
	Hidden     int               `json:"hidden"`  // of a feed: items that it does not hold
}

// nowhere keeps nothing: records are only read and checked.
type nowhere struct{}

func (nowhere) keep(_ context.Context, batch []engine.Command) (outcome, error) {
	return outcome{Accepted: len(batch)}, nil
}

// intoStore writes to a store of this process.
type intoStore struct{ *store.Store }

func (s intoStore) keep(ctx context.Context, batch []engine.Command) (o outcome, err error) {
	results, err := s.Append(context.WithoutCancel(ctx), batch)
	for i, r := range results {
		switch {
		case r.Err == nil && r.Duplicate:
			o.Duplicates++
		case r.Err == nil && r.Seq > 0:
			o.Accepted++
		case err == nil:
			o.Rejected = append(o.Rejected, *rejectedBy(r.Err, i+1))
		}
	}
	return o, err
}
