package solution

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rapportengine/rapport/engine"
)

func drawChoices(t *rapid.T) []Choice {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	out := make([]Choice, rapid.IntRange(1, 30).Draw(t, "tickets"))
	for i := range out {
		c := &out[i]
		c.Nothing = [nothings]float64{1, rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()}
		c.Weight = float64(rng.IntN(3))
		for range rng.IntN(6) {
			var v Values
			for k := range v {
				v[k] = rng.Float64()*2 - 1
			}
			c.Evidence = append(c.Evidence, v)
			c.Right = append(c.Right, rng.IntN(3) == 0)
		}
	}
	return out
}

// TestSoftmaxSlopes holds the gradient and the second derivatives of the loss against
// differences.
func TestSoftmaxSlopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		choices := drawChoices(t)
		start := DefaultWeights().vector()
		at := start
		for i := range at {
			at[i] += rapid.Float64Range(-1, 1).Draw(t, "shift")
		}
		_, gradient, curve := softmaxLoss(choices, at, start)
		i := rapid.IntRange(0, parameters-1).Draw(t, "parameter")
		const h = 1e-4
		up, down := at, at
		up[i], down[i] = at[i]+h, at[i]-h
		lossUp, gradientUp, _ := softmaxLoss(choices, up, start)
		lossDown, gradientDown, _ := softmaxLoss(choices, down, start)
		if got := (lossUp - lossDown) / (2 * h); math.Abs(got-gradient[i]) > 1e-4 {
			t.Fatalf("slope %d is %v, differences say %v", i, gradient[i], got)
		}
		for j := range parameters {
			if got := (gradientUp[j] - gradientDown[j]) / (2 * h); math.Abs(got-curve.At(i, j)) > 1e-4 {
				t.Fatalf("curvature %d, %d is %v, differences say %v", i, j, curve.At(i, j), got)
			}
		}
		fitted, err := Fit(choices, DefaultWeights())
		if err != nil {
			t.Fatal(err)
		}
		again, err := FitNothing(choices, DefaultWeights(), fitted)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range again.vector() {
			// A weight that its sign holds at 0 is left there where the slope is letGo at most: the prior
			// alone bends the loss, so that it may end so far off, and the loss with it.
			if was := fitted.vector()[i]; i < int(kinds) && w != was || math.Abs(w-was) > letGo/prior {
				t.Fatalf("with the order of fixes fixed, parameter %d becomes %v from %v", i, w, was)
			}
		}
		before, _, _ := softmaxLoss(choices, fitted.vector(), start)
		after, _, _ := softmaxLoss(choices, again.vector(), start)
		if math.Abs(after-before) > letGo*letGo/prior {
			t.Fatalf("with the order of fixes fixed, the loss becomes %v from %v", after, before)
		}
		_, gradient, _ = softmaxLoss(choices, fitted.vector(), start)
		for i, g := range gradient {
			w, sign := fitted.vector()[i], signs[i]
			if sign*w < 0 {
				t.Fatalf("parameter %d is %v, its sign is %v", i, w, sign)
			}
			if held := sign != 0 && w == 0; math.Abs(g) > 0.1 && (!held || sign*g < 0) {
				t.Fatalf("the fit ended on a slope: %v at parameter %d", g, i)
			}
		}
	})
}

// TestFitFindsWhatChose draws right fixes by known weights, and finds them again.
func TestFitFindsWhatChose(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	truth := DefaultWeights()
	truth.Of[Head], truth.Of[Outcome], truth.Nothing[0] = 3, 1.5, 1
	var choices []Choice
	for range 4_000 {
		c := Choice{Nothing: [nothings]float64{1}}
		scores := []float64{truth.Nothing[0]}
		for range 5 {
			var v Values
			v[Head], v[Outcome] = rng.Float64(), 2*rng.Float64()-1
			c.Evidence = append(c.Evidence, v)
			c.Right = append(c.Right, false)
			scores = append(scores, truth.of(&v))
		}
		best, bestAt := math.Inf(-1), 0
		for i, s := range scores { // the greatest of scores + Gumbel noise is a draw of the softmax
			if g := s - math.Log(-math.Log(rng.Float64())); g > best {
				best, bestAt = g, i
			}
		}
		if bestAt > 0 {
			c.Right[bestAt-1] = true
		}
		choices = append(choices, c)
	}
	got, err := Fit(choices, DefaultWeights())
	if err != nil {
		t.Fatal(err)
	}
	for what, d := range map[string]float64{
		"head": got.Of[Head] - 3, "outcome": got.Of[Outcome] - 1.5, "nothing": got.Nothing[0] - 1, "words, of which there are none": got.Of[Words] - 1,
	} {
		if math.Abs(d) > 0.25 {
			t.Errorf("the weight of %s is off by %.2f", what, d)
		}
	}
	// What it claims is what is true.
	var claimed, right float64
	for i := range choices {
		order, _, chance := choices[i].Rank(got)
		claimed += chance
		if choices[i].Right[order[0]] {
			right++
		}
	}
	if math.Abs(claimed-right) > 0.03*float64(len(choices)) {
		t.Errorf("%.0f answers were claimed right, %.0f were", claimed, right)
	}
}

