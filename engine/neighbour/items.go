package neighbour

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/vector"
)

// ItemName is the name of the source of FitItems.
const ItemName = "itemknn"

// Items is the fitted source "itemknn": an item's score is the sum of its similarities
// to what the person wanted, as far as that is among its K most similar items.
type Items = Links[ItemParams]

func (ItemParams) source() (name string, version uint32) { return ItemName, 1 }

// LoadItems is the model.Loader of item-kNN.
func LoadItems(r io.Reader, ids *catalogue.IDs) (model.Source, error) {
	return loadLinks[ItemParams](r, ids)
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
	shrink := max(p.Shrink, 0)
	nearest, err := nearest(ctx, weighed, byItem, p.K, p.Workers, func(i, j int, dot float64) float64 {
		if below := norms[i]*norms[j] + shrink; below > 0 {
			return dot / below
		}
		return 0
	})
	if err != nil {
		return nil, err
	}
	return newLinks(p, data.Rows, model.TurnedEdges(nearest)), nil
}

// nearest finds for each item i the k other items j of the highest value(i, j, x), of
// those above 0, where x is the inner product of their columns in data, of which byItem
// is the other side; ties go to the lower row. Links ascend by row. It goes item by item
// with one dense sum a worker; the result is the same for any number of these.
func nearest(ctx context.Context, data *model.Data, byItem [][]model.Cell, k, workers int, value func(i, j int, dot float64) float64) ([][]model.Edge, error) {
	out := make([][]model.Edge, len(byItem))
	scratch := make([]*vector.Sums, workers)
	vector.Fork(workers, len(byItem), func(worker, i int) {
		if ctx.Err() != nil {
			return
		}
		if scratch[worker] == nil {
			scratch[worker] = vector.NewSums(len(byItem))
		}
		sums := scratch[worker]
		for _, customer := range byItem[i] {
			w := float64(customer.Weight)
			for _, c := range data.Customers[customer.Row] {
				sums.Add(c.Row, w*float64(c.Weight))
			}
		}
		top := vector.NewTop(k)
		sums.Drain(func(j int, dot float64) {
			if j != i && dot > 0 {
				top.Push(engine.ItemNum(j), float32(value(i, j, dot)))
			}
		})
		out[i] = links(top.Best())
	})
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("find the most similar items: %w", err)
	}
	return out, nil
}

// links returns those of the found that have a finite value above 0, ascending by row.
func links(found []vector.Scored) []model.Edge {
	out := make([]model.Edge, 0, len(found))
	for _, s := range found {
		if s.Score > 0 && !math.IsInf(float64(s.Score), 0) {
			out = append(out, model.Edge{Row: uint32(s.Item), Weight: s.Score})
		}
	}
	slices.SortFunc(out, func(a, b model.Edge) int { return cmp.Compare(a.Row, b.Row) })
	return out
}
