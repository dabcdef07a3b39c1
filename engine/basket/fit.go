package basket

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/rapportengine/rapport/engine/model"
)

// Model is the fitted source.
type Model struct {
	params Params
	rows   *model.Rows
	// Of each customer, who bought last first, the shares of the rows, ascending. They
	// are whole numbers so that distances and sums are exact: the same to the bit
	// however the rows are numbered.
	ends  []uint32
	cells []cell
	// What index computes: of each row the customers who bought it, ascending, and of
	// each customer the squared length. byLength are the customers, shortest first.
	rowEnds  []uint32
	buyers   []cell
	length   []int64
	byLength []uint32
	room     sync.Pool // of *workspace
}

// cell is a share: of a row where a customer's are listed, of a customer where a row's
// are.
type cell struct {
	of    uint32
	share uint32 // 1 to one
}

// one is what a share of 1 is kept as.
const one = 1<<16 - 1

// whole rounds a share, 0 where nothing of it would be left.
func whole(share float64) uint32 { return uint32(math.Round(min(share, 1) * one)) }

// Fit learns what was bought together over time from the purchases and returns in seqs,
// in one pass on one goroutine.
func Fit(ctx context.Context, seqs *model.Sequences, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	type customer struct {
		last time.Time
		at   int // in seqs
	}
	var all []customer
	at := 0
	for steps := range seqs.All() {
		if last, any := lastDeed(steps); any {
			all = append(all, customer{last, at})
		}
		at++
	}
	slices.SortStableFunc(all, func(a, b customer) int { return b.last.Compare(a.last) })
	m := &Model{params: p}
	wanted := make([]bool, seqs.Rows.Len())
	var room []model.Step
	for _, c := range all {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("learn what baskets hold: %w", err)
		}
		if len(m.ends) == p.Customers {
			break
		}
		before := len(m.cells)
		room = seqs.Of.Steps(c.at, room)
		for _, s := range p.shares(baskets(bought(room))) {
			if v := whole(s.value); v > 0 {
				m.cells = append(m.cells, cell{s.item, v})
				wanted[s.item] = true
			}
		}
		if len(m.cells) > before {
			m.ends = append(m.ends, uint32(len(m.cells)))
		}
	}
	var kept []int
	place := make([]uint32, len(wanted))
	for row, is := range wanted {
		if is {
			place[row] = uint32(len(kept))
			kept = append(kept, row)
		}
	}
	m.rows = seqs.Rows.Subset(kept)
	for i := range m.cells {
		m.cells[i].of = place[m.cells[i].of]
	}
	m.index()
	return m, nil
}

// of returns the shares of a customer.
func (m *Model) of(customer uint32) []cell { return between(m.ends, m.cells, customer) }

// buyersOf returns the customers who bought a row.
func (m *Model) buyersOf(row uint32) []cell { return between(m.rowEnds, m.buyers, row) }

// between returns the i-th of the lists that end where ends says.
func between(ends []uint32, all []cell, i uint32) []cell {
	from := uint32(0)
	if i > 0 {
		from = ends[i-1]
	}
	return all[from:ends[i]]
}

// index computes what is not saved.
func (m *Model) index() {
	n := m.rows.Len()
	m.room.New = func() any { return newWorkspace(len(m.ends), n) }
	m.rowEnds, m.buyers = make([]uint32, n), make([]cell, len(m.cells))
	m.length, m.byLength = make([]int64, len(m.ends)), make([]uint32, len(m.ends))
	for _, c := range m.cells {
		m.rowEnds[c.of]++
	}
	next, end := make([]uint32, n), uint32(0)
	for row, count := range m.rowEnds {
		next[row] = end
		end += count
		m.rowEnds[row] = end
	}
	for i := range m.ends {
		m.byLength[i] = uint32(i)
		for _, c := range m.of(uint32(i)) {
			m.buyers[next[c.of]] = cell{uint32(i), c.share}
			next[c.of]++
			m.length[i] += int64(c.share) * int64(c.share)
		}
	}
	slices.SortStableFunc(m.byLength, func(a, b uint32) int { return cmp.Compare(m.length[a], m.length[b]) })
}
