package load

import (
	"slices"
	"time"
)

// Waits are quantiles of what was waited, in milliseconds.
type Waits struct {
	P50  float64 `json:"p50_ms"`
	P90  float64 `json:"p90_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
}

// WaitsOf sorts times and returns their quantiles: of n the one at index q n, from 0.
func WaitsOf(took []time.Duration) Waits {
	if len(took) == 0 {
		return Waits{}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(len(took)-1, int(share*float64(len(took))))]) / 1e6
	}
	return Waits{at(.5), at(.9), at(.99), at(.999), at(1)}
}

// Wait is what one request waited that was due at a moment.
type Wait struct {
	Due  time.Duration // since the first that counts was
	Took time.Duration // from when it was due
}

func waits(each []Wait) Waits {
	took := make([]time.Duration, len(each))
	for i, w := range each {
		took[i] = w.Took
	}
	return WaitsOf(took)
}

// Around are the waits of what was due no further than within from a moment.
func Around(each []Wait, at, within time.Duration) Waits {
	var near []Wait
	for _, w := range each {
		if (w.Due - at).Abs() <= within {
			near = append(near, w)
		}
	}
	return waits(near)
}

// Second is what those waited who were due within one second of a loop.
type Second struct {
	At       int `json:"at"` // its start, in seconds since the first request that counts
	Requests int `json:"requests"`
	Waits
}

// WorstSecond is the second whose p99 is the highest, of equal ones the first; the zero Second where
// the loop did not last for one. What was due in a second that the loop did not last through is left
// out: of few the p99 is the highest.
func (k *Kept) WorstSecond() (worst Second) {
	by := make([][]Wait, int(k.Seconds))
	for _, w := range k.Each {
		if s := int(w.Due / time.Second); s < len(by) {
			by[s] = append(by[s], w)
		}
	}
	for s, each := range by {
		if of := waits(each); s == 0 || of.P99 > worst.P99 {
			worst = Second{s, len(each), of}
		}
	}
	return worst
}
