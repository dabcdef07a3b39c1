package training

import (
	"context"
	"maps"
	"slices"

	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/recommend"
)

// Strangers chooses how the sources that need no history weigh for the task Cold: for whom
// nothing is known of. It asks those of whom nothing was known, where a held-out slice has
// enough of them: newcomers want other things than who has been here. Mostly it has few,
// and everybody is asked as if nothing were known of them either. usual is the blend that stays where
// there are too few, and names the sources: by these names a request knows which say
// nothing of a person. What no case gives anything to go by keeps its weight.
func (s *Selector) Strangers(ctx context.Context, w *recommend.World, place *recommend.Place, cases []Case, usual map[string]rank.Scale) (map[string]rank.Scale, Chosen, error) {
	if unknown := slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !c.unknown() }); len(unknown) >= blendLeast {
		cases = unknown
	}
	cases = Pick(cases, questionsIn(w))
	if len(cases) < blendLeast {
		return usual, Chosen{Cases: len(cases)}, nil
	}
	learned, how, err := s.blend(ctx, w, rank.Cold, place, strangers(cases, place), nil)
	if err != nil {
		return nil, how, err
	}
	scales, speaks := maps.Clone(usual), false
	for name, scale := range usual {
		if measured, ok := learned[name]; ok {
			scale = measured
			speaks = speaks || scale.Weight > 0
		} else if slices.Contains(s.Without, name) {
			scale.Weight = 0
		}
		scales[name] = scale
	}
	if !speaks {
		return usual, how, nil
	}
	return scales, how, nil
}

// strangers are the same cases without who asks; what a place would not show to them stays
// left out.
func strangers(cases []Case, place *recommend.Place) []Case {
	out := make([]Case, len(cases))
	for i := range cases {
		c := &cases[i]
		exclude, who := slices.Clone(c.Request.Exclude), c.Someone()
		for k := range who.Rows {
			if r := &who.Rows[k]; r.Item != "" && slices.Contains(place.Scenario.Exclude, r.Type) {
				exclude = append(exclude, r.Item)
			}
		}
		out[i] = c.ofNobody()
		out[i].Request.Exclude = exclude
	}
	return out
}
