package recommend

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
	"github.com/rapportengine/rapport/engine/model"
)

// RawScores are what every source says of every eligible item of one request, or of some of
// them: what training chooses scales and weights on.
type RawScores struct {
	Items []engine.ItemNum // ascending
	// By[s] are the raw scores of the models' source s, in the order of Items; nil
	// where the request gave it nothing to go by, and of those that were left out.
	By [][]float32
	// Even are the places in Items of those that stand for all eligible ones, evenly taken;
	// nil where Items are all.
	Even []int
}

// Look says what Raw looks at.
type Look struct {
	LeftOut func(source string) bool // nil for none
	// Whole is up to how many eligible items all are scored; 0 for any number. Of more it is
	// the Best items of every source, and Whole / lookEven of all, from the place Turn on.
	Whole, Best, Turn int
}

// lookEven is of how many items that a look may score one is evenly taken where there are more: a
// source's scale needs few items, and each turn takes others.
const lookEven = 4

// Raw scores the eligible items of a request by every source of the world's models,
// blended or not.
func Raw(in *Input, look Look) (*RawScores, error) {
	in = in.within()
	defer in.room.release()
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err != nil {
		return nil, err
	}
	choice, err := in.eligible(orders)
	if err != nil {
		return nil, err
	}
	query, _ := in.query()
	sources := in.World.Models.sources
	scorers := make([]model.Scorer, len(sources))
	for s, source := range sources {
		if look.LeftOut != nil && look.LeftOut(source.Name()) {
			continue
		}
		if scorer := source.Open(query); !scorer.Empty() {
			scorers[s] = scorer
		}
	}
	out := look.items(choice.bitmap(), scorers)
	out.By = make([][]float32, len(sources))
	for s, scorer := range scorers {
		if scorer != nil {
			out.By[s] = make([]float32, len(out.Items))
			scorer.Score(out.Items, out.By[s])
		}
	}
	return out, nil
}

// items returns the items that are looked at, without scores.
func (l *Look) items(eligible *roaring.Bitmap, scorers []model.Scorer) *RawScores {
	n := int(eligible.GetCardinality())
	if l.Whole == 0 || n <= l.Whole {
		return &RawScores{Items: itemsOf(eligible, nil)}
	}
	even := roaring.BitmapOf(evenly(eligible, n, max(1, l.Whole/lookEven), l.Turn)...)
	looked := even.Clone()
	var best []engine.ItemNum
	for _, scorer := range scorers {
		if scorer == nil {
			continue
		}
		best = scorer.Propose(eligible, l.Best, best[:0])
		for _, item := range best {
			looked.Add(uint32(item))
		}
	}
	out := &RawScores{Items: itemsOf(looked, nil), Even: make([]int, 0, even.GetCardinality())}
	for place, item := range out.Items {
		if even.Contains(uint32(item)) {
			out.Even = append(out.Even, place)
		}
	}
	return out
}

// evenly returns some of the n numbers in b, as far from each other as can be. From turn to turn
// they are the next ones.
func evenly(b *roaring.Bitmap, n, some, turn int) []uint32 {
	out := make([]uint32, 0, some)
	first := turn * some % n // in parts of an item, some of which are one
	at := 0
	for it := b.Iterator(); it.HasNext() && len(out) < some; at++ {
		if number := it.Next(); at == (len(out)*n+first)/some {
			out = append(out, number)
		}
	}
	return out
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
