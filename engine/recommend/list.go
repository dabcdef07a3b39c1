package recommend

import (
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/catalogue"
	"github.com/rapportengine/rapport/engine/rank"
	"github.com/rapportengine/rapport/engine/vector"
)

// list scores and arranges. Where it pays, only what the sources propose is scored, and
// the list shown to be the one that all eligible items would give; if it is not, more is
// proposed, and up to the exact limit everything is scored. Above the limit it is so only
// where groups and constraints leave the list short: it is full whenever enough items are
// eligible.
func (in *Input) list(eligible *choice, v *voices, l liftList, o *orders) (list []rank.Placed, exact bool) {
	room := in.scratch()
	rules := in.arrangement(o, &room.arranged)
	rules.Room = room.placed
	defer func() { room.placed = list }()
	arrange := func(found *choice) ([]rank.Placed, float64) {
		scored := v.score(found, room)
		l.add(scored)
		return rank.Arrange(scored, rules)
	}
	limit := in.exactLimit
	if limit == 0 {
		limit = engine.ExactLimit
	}
	if depths := v.depths(eligible.count, limit, rules); len(depths) > 0 {
		all := eligible.bitmap()
		for _, n := range depths {
			found, unseen := v.propose(all, l, n)
			for _, p := range rules.Pins {
				if all.Contains(uint32(p.Item)) {
					found.Add(uint32(p.Item))
				}
			}
			var lowest float64
			if list, lowest = arrange(choiceOf(found)); lowest > unseen || rules.MinRelevance != nil && *rules.MinRelevance > unseen {
				return list, true
			}
		}
		if eligible.count > limit && (len(list) == o.count || rules.MinRelevance != nil) {
			return list, false
		}
	}
	looks := in.looks(eligible.count, limit, rules)
	var g *gist
	if len(looks) > 0 {
		g = in.gistOf(v, eligible.count, room)
	}
	for i, n := range looks {
		found, unseen, ok := v.best(eligible, g, l, n, rules.Pins, room)
		if !ok {
			break
		}
		var lowest float64
		list, lowest = arrange(found)
		enough := lowest > unseen || rules.MinRelevance != nil && *rules.MinRelevance > unseen
		if i == 0 && n < rules.Looks() {
			in.Place.looks.told(enough)
		}
		if enough {
			return list, true
		}
	}
	list, _ = arrange(eligible)
	return list, true
}

// lift is a boost and the items it lifts.
type lift struct {
	boost
	items *roaring.Bitmap
}

type liftList []lift

// lifts finds what the boosts lift. A boost may look at the person only if their
// history may shape the list; filters always may, since they say what may not be shown
// at all.
func (in *Input) lifts(boosts []boost) (liftList, error) {
	env := in.env()
	if !in.Someone.personalised() {
		env.History, env.Packed, env.Bought, env.Dismissed, env.Customer, env.Pasts = nil, nil, nil, nil, nil, nil
	}
	out := make(liftList, len(boosts))
	for i, b := range boosts {
		items, err := b.plan.Bitmap(env)
		if err != nil {
			return nil, err
		}
		out[i] = lift{b, items}
	}
	return out, nil
}

// add adds the boosts to the scores of scored, which is ascending by item.
func (l liftList) add(scored []rank.Scored) {
	for _, lift := range l {
		it := lift.items.Iterator()
		for i := range scored {
			n := uint32(scored[i].Item)
			it.AdvanceIfNeeded(n)
			if !it.HasNext() {
				break
			}
			if it.PeekNext() == n {
				scored[i].Score += lift.boost.add
			}
		}
	}
}

// parts returns the sets among which the best are looked for.
func (l liftList) parts(eligible *roaring.Bitmap) []*roaring.Bitmap {
	parts := []*roaring.Bitmap{eligible}
	up, down := roaring.New(), roaring.New()
	for _, lift := range l {
		if lift.boost.add > 0 {
			up.Or(lift.items)
		} else {
			down.Or(lift.items)
		}
	}
	if !up.IsEmpty() {
		parts = append(parts, roaring.And(eligible, up))
	}
	if !down.IsEmpty() {
		parts = append(parts, roaring.AndNot(eligible, down))
	}
	return parts
}

// arrangement gives the ranker eyes for the catalogue. It is written to r.
func (in *Input) arrangement(o *orders, r *rank.Rules) *rank.Rules {
	c := in.World.Catalogue
	*r = rank.Rules{
		Count:        o.count,
		Constraints:  o.arrange.Constraints,
		Collapse:     o.collapse,
		MinRelevance: o.arrange.MinRelevance,
		Before:       in.numbers(in.Request.After),
		Group: func(n engine.ItemNum) string {
			if item := c.Item(n); item != nil { // else it was shown before, and is gone
				return item.GroupID
			}
			return ""
		},
		Values: func(n engine.ItemNum, by engine.Constraint) []string { return valuesOf(c.Item(n), by) },
		Similar: func(a, b engine.ItemNum) float64 {
			va, vb := in.World.Content.Row(a), in.World.Content.Row(b)
			if va == nil || vb == nil {
				return 0
			}
			return float64(vector.Dot(va, vb))
		},
	}
	if o.arrange.Diversity != nil {
		r.Diversity = *o.arrange.Diversity
	}
	for _, p := range o.arrange.Pins {
		if n, ok := c.IDs().Num(p.Item); ok {
			r.Pins = append(r.Pins, rank.Pinned{Item: n, Rank: p.Rank})
		}
	}
	if o.heeded != nil {
		r.Pins = append(r.Pins, o.heeded.pins...)
	}
	return r
}

// valuesOf returns the values of an item that a constraint counts, as text. Of a
// category path it is the path itself, or its first parts, not what stands above it.
func valuesOf(item *engine.Item, by engine.Constraint) []string {
	if item == nil {
		return nil
	}
	if by.Depth > 0 {
		return upper(item.Categories, by.Depth)
	}
	switch v := catalogue.Of(item, fieldOf(by.Attribute)); {
	case !v.Given():
		return nil
	case v.Type == catalogue.Number:
		return []string{strconv.FormatFloat(v.Number, 'g', -1, 64)}
	case v.Type == catalogue.Flag:
		return []string{strconv.FormatBool(v.Flag)}
	case v.Type == catalogue.Time:
		return []string{strconv.FormatInt(v.Nanos, 10)}
	default:
		return slices.Collect(v.Members())
	}
}

// upper returns the first parts of paths, each once.
func upper(paths []string, depth int) []string {
	out := make([]string, 0, len(paths))
	for _, path := range paths {
		end, parts := 0, 0
		for ; end < len(path); end++ {
			if path[end] == '/' {
				if parts++; parts == depth {
					break
				}
			}
		}
		if path = path[:end]; !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	return out
}

// fieldOf says what a name means, as filters do: a field of every item, else an
// attribute.
func fieldOf(name string) catalogue.Field {
	f := catalogue.Field{Name: name}
	if _, own := catalogue.ItemFields[f]; !own {
		f.Attribute = true
	}
	return f
}