func TestSure(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var chances, weights, right []float64
	for range 5_000 {
		p := rng.Float64()
		chances, weights = append(chances, p), append(weights, 1)
		is := 0.0
		if rng.Float64() < sigmoid(0.5*odds(p)-1) {
			is = 1
		}
		right = append(right, is) // too sure by half, and by an offset
	}
	s := FitSure(chances, right, weights)
	if s == nil || math.Abs(s.Slope-0.5) > 0.06 || math.Abs(s.Offset+1) > 0.12 {
		t.Errorf("fitted %+v, want a slope of 0.5 and an offset of -1", s)
	}
	if FitSure(chances[:50], right[:50], weights[:50]) != nil {
		t.Error("fifty answers were enough to calibrate")
	}
	all := make([]float64, len(right))
	if FitSure(chances, all, weights) != nil {
		t.Error("answers that were all wrong were enough to calibrate")
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(0, 1).Draw(t, "a"), rapid.Float64Range(0, 1).Draw(t, "b")
		x, y := s.Of(a, 0), s.Of(b, 0)
		if x <= 0 || x >= 1 || a < b && x > y {
			t.Fatalf("%v becomes %v, %v becomes %v", a, x, b, y)
		}
	})
}

// TestSureAgain holds that what failed is worth is learnt where it is known, that it is taken from
// the next where it is not, and that first answers stay as they are.
func TestSureAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var chances, weights, right []float64
	var failed []int
	for range 5_000 {
		p, n := rng.Float64(), 1+rng.IntN(2)
		is := 0.0
		if rng.Float64() < sigmoid(0.5*odds(p)-1-1.5*float64(n)) {
			is = 1
		}
		chances, weights, right, failed = append(chances, p), append(weights, 1), append(right, is), append(failed, n)
	}
	s := Sure{Slope: 0.5, Offset: -1}
	if s.Again(chances, right, weights, failed); math.Abs(s.Failed-1.5) > 0.15 {
		t.Errorf("a failed fix takes %.2f, want 1.5", s.Failed)
	}
	if s.Slope != 0.5 || s.Offset != -1 {
		t.Errorf("first answers are %+v", s)
	}
	if s.Again(nil, nil, nil, nil); s.Failed != failedPrior || s.Of(0.9, 1) >= s.Of(0.9, 0) || s.Of(0.9, 2) >= s.Of(0.9, 1) {
		t.Errorf("where nobody knows it takes %.2f", s.Failed)
	}
	for i := range right {
		right[i] = 1
	}
	if s.Again(chances, right, weights, failed); s.Failed != 0 {
		t.Errorf("that a fix failed speaks for the next: %.2f", s.Failed)
	}
}

// TestChoiceWithout holds a choice without what failed against the ticket asked so.
func TestChoiceWithout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var found []*candidate
		for i := range rapid.IntRange(1, 6).Draw(t, "fixes") {
			c := &candidate{num: engine.ItemNum(i)}
			for k := range c.values {
				c.values[k] = rapid.Float64Range(0, 1).Draw(t, "value")
			}
			found = append(found, c)
		}
		s := &search{known: rapid.Float64Range(0, 1).Draw(t, "known")}
		whole := s.choice(found)
		whole.Right = make([]bool, len(found))
		for i := range found {
			whole.Fixes = append(whole.Fixes, found[i].num)
		}
		failed := engine.ItemNum(rapid.IntRange(0, 6).Draw(t, "failed"))
		var left []*candidate
		for _, c := range found {
			if c.num != failed {
				left = append(left, c)
			}
		}
		got, want := whole.Without([]engine.ItemNum{failed}), s.choice(left)
		if got.Nothing != want.Nothing || len(got.Fixes) != len(left) || !slices.Equal(got.Evidence, want.Evidence) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// TestRankOfASearchIsThatOfItsChoice holds the first of a search and their chance against all of
