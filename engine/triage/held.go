package triage

import (
	"math"
	"slices"
)

// warmths are how far scores are cooled down at choice.
var warmths = func() (out []float64) {
	for w := 0.5; w < 4; w *= 1.15 {
		out = append(out, w)
	}
	return out
}()

// held is how held tickets were told, fold after fold.
type held struct {
	losses    [maxRounds][][]float64 // log loss of each ticket, by round and warmth
	right     [maxRounds]int
	priors    []float64 // log loss of each ticket by the shares of classes
	commonest int
}

// prior tells the new by the shares of the old, one ticket of each class beside them.
func (h *held) prior(old, new []int, classes int) {
	count := make([]float64, classes)
	for _, class := range old {
		count[class]++
	}
	most := slices.Index(count, slices.Max(count))
	for _, class := range new {
		if class == most {
			h.commonest++
		}
		h.priors = append(h.priors, -math.Log((count[class]+1)/float64(len(old)+classes)))
	}
}

// ask tells tickets by what was learnt in so many rounds, under every warmth.
func (h *held) ask(c *Classes, rows []row, truth []int, round int) {
	if h.losses[round-1] == nil {
		h.losses[round-1] = make([][]float64, len(warmths))
	}
	scores, one := make([]float32, len(c.Names)), make([]float32, len(c.Names))
	for i := range rows {
		c.scores(&rows[i], scores)
		if slices.Index(scores, slices.Max(scores)) == truth[i] {
			h.right[round-1]++
		}
		for w, warmth := range warmths {
			copy(one, scores)
			softmax(one, warmth)
			h.losses[round-1][w] = append(h.losses[round-1][w], -math.Log(max(float64(one[truth[i]]), 1e-9)))
		}
	}
}

// choose returns after how many rounds the held were told best, gives the classes the warmth of
// that, and says in them what it was worth.
func (h *held) choose(c *Classes) (rounds int) {
	best := math.Inf(1)
	var chosen []float64
	for round := range h.losses {
		for w, losses := range h.losses[round] {
			var sum float64
			for _, loss := range losses {
				sum += loss
			}
			if sum < best {
				best, rounds, chosen, c.warmth = sum, round+1, losses, warmths[w]
			}
		}
	}
	each := make([]float64, len(chosen))
	for i, loss := range chosen {
		each[i] = h.priors[i] - loss
	}
	n := float64(len(each))
	c.Held = Held{Tickets: len(each), Right: float64(h.right[rounds-1]) / n, Commonest: float64(h.commonest) / n}
	c.Held.Gain, c.Held.Error = gained(each)
	return rounds
}
