package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
)

// columns are where a file has what is asked for.
type columns struct{ customer, order, item, quantity, at int }

// uci is the layout of online_retail.csv, and completeJourney that of
// transactions_sample.csv.
var (
	uci             = columns{customer: 6, order: 0, item: 1, quantity: 3, at: 4}
	completeJourney = columns{customer: 0, order: 2, item: 3, quantity: 4, at: 10}
)

// shop is who bought what, each customer oldest first.
type shop struct {
	ids       *catalogue.IDs
	customers [][]engine.Row
	newest    time.Time
}

// read returns the purchases of a gzipped table: rows of a customer, with a quantity
// above 0, that are no cancellation.
func read(name string, c columns) (*shop, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	table := csv.NewReader(unzipped)
	if _, err := table.Read(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s, place := &shop{ids: catalogue.NewIDs()}, map[string]int{}
	for {
		fields, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := s.add(fields, c, place); err != nil {
			line, _ := table.FieldPos(0)
			return nil, fmt.Errorf("%s, line %d: %w", name, line, err)
		}
	}
	for _, rows := range s.customers {
		slices.SortStableFunc(rows, func(a, b engine.Row) int { return a.At.Compare(b.At) })
	}
	return s, nil
}

func (s *shop) add(fields []string, c columns, place map[string]int) error {
	quantity, err := strconv.ParseFloat(fields[c.quantity], 64)
	if err != nil {
		return err
	}
	if fields[c.customer] == "" || quantity <= 0 || strings.HasPrefix(fields[c.order], "C") {
		return nil
	}
	at, err := time.Parse(time.DateTime, fields[c.at])
	if err != nil {
		return err
	}
	who, known := place[fields[c.customer]]
	if !known {
		who = len(s.customers)
		place[fields[c.customer]] = who
		s.customers = append(s.customers, nil)
	}
	item := engine.ItemID(fields[c.item])
	num, _ := s.ids.Assign(item)
	s.customers[who] = append(s.customers[who], engine.Row{Num: num, Interaction: engine.Interaction{
		Type: engine.Purchase, Item: item, At: at, Quantity: quantity, OrderID: fields[c.order],
	}})
	if at.After(s.newest) {
		s.newest = at
	}
	return nil
}

// until returns what a fit may see: everything before a time.
func (s *shop) until(cut time.Time) *model.Sequences {
	all := make([]engine.ItemNum, s.ids.Len())
	for n := range all {
		all[n] = engine.ItemNum(n)
	}
	seqs := &model.Sequences{Rows: model.NewRows(all, s.ids)}
	for _, rows := range s.customers {
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
		seqs.Of = append(seqs.Of, steps)
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