// them sorted, ties too.
func TestRankOfASearchIsThatOfItsChoice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &search{known: rapid.Float64Range(0, 1).Draw(t, "known"), weights: DefaultWeights()}
		s.weights.Nothing[0] = rapid.Float64Range(-1, 1).Draw(t, "nothing")
		var found []*candidate
		for i := range rapid.IntRange(1, 30).Draw(t, "fixes") {
			c := &candidate{num: engine.ItemNum(i)}
			c.values[Words] = float64(rapid.IntRange(0, 5).Draw(t, "words"))
			c.score = s.weights.of(&c.values)
			found = append(found, c)
		}
		whole := s.choice(found)
		order, scores, want := whole.Rank(s.weights)
		count := rapid.IntRange(1, 40).Draw(t, "count")
		first, got := s.rank(found, count)
		if got != want || len(first) != min(count, len(found)) {
			t.Fatalf("%d with a chance of %v, want %d with %v", len(first), got, min(count, len(found)), want)
		}
		for i, c := range first {
			if c != found[order[i]] || c.score != scores[order[i]] {
				t.Fatalf("the %d. is %d with %v, want %d with %v", i, c.num, c.score, order[i], scores[order[i]])
			}
		}
	})
}

// TestOutcomesShrink holds the chance between what was seen and the mean, nearer to what
// was seen the more there is.
func TestOutcomesShrink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var solved []Solved
		type tally struct{ solved, tried float64 }
		seen := make(map[engine.ItemNum]*tally)
		for range rapid.IntRange(1, 80).Draw(t, "tickets") {
			trial := Trial{Fix: engine.ItemNum(rapid.IntRange(0, 4).Draw(t, "fix")), Solved: rapid.Bool().Draw(t, "solved")}
			solved = append(solved, Solved{Trials: []Trial{trial}})
			if seen[trial.Fix] == nil {
				seen[trial.Fix] = new(tally)
			}
			seen[trial.Fix].tried++
			if trial.Solved {
				seen[trial.Fix].solved++
			}
		}
		o := newOutcomes(solved)
		for fix := range engine.ItemNum(6) {
			p := o.chance(fix, "", counts{}, nil)
			if seen[fix] == nil {
				if math.Abs(p-o.mean) > 1e-12 {
					t.Fatalf("a fix never tried has chance %v, the mean is %v", p, o.mean)
				}
				continue
			}
			share := seen[fix].solved / seen[fix].tried
			if p < min(share, o.mean)-1e-9 || p > max(share, o.mean)+1e-9 {
				t.Fatalf("chance %v is not between the share %v and the mean %v", p, share, o.mean)
			}
		}
		// A ticket is asked as if it had never been.
		own := &solved[0]
		rest := newOutcomes(solved[1:])
		rest.mean, rest.strength = o.mean, o.strength // which are of all
		fix := own.Trials[0].Fix
		if got, want := o.chance(fix, "", counts{}, &Own{Solved: own}), rest.chance(fix, "", counts{}, nil); math.Abs(got-want) > 1e-12 {
			t.Fatalf("without itself %v, want %v", got, want)
		}
	})
}

func TestHabits(t *testing.T) {
	in := Place{product: "lamp", channel: "chat"}
	var solved []Solved
	for i := range 40 {
		fix, place := engine.ItemNum(1), in
		if i%2 == 0 {
			fix, place = 2, Place{product: "mug", channel: "chat"}
		}
		solved = append(solved, Solved{Trials: []Trial{{fix, true}}, Place: place})
	}
	h := newHabits(solved)
	product, age, channel := plainHabits(h, 1, in, nil)
	other, _, _ := plainHabits(h, 2, in, nil)
	if product < 0.1 || other > -0.3 || age != 0 || math.Abs(channel) > 0.05 {
		t.Errorf("for a lamp its fix has %v, the mug's %v; age %v, channel %v", product, other, age, channel)
	}
	if never, _, _ := plainHabits(h, 9, in, nil); never > 0 || never < -0.2 {
		t.Errorf("a fix nobody tried has %v, want nothing to speak of", never)
	}
}
