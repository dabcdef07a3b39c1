package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

const (
	defaultResamples = 2_000  // intervals then move by some 2 % of their width from seed to seed
	defaultFlips     = 10_000 // the smallest p is 0.0001
)

// Interval holds the true value in 95 of 100 repetitions, nearly.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Resampling says how chance is simulated. The zero value is useful.
type Resampling struct {
	Seed      uint64
	Resamples int // of a bootstrap, 0 for 2,000
	Flips     int // of a permutation test, 0 for 10,000
}

// Mean returns the mean of one value a customer and its 95 % percentile bootstrap
// interval (Efron 1979): customers are drawn with replacement, as many as there are,
// and the middle 95 % of the means so found is the interval. Without values all is 0.
func (r Resampling) Mean(values []float64) (float64, Interval) { return r.MeanBy(values, nil) }

// MeanBy is Mean of values of which a customer may have several: whose[i] numbers the
// customer of values[i], from 0 and without gaps. All values of a customer are drawn
// together (the cluster bootstrap, Davison and Hinkley 1997, section 3.8): what one
// person does in one window says something of what they do in the next, so that drawing
// the values one by one would make intervals too short. nil is one value a customer.
func (r Resampling) MeanBy(values []float64, whose []int) (float64, Interval) {
	if len(values) == 0 {
		return 0, Interval{}
	}
	means := make([]float64, cmp.Or(r.Resamples, defaultResamples))
	sums, sizes := clusters(values, whose)
	r.each(len(means), "mean", func(b int, rng *rand.PCG) {
		if sizes == nil {
			means[b] = resampledMean(sums, rng)
		} else {
			means[b] = resampledRatio(sums, sizes, rng)
		}
	})
	slices.Sort(means)
	return mean(values), Interval{quantile(means, 0.025), quantile(means, 0.975)}
}

// clusters sums up the values of each customer. Sizes are nil where each has one.
func clusters(values []float64, whose []int) (sums, sizes []float64) {
	if len(whose) == 0 {
		return values, nil
	}
	n := slices.Max(whose) + 1
	if n == len(values) {
		return values, nil
	}
	sums, sizes = make([]float64, n), make([]float64, n)
	for i, v := range values {
		sums[whose[i]] += v
		sizes[whose[i]]++
	}
	return sums, sizes
}

// Comparison is how much better one model is than another on the same customers.
type Comparison struct {
	Difference float64 `json:"difference"` // of the means, above 0 where the first is better
	Interval
	P float64 `json:"p"` // of a difference this large, either way, if there were none
}

// Compare compares a with b, whose values belong to the same customers in the same
// order; it panics where there are more of one. The interval is Mean's, of the
// customers' differences. P is that of a two-sided sign-flip permutation test: if the
// models were alike, each customer's difference could as well have had the other sign.
// The observed signs count as one of the permutations (Phipson and Smyth 2010), so P is
// never 0.
func (r Resampling) Compare(a, b []float64) Comparison { return r.CompareBy(a, b, nil) }

// CompareBy is Compare of values of which a customer may have several, as in MeanBy: all
// differences of a customer are drawn, and change their sign, together.
func (r Resampling) CompareBy(a, b []float64, whose []int) Comparison {
	if len(a) != len(b) {
		panic("evaluate: paired values of different customers")
	}
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	diff, interval := r.MeanBy(differences, whose)
	sums, _ := clusters(differences, whose)
	return Comparison{diff, interval, r.signFlip(sums)}
}

// signFlip is the P of Compare.
func (r Resampling) signFlip(differences []float64) float64 {
	// A difference of 0 keeps its sign whatever is flipped.
	moving := slices.DeleteFunc(slices.Clone(differences), func(d float64) bool { return d == 0 })
	var observed, size float64
	for _, d := range moving {
		observed += d
		size += math.Abs(d)
	}
	// Sums of the same numbers with other signs may differ in the last bits alone.
	bar := math.Abs(observed) - 1e-12*size
	asLarge := make([]bool, cmp.Or(r.Flips, defaultFlips))
	r.each(len(asLarge), "flip", func(b int, rng *rand.PCG) {
		asLarge[b] = math.Abs(flippedSum(moving, rng)) >= bar
	})
	count := 1
	for _, is := range asLarge {
		if is {
			count++
		}
	}
	return float64(count) / float64(len(asLarge)+1)
}

// Holm adjusts the p values of several comparisons so that the chance of one false
// claim among them stays what a single p says (Holm 1979). The result is in the order
// of p.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	var highest float64
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = highest
	}
	return adjusted
}

// each calls do for 0..n-1 on all processors, each time with a generator of its own that
// depends on the seed, the purpose and the number alone: how the work is shared out
// changes nothing.
func (r Resampling) each(n int, purpose string, do func(b int, rng *rand.PCG)) {
	base := mix(r.Seed)
	for _, c := range []byte(purpose) {
		base = mix(base ^ uint64(c))
	}
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			rng := rand.NewPCG(0, 0)
			for b := n * w / workers; b < n*(w+1)/workers; b++ {
				seed := mix(base ^ uint64(b))
				rng.Seed(seed, mix(seed))
				do(b, rng)
			}
		})
	}
	wg.Wait()
}

// resampledMean is the mean of len(values) draws with replacement. One draw of 64 bits
// gives two places; the bias of scaling 32 bits to n places is below n / 2^32.
func resampledMean(values []float64, rng *rand.PCG) float64 {
	n := uint64(len(values))
	var sum float64
	for left := len(values); left > 0; left -= 2 {
		bits := rng.Uint64()
		sum += values[((bits>>32)*n)>>32]
		if left > 1 {
			sum += values[((bits&math.MaxUint32)*n)>>32]
		}
	}
	return sum / float64(n)
}

// resampledRatio draws as many customers as there are, with replacement, and returns the
// sum of their values / the number of these.
func resampledRatio(sums, sizes []float64, rng *rand.PCG) float64 {
	n := uint64(len(sums))
	var sum, size float64
	for range sums {
		i := ((rng.Uint64() >> 32) * n) >> 32
		sum += sums[i]
		size += sizes[i]
	}
	return sum / size
}

// flippedSum is the sum of values with random signs.
func flippedSum(values []float64, rng *rand.PCG) float64 {
	var sum float64
	var signs uint64
	for i, v := range values {
		if i%64 == 0 {
			signs = rng.Uint64()
		}
		sum += math.Float64frombits(math.Float64bits(v) ^ signs<<63)
		signs >>= 1
	}
	return sum
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// quantile of ascending values, between neighbours in proportion (type 7 of Hyndman and
// Fan 1996).
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
