// Package policy estimates what a policy would have earned from the log of another one
// that drew by chance and wrote down with which probability: off-policy evaluation.
//
// There are few nouns: a Log of rounds, Rows of a policy's file, the Policy that is asked about, the Estimates with
// their intervals, and the Weights, which say whether the estimates can be believed.
package policy

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/record"
)

// Policy says how likely each action is in a round.
type Policy interface {
	// Of returns the distribution over actions in a round; rounds that cannot be told
	// apart get the same pointer. An error is *engine.Invalid.
	Of(r *record.Round) (*Distribution, error)
}

// Distribution is how likely each action is. Actions that are not named have probability 0.
type Distribution struct {
	Actions       []string // sorted
	Probabilities []float64
}

// Probability of one action.
func (d *Distribution) Probability(action string) float64 {
	if i, found := slices.BinarySearch(d.Actions, action); found {
		return d.Probabilities[i]
	}
	return 0
}

// Actions returns the actions that a log shows, sorted.
func Actions(log []record.Round) []string {
	all := make([]string, len(log))
	for i := range log {
		all[i] = log[i].Action
	}
	slices.Sort(all)
	return slices.Clip(slices.Compact(all))
}

// Uniform is the policy that shows n actions with equal probability, of which some are
// named; 0 for as many as are named. An error is *engine.Invalid.
func Uniform(named []string, n int) (Policy, error) {
	n = cmp.Or(n, len(named))
	if n < len(named) {
		return nil, engine.Invalidf(engine.CodeInvalidField, "actions", "the log shows %d actions, so that there were not %d", len(named), n)
	}
	return same{&Distribution{Actions: named, Probabilities: slices.Repeat([]float64{1 / float64(n)}, len(named))}}, nil
}

// same is a policy that does the same in every round.
type same struct{ d *Distribution }

func (s same) Of(*record.Round) (*Distribution, error) { return s.d, nil }

// where is what a table's distribution is for; an empty field is for all.
type where struct {
	round, context string
	position       int
}

func (w where) String() string {
	text := ""
	for _, part := range []struct{ name, value string }{{"round", w.round}, {"context", w.context}} {
		if part.value != "" {
			text += fmt.Sprintf(" in %s %s", part.name, part.value)
		}
	}
	if w.position > 0 {
		text += fmt.Sprintf(" in position %d", w.position)
	}
	return cmp.Or(text, " in every round")[1:]
}

// table is a policy that was written down.
type table map[where]*Distribution

// Table returns the policy that is written down in rows. A round goes by the rows that
// name its id, else by those of its context, else by those for all, each time by those of
// its position before those for all positions. The probabilities of one place must add
// up to 1. An error is *engine.Invalid.
func Table(rows []record.Probability) (Policy, error) {
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b record.Probability) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(a.Context, b.Context), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Action, b.Action))
	})
	t := make(table)
	for i, row := range sorted {
		at := where{row.Round, row.Context, row.Position}
		d := t[at]
		if d == nil {
			d = new(Distribution)
			t[at] = d
		}
		if n := len(d.Actions); n > 0 && d.Actions[n-1] == row.Action {
			return nil, engine.Invalidf(engine.CodeInvalidField, "policy", "%s, %s has two probabilities; one is wanted", at, row.Action)
		}
		d.Actions, d.Probabilities = append(d.Actions, row.Action), append(d.Probabilities, row.Value)
		if last := i+1 == len(sorted) || (where{sorted[i+1].Round, sorted[i+1].Context, sorted[i+1].Position}) != at; last {
			if err := d.check(at); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// rounding is by how much probabilities that were written with few digits may miss 1.
const rounding = 1e-3

// check refuses what is no distribution.
func (d *Distribution) check(at where) error {
	var sum float64
	for _, p := range d.Probabilities {
		sum += p
	}
	if math.Abs(sum-1) > rounding {
		return engine.Invalidf(engine.CodeInvalidField, "policy", "%s, the probabilities of the %d actions add up to %.6g; 1 is wanted", at, len(d.Actions), sum)
	}
	return nil
}

func (t table) Of(r *record.Round) (*Distribution, error) {
	for _, at := range []where{{round: r.ID, context: r.Context}, {round: r.ID}, {context: r.Context}, {}} {
		for _, at.position = range []int{r.Position, 0} {
			if d := t[at]; d != nil {
				return d, nil
			}
		}
	}
	asked := where{r.ID, r.Context, r.Position}
	if asked == (where{}) {
		return nil, engine.Invalidf(engine.CodeMissingField, "policy", "it does not say how likely each action is where a round has no round_id, context and position; rows without these are for all rounds")
	}
	return nil, engine.Invalidf(engine.CodeMissingField, "policy", "it does not say how likely each action is %s", asked)
}
