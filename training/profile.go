package training

import (
	"context"
	"math"
	"slices"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/bridge"
	"github.com/rapportengine/rapport/engine/factor"
	"github.com/rapportengine/rapport/engine/model"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/vector"
	"github.com/rapportengine/rapport/training/evaluate"
)

// declared returns the customers there are records of, with what they want.
func (m *Material) declared() []bridge.Declared {
	if len(m.snap.Customers) == 0 {
		return nil
	}
	var out []bridge.Declared
	for i := range m.snap.People {
		who := m.snap.People[i].Subject
		if c := m.snap.Customers[engine.CustomerID(who.ID)]; c != nil && who.Kind == engine.CustomerSubject {
			out = append(out, bridge.Declared{Customer: c, History: func() []engine.Interest { return m.snap.interests(i) }})
		}
	}
	return out
}

// profileWeights are tried beside popularity's weight of 1, on the scale of the source.
var profileWeights = []float64{0, 0.25, 0.5, 1, 2, 4, 8}

// chooseProfile weighs what customers say of themselves against popularity: one customer
// of hideEach is hidden from a fit, and asked for as if nothing were known of them but
// that. It earns a weight only by ranking better than chance would.
func (s *Selector) chooseProfile(ctx context.Context, m *Material, r *Recipe) error {
	at := slices.IndexFunc(r.Sources, func(s Setting) bool { return s.Kind.Name == bridge.ProfileName })
	base := slices.IndexFunc(r.Sources, func(s Setting) bool { return s.Kind.Name == factor.Name })
	if at < 0 || base < 0 {
		return nil
	}
	s.Fitter.begins("choosing what customers' attributes are worth")
	rest, hidden := m.snap.hidePeople()
	asked := Pick(hidden.Material().declared(), coldCases)
	material := rest.Material()
	if len(asked) < blendLeast || len(material.Data().Customers) == 0 {
		return nil
	}
	p := r.Sources[base].Params.(factor.Params)
	p.Workers = s.Fitter.Workers
	known, err := factor.Fit(ctx, material.Data(), p, nil)
	if err != nil {
		return err
	}
	profile, err := bridge.FitProfile(ctx, known, material.declared(), r.Sources[at].Params.(bridge.ProfileParams))
	if err != nil {
		return err
	}
	asked = Pick(asked, max(blendLeast, blendFloats/material.Data().Rows.Len())) // each brings a score of every item
	s.profile = weighProfile(profile, popularity(material.Data()), asked)
	return nil
}

// hidePeople parts a snapshot's people in two.
func (s *Snapshot) hidePeople() (rest, hidden *Snapshot) {
	a, b := *s, *s
	a.People, b.People = nil, nil
	for i, p := range s.People {
		if i%hideEach == 0 {
			b.People = append(b.People, p)
		} else {
			a.People = append(a.People, p)
		}
	}
	return &a, &b
}

// popularity is log(1 + how many want it) of every row, as the source of that name has it.
func popularity(d *model.Data) []float32 {
	out := make([]float32, d.Rows.Len())
	for _, cells := range d.Customers {
		for _, c := range cells {
			if c.Weight > 0 {
				out[c.Row]++
			}
		}
	}
	for i, n := range out {
		out[i] = float32(math.Log1p(float64(n)))
	}
	return out
}

// weighProfile returns the scale of the profile beside popularity.
func weighProfile(profile *bridge.Profile, popular []float32, asked []bridge.Declared) rank.Scale {
	rows := profile.Rows()
	items := make([]engine.ItemNum, rows.Len())
	for i := range items {
		items[i] = rows.Num(i)
	}
	scores := make([][]float32, len(asked))
	for i, d := range asked {
		scores[i] = make([]float32, len(items))
		profile.Open(&model.Query{Customer: d.Customer}).Score(items, scores[i])
	}
	sd := spread(scores)
	if sd == 0 {
		return rank.Scale{}
	}
	var best []float64
	var scale rank.Scale
	for _, w := range profileWeights {
		reached := make([]float64, len(asked))
		for i, d := range asked {
			top := vector.NewTop(blendMetric.K)
			for k, n := range items {
				top.Push(n, popular[k]+float32(w/sd)*scores[i][k])
			}
			reached[i] = blendMetric.Of(evaluate.Judge(top.AppendItems(nil), wanted(d.History()), nil))
		}
		if best == nil || better(reached, best) {
			best, scale = reached, rank.Scale{Weight: w, SD: sd}
		}
	}
	return scale
}

// wanted are the items of a history that are wanted.
func wanted(history []engine.Interest) []engine.ItemNum {
	var out []engine.ItemNum
	for _, in := range history {
		if in.Weight > 0 {
			out = append(out, in.Item)
		}
	}
	return out
}
