package recommend

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
)

// RawScores are what every source says of every eligible item of one request: what
// training chooses scales and weights on.
type RawScores struct {
	Items []engine.ItemNum
	// By[s] are the raw scores of the models' source s, in the order of Items; nil
	// where the request gave it nothing to go by, and of those that were left out.
	By [][]float32
}

// Raw scores the eligible items of a request by every source of the world's models,
// blended or not, but for those for which leftOut, if not nil, is true.
func Raw(in *Input, leftOut func(source string) bool) (*RawScores, error) {
	in = in.within()
	defer in.room.release()
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err != nil {
		return nil, err
	}
	eligible, err := in.eligible(orders)
	if err != nil {
		return nil, err
	}
	query, _ := in.query()
	out := &RawScores{Items: itemsOf(eligible.bitmap(), nil)}
	for _, source := range in.World.Models.sources {
		if leftOut != nil && leftOut(source.Name()) {
			out.By = append(out.By, nil)
			continue
		}
		scorer := source.Open(query)
		if scorer.Empty() {
			out.By = append(out.By, nil)
			continue
		}
		raw := make([]float32, len(out.Items))
		scorer.Score(out.Items, raw)
		out.By = append(out.By, raw)
	}
	return out, nil
}

// Eligible returns the items a request may be answered with.
func Eligible(in *Input) (*roaring.Bitmap, error) {
	in = in.within()
	defer in.room.release()
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err != nil {
		return nil, err
	}
	return filter.Eligible(in.env(), in.rules(orders))
}
