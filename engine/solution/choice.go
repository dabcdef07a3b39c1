package solution

import (
	"cmp"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/vector"
)

// Choice is one solved ticket as the weights are fitted on it: the fixes that could have
// been shown, with their evidence, and which were right.
type Choice struct {
	Fixes    []engine.ItemNum
	Evidence []Values
	Right    []bool // by fix; none of them where nothing shown would have ended it
	Nothing  [nothings]float64
	Weight   float64 // how many tickets it stands for; 0 is one
	// Trials are what was tried, where it is not known of every fix whether it would have
	// ended the ticket: of the others nobody knows. nil is a ticket of which all is known.
	Trials []Trial
}

// Ended reports whether the fix in that place of the choice ends the ticket, and whether
// that is known at all.
func (c *Choice) Ended(place int) (ended, known bool) {
	if c.Trials == nil || c.Right[place] {
		return c.Right[place], true
	}
	return false, slices.ContainsFunc(c.Trials, func(t Trial) bool { return t.Fix == c.Fixes[place] })
}

// teaches reports whether the choice says what fits: a ticket on which all that was tried
// failed does not, as what is right for it may have been tried or not.
func (c *Choice) teaches() bool { return c.Trials == nil || slices.Contains(c.Right, true) }

// Weighs returns how many tickets the choice stands for.
func (c *Choice) Weighs() float64 {
	if c.Weight == 0 {
		return 1
	}
	return c.Weight
}

// ChoiceOf returns what the ticket could be answered with, as Suggest sees it. right are
// the fixes that end it.
func ChoiceOf(in *Input, right []engine.ItemNum) Choice {
	s := open(in)
	defer s.release()
	found := s.found()
	c := s.choice(found)
	c.Right = make([]bool, len(found))
	for i := range found {
		c.Fixes = append(c.Fixes, found[i].num)
		c.Right[i] = slices.Contains(right, found[i].num)
	}
	return c
}

func (s *search) choice(found []*candidate) Choice {
	c := Choice{Nothing: nothing(found, 1-s.known), Evidence: make([]Values, len(found))}
	for i := range found {
		c.Evidence[i] = found[i].values
	}
	return c
}

// Only returns the choice with some kinds of evidence alone: the others are 0 in all fixes,
// and in what says that none fits.
func (c Choice) Only(kinds []Evidence) Choice {
	out := c
	out.Evidence = make([]Values, len(c.Evidence))
	for i, v := range c.Evidence {
		for _, kind := range kinds {
			out.Evidence[i][kind] = v[kind]
		}
	}
	for i, of := range nothingOf {
		if i > 0 && !slices.Contains(kinds, of) {
			out.Nothing[i] = 0
		}
	}
	return out
}

// Without returns the choice after some of its fixes failed: the others, as they would be weighed
// against one another then.
func (c *Choice) Without(failed []engine.ItemNum) Choice {
	out := *c
	out.Fixes, out.Evidence, out.Right = nil, nil, nil
	for i := 1; i < Strange; i++ {
		out.Nothing[i] = 0
	}
	for i, n := range c.Fixes {
		if slices.Contains(failed, n) {
			continue
		}
		out.Fixes, out.Evidence, out.Right = append(out.Fixes, n), append(out.Evidence, c.Evidence[i]), append(out.Right, c.Right[i])
		for at := 1; at < Strange; at++ {
			out.Nothing[at] = max(out.Nothing[at], c.Evidence[i][nothingOf[at]])
		}
	}
	return out
}

