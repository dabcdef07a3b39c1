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
	return countPairs(ctx, data, p, customersAtOnce)
}

// countPairs counts so many customers at a time.
func countPairs(ctx context.Context, data *model.Data, p Params, customersAtOnce int) (*Gram, error) {
	kept := mostWanted(data, p.MaxItems)
	g := &Gram{rows: data.Rows.Subset(kept), counts: make([]float32, triangle(len(kept)))}
	c := newCounter(g, data.Rows.Len(), kept)
	for customers := range slices.Chunk(data.Customers, customersAtOnce) {
		c.lay(customers)
		for from := 0; from < len(kept); from += vector.LineBits {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("count pairs of items: %w", err)
			}
			c.draw(from, p.Workers)
			vector.Fork(p.Workers, len(kept)-from, func(_, i int) { c.count(from+i, from) })
		}
	}
	return g, nil
}

// triangle returns where row n of a packed lower triangle begins.
func triangle(n int) int { return n * (n + 1) / 2 }

// mostWanted returns the at most limit rows that most customers want, ascending.
func mostWanted(data *model.Data, limit int) []int {
	rows := make([]int, data.Rows.Len())
	for row := range rows {
		rows[row] = row
	}
	if len(rows) <= limit {
		return rows
	}
	support := make([]int, len(rows))
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
	rows = rows[:limit]
	slices.Sort(rows)
	return rows
}

// counter counts pairs of what some customers want, by bits: each customer has a line, with a bit for
// each of 512 items, and the lines of those who want an item are added up. That is a few
// instructions for each of them, where to add 1 for each item that they want was one or two for each item.
type counter struct {
	*Gram
	place []int32 // of each row of the data among the items; -1 for none
	// What each customer of several items wants, one after another: places, ascending; those before
	// next are in no line any more.
	places     []uint16 // maxItems are fewer
	next, ends []uint32
	// Where the lines begin that are added up for each item: those of who wants it, and up to a whole
	// round the line that is empty.
	lists       []uint32
	sizes, full []int    // of each item: how many in lists, and where they end
	lines       []uint64 // the empty one, and the customers'
}

// customersAtOnce bounds the lines to 2 MB. Half as many customers take a sixth longer, as there are more sums to
// write, and twice as many take no less.
const customersAtOnce = 1 << 15

func newCounter(g *Gram, rows int, kept []int) *counter {
	c := &counter{Gram: g, place: slices.Repeat([]int32{-1}, rows), sizes: make([]int, len(kept)), full: make([]int, len(kept))}
	for at, row := range kept {
		c.place[row] = int32(at)
	}
	return c
}

// lay makes c ready to count some customers, and counts those who want one item alone.
func (c *counter) lay(customers [][]model.Cell) {
	cells := 0
	for _, of := range customers {
		cells += len(of)
	}
	places, place := slices.Grow(c.places[:0], cells), c.place
	c.next, c.ends = c.next[:0], c.ends[:0]
	clear(c.sizes)
	for _, cells := range customers {
		start := len(places)
		for _, cell := range cells {
			if at := place[cell.Row]; at >= 0 && cell.Weight > 0 {
				places = append(places, uint16(at))
			}
		}
		all := places[start:]
		if len(all) < 2 {
			for _, at := range all {
				c.counts[triangle(int(at)+1)-1]++
			}
			places = places[:start]
			continue
		}
		for _, at := range all {
			c.sizes[at]++
		}
		c.next, c.ends = append(c.next, uint32(start)), append(c.ends, uint32(len(places)))
	}
	c.places = places
	c.list()
	size := (len(c.ends) + 1) * vector.LineWords
	c.lines = slices.Grow(c.lines[:0], size)[:size]
	clear(c.lines[:vector.LineWords])
}

// list lists whose lines are added up, given in sizes how many want each item.
func (c *counter) list() {
	size, next := 0, c.full
	for at, n := range c.sizes {
		next[at] = size
		c.sizes[at] = (n + vector.LinesAtOnce - 1) / vector.LinesAtOnce * vector.LinesAtOnce
		size += c.sizes[at]
	}
	c.lists = slices.Grow(c.lists[:0], size)[:size]
	lists, places := c.lists, c.places
	for i, end := range c.ends {
		for _, at := range places[c.next[i]:end] {
			lists[next[at]] = uint32(i+1) * vector.LineWords
			next[at]++
		}
	}
	end := 0
	for at, n := range c.sizes {
		end += n
		clear(lists[next[at]:end])
		c.full[at] = end
	}
}

// drawnAtOnce is how many customers' lines are one piece of work.
const drawnAtOnce = 4096

// draw makes the lines those of what is wanted of 512 items from one on, where those before were drawn.
func (c *counter) draw(from, workers int) {
	vector.Fork(workers, (len(c.ends)+drawnAtOnce-1)/drawnAtOnce, func(_, part int) {
		begin := part * drawnAtOnce
		ends := c.ends[begin:min(begin+drawnAtOnce, len(c.ends))]
		nexts, lines, places := c.next[begin:][:len(ends)], c.lines[(begin+1)*vector.LineWords:], c.places
		for i, end := range ends {
			line := (*[vector.LineWords]uint64)(lines[i*vector.LineWords:])
			*line = [vector.LineWords]uint64{}
			next := nexts[i]
			for _, place := range places[next:end] {
				at := uint(place) - uint(from)
				if at >= vector.LineBits {
					break
				}
				line[at/64] |= 1 << (at % 64)
				next++
			}
			nexts[i] = next
		}
	})
}

// count counts the customers an item shares with those of the 512 from one on that are not after it. Each row is
// written by one goroutine at a time, and counts are exact in any order.
func (c *counter) count(at, from int) {
	row := c.counts[triangle(at):][: at+1 : at+1]
	end := c.full[at]
	vector.AddLines(row[from:min(from+vector.LineBits, len(row))], c.lines, c.lists[end-c.sizes[at]:end])
}
