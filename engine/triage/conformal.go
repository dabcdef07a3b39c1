package triage

import (
	"cmp"
	"math"
	"slices"
)

// Each end of a range shall miss one ticket in ten.
const missed = 0.1

// misses returns by how much each ticket took longer than the lowest and the highest of what
// was said of it; of an open ticket, the least that can be.
func misses(said []quantiled, truth []lasted) (low, high []lasted) {
	for i, t := range truth {
		low = append(low, lasted{t.log - said[i][0], t.open})
		high = append(high, lasted{t.log - said[i][len(quantiles)-1], t.open})
	}
	return low, high
}

// move returns how far low and high are to be moved so that a further ticket lies below or
// above with a chance of missed at most, as far as so few say: the ranks are those of split
// conformal prediction.
func move(low, high []lasted) [2]float64 {
	n := float64(len(low))
	return [2]float64{
		survival(low).reaching(max(1, math.Floor(missed*(n+1))) / n),
		survival(high).reaching(min(n, math.Ceil((1-missed)*(n+1))) / n),
	}
}

// within is the share of tickets between low and high as they are moved by the other half of
// them: what moved them says nothing of how well they fit. Halves hang together in time.
func within(low, high []lasted) float64 {
	half := len(low) / 2
	side := func(lowHere, highHere, lowThere, highThere []lasted) float64 {
		moved := move(lowThere, highThere)
		return survival(highHere).share(moved[1]) - survival(lowHere).share(math.Nextafter(moved[0], math.Inf(-1)))
	}
	older := side(low[:half], high[:half], low[half:], high[half:])
	newer := side(low[half:], high[half:], low[:half], high[:half])
	return max(0, (older*float64(half)+newer*float64(len(low)-half))/float64(len(low)))
}

// curve says which share of values lies at or below a value: a point for each, ascending. What is open lies
// somewhere above what is known of it (Kaplan and Meier 1958).
type curve []struct{ value, share float64 }

func survival(values []lasted) curve {
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, func(a, b lasted) int {
		if c := cmp.Compare(a.log, b.log); c != 0 || a.open == b.open {
			return c
		}
		if a.open { // it lasts longer than what ended then
			return 1
		}
		return -1
	})
	out := make(curve, len(sorted))
	above := 1.0
	for i, v := range sorted {
		if left := float64(len(sorted) - i); !v.open {
			above *= (left - 1) / left
		}
		out[i].value, out[i].share = v.log, 1-above
	}
	return out
}

// reaching is the least value that so large a share lies at or below; the greatest of all
// where open ones leave that unknown.
func (c curve) reaching(share float64) float64 {
	const rounding = 1e-9
	for _, p := range c {
		if p.share >= share-rounding {
			return p.value
		}
	}
	return c[len(c)-1].value
}

// share is how many lie at or below the value.
func (c curve) share(value float64) (share float64) {
	for _, p := range c {
		if p.value > value {
			break
		}
		share = p.share
	}
	return share
}
