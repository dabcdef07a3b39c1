// Package shop reads public purchases of shops for the benchmarks.
package shop

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Columns are where a file has what is asked for.
type Columns struct{ customer, order, item, quantity, at int }

// UCI is the layout of online_retail.csv, and CompleteJourney that of
// transactions_sample.csv.
var (
	UCI             = Columns{customer: 6, order: 0, item: 1, quantity: 3, at: 4}
	CompleteJourney = Columns{customer: 0, order: 2, item: 3, quantity: 4, at: 10}
)

// Set is a data set, and where its file is: empty where none is given.
type Set struct {
	Name    string
	File    *string
	Columns Columns
}

// Sets are the data sets there are, with their flags.
func Sets() []Set {
	return []Set{
		{"uci-online-retail", flag.String("uci", "", "online_retail.csv.gz of UCI Online Retail"), UCI},
		{"completejourney-sample", flag.String("completejourney", "", "transactions_sample.csv.gz of The Complete Journey"), CompleteJourney},
	}
}

// Shop is who bought what, each customer oldest first.
type Shop struct {
	IDs       *catalogue.IDs
	Customers [][]engine.Row
	Newest    time.Time
}

// Read returns the purchases of a gzipped table: rows of a customer, with a quantity
// above 0, that are no cancellation.
func Read(name string, c Columns) (*Shop, error) {
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
	s, place := &Shop{IDs: catalogue.NewIDs()}, map[string]int{}
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
	for _, rows := range s.Customers {
		slices.SortStableFunc(rows, func(a, b engine.Row) int { return a.At.Compare(b.At) })
	}
	return s, nil
}

func (s *Shop) add(fields []string, c Columns, place map[string]int) error {
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
		who = len(s.Customers)
		place[fields[c.customer]] = who
		s.Customers = append(s.Customers, nil)
	}
	item := engine.ItemID(fields[c.item])
	num, _ := s.IDs.Assign(item)
	s.Customers[who] = append(s.Customers[who], engine.Row{Num: num, Interaction: engine.Interaction{
		Customer: engine.CustomerID(fields[c.customer]), Type: engine.Purchase, Item: item, At: at, Quantity: quantity, OrderID: fields[c.order],
	}})
	if at.After(s.Newest) {
		s.Newest = at
	}
	return nil
}
