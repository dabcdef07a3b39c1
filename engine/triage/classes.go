package triage

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rapportengine/rapport/engine/vector"
)

const (
	step      = 0.5  // of AdaGrad
	maxRounds = 12   // through all tickets
	fading    = 1e-6 // of weights, at every step that touches them
	gradFloor = 1e-8
)

// Classes says which of some classes a ticket is in: a softmax over a linear score of each.
type Classes struct {
	Names   []string // in alphabetical order
	table   signalTable
	weights []float32 // signals x classes
	warmth  float64   // scores are divided by it: what makes the chances true on newer tickets
	Held    Held
}

// Held says how tickets were told by what was learnt without them: the newest tenth by those
// before, or, where that is too few, each fifth in time by the others.
type Held struct {
	Tickets   int     `json:"tickets"`
	Right     float64 `json:"right"`      // share of tickets whose likeliest class was theirs
	Commonest float64 `json:"commonest"`  // share of tickets that were in the class most of the others are in
	Gain      float64 `json:"gain"`       // in log loss per ticket over the shares of classes
	Error     float64 `json:"gain_error"` // standard error of Gain
}

// Proven reports whether what a ticket has says more of its class than how common each is.
func (h *Held) Proven() bool { return h.Gain > h.Error }

// Chance is a class and how likely it is.
type Chance struct {
	Name   string
	Chance float64
}

// FitClasses learns from tickets, oldest first, and the class of each; tickets of class ""
// are left out. It returns nil where fewer than two classes are known. What is
// held out decides how long to learn and how sure to be, and is learnt from then.
func FitClasses(tickets []Ticket, classes []string, seed uint64) *Classes {
	var of []int // ticket
	for i, name := range classes {
		if name != "" {
			of = append(of, i)
		}
	}
	picked := make([]Ticket, len(of))
	c := &Classes{warmth: 1}
	for at, i := range of {
		picked[at] = tickets[i]
		c.Names = append(c.Names, classes[i])
	}
	slices.Sort(c.Names)
	c.Names = slices.Compact(c.Names)
	if len(c.Names) < 2 {
		return nil
	}
	truth := make([]int, len(of))
	for at, i := range of {
		truth[at], _ = slices.BinarySearch(c.Names, classes[i])
	}
	var told held
	for _, f := range folds(len(picked), 1) {
		c.begin(rest(f, picked))
		asked, answers := c.rows(picked[f.from:f.to]), truth[f.from:f.to]
		told.prior(rest(f, truth), answers, len(c.Names))
		c.learn(c.rows(rest(f, picked)), rest(f, truth), maxRounds, seed, func(round int) { told.ask(c, asked, answers, round) })
	}
	rounds := told.choose(c)
	c.begin(picked)
	c.learn(c.rows(picked), truth, rounds, seed, func(int) {})
	return c
}

func (c *Classes) begin(tickets []Ticket) {
	c.table = newSignalTable(tickets, len(c.Names))
	c.weights = make([]float32, (len(c.table)+1)*len(c.Names))
}

func (c *Classes) rows(tickets []Ticket) []row {
	out := make([]row, len(tickets))
	for i := range tickets {
		out[i] = c.table.of(&tickets[i])
	}
	return out
}

// learn goes through the tickets in an order of chance, so many rounds, with steps that
// shorten for what was stepped on often (AdaGrad: Duchi, Hazan and Singer 2011).
func (c *Classes) learn(rows []row, truth []int, rounds int, seed uint64, after func(round int)) {
	k := len(c.Names)
	squares := make([]float32, len(c.weights))
	scores := make([]float32, k)
	rng := rand.New(rand.NewPCG(seed, 0x7472696167))
	for round := 1; round <= rounds; round++ {
		for _, i := range rng.Perm(len(rows)) {
			c.scores(&rows[i], scores)
			softmax(scores, 1)
			scores[truth[i]]--
			for _, at := range rows[i].at {
				weights, grown := c.weights[int(at)*k:][:k], squares[int(at)*k:][:k]
				for j, g := range scores {
					g = g*rows[i].scale + fading*weights[j]
					grown[j] += g * g
					weights[j] -= step * g / float32(math.Sqrt(float64(grown[j]+gradFloor)))
				}
			}
		}
		after(round)
	}
}

func (c *Classes) scores(r *row, out []float32) {
	clear(out)
	for _, at := range r.at {
		vector.Axpy(r.scale, c.weights[int(at)*len(out):][:len(out)], out)
	}
}

// softmax makes chances of scores.
func softmax(scores []float32, warmth float64) {
	top := slices.Max(scores)
	var sum float64
	for i, s := range scores {
		e := math.Exp(float64(s-top) / warmth)
		scores[i] = float32(e)
		sum += e
	}
	for i := range scores {
		scores[i] /= float32(sum)
	}
}

// Of returns the classes of a ticket, likeliest first; ties by name.
func (c *Classes) Of(t *Ticket) []Chance {
	r := c.table.of(t)
	scores := make([]float32, len(c.Names))
	c.scores(&r, scores)
	softmax(scores, c.warmth)
	out := make([]Chance, len(scores))
	for i, p := range scores {
		out[i] = Chance{c.Names[i], float64(p)}
	}
	slices.SortStableFunc(out, func(a, b Chance) int { return cmp.Compare(b.Chance, a.Chance) })
	return out
}

// Sign is something a ticket has, and how much it speaks for a class, in log odds against
// the mean class.
type Sign struct {
	What   string
	Weight float64
}

// Signs returns what speaks most for the class of that name, strongest first, at most count.
func (c *Classes) Signs(t *Ticket, name string, count int) []Sign {
	class, known := slices.BinarySearch(c.Names, name)
	if !known {
		return nil
	}
	r := c.table.of(t)
	var out []Sign
	for _, s := range t.signals() {
		at, known := c.table[s.hash]
		if !known {
			continue
		}
		weights := c.weights[int(at)*len(c.Names):][:len(c.Names)]
		var mean float64
		for _, w := range weights {
			mean += float64(w)
		}
		weight := float64(r.scale) * (float64(weights[class]) - mean/float64(len(weights))) / c.warmth
		if weight > 0 {
			out = append(out, Sign{s.String(), weight})
		}
	}
	slices.SortStableFunc(out, func(a, b Sign) int { return cmp.Compare(b.Weight, a.Weight) })
	return out[:min(count, len(out))]
}

// String names a signal for people.
func (s *signal) String() string {
	switch {
	case s.word != "":
		return fmt.Sprintf("the word %q", s.word)
	case s.b.Name != "":
		return s.a.Name + " " + s.a.Value + " with " + s.b.Name + " " + s.b.Value
	}
	return s.a.Name + " " + s.a.Value
}
