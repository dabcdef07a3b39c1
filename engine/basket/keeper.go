package basket

import (
	"math"
	"slices"
)

// keeper keeps the k nearest of those it is offered. It holds up to twice as many, and of
// these cuts off the further half when it is full: a comparison for most of what is offered,
// and for what is kept a few more.
type keeper struct {
	k     int
	all   []neighbour
	worst neighbour // the furthest that can still be kept
}

// open begins anew, for the k nearest, none of whom is further away than so much.
func (h *keeper) open(k int, most int64) {
	h.k, h.all = k, slices.Grow(h.all[:0], 2*k)
	h.worst = neighbour{most, math.MaxUint32}
}

// offer keeps n, which was not offered before, if it is among the k nearest so far.
func (h *keeper) offer(n neighbour) {
	if !n.before(h.worst) {
		return
	}
	if h.all = append(h.all, n); len(h.all) == 2*h.k {
		h.cut()
	}
}

// cut leaves the k nearest, in no order.
func (h *keeper) cut() {
	if len(h.all) < max(h.k, 1) {
		return
	}
	first(h.all, h.k)
	h.all = h.all[:h.k]
	h.worst = h.all[h.k-1]
}

// first moves the k nearest of all to its front, the furthest of them to the k-th place
// (quickselect; Hoare 1961). None is there twice.
func first(all []neighbour, k int) {
	for k--; len(all) > 1; {
		pivot := middle(all[0], all[len(all)/2], all[len(all)-1])
		i, j := 0, len(all)-1
		for i <= j {
			for all[i].before(pivot) {
				i++
			}
			for pivot.before(all[j]) {
				j--
			}
			if i <= j {
				all[i], all[j] = all[j], all[i]
				i++
				j--
			}
		}
		switch { // all[:j+1] are not behind the pivot, all[i:] not before it
		case k <= j:
			all = all[:j+1]
		case k >= i:
			all, k = all[i:], k-i
		default:
			return
		}
	}
}

// middle returns the one between the two others.
func middle(a, b, c neighbour) neighbour {
	if b.before(a) {
		a, b = b, a
	}
	switch {
	case c.before(a):
		return a
	case c.before(b):
		return c
	}
	return b
}
