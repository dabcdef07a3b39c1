package triage

import (
	"math"
	"slices"
)

const (
	heldShare = 0.1 // of the tickets, the newest, that are held out
	leastHeld = 50  // tickets, under which all are held out in turn
	parts     = 5   // where they are
)

// fold is a stretch of tickets, from before to, that is asked of what those outside teach:
// the older ones, and the newer from after on.
type fold struct{ from, to, after int }

// folds are the newest tenths of n tickets, so many of them, each asked of what came before
// it. Where a tenth is too few to say something they are fifths of all, each asked of all
// others. Either hang together in time, as tickets of one trouble do: drawn by chance, some
// of it would have been learnt.
func folds(n, tenths int) (out []fold) {
	if held := int(heldShare * float64(n)); held >= leastHeld {
		for i := tenths; i > 0; i-- {
			out = append(out, fold{n - i*held, n - (i-1)*held, n})
		}
		return out
	}
	for i := range parts {
		to := (i + 1) * n / parts
		out = append(out, fold{i * n / parts, to, to})
	}
	return out
}

// rest is what the fold is asked of.
func rest[T any](f fold, all []T) []T { return slices.Concat(all[:f.from], all[f.after:]) }

// gained is the mean of what is gained by each ticket, and its standard error.
func gained(each []float64) (mean, err float64) {
	n := float64(len(each))
	for _, x := range each {
		mean += x / n
	}
	for _, x := range each {
		err += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(err / (n - 1) / n)
}
