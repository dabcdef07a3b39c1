package neighbour

import (
	"context"
	"io"

	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/model"
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
	wanted := weigh(data, p)
	nearest, err := nearest(ctx, wanted, newSimilarity(wanted, p.Shrink), neighbours(p.K, data.Rows.Len()), p.Workers)
	if err != nil {
		return nil, err
	}
	return newLinks(p, data.Rows, model.TurnedEdges(nearest)), nil
}
