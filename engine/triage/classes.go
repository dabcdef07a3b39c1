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
	heldShare = 0.1  // of the tickets, the newest, that choose how many rounds
	leastHeld = 50   // tickets, under which the rounds are a guess
	guessed   = 4    // rounds
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

// Held says how the newest tickets were told before they were learnt from; it is zero where
// they are too few to be held back, and chances are then not calibrated.
type Held struct {
	Tickets   int     `json:"tickets"`
	Right     float64 `json:"right"`     // share of tickets whose likeliest class was theirs
	Commonest float64 `json:"commonest"` // share of tickets that were in the class most had been in before
	Gain      float64 `json:"gain"`      // in log loss per ticket over the shares of classes before
}

// Chance is a class and how likely it is.
type Chance struct {
	Name   string
	Chance float64
}

// FitClasses learns from tickets, oldest first, and the class of each; tickets of class ""
// are left out. It returns nil where fewer than two classes are known. The newest tenth
// decides how long to learn and how sure to be, and is learnt from then.
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
	rounds := guessed
	if held := int(heldShare * float64(len(picked))); held >= leastHeld {
		old := len(picked) - held
		c.begin(picked[:old])
		best := math.Inf(1)
		newest := c.rows(picked[old:])
		c.learn(c.rows(picked[:old]), truth[:old], maxRounds, seed, func(round int) {
			if loss, warmth := c.loss(newest, truth[old:]); loss < best {
				best, rounds, c.warmth = loss, round, warmth
				c.Held.Right = c.right(newest, truth[old:])
			}
		})
		c.Held.Tickets = held
		commonest, prior := shares(truth[:old], truth[old:], len(c.Names))
		c.Held.Commonest, c.Held.Gain = commonest, prior-best
	}
	c.begin(picked)
	c.learn(c.rows(picked), truth, rounds, seed, func(int) {})
	return c
}

// shares returns how many of the new are of the class that most of the old are of, and the
// mean log loss on the new of the shares of the old, one ticket of each class beside them.
func shares(old, new []int, classes int) (commonest, loss float64) {
	count := make([]float64, classes)
	most := 0
	for _, class := range old {
		if count[class]++; count[class] > count[most] {
			most = class
		}
	}
	for _, class := range new {
		if class == most {
			commonest++
		}
		loss -= math.Log((count[class] + 1) / float64(len(old)+classes))
	}
	return commonest / float64(len(new)), loss / float64(len(new))
}

// right is the share of rows whose highest score is their class's.
func (c *Classes) right(rows []row, truth []int) (share float64) {
	scores := make([]float32, len(c.Names))
	for i := range rows {
		c.scores(&rows[i], scores)
		if slices.Index(scores, slices.Max(scores)) == truth[i] {
			share++
		}
	}
	return share / float64(len(rows))
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

// loss is the mean log loss on tickets under the warmth that makes it least.
func (c *Classes) loss(rows []row, truth []int) (least, warmth float64) {
	least = math.Inf(1)
	scores := make([]float32, len(rows)*len(c.Names))
	for i := range rows {
		c.scores(&rows[i], scores[i*len(c.Names):][:len(c.Names)])
	}
	one := make([]float32, len(c.Names))
	for w := 0.5; w < 4; w *= 1.15 {
		var sum float64
		for i := range rows {
			copy(one, scores[i*len(c.Names):])
			softmax(one, w)
			sum -= math.Log(max(float64(one[truth[i]]), 1e-9))
		}
		if sum /= float64(len(rows)); sum < least {
			least, warmth = sum, w
		}
	}
	return least, warmth
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
