package main

import (
	"slices"
	"time"

	"github.com/rapportengine/rapport/benchmarks/shop"
	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// until returns what a fit may see: everything before a time.
func until(s *shop.Shop, cut time.Time) *model.Sequences {
	all := make([]engine.ItemNum, s.IDs.Len())
	for n := range all {
		all[n] = engine.ItemNum(n)
	}
	seqs := &model.Sequences{Rows: model.NewRows(all, s.IDs)}
	for _, rows := range s.Customers {
		var steps []model.Step
		for _, r := range rows {
			if r.At.Before(cut) {
				row, _ := seqs.Rows.Row(r.Num)
				steps = append(steps, model.Step{Row: uint32(row), Type: r.Type, At: r.At, Weight: 1})
				if r.At.After(seqs.Newest) {
					seqs.Newest = r.At
				}
			}
		}
		seqs.Add(steps)
	}
	return seqs
}

// next returns a customer's history before a time, and the first order from then on.
func next(rows []engine.Row, cut time.Time) (history, basket []engine.Row) {
	at := slices.IndexFunc(rows, func(r engine.Row) bool { return !r.At.Before(cut) })
	if at < 0 {
		return rows, nil
	}
	for _, r := range rows[at:] {
		if r.OrderID == rows[at].OrderID {
			basket = append(basket, r)
		}
	}
	return rows[:at], basket
}
