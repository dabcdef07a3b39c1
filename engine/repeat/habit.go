package repeat

import (
	"math"
	"time"

	"github.com/rapportengine/rapport/engine"
)

// habit is how an item is bought again: by which share of its customers, and at what
// rates a day by those, Gamma distributed.
type habit struct {
	again [kept]float64 // by times bought less one: the share that buys once more, 0 to 1
	shape float64
	scale float64 // of the rate's inverse, in days: the mean rate is shape/scale
}

// kept is up to how many times bought the shares are told apart; the last is of that
// many and more.
const kept = 4

const day = 24 * time.Hour

func days(d time.Duration) float64 { return max(0, float64(d)/float64(day)) }

// rate is the posterior rate, in purchases a day, of a customer who bought the item k
// times, with t days since the last time and span days between the first and the last:
//
//	(k + shape) / (span + waited + scale)
//
// where waited is t. Of Bhagat et al. 2018 is the rule for who bought it just now: as
// long as t < 2 mean, with mean the mean time between two of the customer's purchases,
// they take 2 |mean - t| in its place, so that the rate is low right after a purchase and
// highest when the next one is due. soon is how far that rule is followed, from 0 to 1.
func (h *habit) rate(k int, span, t, soon float64) float64 {
	mean := (span + h.scale) / (float64(k-1) + h.shape)
	waited := t
	if t < 2*mean {
		waited += soon * (2*math.Abs(mean-t) - t)
	}
	return (float64(k) + h.shape) / (span + waited + h.scale)
}

// score is the chance that the item is bought again within the horizon.
func (h *habit) score(in *engine.Interest, now time.Time, p *Params) float64 {
	if in.Bought < 1 {
		return 0
	}
	rate := h.rate(in.Bought, days(in.LastBought.Sub(in.FirstBought)), days(now.Sub(in.LastBought)), max(p.Soon, 0))
	return h.again[min(in.Bought, kept)-1] * -math.Expm1(-rate*days(p.Horizon))
}

// rates sums up observed rates, as a Gamma distribution is fitted from.
type rates struct{ count, sum, logs float64 }

func (r *rates) add(rate float64) {
	r.count++
	r.sum += rate
	r.logs += math.Log(rate)
}

// with returns r and so many of the average of shop.
func (r rates) with(shop rates, count float64) rates {
	f := count / shop.count
	return rates{r.count + count, r.sum + f*shop.sum, r.logs + f*shop.logs}
}

// fit returns the shape and scale of highest likelihood, to 1.5 % (Minka, "Estimating a
// Gamma distribution", 2002).
func (r rates) fit() (shape, scale float64) {
	mean := r.sum / r.count
	s := math.Log(mean) - r.logs/r.count // 0 where all rates are the same
	s = max(s, leastSpread)
	shape = (3 - s + math.Sqrt((s-3)*(s-3)+24*s)) / (12 * s)
	return shape, shape / mean
}

// leastSpread bounds the shape to some 50: no item's customers are that much alike.
const leastSpread = 0.01

// share is how many of the customers who bought an item some number of times bought it
// once more.
type share struct{ customers, again float64 }

// trust returns the mean share over all items, and how many customers of that mean are
// to be added to each item: the beta prior by moments (Kleinman, "Proportions with
// extraneous variance", 1973), from 1 where items differ as much as they can to 10,000
// where they do not.
func trust(items []share) (mean, customers float64) {
	var all share
	var squares, kinds float64
	for _, s := range items {
		if s.customers > 0 {
			all.customers += s.customers
			all.again += s.again
			squares += s.customers * s.customers
			kinds++
		}
	}
	if all.customers == 0 {
		return 0, 1
	}
	mean = all.again / all.customers
	spread := 0.0
	for _, s := range items {
		if s.customers > 0 {
			d := s.again/s.customers - mean
			spread += s.customers * d * d
		}
	}
	variance := (spread - (kinds-1)*mean*(1-mean)) / (all.customers - squares/all.customers - (kinds - 1))
	if !(variance > 0) {
		return mean, 10_000
	}
	return mean, min(max(mean*(1-mean)/variance-1, 1), 10_000)
}
