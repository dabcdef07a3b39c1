package main

import (
	"context"
	"encoding/hex"
	"hash"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/training/offline"
)

// foreign reads the lists of other systems, and returns what was wrong with the files. A
// list belongs to the customer of its name, else to the session. An item that nobody
// knows keeps its place: it is a miss. The files' bytes join those of the data in sum.
func (e *evalCommand) foreign(ctx context.Context, c *console, o *offline.Options, sum hash.Hash) (refused []string, err error) {
	if len(e.Recommendations) == 0 {
		return nil, nil
	}
	r := &listFiles{command: &metricsCommand{Runs: e.Recommendations, Form: "auto", Format: "auto"}, c: c, sum: sum}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	o.Data.SHA256 = hex.EncodeToString(sum.Sum(nil)) // they too are what the report is of
	customers := make(map[string]bool)
	for i := range o.Data.Rows {
		if who := o.Data.Rows[i].Subject(); who.Kind == engine.CustomerSubject {
			customers[who.ID] = true
		}
	}
	for _, system := range r.systems {
		f := offline.Foreign{Name: system.Name, Lists: make(map[engine.Subject][]engine.ItemNum)}
		system.Lists(func(query string, items []string) {
			who := engine.SubjectOf("", engine.SessionID(query))
			if customers[query] {
				who = engine.SubjectOf(engine.CustomerID(query), "")
			}
			for _, id := range items {
				n, _ := o.Data.IDs().Assign(engine.ItemID(id))
				f.Lists[who] = append(f.Lists[who], n)
			}
		})
		o.Foreign = append(o.Foreign, f)
	}
	return r.refused, nil
}
