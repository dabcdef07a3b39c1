package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rapportengine/rapport/benchmarks/load"
	"github.com/rapportengine/rapport/benchmarks/measure"
	"github.com/rapportengine/rapport/benchmarks/prepare"
	"github.com/rapportengine/rapport/engine"
)

// freshness is how soon purchases were known.
type freshness struct {
	Posted int `json:"posted"`
	Stale  int `json:"stale"` // answers that still had the item, though asked for after its purchase was acknowledged
	load.Waits
}

// probe follows interactions until ctx ends: one after another, at the rate asked for or
// as fast as they come.
func (o *options) probe(ctx context.Context, s *measure.Server, people []string) (f freshness, err error) {
	conn, err := load.Dial(ctx, s.Addr)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tick := time.NewTicker(time.Second / time.Duration(o.probes))
	defer tick.Stop()
	var took []time.Duration
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			f.Waits = load.WaitsOf(took)
			f.Posted = len(took)
			return f, nil
		case <-tick.C:
		}
		who := people[n*104_729%len(people)]
		item, err := first(conn, who)
		if err != nil {
			return f, err
		}
		if item == "" { // they bought all there is
			continue
		}
		post := prepare.EventRequest(engine.Purchase, fmt.Sprintf("probe-%d", n), who, item, time.Now())
		start := time.Now()
		status, body, err := conn.Ask(post)
		if err != nil {
			return f, err
		}
		if status != 200 {
			return f, fmt.Errorf("status %d to an event: %.200s", status, body)
		}
		for {
			holds, err := listHolds(conn, who, item)
			if err != nil {
				return f, err
			}
			if !holds {
				break
			}
			f.Stale++
		}
		took = append(took, time.Since(start))
	}
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
