package engine

import "math"

// Share is a part of a whole, with the interval that holds its true value in 19 of 20 such
// counts.
type Share struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// z95 is the 97.5 % quantile of the normal distribution.
const z95 = 1.959963984540054

// Wilson returns how many of so many trials went well, with the score interval of Wilson
// (1927): it stays between 0 and 1, and holds what it says for a few trials too. Of no trial
// nothing is known: the whole range, with the value 0.
func Wilson(well, trials int) Share {
	if trials == 0 {
		return Share{0, 0, 1}
	}
	n, p := float64(trials), float64(well)/float64(trials)
	middle := (p + z95*z95/(2*n)) / (1 + z95*z95/n)
	half := z95 * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n)) / (1 + z95*z95/n)
	out := Share{p, max(0, middle-half), min(1, middle+half)}
	if well == 0 {
		out.Low = 0 // but for rounding
	}
	if well == trials {
		out.High = 1
	}
	return out
}

// Less returns a - b with the interval of Newcombe (1998, method 10), made of the two
// intervals of Wilson.
func (a Share) Less(b Share) Share {
	d := a.Value - b.Value
	return Share{
		d,
		d - math.Hypot(a.Value-a.Low, b.High-b.Value),
		d + math.Hypot(a.High-a.Value, b.Value-b.Low),
	}
}
