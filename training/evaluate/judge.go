package evaluate

import (
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
)

// Judged is one customer's list against what was held out: all that the metrics of one
// customer look at.
type Judged struct {
	gains []float64 // by place in the list, 0 where the item was not held out
	ideal []float64 // the gains there were to have, greatest first
}

// Judge holds a list, best first, against the relevant items. Gains says how relevant
// each of those is, in the same order; nil makes all of them 1, and 0 or less makes one
// irrelevant. An item listed twice counts at its first place. A customer without a
// relevant item scores 0 in everything: whoever averages leaves such customers out.
func Judge(list, relevant []engine.ItemNum, gains []float64) *Judged {
	wanted := make(map[engine.ItemNum]float64, len(relevant))
	for i, n := range relevant {
		gain := 1.0
		if gains != nil {
			gain = gains[i]
		}
		if gain > 0 {
			wanted[n] = gain
		}
	}
	j := &Judged{gains: make([]float64, len(list)), ideal: make([]float64, 0, len(wanted))}
	for _, gain := range wanted {
		j.ideal = append(j.ideal, gain)
	}
	slices.Sort(j.ideal)
	slices.Reverse(j.ideal)
	for i, n := range list {
		j.gains[i] = wanted[n]
		delete(wanted, n)
	}
	return j
}

// ndcg is DCG@k / the greatest DCG@k there could be (Järvelin and Kekäläinen 2002, with
// the usual discount), where
//
//	DCG@k = sum over places i = 1..k of gain(i) / log2(i + 1)
//
// The ideal list is cut at k as well: a full score is possible when more than k items
// are relevant.
func (j *Judged) ndcg(k int) float64 { return ratio(dcg(j.gains, k), dcg(j.ideal, k)) }

// ndcgFull is ndcg with the ideal over all relevant items, however many there are: the
// form of next-basket work (Li et al. 2023, "A Next Basket Recommendation Reality
// Check"). It equals ndcg where at most k items are relevant.
func (j *Judged) ndcgFull(k int) float64 {
	return ratio(dcg(j.gains, k), dcg(j.ideal, len(j.ideal)))
}

// recall is the relevant items found in the first k / all relevant items.
func (j *Judged) recall(k int) float64 {
	return ratio(float64(j.hits(k)), float64(len(j.ideal)))
}

// recallMin is recall divided by min(k, relevant), as in Liang et al. 2018 (Mult-VAE):
// a full score is possible when more than k items are relevant.
func (j *Judged) recallMin(k int) float64 {
	return ratio(float64(j.hits(k)), float64(min(k, len(j.ideal))))
}

// hitRate is 1 if the first k hold a relevant item, else 0.
func (j *Judged) hitRate(k int) float64 {
	if j.hits(k) > 0 {
		return 1
	}
	return 0
}

// reciprocalRank is 1 / the place of the first relevant item, 0 if the first k hold
// none. Its mean is MRR (Voorhees 1999).
func (j *Judged) reciprocalRank(k int) float64 {
	for i, gain := range j.gains[:min(k, len(j.gains))] {
		if gain > 0 {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// averagePrecision is
//
//	sum over places i <= k of relevant items of precision@i / min(k, relevant)
//
// Its mean is MAP. Of the whole list it is the classic one (Manning, Raghavan and
// Schütze 2008, section 8.4). Cut at k, some tools divide by all relevant items
// instead; with min a perfect list scores 1.
func (j *Judged) averagePrecision(k int) float64 {
	var sum float64
	var found int
	for i, gain := range j.gains[:min(k, len(j.gains))] {
		if gain > 0 {
			found++
			sum += float64(found) / float64(i+1)
		}
	}
	return ratio(sum, float64(min(k, len(j.ideal))))
}

// precision is the relevant items found in the first k / k, also where the list is
// shorter than k: places left empty are places wasted.
func (j *Judged) precision(k int) float64 { return float64(j.hits(k)) / float64(k) }

// hits counts the relevant items in the first k.
func (j *Judged) hits(k int) int {
	var n int
	for _, gain := range j.gains[:min(k, len(j.gains))] {
		if gain > 0 {
			n++
		}
	}
	return n
}

func dcg(gains []float64, k int) float64 {
	var sum float64
	for i, gain := range gains[:min(k, len(gains))] {
		if gain > 0 {
			sum += gain / math.Log2(float64(i+2))
		}
	}
	return sum
}

// ratio is a/b, and 0 where there was nothing to have.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
