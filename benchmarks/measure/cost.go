package measure

import (
	"cmp"
	"slices"
	"time"
)

// Cost is what something took: CPU of all cores together.
type Cost struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
}

// Per returns the cost of one of n.
func (c Cost) Per(n int) Cost { return Cost{c.Seconds / float64(n), c.CPU / float64(n)} }

// Timed returns what something in this process cost.
func Timed(do func() error) (Cost, error) {
	w, err := Began()
	if err != nil {
		return Cost{}, err
	}
	if err := do(); err != nil {
		return Cost{}, err
	}
	return w.Lap()
}

// Watch is a moment, and the CPU time this process had used until then.
type Watch struct {
	at  time.Time
	cpu time.Duration
}

// Began starts a watch.
func Began() (Watch, error) {
	cpu, err := Self()
	return Watch{time.Now(), cpu}, err
}

// Lap returns the cost since the watch began, or since the last lap.
func (w *Watch) Lap() (Cost, error) {
	now, err := Began()
	if err != nil {
		return Cost{}, err
	}
	c := Cost{now.at.Sub(w.at).Seconds(), (now.cpu - w.cpu).Seconds()}
	*w = now
	return c, nil
}

// MedianCost is the one in the middle by CPU time.
func MedianCost(all []Cost) Cost {
	return Median(all, func(c Cost) float64 { return c.CPU })
}

// Median returns the one in the middle by a figure of each; of an even number the lower
// of the two. The zero value of none.
func Median[T any](all []T, by func(T) float64) (middle T) {
	if len(all) == 0 {
		return middle
	}
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(by(a), by(b)) })
	return sorted[(len(sorted)-1)/2]
}
