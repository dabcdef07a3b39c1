// Package neighbour is two sources of item to item weights. "ease" has them in closed
// form (EASE; Steck, "Embarrassingly shallow autoencoders for sparse data", 2019), for
// catalogues whose square fits (Params.MaxItems); "itemknn" is the cosine of weighted
// columns, for any size. With both, a person's score for an item is the sum of the
// weights between it and what they wanted, so that taking an item out of the history
// lowers the score by exactly its part.
//
// The history of a request is binary, and with Recent ordered: how much, how often and how
// many days ago play no role.
// So is what EASE is fitted on; the cosine's columns are weighted.
package neighbour

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Params are the settings of a fit. The zero value of each stands for its default.
type Params struct {
	Lambda float64 `json:"lambda"` // strength of the regularisation, in customers; default 100
	// MaxItems bounds the items with weights: the most wanted ones are kept. Time grows
	// with its cube (1 s at 2,500 on two cores, so some 4 s at 4,000) and memory with
	// its square (230 MB at 4,000 during the fit, 64 MB after). Default 4,000.
	MaxItems int `json:"max_items"`
	// Recent is how much an item of the history counts beside the one after it: the i-th
	// newest counts Recent^i. 1, the default, is a history without order; what comes next
	// hangs more on what was last, and 0.7 to 0.9 are worth trying.
	Recent float64 `json:"recent"`
	// Workers is how many goroutines work; default 1. The result is the same for any
	// number.
	Workers int `json:"-"`
}

// maxItems bounds MaxItems: the weights of 20,000 items are 1.6 GB.
const maxItems = 20_000

func (p Params) WithDefaults() Params {
	if p.Lambda == 0 {
		p.Lambda = 100
	}
	if p.MaxItems == 0 {
		p.MaxItems = 4000
	}
	if p.Recent == 0 {
		p.Recent = 1
	}
	if p.Workers == 0 {
		p.Workers = 1
	}
	return p
}

// Check says what of the settings cannot be fitted, those that are zero being defaults.
func (p Params) Check() error { return p.WithDefaults().check() }

// check refuses settings that cannot be fitted.
func (p Params) check() error {
	switch {
	case !(p.Lambda > 0) || math.IsInf(p.Lambda, 1):
		return engine.Invalidf(engine.CodeInvalidField, "lambda", "a number above 0, not %v", p.Lambda)
	case p.MaxItems < 1 || p.MaxItems > maxItems:
		return engine.Invalidf(engine.CodeInvalidField, "max_items", "a whole number from 1 to %d, not %d", maxItems, p.MaxItems)
	case p.Workers < 1:
		return engine.Invalidf(engine.CodeInvalidField, "workers", "a whole number above 0, not %d", p.Workers)
	}
	return checkRecent(p.Recent)
}

// Gram counts how many customers wanted both of two items: all that EASE learns from.
// Fits with several lambdas share one.
type Gram struct {
	rows   *model.Rows
	counts []float32 // lower triangle, row by row; whole numbers
}

// Count counts the pairs of wanted items in data, for the most wanted p.MaxItems items
// (ties by item number).
func Count(ctx context.Context, data *model.Data, p Params) (*Gram, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	byItem := data.ByItem()
	kept := mostWanted(byItem, p.MaxItems)
	place := make([]int32, len(byItem)) // of each row of data among the kept, -1 for none
	for i := range place {
		place[i] = -1
	}
	for at, row := range kept {
		place[row] = int32(at)
	}
	g := &Gram{rows: data.Rows.Subset(kept), counts: make([]float32, triangle(len(kept)))}
	vector.Fork(p.Workers, len(kept), func(_, at int) {
		if ctx.Err() == nil {
			g.countRow(at, byItem[kept[at]], data.Customers, place)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("count pairs of items: %w", err)
	}
	return g, nil
}

// triangle returns where row n of a packed lower triangle begins.
func triangle(n int) int { return n * (n + 1) / 2 }

// mostWanted returns the at most limit rows that most customers want, ascending.
func mostWanted(byItem [][]model.Cell, limit int) []int {
	support := make([]int, len(byItem))
	rows := make([]int, len(byItem))
	for row, cells := range byItem {
		rows[row] = row
		for _, c := range cells {
			if c.Weight > 0 {
				support[row]++
			}
		}
	}
	slices.SortFunc(rows, func(a, b int) int {
		if c := cmp.Compare(support[b], support[a]); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	rows = rows[:min(limit, len(rows))]
	slices.Sort(rows)
	return rows
}

// countRow counts the customers an item shares with those before it. Each row is
// written by one goroutine, and counts are exact in any order.
func (g *Gram) countRow(at int, cells []model.Cell, customers [][]model.Cell, place []int32) {
	row := g.counts[triangle(at):][: at+1 : at+1]
	for _, customer := range cells {
		if customer.Weight == 0 {
			continue
		}
		for _, c := range customers[customer.Row] {
			p := int(place[c.Row])
			if p > at {
				break // cells and places ascend alike
			}
			if p >= 0 && c.Weight > 0 {
				row[p]++
			}
		}
	}
}
