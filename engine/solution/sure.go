package solution

import "math"

// Sure turns the chance of a softmax into how often such an answer was right: Platt's
// scaling of its log odds (Platt 1999), which never turns the order of two chances.
type Sure struct {
	Slope, Offset float64 // Slope above 0
	// Failed is what each fix that failed on the ticket takes from the log odds of the next, at
	// least 0: the next one's share rises as what failed is no longer there, and that the ticket
	// is about something else is likelier, too.
	Failed float64
}

// What a failed fix takes from log odds where nobody knows it: it halves the odds; and how many
// times as much as one unit of information this is believed.
const (
	failedPrior    = 0.7
	failedStrength = 4
)

// leastSure is how many tickets answers must stand for to be calibrated on, and leastSides how many
// right and wrong ones each.
const (
	leastSure  = 100
	leastSides = 5
)

// FitSure learns from chances of answers that were not fitted on, how likely each was right
// (1 or 0 where that is known), and how many tickets it stands for. It returns nil where
// there are too few.
func FitSure(chances, right, weights []float64) *Sure {
	var yes, no float64
	for i, share := range right {
		yes += share * weights[i]
		no += (1 - share) * weights[i]
	}
	if yes+no < leastSure || yes < leastSides || no < leastSides {
		return nil
	}
	// Platt's targets: never quite 0 or 1, as nobody can be that sure of so many.
	high, low := (yes+1)/(yes+2), 1/(no+2)
	s := &Sure{Slope: 1, Failed: failedPrior}
	for range 100 {
		var g0, g1, h00, h01, h11 float64
		for i, p := range chances {
			x := odds(p)
			target := low + (high-low)*right[i]
			q := sigmoid(s.Slope*x + s.Offset)
			d, w := weights[i]*(q-target), weights[i]*max(q*(1-q), 1e-9)
			g0, g1 = g0+d*x, g1+d
			h00, h01, h11 = h00+w*x*x, h01+w*x, h11+w
		}
		h00 += 1e-6
		det := h00*h11 - h01*h01
		if det < 1e-12 {
			break
		}
		a, b := (h11*g0-h01*g1)/det, (h00*g1-h01*g0)/det
		// A step of Newton's may go too far where everything is sure already.
		for math.Abs(a)+math.Abs(b) > 2 {
			a, b = a/2, b/2
		}
		s.Slope, s.Offset = s.Slope-a, s.Offset-b
		if math.Abs(a)+math.Abs(b) < 1e-9 {
			break
		}
	}
	s.Slope = max(s.Slope, 1e-3)
	return s
}

// Again learns from answers that were given after fixes had failed, how many each, what that says
// of the next: Failed is where it is likeliest, with a Gaussian prior. The rest is not changed, and
// first answers stay as sure as they are.
func (s *Sure) Again(chances, right, weights []float64, failed []int) {
	s.Failed = failedPrior
	for range 50 { // Newton's method, of one unknown
		slope, curve := failedStrength*(s.Failed-failedPrior), float64(failedStrength)
		for i, p := range chances {
			n := float64(failed[i])
			q := s.Of(p, failed[i])
			slope += weights[i] * n * (right[i] - q)
			curve += weights[i] * n * n * q * (1 - q)
		}
		step := max(-1, min(1, slope/curve))
		if s.Failed -= step; math.Abs(step) < 1e-9 {
			break
		}
	}
	s.Failed = max(0, s.Failed)
}

// Of returns the calibrated chance, in (0, 1), of an answer after so many fixes failed.
func (s *Sure) Of(chance float64, failed int) float64 {
	return sigmoid(s.Slope*odds(chance) + s.Offset - float64(failed)*s.Failed)
}

// odds are log odds, of chances not nearer to 0 and 1 than 1e-6.
func odds(p float64) float64 { return logit(max(1e-6, min(1-1e-6, p))) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