// Rank returns the places of the fixes in the choice, best first, ties as they stand, with
// their scores by place in the choice, and the chance of the first one: its share of the
// softmax.
func (c *Choice) Rank(w *Weights) (order []int, scores []float64, chance float64) {
	order, scores = make([]int, len(c.Evidence)), make([]float64, len(c.Evidence))
	for i := range c.Evidence {
		order[i], scores[i] = i, w.of(&c.Evidence[i])
	}
	if len(order) == 0 {
		return order, scores, 0
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return order, scores, w.chance(scores[order[0]], &c.Nothing, slices.Values(scores))
}

// rank returns the first of what was found, best first, ties as they stand, and the chance of the
// first one, as Choice.Rank does.
func (s *search) rank(found []*candidate, count int) (first []*candidate, chance float64) {
	first = make([]*candidate, 0, min(count, len(found))+1)
	for _, c := range found {
		if len(first) == count && c.score <= first[count-1].score {
			continue
		}
		at, _ := slices.BinarySearchFunc(first, c, func(a, c *candidate) int {
			if a.score >= c.score {
				return -1
			}
			return 1
		})
		first = slices.Insert(first, at, c)
		first = first[:min(count, len(first))]
	}
	none := nothing(found, 1-s.known)
	return first, s.weights.chance(first[0].score, &none, func(yield func(float64) bool) {
		for _, c := range found {
			if !yield(c.score) {
				return
			}
		}
	})
}

// chance is the share of the best of some scores in the softmax over them and nothing.
func (w *Weights) chance(best float64, nothing *[nothings]float64, scores iter.Seq[float64]) float64 {
	var none float64
	for i, x := range nothing {
		none += w.Nothing[i] * x
	}
	top := max(best, none)
	sum := math.Exp(none - top)
	for s := range scores {
		sum += math.Exp(s - top)
	}
	return math.Exp(best-top) / sum
}

const (
	parameters = int(kinds) + nothings
	// prior is how strongly weights are drawn to those they begin with, in tickets: half
	// its square is added to the loss of all tickets.
	prior      = 0.1
	fitSteps   = 50
	fitEnough  = 1e-7 // of the loss a ticket
	leastTaken = 1e-9
	letGo      = 0.05 // of the slope, in tickets: less of it is rounding
)

// signs are what is known of the weights by what the evidence means: +1 where more of it never
// speaks against a fix, -1 where it never speaks for one; of the weights of nothing, what is
// strange to the shop speaks for it. Else chance would teach that who bought the lamp has another
// trouble, or, where each answer of a shop's history ended one ticket, as in a forum, that an
// answer which was right before is wrong now.
var signs = func() (of [parameters]float64) {
	for _, kind := range Kinds() {
		of[kind] = 1
	}
	of[Foreign], of[Fresh] = -1, -1
	of[int(kinds)+Strange] = 1
	return of
}()

// Fit returns the weights of greatest likelihood of the softmax over the fixes and
// nothing, with a Gaussian prior about from, of those that have the signs they must have. The
// loss is convex: Newton's method finds the least of it with some weights held at 0, and which
// they are is found by holding what has the wrong sign, and letting go of what would leave 0 to
// the right side (an active set; Lawson and Hanson 1974). Several right fixes of one ticket
// share it. Kinds that no fix has keep their weight.
func Fit(choices []Choice, from *Weights) (*Weights, error) {
	return fit(choices, from, from, [parameters]bool{})
}

// FitNothing is Fit of what nothing scores alone: all that orders fixes stays as it is in of.
func FitNothing(choices []Choice, from, of *Weights) (*Weights, error) {
	var still [parameters]bool
	for kind := range kinds {
		still[kind] = true
	}
	return fit(choices, from, of, still)
}

// fit begins at begin, with the prior about from, and leaves fixed as they are there.
func fit(choices []Choice, from, begin *Weights, fixed [parameters]bool) (*Weights, error) {
	start, at := from.vector(), begin.vector()
	still := fixed // and those that are held at 0
	here := lossAt(choices, at, start)
	for range 4 * parameters { // sets do not come back but for rounding
		var err error
		if at, here, err = newton(choices, at, here, start, &still); err != nil {
			return nil, errors.Join(errors.New("the weights of the evidence cannot be fitted"), err)
		}
		worst := -1
		for i, sign := range signs {
			if !fixed[i] && sign*at[i] < 0 && (worst < 0 || math.Abs(at[i]) > math.Abs(at[worst])) {
				worst = i
			}
		}
		if worst >= 0 {
			at[worst], still[worst] = 0, true
			here = lossAt(choices, at, start)
			continue
		}
		gradient := &here.gradient
		for i, is := range still {
			if is && !fixed[i] && signs[i]*gradient[i] < -letGo && (worst < 0 || math.Abs(gradient[i]) > math.Abs(gradient[worst])) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		still[worst] = false
	}
	for i, sign := range signs {
		if sign*at[i] < 0 && !fixed[i] {
			at[i] = 0
		}
	}
	out := *from
	copy(out.Of[:], at[:kinds])
	copy(out.Nothing[:], at[kinds:])
	return &out, nil
}

// sloped is the loss at some weights, with its slopes there: what takes long to find, so that it
// is found once.
type sloped struct {
	loss     float64
	gradient [parameters]float64
	curve    *vector.Sym
}

func lossAt(choices []Choice, at, start [parameters]float64) sloped {
	loss, gradient, curve := softmaxLoss(choices, at, start)
	return sloped{loss, gradient, curve}
}

// newton finds the least loss from at, where it is as here, with those that are still left where
// they are. It returns where that is, and the loss there.
func newton(choices []Choice, at [parameters]float64, here sloped, start [parameters]float64, still *[parameters]bool) ([parameters]float64, sloped, error) {
	for range fitSteps {
		gradient, curve := here.gradient, vector.NewSym(parameters)
		curve.Copy(1, here.curve)
		for i, is := range still {
			if is {
				gradient[i] = 0
				for j := range parameters {
					curve.Set(i, j, 0)
				}
				curve.Set(i, i, 1)
			}
		}
		if err := curve.Factorise(); err != nil {
			return at, here, err
		}
		step := gradient
		curve.Solve(step[:])
		var slope float64
		for i := range step {
			slope += step[i] * gradient[i]
		}
		next, taken := at, 1.0
		var there sloped
		for ; taken > leastTaken; taken /= 2 {
			for i := range next {
				next[i] = at[i] - taken*step[i]
			}
			if there = lossAt(choices, next, start); there.loss <= here.loss-1e-4*taken*slope {
				break
			}
		}
		if taken <= leastTaken {
			break
		}
		gained := here.loss - there.loss
		at, here = next, there
		if gained < fitEnough*float64(len(choices)) {
			break
		}
	}
	return at, here, nil
}

func (w *Weights) vector() (out [parameters]float64) {
	copy(out[:], w.Of[:])
	copy(out[kinds:], w.Nothing[:])
	return out
}

// softmaxLoss is the negative log likelihood of the choices and the prior, with its
// gradient and second derivatives.
func softmaxLoss(choices []Choice, at, start [parameters]float64) (loss float64, gradient [parameters]float64, curve *vector.Sym) {
	curve = vector.NewSym(parameters)
	var square [parameters][parameters]float64
	for i := range at {
		d := at[i] - start[i]
		loss += 0.5 * prior * d * d
		gradient[i] = prior * d
		square[i][i] = prior
	}
	var scores []float64
	for n := range choices {
		c := &choices[n]
		if !c.teaches() {
			continue
		}
		scores = scores[:0]
		var none float64
		for i, x := range c.Nothing {
			none += at[int(kinds)+i] * x
		}
		top, right := none, 0
		for i := range c.Evidence {
			var sum float64
			for kind, x := range c.Evidence[i] {
				sum += at[kind] * x
			}
			scores = append(scores, sum)
			top = max(top, sum)
			if c.Right[i] {
				right++
			}
		}
		total := math.Exp(none - top)
		for _, s := range scores {
			total += math.Exp(s - top)
		}
		log, weight := top+math.Log(total), c.Weighs()
		var mean [parameters]float64 // of the evidence under the model
		add := func(x *[parameters]float64, p, target float64) {
			for i, v := range x {
				if v == 0 {
					continue
				}
				mean[i] += p * v
				gradient[i] += weight * (p - target) * v
				for j := range i + 1 {
					square[i][j] += weight * p * v * x[j]
				}
			}
		}
		var x [parameters]float64
		copy(x[kinds:], c.Nothing[:])
		target := 0.0
		if right == 0 {
			target = 1
			loss += weight * (log - none)
		}
		add(&x, math.Exp(none-log), target)
		for i, s := range scores {
			x = [parameters]float64{}
			copy(x[:], c.Evidence[i][:])
			target := 0.0
			if c.Right[i] {
				target = 1 / float64(right)
				loss += weight * target * (log - s)
			}
			add(&x, math.Exp(s-log), target)
		}
		for i := range parameters {
			for j := range i + 1 {
				square[i][j] -= weight * mean[i] * mean[j]
			}
		}
	}
	for i := range parameters {
		for j := range i + 1 {
			curve.Set(i, j, square[i][j])
		}
	}
	return loss, gradient, curve
}
