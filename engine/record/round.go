package record

import (
	"io"
	"iter"
)

// Round is one decision of a policy that drew by chance, as it was logged: what was
// shown where, what came of it, and how likely it was to be shown.
type Round struct {
	ID         string // of the answer it was part of; lines of one answer share it; may be empty
	Context    string // the situation or group, as far as policies tell them apart; may be empty
	Action     string // the item that was shown
	Position   int    // in the list, from 1; 0 where there is but one
	Reward     float64
	Propensity float64 // probability with which the logging policy shows Action in Position, in (0, 1]
}

// Probability says how likely a policy shows an item.
type Probability struct {
	Round    string // the id of the round it is for; empty for all
	Context  string // empty for all
	Action   string
	Position int // 0 for all
	Value    float64
}

// Rounds reads a log of rounds: columns item_id, reward (also click), propensity (also
// propensity_score) and, where there are any, position, context and round_id. Others are
// passed over.
func Rounds(r io.Reader, o Options) iter.Seq2[Entry[Round], error] {
	return read(r, o, roundSchema, finishRound)
}

// Probabilities reads a policy: columns item_id, probability and, where it depends on
// them, position, context and round_id.
func Probabilities(r io.Reader, o Options) iter.Seq2[Entry[Probability], error] {
	return read(r, o, probabilitySchema, whole(probabilitySchema))
}

// maxPosition is more than a list has.
const maxPosition = 1 << 20

// roundLine is a round as it stands in a file.
type roundLine struct {
	Round
	rewarded bool // a reward was given, though it be 0
	answer   bool // it is an answer of our own export
}

var roundSchema = &schema[roundLine]{
	what: "field of a round",
	id:   "item_id",
	own:  true,
	fields: []field[roundLine]{
		idField("item_id", func(r *roundLine) *string { return &r.Action }),
		idField("round_id", func(r *roundLine) *string { return &r.ID }),
		idField("context", func(r *roundLine) *string { return &r.Context }),
		wholeField("position", func(r *roundLine) *int { return &r.Position }, 0, maxPosition),
		{name: "reward", set: func(r *roundLine, v value) (p problem) {
			r.Reward, p = v.num()
			r.rewarded = v.kind != null
			return p
		}},
		{name: "propensity", set: func(r *roundLine, v value) (p problem) {
			r.Propensity, p = v.probability()
			return p
		}},
	},
	aliases: map[string]string{"click": "reward", "propensity_score": "propensity"},
	rest: func(r *roundLine, name string, _ value) problem {
		r.answer = r.answer || name == "answer"
		return nil
	},
}

// leastPropensity is below any chance a policy logs on purpose, and its inverse's square
// is still a number.
const leastPropensity = 1e-12

func finishRound(r *roundLine, _ *reading) (Round, problem) {
	switch {
	case r.answer && r.Propensity == 0:
		return r.Round, missing("propensity", "an answer was given and no chance was in it, so there is no probability to weigh it by")
	case r.Action == "":
		return r.Round, missing("item_id", "the item that was shown is needed")
	case r.Propensity == 0:
		return r.Round, missing("propensity", "the probability with which the item was shown is needed, above 0")
	case r.Propensity < leastPropensity:
		return r.Round, missing("propensity", "%g is no probability that anything was shown with; from %g on it can be weighed by", r.Propensity, leastPropensity)
	case !r.rewarded:
		return r.Round, missing("reward", "a number is needed; 0 for nothing")
	}
	return r.Round, nil
}

var probabilitySchema = &schema[Probability]{
	what: "field of a policy",
	id:   "item_id",
	own:  true,
	fields: []field[Probability]{
		idField("item_id", func(p *Probability) *string { return &p.Action }),
		idField("round_id", func(p *Probability) *string { return &p.Round }),
		idField("context", func(p *Probability) *string { return &p.Context }),
		wholeField("position", func(p *Probability) *int { return &p.Position }, 0, maxPosition),
		{name: "probability", set: func(p *Probability, v value) (bad problem) {
			p.Value, bad = v.probability()
			return bad
		}},
	},
	ident: func(p *Probability) *string { return &p.Action },
}

// probability decodes a number from 0 to 1.
func (v value) probability() (float64, problem) {
	f, p := v.atLeast(0)
	if p == nil && f > 1 {
		p = refuse("a probability from 0 to 1 is wanted, got %g", f)
	}
	return f, p
}
