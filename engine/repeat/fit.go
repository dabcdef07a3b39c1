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
// one goroutine. Two purchases on one day are taken as a day apart.
func Fit(ctx context.Context, seqs *model.Sequences, p Params) (*Model, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	shares := make([]share, seqs.Rows.Len())
	items := make([]rates, seqs.Rows.Len())
	var shop rates
	var order []uint32 // rows as they are met: sums must not depend on a map's order
	for _, steps := range seqs.Of {
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
			b := byRow[row]
			if k := b.times(); k > 0 {
				shares[row].customers++
				if k > 1 {
					rate := float64(k-1) / max(days(b.last.Sub(b.first)), 1)
					shares[row].again++
					items[row].add(rate)
					shop.add(rate)
				}
			}
		}
	}
	return newModel(p, seqs.Rows, shares, items, shop), nil
}

// newModel shrinks what was counted for each item towards the shop's mean. Where nobody
// bought anything again there is nothing to tell.
func newModel(p Params, rows *model.Rows, shares []share, items []rates, shop rates) *Model {
	m := &Model{params: p, shop: habit{shape: 1, scale: 1}}
	if shop.count == 0 {
		m.rows = rows.Subset(nil)
		return m
	}
	mean, customers := trust(shares)
	m.shop.again = mean
	m.shop.shape, m.shop.scale = shop.fit()
	var kept []int
	for row, s := range shares {
		if s.customers == 0 {
			continue
		}
		kept = append(kept, row)
		h := habit{again: (s.again + customers*mean) / (s.customers + customers)}
		h.shape, h.scale = items[row].with(shop, p.Prior).fit()
		m.habits = append(m.habits, h)
	}
	m.rows = rows.Subset(kept)
	return m
}
