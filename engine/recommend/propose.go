package recommend

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/rank"
)

// How many items each source proposes per item asked for, where the eligible are too
// many to score them all, and how many at the least.
const (
	proposalsFactor = 20
	proposalsLeast  = 500
)

// From how many eligible items on a source that speaks alone is asked for its best before
// all are scored. Of a shop of 2,500 items both cost the same, of 20,000 a list of factors,
// embeddings, item-kNN or popularity costs half or less. Where rows of a large catalogue lie
// far apart in no cache, 900 of a million cost a quarter.
const (
	searchedFrom    = 4096
	searchedFromFar = 512
	farApart        = 100_000 // items of a catalogue
)

// depths are how many items the sources are to propose, one try after the other; none
// where everything is scored at once.
//
// What one source finds best is the list but for its arrangement, so that little more than
// the list is enough. Of several each may find best what the others do not: they propose
// above the limit alone, and many.
func (v *voices) depths(eligible, limit int, r *rank.Rules) []int {
	many := max(r.Count*proposalsFactor, proposalsLeast)
	depths := []int{many}
	if len(v.voices) == 1 {
		if few := r.Looks(); few < many {
			depths = []int{few, many}
		}
	} else if eligible <= limit {
		return nil
	}
	least := searchedFrom
	if v.query.Catalogue.Len() > farApart {
		least = searchedFromFar
	}
	if eligible <= limit && (eligible < least || eligible < 2*depths[0]) {
		return nil
	}
	return depths
}

// propose returns items worth scoring: the n that each source finds best among all that
// are eligible, among those the boosts lift and among those they do not lower. If that
// is little, the rest is filled up by number: that is how items stand in a list that
// no source knows. No item that is not among them scores above unseen.
func (v *voices) propose(eligible *roaring.Bitmap, l liftList, n int) (found *roaring.Bitmap, unseen float64) {
	found = roaring.New()
	atMost := make([]float32, len(v.voices)) // what each source says of what it does not propose
	var proposed []engine.ItemNum
	for part, among := range l.parts(eligible) {
		for i, voice := range v.voices {
			proposed = voice.Propose(among, n, proposed[:0])
			for _, item := range proposed {
				found.Add(uint32(item))
			}
			if part == 0 && len(proposed) == n {
				var last [1]float32
				voice.Score(proposed[n-1:], last[:])
				atMost[i] = max(last[0], 0)
			}
		}
	}
	for it := eligible.Iterator(); it.HasNext() && found.GetCardinality() < uint64(n); {
		found.Add(it.Next())
	}
	if found.GetCardinality() == eligible.GetCardinality() {
		return found, math.Inf(-1)
	}
	return found, v.sumAtMost(atMost, l)
}

// sumAtMost is what an item scores at most of which each source says at most this. It is
// summed in the order of score, so that no rounding takes it below.
func (v *voices) sumAtMost(raw []float32, l liftList) float64 {
	var sum [1]float64
	for _, common := range []bool{true, false} {
		for i, voice := range v.voices {
			if !(voice.Gain() >= 0) {
				return math.Inf(1) // the less a source says the more it counts
			}
			if v.isCommon(i) == common {
				voice.AddTo(sum[:], raw[i:i+1])
			}
		}
	}
	for _, lift := range l {
		sum[0] += max(lift.add, 0)
	}
	return sum[0]
}
