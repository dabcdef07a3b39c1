package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
	"github.com/rapportengine/rapport/store"
)

// sink is where an intake's records go.
type sink interface {
	// keep writes a batch and says what became of it; of what was refused, Line is the
	// place in the batch, from 1. A batch that was begun is finished even if ctx ends.
	keep(ctx context.Context, as string, batch []engine.Command) (outcome, error)
}

// outcome is what became of a batch.
type outcome struct {
	Accepted   int               `json:"accepted"`
	Duplicates int               `json:"duplicates"`
	Rejected   []record.Rejected `json:"rejected"`
}

// nowhere keeps nothing: records are only read and checked.
type nowhere struct{}

func (nowhere) keep(_ context.Context, _ string, batch []engine.Command) (outcome, error) {
	return outcome{Accepted: len(batch)}, nil
}

// intoStore writes to a store of this process.
type intoStore struct{ *store.Store }

func (s intoStore) keep(ctx context.Context, _ string, batch []engine.Command) (o outcome, err error) {
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

// intoServer sends to the process that has the workspace.
type intoServer struct{ *remote }

func (s intoServer) keep(ctx context.Context, as string, batch []engine.Command) (o outcome, err error) {
	var body bytes.Buffer
	for _, cmd := range batch {
		text, err := encoded(cmd)
		if err != nil {
			return o, err
		}
		body.Write(append(text, '\n'))
	}
	answer, err := s.send(context.WithoutCancel(ctx), http.MethodPost, "/v1/"+as, "application/x-ndjson", &body)
	if p, ok := errors.AsType[*refusal](err); ok && p.Status == http.StatusUnprocessableEntity {
		// Of a batch of which nothing was kept, the problem lists why.
		if err := json.Unmarshal(p.body, &o); err == nil && len(o.Rejected) > 0 {
			return o, nil
		}
	}
	if err != nil {
		return o, err
	}
	defer answer.Body.Close()
	return o, json.NewDecoder(answer.Body).Decode(&o)
}

// encoded writes a command of an import as the record that it came from.
func encoded(cmd engine.Command) ([]byte, error) {
	switch c := cmd.(type) {
	case engine.PutItem:
		return json.Marshal(c.Item)
	case engine.PutCustomer:
		return json.Marshal(c.Customer)
	case engine.PutTicket:
		return json.Marshal(c.Ticket)
	case engine.RecordEvent:
		return encodedEvent(c.Lines)
	}
	return nil, fmt.Errorf("a %T is not imported", cmd)
}

// encodedEvent writes an event: one interaction, or an order with its lines.
func encodedEvent(lines []engine.Interaction) ([]byte, error) {
	if len(lines) == 1 {
		return json.Marshal(&lines[0])
	}
	type line struct {
		Item     engine.ItemID `json:"item_id"`
		Quantity float64       `json:"quantity,omitempty"`
		Price    float64       `json:"price,omitempty"`
	}
	order := struct {
		engine.Interaction
		Items []line `json:"items"`
	}{Interaction: lines[0]}
	order.Item, order.Quantity, order.Price = "", 0, 0
	for i := range lines {
		order.Items = append(order.Items, line{lines[i].Item, lines[i].Quantity, lines[i].Price})
	}
	return json.Marshal(&order)
}
