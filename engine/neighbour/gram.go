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
	// with its cube (some CPU second at 4,000) and memory with its square (160 MB at 4,000
	// during the fit, 64 MB after). Default 4,000.
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
	kept := mostWanted(data, p.MaxItems)
	g := &Gram{rows: data.Rows.Subset(kept), counts: make([]float32, triangle(len(kept)))}
	had := among(data, kept)
	vector.Fork(p.Workers, len(kept), func(_, at int) {
		if ctx.Err() == nil {
			g.countRow(at, had)
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
func mostWanted(data *model.Data, limit int) []int {
	support := make([]int, data.Rows.Len())
	rows := make([]int, len(support))
	for row := range rows {
		rows[row] = row
	}
	for _, cells := range data.Customers {
		for _, c := range cells {
			if c.Weight > 0 {
				support[c.Row]++
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

// wanted is what customers want among some items, by the items' places there.
type wanted struct {
	places []uint16 // ascending, customer after customer; maxItems are fewer
	ends   []int    // of each item in lists
	// lists holds for each item the parts of places that are what its customers want
	// before it, and itself.
	lists [][2]uint32
}

// among returns what customers want of the kept rows, which ascend.
func among(data *model.Data, kept []int) *wanted {
	place := slices.Repeat([]int32{-1}, data.Rows.Len())
	for at, row := range kept {
		place[row] = int32(at)
	}
	w := &wanted{places: make([]uint16, 0, data.Cells()), ends: make([]int, len(kept))}
	starts := make([]uint32, 0, len(data.Customers)+1)
	for _, cells := range data.Customers {
		starts = append(starts, uint32(len(w.places)))
		for _, c := range cells {
			if at := place[c.Row]; at >= 0 && c.Weight > 0 {
				w.places = append(w.places, uint16(at))
				w.ends[at]++
			}
		}
	}
	next, from := make([]int, len(kept)), 0
	for at, n := range w.ends {
		next[at] = from
		from += n
		w.ends[at] = from
	}
	w.lists = make([][2]uint32, len(w.places))
	for u, start := range starts {
		end := len(w.places)
		if u+1 < len(starts) {
			end = int(starts[u+1])
		}
		for i := int(start); i < end; i++ {
			at := w.places[i]
			w.lists[next[at]] = [2]uint32{start, uint32(i + 1)}
			next[at]++
		}
	}
	return w
}

// listsAhead is how many lists before it is counted a customer's is asked for.
const listsAhead = 4

// countRow counts the customers an item shares with those before it. Each row is
// written by one goroutine, and counts are exact in any order.
func (g *Gram) countRow(at int, w *wanted) {
	from := 0
	if at > 0 {
		from = w.ends[at-1]
	}
	row := g.counts[triangle(at):][: at+1 : at+1]
	lists := w.lists[from:w.ends[at]]
	for i, part := range lists {
		if i+listsAhead < len(lists) { // customers lie anywhere in memory
			next := lists[i+listsAhead]
			vector.Prefetch(w.places[next[0]:next[1]])
		}
		count(row, w.places[part[0]:part[1]])
	}
}
