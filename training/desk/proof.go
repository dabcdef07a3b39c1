package desk

import (
	"context"
	"slices"

	"github.com/rapportengine/rapport/engine/solution"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// Proof is what learning brought on the newest tickets, of which it was not told.
type Proof struct {
	HeldOut int `json:"held_out"` // tickets that a fix ended
	// HR is how often the first fix is one that ended the ticket, Plain the same of a desk that
	// has learnt nothing, Gain the difference ticket by ticket.
	HR    evaluate.Value      `json:"hr@1"`
	Plain evaluate.Value      `json:"plain_hr@1"`
	Gain  evaluate.Comparison `json:"gain"`
	// ECE is how far chances are from how often first fixes ended tickets; zero unless
	// Calibrated.
	ECE        evaluate.Value `json:"ece,omitzero"`
	Calibrated bool           `json:"calibrated"`
}

const (
	heldShare = 0.2   // of the tickets are held out, the newest
	heldMost  = 1_000 // but no more than so many
	heldLeast = 50    // with an answer, under which nothing is measured
)

// Prove learns from all but the newest tickets and asks these, as they stood when they came.
// It returns nil where there are too few.
func (s *Shop) Prove(ctx context.Context, tickets []Ticket, o Options) (*Proof, error) {
	n := min(int(heldShare*float64(len(tickets))), heldMost)
	held, ended := tickets[:n], 0
	for i := range held {
		if len(held[i].Right) > 0 {
			ended++
		}
	}
	if ended < heldLeast {
		return nil, nil
	}
	learnt, err := s.Learn(ctx, tickets[n:], o)
	if err != nil {
		return nil, err
	}
	held = slices.DeleteFunc(slices.Clone(held), func(t Ticket) bool { return t.Open() })
	claims, plain := make([]evaluate.Claim, len(held)), make([]bool, len(held))
	vector.Fork(max(1, o.Workers), len(held), func(_, i int) {
		if ctx.Err() != nil {
			return
		}
		in := held[i].Input
		in.Tried, in.Count = nil, 1
		first := func(said *solution.Suggestion) bool {
			return len(said.Fixes) > 0 && slices.Contains(held[i].Right, said.Fixes[0].Num)
		}
		said := solution.Suggest(&in)
		plain[i] = first(&said)
		in.Lexicon, in.Knowledge = learnt.Lexicon, learnt.Knowledge
		said = solution.Suggest(&in)
		claims[i] = evaluate.Claim{Chance: said.Chance, Right: first(&said), Nothing: held[i].Nothing()}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := &Proof{HeldOut: ended, Calibrated: learnt.Knowledge.Sure != nil}
	var with, without []float64
	for i := range held {
		if len(held[i].Right) > 0 {
			with, without = append(with, one(claims[i].Right)), append(without, one(plain[i]))
		}
	}
	chance := evaluate.Resampling{Seed: o.Seed}
	mean := func(v []float64) evaluate.Value {
		m, interval := chance.Mean(v)
		return evaluate.Value{Value: m, Interval: &interval}
	}
	p.HR, p.Plain, p.Gain = mean(with), mean(without), chance.Compare(with, without)
	if p.Calibrated {
		p.ECE = chance.CertaintyMetrics(claims)["ece"]
	}
	return p, nil
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
