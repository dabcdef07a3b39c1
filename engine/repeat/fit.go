package repeat

import (
	"context"
	"fmt"
	"time"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
)

// Model is the fitted source.
type Model struct {
	params Params
	rows   *model.Rows
	habits []habit // by row
	shop   habit   // of items that were never bought before the fit
}

// bought is one customer's purchases of one item.
type bought struct {
	moments, returned       int
	first, last, lastReturn time.Time
}

// times returns at how many moments the item was bought, less those at which it was
// given back: what Interest.Bought counts.
func (b *bought) times() int { return max(0, b.moments-b.returned) }

func (b *bought) add(s model.Step) {
	switch {
	case s.Type == engine.Return && (b.returned == 0 || !s.At.Equal(b.lastReturn)):
		b.returned++
		b.lastReturn = s.At
	case s.Type == engine.Purchase && b.moments == 0:
		b.moments, b.first, b.last = 1, s.At, s.At
	case s.Type == engine.Purchase && !s.At.Equal(b.last):
		b.moments++
		b.last = s.At
	}
}

// Fit learns each item's habit from the purchases and returns in seqs, in one pass on
// one goroutine. Who began today is taken as having begun a day ago.
func Fit(ctx context.Context, seqs *model.Sequences, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	c := counts{shares: make([][kept]share, seqs.Rows.Len()), rates: make([]rates, seqs.Rows.Len()), end: seqs.Newest}
	var order []uint32 // rows as they are met: sums must not depend on a map's order
	for steps := range seqs.All() {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("learn how items are bought again: %w", err)
		}
		byRow := map[uint32]*bought{}
		order = order[:0]
		for _, s := range steps {
			if s.Type != engine.Purchase && s.Type != engine.Return {
				continue
			}
			if byRow[s.Row] == nil {
				byRow[s.Row] = &bought{}
				order = append(order, s.Row)
			}
			byRow[s.Row].add(s)
		}
		for _, row := range order {
			c.add(row, byRow[row])
		}
	}
	return c.model(p, seqs.Rows), nil
}

// counts are what is fitted on.
type counts struct {
	shares [][kept]share // by row, and by times bought
	rates  []rates       // by row
	shop   rates
	end    time.Time
}

// add counts one customer's purchases of one item. The rate of who bought it again is
// what rate takes the posterior of: times bought by the time since the first.
func (c *counts) add(row uint32, b *bought) {
	k := b.times()
	for i := 1; i <= k; i++ {
		s := &c.shares[row][min(i, kept)-1]
		s.customers++
		if i < k {
			s.again++
		}
	}
	if k > 1 {
		rate := float64(k) / max(days(c.end.Sub(b.first)), 1)
		c.rates[row].add(rate)
		c.shop.add(rate)
	}
}

// model shrinks what was counted for each item towards the shop's mean. Where nobody
// bought anything again there is nothing to tell.
func (c *counts) model(p Params, rows *model.Rows) *Model {
	m := &Model{params: p, shop: habit{shape: 1, scale: 1}}
	if c.shop.count == 0 {
		m.rows = rows.Subset(nil)
		return m
	}
	var customers [kept]float64 // of the shop's mean, to be added to each item's
	column := make([]share, len(c.shares))
	for i := range kept {
		for row := range c.shares {
			column[row] = c.shares[row][i]
		}
		m.shop.again[i], customers[i] = trust(column)
	}
	m.shop.shape, m.shop.scale = c.shop.fit()
	var bought []int
	for row, shares := range c.shares {
		if shares[0].customers == 0 {
			continue
		}
		bought = append(bought, row)
		var h habit
		for i, s := range shares {
			h.again[i] = (s.again + customers[i]*m.shop.again[i]) / (s.customers + customers[i])
		}
		h.shape, h.scale = c.rates[row].with(c.shop, p.Prior).fit()
		m.habits = append(m.habits, h)
	}
	m.rows = rows.Subset(bought)
	return m
}
