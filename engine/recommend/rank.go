package recommend

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/rapportengine/rapport/engine"
	"github.com/rapportengine/rapport/engine/filter"
)

// Rank orders the caller's items by the same story: those that may be shown, best
// first, and each of the others in LeftOut with the reason. All are wanted where the
// request names no count, variants of one group too unless it asks to collapse them.
func Rank(in *Input, items []engine.ItemID) (engine.Answer, error) {
	in = in.within()
	defer in.room.release()
	orders, err := in.Place.join(in.Request, in.World.Catalogue, &in.room.orders)
	if err != nil {
		return engine.Answer{}, err
	}
	orders.count = firstPositive(in.Request.Count, len(items))
	orders.collapse = orders.arrange.Collapse != nil && *orders.arrange.Collapse
	rules := in.rules(orders)
	eligible, err := filter.Eligible(in.env(), rules)
	if err != nil {
		return engine.Answer{}, err
	}
	named := roaring.New()
	for _, n := range in.numbers(items) {
		named.Add(uint32(n))
	}
	named.And(eligible)
	s, err := in.story(orders, choiceOf(named))
	if err != nil {
		return engine.Answer{}, err
	}
	s.answer.LeftOut = in.leftOut(items, named, rules, &s)
	return s.answer, nil
}

// leftOut lists what of the caller's items is not in the answer, in the caller's order.
func (in *Input) leftOut(items []engine.ItemID, eligible *roaring.Bitmap, rules *filter.Rules, s *story) []engine.LeftOut {
	env := in.env()
	out := make([]engine.LeftOut, 0, len(items)-len(s.answer.Items))
	placed := make(map[engine.ItemID]bool, len(s.answer.Items))
	for i := range s.answer.Items {
		placed[s.answer.Items[i].Item] = true
	}
	seen := make(map[engine.ItemID]bool, len(items))
	dropped := in.dropped(s)
	for _, id := range items {
		n, known := in.World.Catalogue.IDs().Num(id)
		why := ""
		switch {
		case seen[id]:
			why = engine.LeftRepeated
		case !known:
			why = engine.LeftUnknown
		case placed[id]:
		case eligible.Contains(uint32(n)):
			why = dropped(n)
		default:
			why = filter.Refusal(env, rules, n)
		}
		seen[id] = true
		if why != "" {
			out = append(out, engine.LeftOut{Item: id, Why: why})
		}
	}
	return out
}

// dropped says why arranging left out an item that may be shown.
func (in *Input) dropped(s *story) func(engine.ItemNum) string {
	groups := make(map[string]bool)
	note := func(n engine.ItemNum) {
		if item := in.World.Catalogue.Item(n); item != nil && item.GroupID != "" && s.orders.collapse {
			groups[item.GroupID] = true
		}
	}
	for i := range s.answer.Items {
		note(s.answer.Items[i].Num)
	}
	for _, n := range in.numbers(in.Request.After) {
		note(n)
	}
	least := s.orders.arrange.MinRelevance
	return func(n engine.ItemNum) string {
		switch {
		case least != nil && in.scoreOf(n, s) < *least:
			return engine.LeftRelevance
		case groups[in.World.Catalogue.Item(n).GroupID]:
			return engine.LeftGroup
		case len(s.answer.Items) >= s.orders.count:
			return engine.LeftCount
		}
		return engine.LeftConstraint
	}
}

// scoreOf scores one item again: to the bit as the list did.
func (in *Input) scoreOf(n engine.ItemNum, s *story) float64 {
	scored := s.asked.score(choiceOf(roaring.BitmapOf(uint32(n))), new(scratch))
	s.lifts.add(scored)
	return scored[0].Score
}
