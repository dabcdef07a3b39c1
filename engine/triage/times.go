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
// of its signals (Koenker and Bassett 1978). The outer two are moved by what they missed of
// tickets they were not fitted on, each by itself (conformalised quantile regression: Romano,
// Patterson and Candès 2019): fitted quantiles lie too close on tickets that come later.
type Times struct {
	table   signalTable
	weights []float32  // signals x quantiles
	moved   [2]float64 // of low and high, in log(1 + hours)
	Held    HeldTimes
}

// HeldTimes says how tickets were told by what was learnt without them.
type HeldTimes struct {
	Tickets int     `json:"tickets"`
	Within  float64 `json:"within"`     // share that takes no less than Low and no more than High
	Gain    float64 `json:"gain"`       // in pinball loss of log(1 + hours) per ticket over the quantiles of all tickets
	Error   float64 `json:"gain_error"` // standard error of Gain
}

// Proven reports whether what a ticket has says how long it takes. Else all are told the
// quantiles of all.
func (h *HeldTimes) Proven() bool { return h.Gain > h.Error }

// Range is how long a ticket takes: half of such tickets take less than Likely, eight in
// ten lie from Low to High.
type Range struct{ Low, Likely, High time.Duration }

const timeStep = 0.3

// quantiled is what is said of a ticket: log(1 + hours) of each of the quantiles.
type quantiled [len(quantiles)]float64

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
// without them, the newest tickets would be those that were done soon. It returns nil where
// fewer than leastTimes are known. What is held out decides how long to learn, whether it is
// worth it, and how far low and high are moved.
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
	var said [maxRounds + 1][]quantiled // of the held, after so many rounds
	var held []lasted
	for _, f := range folds(len(picked), 2) {
		m.begin(rest(f, picked), rest(f, truth))
		asked := m.rows(picked[f.from:f.to])
		held = append(held, truth[f.from:f.to]...)
		ask := func(round int) {
			for i := range asked {
				said[round] = append(said[round], m.ordered(&asked[i]))
			}
		}
		ask(0)
		m.learn(m.rows(rest(f, picked)), rest(f, truth), maxRounds, seed, ask)
	}
	rounds := m.Held.choose(&said, held)
	m.begin(picked, truth)
	if rounds == 0 {
		m.table, m.weights = signalTable{}, m.weights[:len(quantiles)] // the constant alone
	}
	m.learn(m.rows(picked), truth, rounds, seed, func(int) {})
	low, high := misses(said[rounds], held)
	m.moved = move(low, high)
	m.Held.Within = within(low, high)
	return m
}

// choose returns after how many rounds the held were told best: none, and so the quantiles of
// all, unless that is proven to be better.
func (h *HeldTimes) choose(said *[maxRounds + 1][]quantiled, truth []lasted) (rounds int) {
	best := math.Inf(1)
	for round := 1; round <= maxRounds; round++ {
		var sum float64
		for i := range truth {
			sum += truth[i].loss(&said[round][i])
		}
		if sum < best {
			best, rounds = sum, round
		}
	}
	each := make([]float64, len(truth))
	for i := range truth {
		each[i] = truth[i].loss(&said[0][i]) - truth[i].loss(&said[rounds][i])
	}
	h.Tickets = len(truth)
	h.Gain, h.Error = gained(each)
	if !h.Proven() {
		return 0
	}
	return rounds
}

// loss is the sum of the pinball losses of what was said. What is said beyond what an open
// ticket has taken may well be right.
func (l lasted) loss(said *quantiled) (sum float64) {
	for q, x := range said {
		if !l.open || x < l.log {
			sum += Pinball(quantiles[q], l.log, x)
		}
	}
	return sum
}

// leastTimes is under how many tickets nothing is said of times.
const leastTimes = 30

// begin starts from the quantiles of all.
func (m *Times) begin(tickets []Ticket, truth []lasted) {
	m.table = newSignalTable(tickets, len(quantiles))
	m.weights = make([]float32, (len(m.table)+1)*len(quantiles))
	all := survival(truth)
	for q, share := range quantiles {
		m.weights[q] = float32(all.reaching(share))
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

// of returns the quantiles of a row, each as it is fitted, so that two may cross. The constant
// weighs 1 in every row.
func (m *Times) of(r *row) (out quantiled) {
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

// ordered are the quantiles of a row, put in order.
func (m *Times) ordered(r *row) quantiled {
	out := m.of(r)
	slices.Sort(out[:])
	return out
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
	got := m.ordered(&r)
	hours := func(x float64) time.Duration {
		return time.Duration(math.Expm1(max(0, min(x, 12))) * float64(time.Hour))
	}
	return Range{hours(min(got[0]+m.moved[0], got[1])), hours(got[1]), hours(max(got[2]+m.moved[1], got[1]))}
}
