package embed

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPairIsTheGradient compares the fast step with the plain one: float64, one
// derivative of the objective after the other.
func TestPairIsTheGradient(t *testing.T) {
	data, _ := clusters(3, 100)
	p := Params{Dims: 11, Negatives: 4}.WithDefaults()
	c := newCorpus(data, 1)
	f := newSGNS(c, p)
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range f.in {
		f.in[i], f.out[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	for range 200 {
		center, neighbour := uint32(rng.IntN(c.rows.Len())), uint32(rng.IntN(c.rows.Len()))
		in, out, random := widen(f.in), widen(f.out), *f.random
		plainPair(f, &random, in, out, center, neighbour, 0.05)
		f.pair(center, neighbour, 0.05)
		for i := range in {
			if math.Abs(in[i]-float64(f.in[i])) > 1e-5 || math.Abs(out[i]-float64(f.out[i])) > 1e-5 {
				t.Fatalf("pair %d, %d: value %d is %v and %v, by hand %v and %v", center, neighbour, i, f.in[i], f.out[i], in[i], out[i])
			}
		}
	}
}

func widen(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// plainPair makes the step of a pair as the paper has it.
func plainPair(f *sgns, random *rand.PCG, in, out []float64, center, neighbour uint32, rate float64) {
	v := in[int(center)*f.Dims:][:f.Dims]
	pull := make([]float64, f.Dims)
	step := func(row uint32, truth float64) {
		u, score := out[int(row)*f.Dims:][:f.Dims], 0.0
		for k := range v {
			score += v[k] * u[k]
		}
		for k := range v { // d log s(x) = 1-s(x), d log s(-x) = -s(x)
			derivative := truth - 1/(1+math.Exp(-score))
			pull[k] += rate * derivative * u[k]
			u[k] += rate * derivative * v[k]
		}
	}
	step(neighbour, 1)
	for range f.Negatives {
		if row := f.negative.draw(random); row != neighbour {
			step(row, 0)
		}
	}
	for k := range v {
		v[k] += pull[k]
	}
}

// TestSentenceMeetsThePairsThatAreCounted holds the two methods to the same pairs: what
// skip-gram meets in many passes is, on average, what PPMI counts.
func TestSentenceMeetsThePairsThatAreCounted(t *testing.T) {
	data, _, _ := world(40, 12)
	p := Params{Window: 3, Subsample: 0.05, Workers: 1}.WithDefaults()
	c := newCorpus(data, 1)
	counts, err := countPairs(t.Context(), c, p)
	if err != nil {
		t.Fatal(err)
	}
	p.Subsample = 1 // thinning also moves far items near, which PPMI does not see
	plain, err := countPairs(t.Context(), c, p)
	if err != nil {
		t.Fatal(err)
	}
	const passes = 400
	met := make([]map[uint32]float64, c.rows.Len())
	for row := range met {
		met[row] = map[uint32]float64{}
	}
	f := newSGNS(c, p)
	for range passes {
		for i := range c.sentences() {
			f.pairs(c.sentence(i), func(center, neighbour uint32) { met[center][neighbour]++ })
		}
	}
	keep := c.keep(0.05)
	for row, neighbours := range plain {
		if len(neighbours) != len(met[row]) {
			t.Fatalf("item %d: %d neighbours are counted, %d met", row, len(neighbours), len(met[row]))
		}
		for i, n := range neighbours {
			got := met[row][uint32(n.Column)] / passes
			if math.Abs(got-n.Value) > 6*math.Sqrt(n.Value/passes) {
				t.Errorf("items %d and %d meet %.2f times a pass, counted are %.2f", row, n.Column, got, n.Value)
			}
			if thinned := counts[row][i].Value; math.Abs(thinned-n.Value*keep[row]*keep[n.Column]) > 1e-9*n.Value {
				t.Errorf("items %d and %d count %v thinned out, %v whole", row, n.Column, thinned, n.Value)
			}
		}
	}
}

// TestFrequentItemsAreThinnedOut holds that an item stays with the chance keep says.
func TestFrequentItemsAreThinnedOut(t *testing.T) {
	data, _, _ := world(40, 12)
	p := Params{Window: 1, Subsample: 0.02}.WithDefaults()
	c := newCorpus(data, 1)
	f, keep := newSGNS(c, p), c.keep(p.Subsample)
	const passes = 300
	stayed := make([]float64, len(keep))
	for range passes {
		for i := range c.sentences() {
			f.pairs(c.sentence(i), func(_, _ uint32) {})
			for _, row := range f.left {
				stayed[row]++
			}
		}
	}
	for row, count := range c.counts {
		want := keep[row] * float64(count) * passes
		if math.Abs(stayed[row]-want) > 5*math.Sqrt(want) {
			t.Errorf("item %d of %d steps stayed %v times, want about %.0f", row, count, stayed[row], want)
		}
	}
	if first := keep[0]; first > 0.9 {
		t.Errorf("the most popular item stays with the chance %v: nothing was thinned out", first)
	}
}

// TestRateFalls holds that the same pair moves a vector by a share of leastRate at the
// end of what it does at the beginning.
func TestRateFalls(t *testing.T) {
	data, _, _ := world(40, 12)
	c := newCorpus(data, 1)
	moved := func(done int) float64 {
		f := newSGNS(c, Params{Window: 1, Subsample: 1, Negatives: 1}.WithDefaults())
		f.done = done
		f.sentence(c.sentence(0)[:2])
		return squares(f.out) // began at 0
	}
	all := len(c.steps) * Params{}.WithDefaults().Epochs
	first, half, last := moved(0), moved(all/2), moved(all)
	if math.Abs(half/first-0.25) > 0.01 || math.Abs(last/first/(leastRate*leastRate)-1) > 0.01 {
		t.Errorf("squared moves are %v, %v half way and %v at the end", first, half, last)
	}
	f := newSGNS(c, Params{}.WithDefaults())
	f.sentence(c.sentence(0))
	if f.done != len(c.sentence(0)) {
		t.Errorf("%d steps are done after a sentence of %d", f.done, len(c.sentence(0)))
	}
}

func TestSamplerDrawsByCount(t *testing.T) {
	counts := []int{1, 50, 3, 3, 200, 7}
	for _, power := range []float64{1, 0.75, 1e-9, -0.5} {
		s := newSampler(counts, power)
		const draws = 200_000
		got, sum := make([]float64, len(counts)), 0.0
		random := rand.NewPCG(1, 2)
		for range draws {
			got[s.draw(random)]++
		}
		for _, n := range counts {
			sum += math.Pow(float64(n), power)
		}
		for i, n := range counts {
			want := draws * math.Pow(float64(n), power) / sum
			if math.Abs(got[i]-want) > 5*math.Sqrt(want) {
				t.Errorf("power %v: row %d was drawn %v times, want about %.0f", power, i, got[i], want)
			}
		}
	}
}

func TestInitialValuesDependOnSeedAndIDAlone(t *testing.T) {
	draw := func(id string, seed uint64) []float32 {
		v := make([]float32, 6)
		initialise(v, id, seed)
		return v
	}
	if !slices.Equal(draw("a", 1), draw("a", 1)) {
		t.Error("the same seed and id give other values")
	}
	if slices.Equal(draw("a", 1), draw("a", 2)) || slices.Equal(draw("a", 1), draw("b", 1)) {
		t.Error("another seed or id gives the same values")
	}
}
