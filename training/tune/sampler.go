package tune

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/training"
)

// Sampler proposes what is tried next.
type Sampler interface {
	// Sample returns a place in the space: a number from 0 to 1 for each range. It depends
	// on its arguments alone; rng belongs to the trial.
	Sample(rng *rand.Rand, space []training.Range, past []Seen) []float64
}

// Seen is a place where a trial has been.
type Seen struct {
	At    []float64
	Value float64 // the higher the better
	// Pruned says that Value is of a part of the cases only, and hopeless.
	Pruned bool
}

// Random proposes places anywhere, whatever was seen.
type Random struct{}

// Sample implements Sampler.
func (Random) Sample(rng *rand.Rand, space []training.Range, _ []Seen) []float64 {
	at := make([]float64, len(space))
	for i := range at {
		at[i] = rng.Float64()
	}
	return at
}

// TPE is the tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl 2011):
// what was seen is parted into the good and the rest, each is made a density, and of some
// places drawn from that of the good the one is proposed where the good are densest in
// proportion to the rest. Densities are mixtures of kernels over all settings jointly, as
// in BOHB (Falkner, Klein and Hutter 2018), and of one that is the same everywhere, so
// that no place is ever ruled out.
type TPE struct{}

const (
	startup    = 8    // trials anywhere, before there is anything to learn from
	goodShare  = 0.15 // of the trials
	candidates = 24   // of which the best one is proposed
	flatWeight = 1    // of the kernel that is the same everywhere, a trial's being 1
)

// Sample implements Sampler.
func (TPE) Sample(rng *rand.Rand, space []training.Range, past []Seen) []float64 {
	if len(past) < startup {
		return Random{}.Sample(rng, space, past)
	}
	ranked := slices.Clone(past)
	slices.SortStableFunc(ranked, func(a, b Seen) int {
		switch {
		case a.Pruned == b.Pruned:
			return cmp.Compare(b.Value, a.Value)
		case a.Pruned:
			return 1
		}
		return -1
	})
	n := max(2, int(math.Ceil(goodShare*float64(len(ranked)))))
	good, rest := parzen(space, ranked[:n]), parzen(space, ranked[n:])
	var best []float64
	most := math.Inf(-1)
	for range candidates {
		at := good.draw(rng)
		if gain := math.Log(good.density(at)) - math.Log(rest.density(at)); gain > most {
			best, most = at, gain
		}
	}
	return best
}

// mixture is a density over the cube: kernels around what was seen, and a flat one.
type mixture struct {
	space []training.Range
	seen  []Seen
	width float64 // standard deviation of a number's kernel
}

// parzen makes a density of what was seen. Kernels narrow as n^(-1/(d+4)), by Scott's
// rule (1992), and never to nothing.
func parzen(space []training.Range, seen []Seen) *mixture {
	n, d := float64(len(seen)), float64(len(space))
	return &mixture{space: space, seen: seen, width: max(0.25*math.Pow(n+1, -1/(d+4)), 0.02)}
}

// draw draws a place.
func (m *mixture) draw(rng *rand.Rand) []float64 {
	at := Random{}.Sample(rng, m.space, nil)
	i := int(rng.Float64() * (float64(len(m.seen)) + flatWeight))
	if i >= len(m.seen) {
		return at
	}
	for j := range m.space {
		if len(m.space[j].Words) > 0 {
			if rng.Float64() < wordStays {
				at[j] = m.seen[i].At[j]
			}
			continue
		}
		for {
			if at[j] = m.seen[i].At[j] + m.width*rng.NormFloat64(); at[j] >= 0 && at[j] <= 1 {
				break
			}
		}
	}
	return at
}

// wordStays is how likely a kernel keeps a word; any word is drawn otherwise.
const wordStays = 0.7

// density of a place; flat space has 1.
func (m *mixture) density(at []float64) float64 {
	sum := float64(flatWeight)
	for i := range m.seen {
		kernel := 1.0
		for j := range m.space {
			kernel *= m.kernel(j, m.seen[i].At[j], at[j])
		}
		sum += kernel
	}
	return sum / (float64(len(m.seen)) + flatWeight)
}

// kernel is the density of one setting at x around mu: a normal cut off at 0 and 1, or of
// words the chance that one stays.
func (m *mixture) kernel(j int, mu, x float64) float64 {
	r := &m.space[j]
	if words := float64(len(r.Words)); words > 0 {
		if r.At(mu) == r.At(x) {
			return 1 - wordStays + wordStays*words
		}
		return 1 - wordStays
	}
	z := (x - mu) / m.width
	inside := 0.5 * (math.Erf((1-mu)/(m.width*math.Sqrt2)) + math.Erf(mu/(m.width*math.Sqrt2)))
	return math.Exp(-z*z/2) / (m.width * math.Sqrt(2*math.Pi) * inside)
}
