package model

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
)

// Cell is what one customer thinks of one item, or the other way round.
type Cell struct {
	Row    uint32  // of the item in Data.Rows, or the customer's place in Data.Customers
	Weight float32 // above 0: wanted, this much; 0: a known dislike
}

// Data is what sources that learn from behaviour are fitted on: a sparse matrix of
// customers and items. It is not changed by a fit.
type Data struct {
	Rows      *Rows
	Customers [][]Cell // each ascending by Row, and with at least one weight above 0
}

// Cells returns how many cells there are.
func (d *Data) Cells() int {
	n := 0
	for _, c := range d.Customers {
		n += len(c)
	}
	return n
}

// ByItem returns the matrix turned over: for each row, the cells of its customers,
// ascending.
func (d *Data) ByItem() [][]Cell {
	ends := make([]int, d.Rows.Len()+1)
	for _, cells := range d.Customers {
		for _, c := range cells {
			ends[c.Row+1]++
		}
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	all := make([]Cell, ends[len(ends)-1])
	out := make([][]Cell, d.Rows.Len())
	for i := range out {
		out[i] = all[ends[i]:ends[i]:ends[i+1]]
	}
	for u, cells := range d.Customers {
		for _, c := range cells {
			out[c.Row] = append(out[c.Row], Cell{uint32(u), c.Weight})
		}
	}
	return out
}

// Only returns the matrix of some of its rows, ascending, and of the customers who want one
// of these.
func (d *Data) Only(rows []int) *Data {
	out := &Data{Rows: d.Rows.Subset(rows)}
	place := make([]int, d.Rows.Len()) // of each row, 1 + where it is in rows
	for i, row := range rows {
		place[row] = i + 1
	}
	for _, cells := range d.Customers {
		var kept []Cell
		wanted := false
		for _, c := range cells {
			if at := place[c.Row]; at > 0 {
				if kept == nil {
					kept = make([]Cell, 0, len(cells))
				}
				kept = append(kept, Cell{uint32(at - 1), c.Weight})
				wanted = wanted || c.Weight > 0
			}
		}
		if wanted {
			out.Customers = append(out.Customers, kept)
		}
	}
	return out
}

// Builder gathers histories into Data. The zero Builder is ready for use.
type Builder struct {
	cells []Cell // Row is the item's number until Data
	ends  []int  // of each history in cells
}

// NewBuilder returns a builder with room for so many entries: it need not grow, and be
// twice in memory while it does.
func NewBuilder(entries int) *Builder { return &Builder{cells: make([]Cell, 0, entries)} }

// leastWeight is what a fading weight is rounded up to: 0 would turn it into a dislike.
const leastWeight = 1e-9

// Weight returns the weight of an interest as a cell holds it.
func Weight(interest float64) float32 {
	if interest > 0 {
		return float32(max(interest, leastWeight))
	}
	return 0
}

// Add adds one customer's history, one entry an item, as Settings.Interests returns it.
// The slice may be reused. A history without anything wanted says nothing and is left
// out.
func (b *Builder) Add(history []engine.Interest) {
	from := len(b.cells)
	wanted := false
	for _, in := range history {
		if math.IsNaN(in.Weight) {
			continue
		}
		b.cells = append(b.cells, Cell{uint32(in.Item), Weight(in.Weight)})
		wanted = wanted || in.Weight > 0
	}
	if !wanted {
		b.cells = b.cells[:from]
		return
	}
	b.ends = append(b.ends, len(b.cells))
}

// Len returns how many histories were kept.
func (b *Builder) Len() int { return len(b.ends) }

// Data returns the matrix of what was added, with rows for the items that at least
// support customers want (at least 1). Customers who want none of these are left out. The
// builder's memory becomes the matrix: it is empty then.
func (b *Builder) Data(ids *catalogue.IDs, support int) *Data {
	wanted := make([]int, ids.Len())
	for _, c := range b.cells {
		if c.Weight > 0 {
			wanted[c.Row]++
		}
	}
	var nums []engine.ItemNum
	for n, count := range wanted {
		if count >= max(support, 1) {
			nums = append(nums, engine.ItemNum(n))
		}
	}
	d := &Data{Rows: NewRows(nums, ids)}
	all := b.cells[:0]
	from := 0
	for _, end := range b.ends {
		begin, keep := len(all), false
		for _, c := range b.cells[from:end] {
			if row, ok := d.Rows.Row(engine.ItemNum(c.Row)); ok {
				all = append(all, Cell{uint32(row), c.Weight})
				keep = keep || c.Weight > 0
			}
		}
		from = end
		if !keep {
			all = all[:begin]
			continue
		}
		cells := all[begin:len(all):len(all)]
		slices.SortFunc(cells, func(a, b Cell) int { return int(a.Row) - int(b.Row) })
		d.Customers = append(d.Customers, cells)
	}
	*b = Builder{}
	return d
}
