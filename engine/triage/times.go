package triage

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// quantiles are what Times knows of how long a ticket takes: one in ten is done sooner
// than the first, half are sooner than the second, nine in ten than the last.
var quantiles = [...]float64{0.1, 0.5, 0.9}

// Times says how long a ticket takes: quantiles of log(1 + hours), each a linear function
// of its signals (Koenker and Bassett 1978).
type Times struct {
	table   signalTable
	weights []float32 // signals x quantiles
	Held    HeldTimes
}

// HeldTimes says how the newest tickets that are done were told before they were learnt from;
// it is zero where they are too few to be held back.
type HeldTimes struct {
	Tickets int     `json:"tickets"`
	Within  float64 `json:"within"` // share that took no less than Low and no more than High
}

// Range is how long a ticket takes: half of such tickets take less than Likely, eight in
// ten lie from Low to High.
type Range struct{ Low, Likely, High time.Duration }

const timeStep = 0.3

// lasted is log(1 + hours), the least it can be of an open ticket.
type lasted struct {
	log  float64
	open bool
}

// Took is how long a ticket took, or, while it is open, has taken so far. Below 0 nobody
// knows.
type Took struct {
	Time time.Duration
	Open bool
}

// FitTimes learns from tickets, oldest first, and how long each took; those of which nobody
// knows are left out. An open ticket says that it takes longer than so far (Powell 1986):
// without them, the newest tickets would be those that were done soon. It returns nil where fewer than leastTimes are known. The newest tenth decides how long to learn.
func FitTimes(tickets []Ticket, took []Took, seed uint64) *Times {
	var picked []Ticket
	var truth []lasted
	for i, d := range took {
		if d.Time >= 0 {
			picked = append(picked, tickets[i])
			truth = append(truth, lasted{math.Log1p(d.Time.Hours()), d.Open})
		}
	}
	if len(picked) < leastTimes {
		return nil
	}
	m := new(Times)
	rounds := guessed
	if held := int(heldShare * float64(len(picked))); held >= leastHeld {
		old := len(picked) - held
		m.begin(picked[:old], truth[:old])
		best := math.Inf(1)
		newest := m.rows(picked[old:])
		m.learn(m.rows(picked[:old]), truth[:old], maxRounds, seed, func(round int) {
			if loss := m.loss(newest, truth[old:]); loss < best {
				best, rounds = loss, round
				m.Held = m.within(newest, truth[old:])
			}
		})
	}
	m.begin(picked, truth)
	m.learn(m.rows(picked), truth, rounds, seed, func(int) {})
	return m
}

// leastTimes is under how many tickets nothing is said of times.
const leastTimes = 30

// begin starts from the quantiles of all.
func (m *Times) begin(tickets []Ticket, truth []lasted) {
	m.table = newSignalTable(tickets, len(quantiles))
	m.weights = make([]float32, (len(m.table)+1)*len(quantiles))
	var sorted []float64
	for _, t := range truth {
		sorted = append(sorted, t.log)
	}
	slices.Sort(sorted)
	for q, share := range quantiles {
		m.weights[q] = float32(sorted[int(share*float64(len(sorted)-1))])
	}
}

func (m *Times) rows(tickets []Ticket) []row {
	out := make([]row, len(tickets))
	for i := range tickets {
		out[i] = m.table.of(&tickets[i])
	}
	return out
}

// learn descends on the pinball loss, smoothed within a tenth of log hours so that it has
// a slope everywhere.
func (m *Times) learn(rows []row, truth []lasted, rounds int, seed uint64, after func(round int)) {
	const k = len(quantiles)
	squares := make([]float32, len(m.weights))
	rng := rand.New(rand.NewPCG(seed, 0x74696d65))
	for round := 1; round <= rounds; round++ {
		for _, i := range rng.Perm(len(rows)) {
			got := m.of(&rows[i])
			for q, share := range quantiles {
				over := max(-1, min(1, (got[q]-truth[i].log)/0.1)) // above 0 where too long was said
				if over > 0 && truth[i].open {
					continue // it may well take so long
				}
				slope := float32(over/2 + 0.5 - share)
				for _, at := range rows[i].at {
					g := slope
					if at > 0 {
						g *= rows[i].scale
					}
					w := int(at)*k + q
					squares[w] += g * g
					m.weights[w] -= timeStep * g / float32(math.Sqrt(float64(squares[w]+gradFloor)))
				}
			}
		}
		after(round)
	}
}

// of returns the quantiles of a row. The constant weighs 1 in every row.
func (m *Times) of(r *row) (out [len(quantiles)]float64) {
	for _, at := range r.at {
		scale := float64(r.scale)
		if at == 0 {
			scale = 1
		}
		for q := range out {
			out[q] += scale * float64(m.weights[int(at)*len(quantiles)+q])
		}
	}
	return out
}

// loss is the sum of the mean pinball losses.
func (m *Times) loss(rows []row, truth []lasted) float64 {
	var sum float64
	for i := range rows {
		for q, x := range m.of(&rows[i]) {
			if !truth[i].open || x < truth[i].log {
				sum += Pinball(quantiles[q], truth[i].log, x)
			}
		}
	}
	return sum / float64(len(rows))
}

// within says how many of the tickets that are done lie in what is said of them.
func (m *Times) within(rows []row, truth []lasted) (held HeldTimes) {
	for i := range rows {
		if truth[i].open {
			continue
		}
		held.Tickets++
		got := m.of(&rows[i])
		if truth[i].log >= slices.Min(got[:]) && truth[i].log <= slices.Max(got[:]) {
			held.Within++
		}
	}
	if held.Tickets > 0 {
		held.Within /= float64(held.Tickets)
	}
	return held
}

// Pinball is the loss of having said that share of the truths lie below got: least in the
// mean where that is so.
func Pinball(share, truth, got float64) float64 {
	d := truth - got
	return max(share*d, (share-1)*d)
}

// Of returns how long the ticket takes.
func (m *Times) Of(t *Ticket) Range {
	r := m.table.of(t)
	got := m.of(&r)
	slices.Sort(got[:]) // each is fitted by itself, and two may cross
	hours := func(x float64) time.Duration {
		return time.Duration(math.Expm1(max(0, min(x, 12))) * float64(time.Hour))
	}
	return Range{hours(got[0]), hours(got[1]), hours(got[2])}
}
