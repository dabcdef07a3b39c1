package neighbour

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// Items is the fitted source "itemknn": for catalogues that EASE does not cover. An
// item's score is the sum of its similarities to what the person wanted, as far as that
// is among its K most similar items.
type Items struct {
	params ItemParams
	rows   *model.Rows
	// What each item adds to others: for row j, those that have j among their K most
	// similar, ascending, and how similar they are.
	ends       []uint32
	to         []uint32
	similarity []float32
	sums       sync.Pool // of *vector.Sums
}

// link is an item and how similar it is.
type link struct {
	row        uint32
	similarity float32
}

// FitItems computes for each item its K most similar by
//
//	similarity(i,j) = w_i . w_j / (|w_i| |w_j| + shrink)
//
// where w_i is an item's column of weighted cells (Ferrari Dacrema et al., "A troubling
// analysis of reproducibility and progress in recommender systems research", 2021,
// section 3.2). It goes item by item with one dense sum an item and worker; time is the
// sum of squares of the customers' numbers of items, memory 8 bytes an item and
// neighbour.
func FitItems(ctx context.Context, data *model.Data, p ItemParams) (*Items, error) {
	p = p.WithDefaults()
	if err := p.check(); err != nil {
		return nil, err
	}
	weighed := weigh(data, p)
	byItem := weighed.ByItem()
	norms := make([]float64, len(byItem))
	for i, cells := range byItem {
		for _, c := range cells {
			norms[i] += float64(c.Weight) * float64(c.Weight)
		}
		norms[i] = math.Sqrt(norms[i])
	}
	nearest := make([][]link, len(byItem))
	scratch := make([]*vector.Sums, p.Workers)
	vector.Fork(p.Workers, len(byItem), func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = vector.NewSums(len(byItem))
		}
		nearest[i] = mostSimilar(i, byItem[i], weighed.Customers, norms, scratch[worker], p)
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("find the most similar items: %w", err)
	}
	return newItems(p, data.Rows, nearest), nil
}

// mostSimilar returns the K items most similar to item i, ascending by row; ties go to
// the lower row.
func mostSimilar(i int, cells []model.Cell, customers [][]model.Cell, norms []float64, sums *vector.Sums, p ItemParams) []link {
	for _, customer := range cells {
		w := float64(customer.Weight)
		for _, c := range customers[customer.Row] {
			sums.Add(c.Row, w*float64(c.Weight))
		}
	}
	top := vector.NewTop(p.K)
	sums.Drain(func(j int, dot float64) {
		if below := norms[i]*norms[j] + max(p.Shrink, 0); j != i && dot > 0 && below > 0 {
			top.Push(engine.ItemNum(j), float32(dot/below))
		}
	})
	best := top.Best()
	out := make([]link, 0, len(best))
	for _, s := range best {
		if s.Score > 0 && !math.IsInf(float64(s.Score), 0) {
			out = append(out, link{uint32(s.Item), s.Score})
		}
	}
	slices.SortFunc(out, func(a, b link) int { return cmp.Compare(a.row, b.row) })
	return out
}

// newItems turns the neighbours over: from what scores an item to what an item adds.
func newItems(p ItemParams, rows *model.Rows, nearest [][]link) *Items {
	m := &Items{params: p, rows: rows, ends: make([]uint32, rows.Len())}
	next := make([]uint32, rows.Len()+1)
	for _, links := range nearest {
		for _, l := range links {
			next[l.row+1]++
		}
	}
	for j := range m.ends {
		next[j+1] += next[j]
		m.ends[j] = next[j+1]
	}
	m.to = make([]uint32, next[rows.Len()])
	m.similarity = make([]float32, len(m.to))
	for i, links := range nearest {
		for _, l := range links {
			at := next[l.row]
			m.to[at], m.similarity[at] = uint32(i), l.similarity
			next[l.row]++
		}
	}
	m.sums.New = func() any { return vector.NewSums(rows.Len()) }
	return m
}

// linksOf returns the rows that the item of a row adds to, and how much.
func (m *Items) linksOf(row int) (to []uint32, similarity []float32) {
	from := uint32(0)
	if row > 0 {
		from = m.ends[row-1]
	}
	return m.to[from:m.ends[row]], m.similarity[from:m.ends[row]]
}
